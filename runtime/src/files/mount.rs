//! Other file trees that are shown below a directory of a tree.

use std::any::Any;
use std::sync::Arc;

use super::error::FileError;
use super::node::{Kind, Stat};

/// What keeps an open file of a [`Backing`] there; dropped with the last use.
pub type Held = Arc<dyn Any + Send + Sync>;

/// What lies behind a mount point. What changes it answers
/// [`FileError::ReadOnly`] unless the backing says otherwise.
///
/// A backing numbers its files as it likes; a number stays with its file while
/// the backing lives, is never 0 and never another file's. It is shared by all
/// copies of a tree: if it changes, all of them see it. Its calls are made under
/// the lock of the sandbox's files, so none may wait for long. Names come
/// without slashes and are neither `.` nor `..`.
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

    /// Keep a file there while the answer lives, though its names may go. None
    /// when it stays anyhow.
    ///
    /// # Errors
    /// Why it cannot be opened.
    fn hold(&self, inode: u64) -> Result<Option<Held>, FileError> {
        self.stat(inode).map(|_| None)
    }

    /// Make an empty file, and say its number.
    ///
    /// # Errors
    /// [`FileError::Exists`], or why it cannot be made.
    fn make_file(&self, _directory: u64, _name: &str) -> Result<u64, FileError> {
        Err(FileError::ReadOnly)
    }

    /// Make an empty directory, and say its number.
    ///
    /// # Errors
    /// As [`Backing::make_file`].
    fn make_directory(&self, _directory: u64, _name: &str) -> Result<u64, FileError> {
        Err(FileError::ReadOnly)
    }

    /// Make a symbolic link, and say its number.
    ///
    /// # Errors
    /// As [`Backing::make_file`].
    fn make_link(&self, _directory: u64, _name: &str, _target: &str) -> Result<u64, FileError> {
        Err(FileError::ReadOnly)
    }

    /// Give a file a further name.
    ///
    /// # Errors
    /// As [`Backing::make_file`]; [`FileError::NotPermitted`] for a directory.
    fn link(&self, _file: u64, _directory: u64, _name: &str) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Remove a name that is not a directory's.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::IsADirectory`].
    fn remove_file(&self, _directory: u64, _name: &str) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Remove an empty directory.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::NotADirectory`],
    /// [`FileError::NotEmpty`].
    fn remove_directory(&self, _directory: u64, _name: &str) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Remove a directory with all it holds; links in it are not followed.
    ///
    /// # Errors
    /// Why something could not be removed; what was before is gone.
    fn remove_all(&self, _directory: u64, _name: &str) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Give a file or directory another directory and name; what is there goes
    /// if it is of the same sort.
    ///
    /// # Errors
    /// As the host's `rename`.
    fn rename(&self, _from: (u64, &str), _to: (u64, &str)) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Refuse to write `length` bytes to a file if that cannot be done.
    ///
    /// # Errors
    /// Why not: [`FileError::ReadOnly`], [`FileError::NoSpace`].
    fn check_write(&self, _inode: u64, _length: u64) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Write at `offset`; returns how many bytes were written.
    ///
    /// # Errors
    /// Why none was.
    fn write(&self, _inode: u64, _offset: u64, _data: &[u8]) -> Result<usize, FileError> {
        Err(FileError::ReadOnly)
    }

    /// Cut or extend a file.
    ///
    /// # Errors
    /// Why not.
    fn set_size(&self, _inode: u64, _size: u64) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }

    /// Set the times that are given, in nanoseconds since 1970.
    ///
    /// # Errors
    /// Why not.
    fn set_times(
        &self,
        _inode: u64,
        _accessed_ns: Option<u64>,
        _modified_ns: Option<u64>,
    ) -> Result<(), FileError> {
        Err(FileError::ReadOnly)
    }
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
