//! Images as things: list, inspect, export, import elsewhere, damage, removal.

mod altered;

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sandcell::{Cache, Error, ErrorKind, ImageFault, Runtime};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::support::{IMAGE, cache, check, finished, first, refusal, start};

/// The exported Python image, as bytes; made once.
async fn exported() -> &'static [u8] {
    static EXPORT: OnceCell<Vec<u8>> = OnceCell::const_new();
    EXPORT
        .get_or_init(|| async {
            let folder = TempDir::new().unwrap();
            let file = folder.path().join("python.sandcell");
            cache().await.export(IMAGE, &file).unwrap();
            fs::read(file).unwrap()
        })
        .await
}

/// A cache of another machine, still empty.
struct Elsewhere {
    folder: TempDir,
    cache: Cache,
}

impl Elsewhere {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let cache = Cache::at(folder.path().join("cache")).unwrap();
        Self { folder, cache }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn image_file(&self, name: &str) -> PathBuf {
        self.cache.path().join("images").join(IMAGE).join(name)
    }

    fn open(&self, image: impl AsRef<Path>) -> sandcell::Result<Runtime> {
        Runtime::builder()
            .cache(self.cache.clone())
            .image(image)
            .warm(0)
            .open()
    }

    fn problem(&self) -> Option<String> {
        let findings = self.cache.check().unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = findings.into_iter().next().unwrap();
        assert_eq!(
            finding.problem.is_some(),
            finding.remedy.is_some(),
            "{finding:?}"
        );
        finding.problem
    }
}

/// All files below a folder, with their sizes.
fn listing(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            found.insert(entry.path(), metadata.len());
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found
}

#[tokio::test]
async fn the_image_is_listed_and_described() {
    let cache = cache().await;
    let all = cache.images().unwrap();
    let listed = all
        .iter()
        .find(|image| image.name == IMAGE)
        .expect("the image is listed");
    let image = cache.image(IMAGE).unwrap();
    assert_eq!(*listed, image);
    assert_eq!((image.fault.as_deref(), image.compiled), (None, true));
    assert_eq!((image.id.len(), image.recipe.is_empty()), (64, false));
    assert!(
        image.memory_bytes > 10 << 20 && image.memory_bytes % 65_536 == 0,
        "{image:?}"
    );
    assert!(
        image.hot_pages > 0 && image.module_bytes > 1 << 20 && image.library_bytes > 1 << 20,
        "{image:?}"
    );
    assert!(!image.licences.is_empty());
}

#[tokio::test]
async fn images_that_are_not_there_are_named_in_the_error() {
    let cache = cache().await;
    for error in [
        refusal(cache.image("nothing")),
        refusal(cache.remove("nothing")),
        refusal(cache.export("nothing", Path::new("unused"))),
        refusal(cache.add_fuel("nothing")),
        refusal(
            Runtime::builder()
                .cache(cache.clone())
                .image("nothing")
                .open(),
        ),
    ] {
        assert!(
            matches!(&error, Error::NoImage { name, .. } if name == "nothing"),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error.to_string().contains("sandcell image build nothing"),
            "{error}"
        );
    }
    for name in ["", "a b", "..", "x\0"] {
        let error = refusal(cache.image(name));
        assert!(
            matches!(
                error,
                Error::BadSetting {
                    setting: "image",
                    ..
                }
            ),
            "{name:?}: {error}"
        );
    }
}

#[test]
fn a_runtime_needs_a_reactor() {
    let error = refusal(Runtime::open(IMAGE));
    assert!(matches!(error, Error::NoReactor), "{error}");
    assert_eq!(error.kind(), ErrorKind::State);
}

#[test]
fn a_cache_that_others_may_write_to_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let error = refusal(Cache::at(folder.path()));
    assert!(
        matches!(
            error,
            Error::BadSetting {
                setting: "cache",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_export_serves_another_machine_to_the_end() {
    let elsewhere = Elsewhere::new();
    let file = elsewhere.file("python.sandcell");
    fs::write(&file, exported().await).unwrap();
    assert!(elsewhere.cache.images().unwrap().is_empty());

    // Opening the file imports it and compiles it for this machine.
    let runtime = elsewhere.open(&file).unwrap();
    let here = cache().await.image(IMAGE).unwrap();
    let there = elsewhere.cache.image(IMAGE).unwrap();
    assert_eq!(
        (&there.id, &there.licences, there.fuel),
        (&here.id, &here.licences, false)
    );
    assert_eq!(elsewhere.problem(), None);
    let sandbox = start(runtime.sandbox()).await;
    let context = first(&sandbox);
    check(
        &context,
        "import json, decimal; json.dumps([1, 2])",
        "'[1, 2]'",
    )
    .await;

    // Fuel is not part of an export: the error names the command.
    let error = refusal(runtime.sandbox().fuel(1_000_000).start().await);
    assert!(
        matches!(&error, Error::NoFuel { image } if image == IMAGE),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("sandcell image build python --fuel"),
        "{error}"
    );

    // The same file again is known already.
    let before = listing(elsewhere.cache.path());
    drop(elsewhere.open(&file).unwrap());
    assert_eq!(listing(elsewhere.cache.path()), before);

    damage_is_found(&elsewhere);

    // What runs goes on after the image is gone.
    elsewhere.cache.remove(IMAGE).unwrap();
    check(&context, "import json; json.loads('[3]')", "[3]").await;
    finished(&context, "import colorsys").await;
    assert!(elsewhere.cache.images().unwrap().is_empty());
    let left: Vec<_> = listing(elsewhere.cache.path())
        .into_keys()
        .filter(|path| path.is_file() && !path.ends_with("images.lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(matches!(
        refusal(elsewhere.open(IMAGE)),
        Error::NoImage { .. }
    ));
}

/// Spoils one byte of the booted memory, finds it, and puts it back.
fn damage_is_found(elsewhere: &Elsewhere) {
    let path = elsewhere.image_file("memory.img");
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let offset = 1 << 20;
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();

    // An honest time of change gives it away at once.
    file.set_modified(modified + std::time::Duration::from_secs(1))
        .unwrap();
    let changed = ImageFault::Changed {
        file: "memory.img".to_owned(),
    };
    let error = refusal(elsewhere.open(IMAGE));
    assert!(
        matches!(&error, Error::BadImage { reason, .. } if *reason == changed),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Image);
    let listed = elsewhere.cache.images().unwrap();
    assert!(
        listed[0]
            .fault
            .as_ref()
            .is_some_and(|fault| fault.contains("memory.img")),
        "{listed:?}"
    );

    // A false one only deceives who does not read it all.
    file.set_modified(modified).unwrap();
    let problem = elsewhere.problem().expect("damage is found");
    assert!(problem.contains("memory.img is damaged"), "{problem}");
    let error = refusal(elsewhere.cache.export(IMAGE, &elsewhere.file("spoilt")));
    let digest = ImageFault::Digest {
        file: "memory.img".to_owned(),
    };
    assert!(
        matches!(&error, Error::BadImage { reason, .. } if *reason == digest),
        "{error}"
    );
    assert!(!elsewhere.file("spoilt").exists());

    file.write_all_at(&byte, offset).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(elsewhere.problem(), None);

    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let problem = elsewhere.problem().expect("open permissions are found");
    assert!(problem.contains("may be written by others"), "{problem}");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();

    let away = elsewhere.file("away");
    fs::rename(&path, &away).unwrap();
    let problem = elsewhere.problem().expect("a missing file is found");
    assert!(problem.contains("memory.img is missing"), "{problem}");
    fs::rename(&away, &path).unwrap();
    assert_eq!(elsewhere.problem(), None);
}
