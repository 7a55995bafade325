//! A folder of the host that the embedder mounts into a sandbox.
//!
//! Every step goes through one open handle of the folder (`cap-std`), relative
//! to it and below it: what the host's kernel is asked never leaves the folder,
//! whatever links are in it, and whoever swaps what meanwhile. Links are not
//! followed here at all. The walk of the tree reads them and goes on in the
//! sandbox: an absolute target means the sandbox's root, never the host's.
//!
//! Only files, folders and links are used. Pipes, sockets and devices are shown
//! and cannot be opened; names that are not UTF-8 are left out.

mod budget;
mod change;
mod look;
mod numbers;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use self::budget::Budget;
use self::look::Listings;
use self::numbers::Numbers;
use super::error::FileError;
use super::mount::{Backing, BackingEntry, Held};
use super::node::{Kind, Stat};

/// What a sandbox may do in a mounted folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Access {
    /// Look and read.
    #[default]
    ReadOnly,
    /// Make, change and remove everything in it as well.
    ReadWrite,
}

/// What a sandbox may use of a mounted folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderLimits {
    /// Bytes that may be written in all, whether they make a file longer or
    /// replace others; growing by setting a size counts like writing.
    /// Default: 1 GiB.
    pub write_bytes: u64,
    /// Files, folders, links and further names that may be made in all.
    /// Default: 100,000.
    pub makes: u64,
    /// Files that may be open at once. Each takes a descriptor of the host
    /// process. Default: 256.
    pub open_files: usize,
}

impl Default for FolderLimits {
    fn default() -> Self {
        Self {
            write_bytes: 1 << 30,
            makes: 100_000,
            open_files: 256,
        }
    }
}

/// A folder of the host, for [`Tree::mount`](super::Tree::mount).
///
/// It is not part of the tree: copies of a tree share it, and see each other's
/// changes and those of the host. Its limits count for all of them together. No
/// change in it is told to watchers. Writes to it are not whole or nothing.
#[derive(Debug)]
pub struct HostFolder {
    root: Dir,
    access: Access,
    budget: Budget,
    numbers: Mutex<Numbers>,
    listings: Mutex<Listings>,
}

impl HostFolder {
    /// Open a folder of the host. A link at `path` itself is followed: the
    /// embedder says what is meant.
    ///
    /// # Errors
    /// What the operating system said: it is missing, no folder, or not to be
    /// read.
    pub fn open(path: impl AsRef<Path>, access: Access, limits: FolderLimits) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        let id = look::host_id(&root.dir_metadata()?);
        Ok(Self {
            root,
            access,
            budget: Budget::new(limits),
            numbers: Mutex::new(Numbers::new(id)),
            listings: Mutex::default(),
        })
    }

    /// What may be done in it.
    #[must_use]
    pub const fn access(&self) -> Access {
        self.access
    }

    /// Bytes that may still be written.
    #[must_use]
    pub fn write_bytes_left(&self) -> u64 {
        self.budget.bytes_left()
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        // Each change of the table is complete before anything can panic.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listings(&self) -> MutexGuard<'_, Listings> {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a file is, from the folder; `.` for the folder itself.
    fn path(&self, inode: u64) -> Result<PathBuf, FileError> {
        self.numbers().path(inode)
    }

    /// Where `name` is or would be in a directory.
    fn path_in(&self, directory: u64, name: &str) -> Result<PathBuf, FileError> {
        numbers::check_name(name)?;
        let mut path = self.path(directory)?;
        path.push(name);
        Ok(path)
    }

    fn writable(&self) -> Result<(), FileError> {
        match self.access {
            Access::ReadOnly => Err(FileError::ReadOnly),
            Access::ReadWrite => Ok(()),
        }
    }
}

impl Backing for HostFolder {
    fn root(&self) -> u64 {
        numbers::ROOT
    }

    fn identity(&self) -> String {
        match self.access {
            Access::ReadOnly => "host ro".to_owned(),
            Access::ReadWrite => "host rw".to_owned(),
        }
    }

    fn path_of(&self, inode: u64) -> Option<String> {
        if inode == numbers::ROOT {
            return Some(String::new());
        }
        self.path(inode).ok()?.into_os_string().into_string().ok()
    }

    fn lookup(&self, directory: u64, name: &str) -> Result<(u64, Kind), FileError> {
        self.look_up(directory, name)
    }

    fn parent(&self, directory: u64) -> Result<u64, FileError> {
        self.numbers().parent(directory)
    }

    fn stat(&self, inode: u64) -> Result<Stat, FileError> {
        self.look_at(inode)
    }

    fn read_link(&self, inode: u64) -> Result<Arc<str>, FileError> {
        self.target(inode)
    }

    fn read(&self, inode: u64, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        self.read_bytes(inode, offset, into)
    }

    fn entry_from(&self, directory: u64, from: u64) -> Result<Option<BackingEntry>, FileError> {
        self.list_from(directory, from)
    }

    fn hold(&self, inode: u64) -> Result<Option<Held>, FileError> {
        self.take_hold(inode).map(Some)
    }

    fn make_file(&self, directory: u64, name: &str) -> Result<u64, FileError> {
        self.new_file(directory, name)
    }

    fn make_directory(&self, directory: u64, name: &str) -> Result<u64, FileError> {
        self.new_directory(directory, name)
    }

    fn make_link(&self, directory: u64, name: &str, target: &str) -> Result<u64, FileError> {
        self.new_link(directory, name, target)
    }

    fn link(&self, file: u64, directory: u64, name: &str) -> Result<(), FileError> {
        self.new_name(file, directory, name)
    }

    fn remove_file(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.unlink(directory, name)
    }

    fn remove_directory(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.remove_empty(directory, name)
    }

    fn remove_all(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.remove_below(directory, name)
    }

    fn rename(&self, from: (u64, &str), to: (u64, &str)) -> Result<(), FileError> {
        self.move_name(from, to)
    }

    fn check_write(&self, inode: u64, length: u64) -> Result<(), FileError> {
        self.may_write(inode, length)
    }

    fn write(&self, inode: u64, offset: u64, data: &[u8]) -> Result<usize, FileError> {
        self.write_bytes(inode, offset, data)
    }

    fn set_size(&self, inode: u64, size: u64) -> Result<(), FileError> {
        self.resize(inode, size)
    }

    fn set_times(
        &self,
        inode: u64,
        accessed_ns: Option<u64>,
        modified_ns: Option<u64>,
    ) -> Result<(), FileError> {
        self.change_times(inode, accessed_ns, modified_ns)
    }
}

/// What the host's kernel said, as an error of files.
fn refused(error: &io::Error) -> FileError {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::AlreadyExists => FileError::Exists,
        ErrorKind::NotADirectory => FileError::NotADirectory,
        ErrorKind::IsADirectory => FileError::IsADirectory,
        ErrorKind::DirectoryNotEmpty => FileError::NotEmpty,
        // Also what cap-std says of a path that would lead out.
        ErrorKind::PermissionDenied => FileError::Denied,
        ErrorKind::ReadOnlyFilesystem => FileError::ReadOnly,
        ErrorKind::CrossesDevices => FileError::CrossDevice,
        ErrorKind::InvalidInput => FileError::Invalid,
        ErrorKind::StaleNetworkFileHandle => FileError::Stale,
        ErrorKind::ResourceBusy => FileError::Busy,
        kind => FileError::Host { kind },
    }
}
