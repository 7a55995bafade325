//! The one entry of the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::assemble;
use super::error::BuildError;
use super::key::Key;
use super::options::Options;
use super::process;
use super::progress::{Event, Progress};
use super::schedule;
use super::step::{self, Step};
use super::store::{self, Store};

/// Name of the archive of CPython's tests.
const TESTS: &str = "test.zip";

/// How to make the guest of this version of the crate, and where.
///
/// ```no_run
/// use sandcell_python::build::{Options, Recipe, Silent};
///
/// let recipe = Recipe::new(Options::new("/var/cache/example"));
/// let guest = recipe.run(&mut Silent)?;
/// println!("{}", guest.module().display());
/// # Ok::<(), sandcell_python::build::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Recipe {
    options: Options,
    store: Store,
}

impl Recipe {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let host = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        let keys = step::keys(&host, assemble::FORMAT);
        let store = Store::new(options.root(), keys);
        Self { options, store }
    }

    /// The key of all that the guest is made from. Looks at no file.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.store.key(Step::Assemble)
    }

    /// The guest, when it is already built. One look at the file system.
    #[must_use]
    pub fn built(&self) -> Option<BuiltGuest> {
        let key = self.store.key(Step::Assemble)?.clone();
        let folder = self.store.finished(Step::Assemble);
        self.store
            .is_finished(Step::Assemble)
            .then_some(BuiltGuest { folder, key })
    }

    /// Build what is not built yet: minutes from nothing, seconds after a change
    /// of the kernel, at once when nothing changed. Blocks, and waits for
    /// another build in the same cache. Never to be called on an async thread.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; what was finished is kept, and the next call goes on
    /// behind it.
    pub fn run(&self, progress: &mut dyn Progress) -> Result<BuiltGuest, BuildError> {
        loop {
            if let Some(guest) = self.built() {
                self.store.touch(Step::Assemble);
                return Ok(guest);
            }
            self.make(Step::Assemble, progress)?;
        }
    }

    /// CPython's own tests as an archive with the tree `python3.13/test`, to be
    /// mounted at `/usr/lib` beside the library. Fetches the sources again when
    /// a build has removed them.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn tests(&self, progress: &mut dyn Progress) -> Result<PathBuf, BuildError> {
        self.make(Step::Tests, progress)?;
        Ok(self.store.finished(Step::Tests).join(TESTS))
    }

    /// Where the compiler is, after a build: the folder of the program `zig`,
    /// for whoever compiles more for the same guest.
    #[must_use]
    pub fn compiler(&self) -> PathBuf {
        self.store.finished(Step::FetchCompiler)
    }

    /// Where the interpreter's static libraries and headers are, after a build.
    #[must_use]
    pub fn interpreter(&self) -> PathBuf {
        self.store.finished(Step::Make)
    }

    /// Run what is missing for `target`, under the lock of the cache.
    fn make(&self, target: Step, progress: &mut dyn Progress) -> Result<(), BuildError> {
        let _lock = self.store.lock(|| progress.tell(Event::Waiting))?;
        let steps = step::missing(target, &|step| self.store.is_finished(step));
        for step in step::all_towards(target) {
            if self.store.is_finished(step) {
                self.store.touch(step);
                progress.tell(Event::Cached { step });
            }
        }
        for step in &steps {
            if let Some(tool) = process::missing_tool(*step) {
                return Err(BuildError::Tool { step: *step, tool });
            }
        }
        progress.tell(Event::Planned {
            steps: &steps,
            estimate: steps.iter().map(|step| step.estimate()).sum::<Duration>(),
        });
        schedule::run(&steps, &self.store, progress, &|step, line| {
            self.execute(step, line)
        })?;
        self.store.sweep(store::now())
    }

    fn execute(&self, step: Step, line: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        match step {
            Step::Assemble => assemble::run(&self.store, line),
            Step::Tests => process::run_script(&self.store, &self.options, step, line, |out| {
                let tree = out.join("lib");
                assemble::pack(std::slice::from_ref(&tree), &out.join(TESTS))?;
                fs::remove_dir_all(&tree).map_err(BuildError::io("remove", &tree))
            }),
            _ => process::run_script(&self.store, &self.options, step, line, |_| Ok(())),
        }
    }
}

/// A finished guest: a folder that nobody writes to any more.
#[derive(Clone, Debug)]
pub struct BuiltGuest {
    folder: PathBuf,
    key: Key,
}

impl BuiltGuest {
    /// The key of all that it was made from: the same key, the same bytes.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The folder with all of it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The module, to be run as the guest ABI says.
    #[must_use]
    pub fn module(&self) -> PathBuf {
        self.folder.join(assemble::MODULE)
    }

    /// The library: an archive whose tree belongs at `/usr/lib`, read-only.
    #[must_use]
    pub fn library(&self) -> PathBuf {
        self.folder.join(assemble::LIBRARY)
    }

    /// The folder of licence texts of everything inside, which must go where
    /// the guest goes.
    #[must_use]
    pub fn licences(&self) -> PathBuf {
        self.folder.join(assemble::LICENCES)
    }

    /// `build.json`: inputs, tools and digests.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.folder.join(assemble::MANIFEST)
    }
}
