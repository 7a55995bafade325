//! The cache folder of the build: finished outcomes, logs, work in hand.
//!
//! ```text
//! lock
//! finished/<step>-<key>/   what a step made; there at once and whole, or not at all
//! work/<step>-<key>.<pid>/ a step in hand, or what a broken-off one left
//! log/<step>-<key>.txt     what it printed
//! zig/                     the compiler's own cache: the libc of the guest
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::BuildError;
use crate::key::Key;
use crate::plan::{Keep, Plan, Step};

/// Outcomes of other recipes go when nobody used them for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The folder and the keys that hold for this recipe.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    plan: &'static Plan,
    keys: BTreeMap<Step, Key>,
}

/// Held while a build writes to the cache; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Store {
    pub(crate) const fn new(root: PathBuf, plan: &'static Plan, keys: BTreeMap<Step, Key>) -> Self {
        Self { root, plan, keys }
    }

    pub(crate) fn key(&self, step: Step) -> Option<&Key> {
        self.keys.get(&step)
    }

    fn entry(&self, step: Step) -> String {
        let key = self.keys.get(&step).map_or("", Key::as_str);
        format!("{step}-{key}")
    }

    /// Where the outcome of `step` is, once it is finished.
    pub(crate) fn finished(&self, step: Step) -> PathBuf {
        self.root.join("finished").join(self.entry(step))
    }

    pub(crate) fn is_finished(&self, step: Step) -> bool {
        self.finished(step).is_dir()
    }

    pub(crate) fn log(&self, step: Step) -> PathBuf {
        self.root.join("log").join(self.entry(step) + ".txt")
    }

    pub(crate) fn compiler_cache(&self) -> PathBuf {
        self.root.join("zig")
    }

    /// Make the folders, and wait until no other build is at work in them.
    /// `waiting` is called once when there is one.
    pub(crate) fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, BuildError> {
        for folder in [
            &self.root,
            &self.root.join("finished"),
            &self.root.join("work"),
            &self.root.join("log"),
        ] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(BuildError::io("make", folder))?;
        }
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(BuildError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(BuildError::io("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => return Err(BuildError::io("lock", &path)(source)),
        }
        Ok(Lock { _file: file })
    }

    /// An empty folder to do `step` in; what a broken-off try left is removed.
    ///
    /// No other process has it: the programs of a driver that was killed may
    /// still be at work in theirs.
    pub(crate) fn begin(&self, step: Step) -> Result<PathBuf, BuildError> {
        let folder = self.root.join("work");
        let name = self.entry(step);
        for left in entries(&folder)? {
            let of_this = left
                .file_name()
                .is_some_and(|left| left.to_string_lossy().starts_with(&name));
            if of_this {
                // Whoever still writes there is in nobody's way; a sweep comes again.
                let _ignored = remove(&left);
            }
        }
        let work = folder.join(format!("{name}.{}", std::process::id()));
        remove(&work)?;
        fs::create_dir(&work).map_err(BuildError::io("make", &work))?;
        Ok(work)
    }

    /// Make the folder `out` of the work folder the outcome of `step`, in one
    /// act, and remove the rest.
    pub(crate) fn publish(&self, step: Step, work: &Path) -> Result<(), BuildError> {
        let finished = self.finished(step);
        let out = work.join("out");
        fs::rename(&out, &finished).map_err(BuildError::io("publish", &out))?;
        remove(work)
    }

    /// Remember that the outcome of `step` was wanted today.
    pub(crate) fn touch(&self, step: Step) {
        // A cache that cannot be touched is as good as any until it is forgotten.
        let _ignored =
            File::open(self.finished(step)).and_then(|folder| folder.set_modified(now()));
    }

    /// After a build: remove work left over, big outcomes that only the build
    /// needed, and what other recipes made and nobody wanted for two weeks.
    pub(crate) fn sweep(&self, now: SystemTime) -> Result<(), BuildError> {
        let work = self.root.join("work");
        for entry in entries(&work)? {
            let _ignored = remove(&entry);
        }
        let ours: Vec<PathBuf> = self
            .keys
            .keys()
            .filter(|step| self.plan.definition(**step).keep == Keep::Always)
            .map(|step| self.finished(*step))
            .collect();
        let bulky: Vec<PathBuf> = self
            .keys
            .keys()
            .filter(|step| self.plan.definition(**step).keep == Keep::UntilBuilt)
            .map(|step| self.finished(*step))
            .collect();
        for entry in entries(&self.root.join("finished"))? {
            if bulky.contains(&entry) || (!ours.contains(&entry) && forgotten(&entry, now)) {
                remove(&entry)?;
            }
        }
        Ok(())
    }
}

