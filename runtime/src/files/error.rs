//! What can go wrong with the sandbox's files. Every error leaves the tree as
//! it was before the call, unless the operation says otherwise.

use std::io;
use std::sync::Arc;

use super::library::LibraryError;

/// Why an operation on the sandbox's files was refused.
///
/// The path is not part of it: whoever named the path knows it, and the guest's
/// calls come by the thousand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A part of the path, or the file itself, does not exist.
    #[error("no such file or directory")]
    NotFound,
    /// Something of that name exists already.
    #[error("the file exists")]
    Exists,
    /// A directory was needed and something else was found.
    #[error("not a directory")]
    NotADirectory,
    /// A directory was found where it cannot be used.
    #[error("is a directory")]
    IsADirectory,
    /// The directory still has entries.
    #[error("the directory is not empty")]
    NotEmpty,
    /// A path led through more symbolic links than allowed.
    #[error("the path leads through more than {limit} symbolic links")]
    TooManyLinks {
        /// The most links one path may lead through.
        limit: u32,
    },
    /// One component of the path is too long.
    #[error("a name of {length} bytes is longer than {limit}")]
    NameTooLong {
        /// Length of the name in bytes.
        length: usize,
        /// The most bytes a name may have.
        limit: usize,
    },
    /// The path as a whole, or the target of a link, is too long.
    #[error("a path of {length} bytes is longer than {limit}")]
    PathTooLong {
        /// Length of the path in bytes.
        length: usize,
        /// The most bytes a path may have.
        limit: usize,
    },
    /// Directories would be nested too deeply.
    #[error("directories would be nested deeper than {limit}")]
    TooDeep {
        /// The most directories between the root and a file.
        limit: u32,
    },
    /// The host was given a path that does not start at the root.
    #[error("the path is not absolute")]
    NotAbsolute,
    /// The path or name holds a NUL byte.
    #[error("the name is not valid")]
    InvalidName,
    /// The bytes of the tree would exceed their limit. Nothing was written.
    #[error("{wanted} more bytes do not fit into the limit of {limit} bytes")]
    NoSpace {
        /// Bytes that the operation would have added.
        wanted: u64,
        /// The most bytes the tree may hold.
        limit: u64,
    },
    /// The tree has as many entries as it may have.
    #[error("the limit of {limit} files and directories is reached")]
    TooManyEntries {
        /// The most entries the tree may hold.
        limit: u64,
    },
    /// One file would be, or is, too large for the operation.
    #[error("a file of {size} bytes is larger than {limit}")]
    FileTooLarge {
        /// The size that was asked for or found, in bytes.
        size: u64,
        /// The most bytes allowed.
        limit: u64,
    },
    /// The place is mounted read-only.
    #[error("read-only file system")]
    ReadOnly,
    /// Rename or link from one mount into another.
    #[error("the paths are on different mounts")]
    CrossDevice,
    /// The root or a mount point cannot be removed, renamed or replaced.
    #[error("the directory is a mount point or the root")]
    Busy,
    /// The file is one of the runtime's own and only the host changes it.
    #[error("permission denied")]
    Denied,
    /// The operation is never allowed, such as a hard link to a directory.
    #[error("operation not permitted")]
    NotPermitted,
    /// The arguments contradict each other, such as a directory moved into itself.
    #[error("invalid argument")]
    Invalid,
    /// The file has as many names as a file may have.
    #[error("the limit of {limit} hard links is reached")]
    TooManyHardLinks {
        /// The most names one file may have.
        limit: u32,
    },
    /// As many files of a mounted folder are open as may be.
    #[error("the limit of {limit} open files of the mount is reached")]
    TooManyOpen {
        /// The most files of it that may be open at once.
        limit: usize,
    },
    /// The host could not do it in a mounted folder.
    #[error("the mounted folder: {kind}")]
    Host {
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// The file behind an open handle is not in this tree.
    #[error("stale file handle")]
    Stale,
    /// Contents could not be moved to or from the spill file on disk.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The read-only library cannot be read.
    #[error(transparent)]
    Library(Arc<LibraryError>),
}

impl From<LibraryError> for FileError {
    fn from(error: LibraryError) -> Self {
        Self::Library(Arc::new(error))
    }
}

/// Why the file that holds spilled contents could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not {action} the spill file: {kind}")]
pub struct SpillError {
    /// What was tried.
    pub action: SpillAction,
    /// What the operating system said. `StorageFull` also when the storage's
    /// own capacity is spent.
    pub kind: io::ErrorKind,
}

impl SpillError {
    pub(super) fn new(action: SpillAction, error: &io::Error) -> Self {
        Self {
            action,
            kind: error.kind(),
        }
    }

    pub(super) fn out_of_range() -> Self {
        Self {
            action: SpillAction::Read,
            kind: io::ErrorKind::UnexpectedEof,
        }
    }

    /// True when the disk, or the capacity given to the storage, is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self.kind,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

/// What was tried with the spill file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpillAction {
    /// Make it.
    Create,
    /// Read from it.
    Read,
    /// Write to it.
    Write,
}

impl std::fmt::Display for SpillAction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}
