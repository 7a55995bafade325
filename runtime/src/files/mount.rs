//! Other file trees that are shown below a directory of a tree.

use std::sync::Arc;

use super::error::FileError;
use super::node::{Kind, Stat};

/// What lies behind a mount point. Everything in it is read-only for the guest
/// and for the host's own paths.
///
/// A backing numbers its files as it likes; a number stays with its file while
/// the backing lives. It is shared by all copies of a tree, so it must not
/// change in a way that a copy could notice.
pub trait Backing: Send + Sync + std::fmt::Debug {
    /// The number of the directory that covers the mount point.
    fn root(&self) -> u64;

    /// The number and kind of `name` in `directory`.
    ///
    /// # Errors
    /// [`FileError::NotFound`] without such a name.
    fn lookup(&self, directory: u64, name: &str) -> Result<(u64, Kind), FileError>;

    /// The directory that holds `directory`. Not asked for the root.
    ///
    /// # Errors
    /// [`FileError::Stale`] for a number that is no directory.
    fn parent(&self, directory: u64) -> Result<u64, FileError>;

    /// What it is, in at most 255 bytes: a tree that was saved with it is only
    /// read back with one that says the same.
    fn identity(&self) -> String;

    /// The names from the root to a file, with slashes between them; empty for
    /// the root. None when it has no name any more.
    fn path_of(&self, inode: u64) -> Option<String>;

    /// The attributes of a file; the mount in `id` is filled in by the tree.
    ///
    /// # Errors
    /// [`FileError::Stale`] for an unknown number.
    fn stat(&self, inode: u64) -> Result<Stat, FileError>;

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// [`FileError::Invalid`] when it is no link.
    fn read_link(&self, inode: u64) -> Result<Arc<str>, FileError>;

    /// Read from `offset` on; returns how many bytes there were, 0 at the end.
    ///
    /// # Errors
    /// [`FileError::IsADirectory`], or why the bytes cannot be had.
    fn read(&self, inode: u64, offset: u64, into: &mut [u8]) -> Result<usize, FileError>;

    /// The entry of `directory` with the least cookie that is `from` or
    /// greater. Cookies start at 2 and stay with their entries.
    ///
    /// # Errors
    /// [`FileError::NotADirectory`], or why the entries cannot be had.
    fn entry_from(&self, directory: u64, from: u64) -> Result<Option<BackingEntry>, FileError>;
}

/// One entry of a directory of a [`Backing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackingEntry {
    /// Its name.
    pub name: Arc<str>,
    /// The number of the file.
    pub inode: u64,
    /// What it is.
    pub kind: Kind,
    /// Its place in the listing.
    pub cookie: u64,
}

/// A backing and the directory it covers.
#[derive(Debug, Clone)]
pub(super) struct Mount {
    /// The covered directory of the tree.
    pub(super) point: u64,
    /// Where it was when it was mounted.
    pub(super) path: Arc<str>,
    pub(super) backing: Arc<dyn Backing>,
}