/// The time that the files of the cache are dated by.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with times of files, no guest ever sees it"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    fs::read_dir(folder)
        .and_then(|list| list.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(BuildError::io("list", folder))
}

fn forgotten(entry: &Path, now: SystemTime) -> bool {
    fs::metadata(entry)
        .and_then(|about| about.modified())
        .ok()
        .and_then(|used| now.duration_since(used).ok())
        .is_some_and(|age| age > FORGOTTEN_AFTER)
}

fn remove(folder: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(BuildError::io("remove", folder)(source))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example::{COMPILER, CONFIGURE, MAKE, PLAN, SOURCES};

    fn store(folder: &Path) -> Store {
        Store::new(folder.join("guests"), &PLAN, PLAN.keys("test", "1"))
    }

    #[test]
    fn only_a_published_step_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let _lock = store.lock(|| panic!("nobody else is here")).unwrap();
        let work = store.begin(MAKE).unwrap();
        fs::create_dir(work.join("out")).unwrap();
        fs::write(work.join("out/half"), "").unwrap();
        assert!(!store.is_finished(MAKE));

        // Broken off and begun again: nothing of the first tries is left.
        let elsewhere = work.with_extension("4242");
        fs::create_dir_all(elsewhere.join("out")).unwrap();
        let work = store.begin(MAKE).unwrap();
        assert!(!work.join("out").exists());
        assert!(!elsewhere.exists());
        fs::create_dir(work.join("out")).unwrap();
        fs::write(work.join("out/whole"), "").unwrap();
        store.publish(MAKE, &work).unwrap();
        assert!(store.is_finished(MAKE));
        assert!(store.finished(MAKE).join("whole").exists());
        assert!(!work.exists());
    }

    #[test]
    fn a_sweep_keeps_what_a_new_link_needs() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let _lock = store.lock(|| ()).unwrap();
        for step in [SOURCES, CONFIGURE, MAKE, COMPILER] {
            fs::create_dir(store.finished(step)).unwrap();
        }
        let other = store.root.join("finished/make-of-another-recipe");
        fs::create_dir(&other).unwrap();
        fs::create_dir(store.root.join("work/left-over")).unwrap();

        store.sweep(now()).unwrap();
        assert!(!store.is_finished(SOURCES));
        assert!(!store.is_finished(CONFIGURE));
        assert!(store.is_finished(MAKE));
        assert!(!store.root.join("work/left-over").exists());
        assert!(other.exists(), "used a moment ago");

        let later = now() + FORGOTTEN_AFTER + Duration::from_secs(60);
        store.sweep(later).unwrap();
        assert!(!other.exists());
        assert!(store.is_finished(MAKE), "its own are never forgotten");
    }

    #[test]
    fn a_second_build_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let first = store.lock(|| ()).unwrap();
        let (told, hears) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| store.lock(move || told.send(()).unwrap()).map(drop));
            hears.recv().unwrap();
            drop(first);
            second.join().unwrap().unwrap();
        });
    }

    #[test]
    fn the_cache_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let _lock = store.lock(|| ()).unwrap();
        let mode = fs::metadata(&store.root).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
