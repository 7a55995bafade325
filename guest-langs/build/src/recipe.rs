//! The one entry of the build.

use std::fs;
use std::path::{Path, PathBuf};

use crate::assemble;
use crate::error::BuildError;
use crate::key::Key;
use crate::options::Options;
use crate::plan::{FETCH_COMPILER, Plan, Step};
use crate::process;
use crate::progress::{Event, Progress};
use crate::schedule;
use crate::store::{self, Store};

/// How to make the guest of a plan, and where.
#[derive(Debug)]
pub struct Recipe {
    plan: &'static Plan,
    options: Options,
    store: Store,
}

impl Recipe {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(plan: &'static Plan, options: Options) -> Self {
        let host = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        let keys = plan.keys(&host, assemble::FORMAT);
        let store = Store::new(options.root(), plan, keys);
        Self {
            plan,
            options,
            store,
        }
    }

    /// The key of all that the guest is made from. Looks at no file.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.store.key(self.plan.assemble)
    }

    /// The guest, when it is already built. One look at the file system.
    #[must_use]
    pub fn built(&self) -> Option<BuiltGuest> {
        let key = self.store.key(self.plan.assemble)?.clone();
        let folder = self.store.finished(self.plan.assemble);
        self.store
            .is_finished(self.plan.assemble)
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
                self.store.touch(self.plan.assemble);
                return Ok(guest);
            }
            self.make(self.plan.assemble, progress)?;
        }
    }

    /// The outcome of one step, made when it is not there: for what a guest does
    /// without, such as the tests of its interpreter.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn outcome(&self, step: Step, progress: &mut dyn Progress) -> Result<PathBuf, BuildError> {
        self.make(step, progress)?;
        Ok(self.finished(step))
    }

    /// Where the compiler is, after a build: the folder of the program `zig`,
    /// for whoever compiles more for the same guest.
    #[must_use]
    pub fn compiler(&self) -> PathBuf {
        self.store.finished(FETCH_COMPILER.step)
    }

    /// Where the outcome of a step is, after a build that kept it.
    #[must_use]
    pub fn finished(&self, step: Step) -> PathBuf {
        self.store.finished(step)
    }

    /// Run what is missing for `target`, under the lock of the cache.
    fn make(&self, target: Step, progress: &mut dyn Progress) -> Result<(), BuildError> {
        let _lock = self.store.lock(|| progress.tell(Event::Waiting))?;
        let steps = self
            .plan
            .missing(target, &|step| self.store.is_finished(step));
        for step in self.plan.all_towards(target) {
            if self.store.is_finished(step) {
                self.store.touch(step);
                progress.tell(Event::Cached { step });
            }
        }
        for step in &steps {
            if let Some(tool) = process::missing_tool(self.plan, *step) {
                return Err(BuildError::Tool { step: *step, tool });
            }
        }
        progress.tell(Event::Planned {
            steps: &steps,
            estimate: self.plan.estimate(&steps),
        });
        schedule::run(self.plan, &steps, &self.store, progress, &|step, line| {
            self.execute(step, line)
        })?;
        self.store.sweep(store::now())
    }

    fn execute(&self, step: Step, line: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        if step == self.plan.assemble {
            return assemble::run(self.plan, &self.store, line);
        }
        let archive = self.plan.definition(step).archive;
        process::run_script(self.plan, &self.store, &self.options, step, line, |out| {
            let Some(name) = archive else {
                return Ok(());
            };
            let tree = out.join("lib");
            assemble::pack(std::slice::from_ref(&tree), &out.join(name))?;
            fs::remove_dir_all(&tree).map_err(BuildError::io("remove", &tree))
        })
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

    /// The command module of this name, of a recipe that makes programs.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder
            .join(assemble::PROGRAMS)
            .join(format!("{name}.wasm"))
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
