//! The numbers of WASI preview 1: error codes, flags, layouts.

use std::io::ErrorKind;

use crate::files::{FileError, Kind};

/// The error codes of preview 1 that calls on files and descriptors answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub(crate) enum Errno {
    Toobig = 1,
    Acces = 2,
    Again = 6,
    Badf = 8,
    Busy = 10,
    Child = 12,
    Exist = 20,
    Fault = 21,
    Fbig = 22,
    Ilseq = 25,
    Intr = 27,
    Inval = 28,
    Io = 29,
    Isdir = 31,
    Loop = 32,
    Mfile = 33,
    Mlink = 34,
    Nametoolong = 37,
    Noent = 44,
    Noexec = 45,
    Nomem = 48,
    Nospc = 51,
    Notdir = 54,
    Notempty = 55,
    Notsock = 57,
    Notsup = 58,
    Overflow = 61,
    Perm = 63,
    Pipe = 64,
    Rofs = 69,
    Spipe = 70,
    Srch = 71,
    Stale = 72,
    Xdev = 75,
}

impl Errno {
    /// The number that the guest gets.
    #[must_use]
    pub(crate) const fn raw(self) -> i32 {
        self as i32
    }

    pub(super) const fn code(self) -> u16 {
        self as u16
    }
}

/// What the guest gets for a result: 0 for success.
#[must_use]
pub(crate) fn raw(result: Result<(), Errno>) -> i32 {
    result.map_or_else(Errno::raw, |()| 0)
}

impl From<FileError> for Errno {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound => Self::Noent,
            FileError::Exists => Self::Exist,
            FileError::NotADirectory => Self::Notdir,
            FileError::IsADirectory => Self::Isdir,
            FileError::NotEmpty => Self::Notempty,
            FileError::TooManyLinks { .. } => Self::Loop,
            FileError::NameTooLong { .. }
            | FileError::PathTooLong { .. }
            | FileError::TooDeep { .. } => Self::Nametoolong,
            FileError::NotAbsolute | FileError::InvalidName | FileError::Invalid => Self::Inval,
            FileError::NoSpace { .. } | FileError::TooManyEntries { .. } => Self::Nospc,
            FileError::FileTooLarge { .. } => Self::Fbig,
            FileError::ReadOnly => Self::Rofs,
            FileError::CrossDevice => Self::Xdev,
            FileError::Busy => Self::Busy,
            FileError::Denied => Self::Acces,
            FileError::NotPermitted => Self::Perm,
            FileError::TooManyHardLinks { .. } => Self::Mlink,
            FileError::TooManyOpen { .. } => Self::Mfile,
            FileError::Host {
                kind: ErrorKind::StorageFull | ErrorKind::QuotaExceeded,
            } => Self::Nospc,
            FileError::Stale => Self::Stale,
            FileError::Spill(error) if error.is_full() => Self::Nospc,
            FileError::Spill(_) | FileError::Library(_) | FileError::Host { .. } => Self::Io,
        }
    }
}

/// Flags of `path_open` and of paths.
pub(super) mod oflags {
    pub(crate) const CREAT: u32 = 1;
    pub(crate) const DIRECTORY: u32 = 2;
    pub(crate) const EXCL: u32 = 4;
    pub(crate) const TRUNC: u32 = 8;
    pub(crate) const ALL: u32 = 15;
}

/// The only flag of lookups.
pub(super) const SYMLINK_FOLLOW: u32 = 1;

/// Flags of open files.
pub(super) mod fdflags {
    pub(crate) const APPEND: u16 = 1;
    pub(crate) const NONBLOCK: u16 = 4;
    pub(crate) const ALL: u16 = 31;
}

/// Flags of the calls that set times.
pub(super) mod fstflags {
    pub(crate) const ATIM: u32 = 1;
    pub(crate) const ATIM_NOW: u32 = 2;
    pub(crate) const MTIM: u32 = 4;
    pub(crate) const MTIM_NOW: u32 = 8;
    pub(crate) const ALL: u32 = 15;
}

/// Rights. Of these only reading and writing are enforced; the rest is shown,
/// since libraries look at it.
pub(super) mod rights {
    pub(crate) const FD_DATASYNC: u64 = 1;
    pub(crate) const FD_READ: u64 = 1 << 1;
    pub(crate) const FD_SEEK: u64 = 1 << 2;
    pub(crate) const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub(crate) const FD_SYNC: u64 = 1 << 4;
    pub(crate) const FD_TELL: u64 = 1 << 5;
    pub(crate) const FD_WRITE: u64 = 1 << 6;
    pub(crate) const FD_ADVISE: u64 = 1 << 7;
    pub(crate) const FD_ALLOCATE: u64 = 1 << 8;
    pub(crate) const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
    pub(crate) const PATH_CREATE_FILE: u64 = 1 << 10;
    pub(crate) const PATH_LINK_SOURCE: u64 = 1 << 11;
    pub(crate) const PATH_LINK_TARGET: u64 = 1 << 12;
    pub(crate) const PATH_OPEN: u64 = 1 << 13;
    pub(crate) const FD_READDIR: u64 = 1 << 14;
    pub(crate) const PATH_READLINK: u64 = 1 << 15;
    pub(crate) const PATH_RENAME_SOURCE: u64 = 1 << 16;
    pub(crate) const PATH_RENAME_TARGET: u64 = 1 << 17;
    pub(crate) const PATH_FILESTAT_GET: u64 = 1 << 18;
    pub(crate) const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
    pub(crate) const FD_FILESTAT_GET: u64 = 1 << 21;
    pub(crate) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub(crate) const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    pub(crate) const PATH_SYMLINK: u64 = 1 << 24;
    pub(crate) const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
    pub(crate) const PATH_UNLINK_FILE: u64 = 1 << 26;
    pub(crate) const POLL_FD_READWRITE: u64 = 1 << 27;

    /// What a directory can be used for.
    pub(crate) const DIRECTORY: u64 = PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_OPEN
        | FD_READDIR
        | PATH_READLINK
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_GET
        | PATH_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES;

    /// What a file can be used for, beside reading and writing.
    pub(crate) const FILE: u64 = FD_DATASYNC
        | FD_SEEK
        | FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_TELL
        | FD_ADVISE
        | FD_ALLOCATE
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_SIZE
        | FD_FILESTAT_SET_TIMES
        | POLL_FD_READWRITE;
}

/// Types of files.
pub(super) mod filetype {
    pub(crate) const UNKNOWN: u8 = 0;
    pub(crate) const CHARACTER_DEVICE: u8 = 2;
    pub(crate) const DIRECTORY: u8 = 3;
    pub(crate) const REGULAR_FILE: u8 = 4;
    pub(crate) const SYMBOLIC_LINK: u8 = 7;
}

/// The type that the guest sees.
pub(super) const fn filetype_of(kind: Kind) -> u8 {
    match kind {
        Kind::File => filetype::REGULAR_FILE,
        Kind::Directory => filetype::DIRECTORY,
        Kind::SymbolicLink => filetype::SYMBOLIC_LINK,
        Kind::Device(_) => filetype::CHARACTER_DEVICE,
        Kind::Other => filetype::UNKNOWN,
    }
}

/// Where `fd_seek` counts from.
pub(super) mod whence {
    pub(crate) const SET: u32 = 0;
    pub(crate) const CUR: u32 = 1;
    pub(crate) const END: u32 = 2;
}
