//! Files that are not quite exported images: each is refused with its own
//! fault, and the cache stays as it was.

use std::fs;
use std::io::Read;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sandcell::{Error, ImageFault};
use serde_json::{Value, json};

use super::{Elsewhere, exported, listing};
use crate::support::refusal;

/// The entries of an export, to be put together again in another way.
#[derive(Clone)]
struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    async fn of_export() -> Self {
        let mut archive = tar::Archive::new(GzDecoder::new(exported().await));
        let mut parts = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).unwrap();
            parts.push((name, contents));
        }
        Self(parts)
    }

    fn index(&self, name: &str) -> usize {
        self.0
            .iter()
            .position(|(found, _)| found == name)
            .expect(name)
    }

    fn part(&mut self, name: &str) -> &mut Vec<u8> {
        let index = self.index(name);
        &mut self.0[index].1
    }

    fn without(mut self, name: &str) -> Self {
        let index = self.index(name);
        self.0.remove(index);
        self
    }

    fn with(mut self, name: &str, contents: &[u8]) -> Self {
        self.0.push((name.to_owned(), contents.to_vec()));
        self
    }

    /// Changes the byte in the middle of an entry.
    fn spoilt(mut self, name: &str) -> Self {
        let part = self.part(name);
        let middle = part.len() / 2;
        part[middle] ^= 1;
        self
    }

    fn with_manifest(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let part = self.part("manifest.json");
        let mut manifest = serde_json::from_slice(part).unwrap();
        change(&mut manifest);
        *part = serde_json::to_vec(&manifest).unwrap();
        self
    }

    fn pack(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
        for (name, contents) in &self.0 {
            let mut header = tar::Header::new_gnu();
            header.set_size(contents.len() as u64);
            header.set_mode(0o600);
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            archive.append(&header, contents.as_slice()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }
}

/// Imports these bytes, which must be refused without a trace.
fn refused(bytes: &[u8]) -> Error {
    let elsewhere = Elsewhere::new();
    let file = elsewhere.file("altered.sandcell");
    fs::write(&file, bytes).unwrap();
    // The lock of the cache is there from its first use on.
    fs::write(elsewhere.cache.path().join("images.lock"), b"").unwrap();
    let before = listing(elsewhere.cache.path());
    let error = refusal(elsewhere.cache.import(&file));
    assert_eq!(
        listing(elsewhere.cache.path()),
        before,
        "left behind after {error}"
    );
    error
}

fn fault(bytes: &[u8]) -> ImageFault {
    match refused(bytes) {
        Error::BadImage { reason, .. } => reason,
        other => panic!("refused, but by {other:?}"),
    }
}

fn file(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn files_that_are_no_archive_are_refused() {
    let export = exported().await;
    let zeros = {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::Write::write_all(
            &mut packer,
            b"no tar at all, but long enough for a header. "
                .repeat(40)
                .as_slice(),
        )
        .unwrap();
        packer.finish().unwrap()
    };
    let mut flipped = export.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let cases: [(&str, &[u8]); 6] = [
        ("a text", b"this is no image\n"),
        ("zeros", &[0; 4096]),
        ("another archive", &zeros),
        ("half an export", &export[..export.len() / 2]),
        (
            "an export without its last bytes",
            &export[..export.len() - 100],
        ),
        ("an export with a changed byte", &flipped),
    ];
    for (name, bytes) in cases {
        let found = fault(bytes);
        let right = matches!(
            found,
            ImageFault::Archive { .. } | ImageFault::Digest { .. }
        );
        assert!(right, "{name}: {found:?}");
    }
    // Opening the file itself refuses it in the same way.
    let elsewhere = Elsewhere::new();
    let path = elsewhere.file("text.sandcell");
    fs::write(&path, b"this is no image\n").unwrap();
    let error = refusal(elsewhere.open(&path));
    assert!(
        matches!(
            error,
            Error::BadImage {
                reason: ImageFault::Archive { .. },
                ..
            }
        ),
        "{error}"
    );
    let nothing = fault(b"");
    assert!(
        matches!(
            nothing,
            ImageFault::Archive { .. } | ImageFault::Missing { .. }
        ),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn a_changed_byte_is_found_by_its_digest() {
    let parts = Parts::of_export().await;
    for name in ["module.wasm", "memory.img", "library.zip"] {
        assert_eq!(
            fault(&parts.clone().spoilt(name).pack()),
            ImageFault::Digest { file: file(name) }
        );
        let mut shorter = parts.clone();
        shorter.part(name).pop();
        assert_eq!(
            fault(&shorter.pack()),
            ImageFault::Digest { file: file(name) },
            "a byte less"
        );
        let mut longer = parts.clone();
        longer.part(name).push(0);
        let found = fault(&longer.pack());
        assert!(
            matches!(&found, ImageFault::TooLarge { file, .. } if file == name),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn missing_and_unexpected_entries_are_named() {
    let parts = Parts::of_export().await;
    for name in ["module.wasm", "memory.img", "library.zip"] {
        assert_eq!(
            fault(&parts.clone().without(name).pack()),
            ImageFault::Missing { file: file(name) }
        );
    }
    let licence = parts
        .0
        .iter()
        .find(|(name, _)| name.starts_with("licences/"))
        .unwrap()
        .0
        .clone();
    assert_eq!(
        fault(&parts.clone().without(&licence).pack()),
        ImageFault::Missing { file: licence }
    );
    let first = parts.0[1].0.clone();
    assert_eq!(
        fault(&parts.clone().without("manifest.json").pack()),
        ImageFault::Unexpected { entry: first }
    );
    for name in [
        "extra.txt",
        "../outside",
        "/etc/passwd",
        "licences/../../x",
        "stamps.json",
        "module.wasm",
    ] {
        let found = fault(&parts.clone().with(name, b"x").pack());
        assert_eq!(found, ImageFault::Unexpected { entry: file(name) });
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_refused() {
    let parts = Parts::of_export().await;
    let mut archive = tar::Builder::new(Vec::new());
    for (name, contents) in &parts.0 {
        let mut header = tar::Header::new_gnu();
        if name == "library.zip" {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            archive
                .append_link(&mut header, name, "/etc/passwd")
                .unwrap();
        } else {
            header.set_size(contents.len() as u64);
            archive
                .append_data(&mut header, name, contents.as_slice())
                .unwrap();
        }
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(&mut packer, &archive.into_inner().unwrap()).unwrap();
    let found = fault(&packer.finish().unwrap());
    assert_eq!(
        found,
        ImageFault::Unexpected {
            entry: file("library.zip")
        }
    );
}

#[tokio::test]
async fn manifests_are_read_strictly() {
    let parts = Parts::of_export().await;
    let mut garbage = parts.clone();
    *garbage.part("manifest.json") = b"{".to_vec();
    assert!(matches!(
        fault(&garbage.pack()),
        ImageFault::Manifest { .. }
    ));
    let mut huge = parts.clone();
    *huge.part("manifest.json") = vec![b' '; (4 << 20) + 1];
    let found = fault(&huge.pack());
    assert!(
        matches!(&found, ImageFault::TooLarge { file, .. } if file == "manifest.json"),
        "{found:?}"
    );

    let newer = parts
        .clone()
        .with_manifest(|manifest| manifest["format"] = json!(99));
    assert_eq!(
        fault(&newer.pack()),
        ImageFault::Format {
            found: 99,
            expected: 1
        }
    );
    let changes: [fn(&mut Value); 6] = [
        |manifest| manifest["id"] = json!("0".repeat(64)),
        |manifest| manifest["unknown"] = json!(1),
        |manifest| manifest["memory"]["bytes"] = json!(-1),
        |manifest| manifest["hot"] = json!([[4_000_000_000_u32, 1]]),
        |manifest| manifest["licences"] = json!(["../../escape"]),
        |manifest| drop(manifest.as_object_mut().unwrap().remove("globals")),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let found = fault(&parts.clone().with_manifest(change).pack());
        assert!(
            matches!(found, ImageFault::Manifest { .. }),
            "{index}: {found:?}"
        );
    }
}

#[tokio::test]
async fn an_image_cannot_choose_a_name_outside_of_the_cache() {
    let parts = Parts::of_export().await;
    for name in ["../outside", "/absolute", "a/b", "..", "", "x.y"] {
        let named = parts
            .clone()
            .with_manifest(|manifest| manifest["language"] = json!(name));
        let error = refused(&named.pack());
        assert!(
            matches!(
                error,
                Error::BadSetting {
                    setting: "image",
                    ..
                }
            ),
            "{name:?}: {error:?}"
        );
    }
}
