//! The sandbox's files, as the host and its programs see them.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::error::Result;
use crate::files::{Entry, FileLimits, FileUsage, Stat, Tree, Watcher};
use crate::worker::Settings;

/// Reads and changes a sandbox's files from outside, by absolute paths of the
/// sandbox (`/..` is `/`). No path of the host is within reach. Guests see a
/// change at once. Each call is one step: it is done wholly or not at all.
///
/// Errors are [`crate::Error::Files`].
#[derive(Debug, Clone)]
pub struct Files {
    settings: Arc<Settings>,
}

impl Files {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.settings
            .tree
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ns(&self) -> u64 {
        self.settings
            .image
            .clocks(self.settings.determinism.as_ref())
            .realtime_ns()
    }

    /// All bytes of a file, at most 1 GiB.
    ///
    /// # Errors
    /// The file is missing, a folder, or too large.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.tree().read(path)?)
    }

    /// At most `length` bytes of a file from `offset` on, and at most 1 GiB; empty
    /// at its end.
    ///
    /// # Errors
    /// The file is missing, a folder, or a device.
    pub fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>> {
        Ok(self.tree().read_range(path, offset, length)?)
    }

    /// Makes a file, or replaces its contents. The folder must be there.
    ///
    /// # Errors
    /// A quota, a missing folder, a read-only place.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().write(path, contents.as_ref(), now_ns)?)
    }

    /// Adds to the end of a file, which is made if it is missing.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn append(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().append(path, contents.as_ref(), now_ns)?)
    }

    /// What is in a folder, by name.
    ///
    /// # Errors
    /// The folder is missing or is none.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>> {
        Ok(self.tree().list(path)?)
    }

    /// Makes a folder and those above it; one that is there is left alone.
    ///
    /// # Errors
    /// A quota, a file in the way, a read-only place.
    pub fn make_dirs(&self, path: &str) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().make_dirs(path, now_ns)?)
    }

    /// Renames a file or folder; an existing file of the new name is replaced.
    ///
    /// # Errors
    /// Something is missing, the places are on different mounts, a folder would
    /// come into itself.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().rename(from, to, now_ns)?)
    }

    /// Removes a file, a link, or a folder with all that is in it.
    ///
    /// # Errors
    /// It is missing, or in a read-only place.
    pub fn remove(&self, path: &str) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().remove_all(path, now_ns)?)
    }

    /// Attributes of a file; a link is followed.
    ///
    /// # Errors
    /// The file is missing.
    pub fn stat(&self, path: &str) -> Result<Stat> {
        Ok(self.tree().stat(path)?)
    }

    /// Attributes of what stands at a path; a link is not followed.
    ///
    /// # Errors
    /// Nothing is there.
    pub fn stat_link(&self, path: &str) -> Result<Stat> {
        Ok(self.tree().stat_link(path)?)
    }

    /// Where a link leads to, as it was written.
    ///
    /// # Errors
    /// It is missing or no link.
    pub fn read_link(&self, path: &str) -> Result<String> {
        Ok(self.tree().read_link(path)?)
    }

    /// Gives a file or folder to a user and group. They are shown, not enforced.
    ///
    /// # Errors
    /// It is missing, or in a read-only place.
    pub fn set_owner(&self, path: &str, owner: u32, group: u32) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().set_owner(path, owner, group, now_ns)?)
    }

    /// Sets the permission bits of a file or folder. They are shown; only those
    /// to execute have an effect, on commands.
    ///
    /// # Errors
    /// It is missing, or in a read-only place.
    pub fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().set_mode(path, mode, now_ns)?)
    }

    /// Makes a symbolic link at `path` that leads to `target`.
    ///
    /// # Errors
    /// A quota, something in the way, a read-only place.
    pub fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().symlink(target, path, now_ns)?)
    }

    /// Sets the times of a file that are given, in nanoseconds since 1970.
    ///
    /// # Errors
    /// It is missing, or in a read-only place.
    pub fn set_times(
        &self,
        path: &str,
        accessed_ns: Option<u64>,
        modified_ns: Option<u64>,
    ) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self
            .tree()
            .set_times(path, accessed_ns, modified_ns, now_ns)?)
    }

    /// What the host noted at a file. Guests do not see it.
    ///
    /// # Errors
    /// The file is missing.
    pub fn metadata(&self, path: &str) -> Result<BTreeMap<String, String>> {
        Ok(self.tree().metadata(path)?)
    }

    /// Notes something at a file, in place of what was noted.
    ///
    /// # Errors
    /// A quota, a missing file, a read-only place.
    pub fn set_metadata(&self, path: &str, metadata: BTreeMap<String, String>) -> Result<()> {
        let now_ns = self.now_ns();
        Ok(self.tree().set_metadata(path, metadata, now_ns)?)
    }

    /// What the files take of their limits.
    #[must_use]
    pub fn usage(&self) -> FileUsage {
        self.tree().usage()
    }

    /// Their limits.
    #[must_use]
    pub fn limits(&self) -> FileLimits {
        self.tree().limits().clone()
    }

    /// True when something is there.
    ///
    /// # Errors
    /// The path is not one that could lead anywhere.
    pub fn exists(&self, path: &str) -> Result<bool> {
        Ok(self.tree().exists(path)?)
    }

    /// Tells of changes from now on; at most `capacity` wait to be read.
    #[must_use]
    pub fn watch(&self, capacity: usize) -> Watcher {
        self.tree().watch(capacity)
    }
}
