//! CPython's own tests, out of the archive that the recipe makes.

use std::io::Read as _;
use std::sync::Arc;

use sandcell::{Cache, Files};
use sandcell_python::Python;
use sandcell_python::build::Silent;

/// The archive's folder above the package `test`.
const ABOVE: &str = "python3.13/";

/// Where the package lies in the sandbox; `run.py` has it too.
const LIBRARY: &str = "/home/user/library";

/// The files of the package `test`: path below the folder above it, contents.
#[derive(Debug, Clone)]
pub(crate) struct Archive(Arc<Vec<(String, Vec<u8>)>>);

impl Archive {
    /// Makes the archive, unless it was made, and reads it.
    pub(crate) async fn made(cache: &Cache) -> Self {
        let recipe = Python::default().recipe_in(cache.path());
        let files = tokio::task::spawn_blocking(move || {
            let path = sandcell_python::build::tests(&recipe, &mut Silent);
            let path = path.expect("the archive of the tests");
            let file = std::fs::File::open(path).expect("the archive opens");
            let mut archive = zip::ZipArchive::new(file).expect("a zip file");
            let mut files = Vec::new();
            for index in 0..archive.len() {
                let mut entry = archive.by_index(index).expect("an entry");
                let name = entry.name().expect("a name").into_owned();
                let Some(path) = name.strip_prefix(ABOVE).map(str::to_owned) else {
                    continue;
                };
                if entry.is_file() {
                    let mut contents = Vec::new();
                    entry.read_to_end(&mut contents).expect("its contents");
                    files.push((path, contents));
                }
            }
            files
        });
        Self(Arc::new(files.await.expect("the archive is read")))
    }

    /// Puts the whole package into a sandbox.
    pub(crate) fn install(&self, files: &Files) {
        let mut last = "";
        for (path, contents) in self.0.iter() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if folder != last {
                let made = files.make_dirs(&format!("{LIBRARY}/{folder}"));
                made.expect("a folder of the tests");
                last = folder;
            }
            let written = files.write(&format!("{LIBRARY}/{path}"), contents);
            written.expect("a file of the tests");
        }
    }
}
