//! A read-only file tree out of a zip file on disk whose entries are stored
//! uncompressed, such as the library of an interpreter.
//!
//! Nothing is read before the first look at it; contents are then read where
//! they lie, so that all sandboxes share the page cache and no copy is held.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::archive::{Archive, ArchiveBody, ArchiveNode};
use super::directory::FIRST_COOKIE;
use super::error::FileError;
use super::mount::{Backing, BackingEntry};
use super::node::{Kind, NodeId, Stat};

/// A read-only tree in a zip file. Made once and shared by all sandboxes
/// (`Arc`); one open file, whatever their number.
#[derive(Debug)]
pub struct Library {
    path: PathBuf,
    limits: LibraryLimits,
    /// What the archive is, when the caller knows it.
    digest: Option<String>,
    /// Set at the first look; a failure stays.
    archive: OnceLock<Result<Archive, Arc<LibraryError>>>,
}

/// What a library may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibraryLimits {
    /// Bytes of the zip file. Default: 1 GiB.
    pub archive_bytes: u64,
    /// Bytes of all files in it. Default: 1 GiB.
    pub total_bytes: u64,
    /// Files and directories in it. Default: 100,000.
    pub entries: usize,
}

impl Default for LibraryLimits {
    fn default() -> Self {
        Self {
            archive_bytes: 1 << 30,
            total_bytes: 1 << 30,
            entries: 100_000,
        }
    }
}

/// Why a zip file cannot be used as a library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The file cannot be opened or is no regular file.
    #[error("could not open the library: {kind}")]
    Open {
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// The file, or what is in it, is too large.
    #[error("a library of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// The bytes found, at least.
        bytes: u64,
        /// The most bytes allowed.
        limit: u64,
    },
    /// It is no zip file, or a damaged one.
    #[error("the library is malformed: {detail}")]
    Malformed {
        /// What is wrong, for people.
        detail: String,
    },
    /// It has too many entries.
    #[error("a library of {count} entries has more than {limit}")]
    TooManyEntries {
        /// The entries found, at least.
        count: usize,
        /// The most entries allowed.
        limit: usize,
    },
    /// Two entries have the same name.
    #[error("the library has two entries of one name")]
    Duplicate,
    /// A name is absolute, leads upwards, is too long, or no UTF-8.
    #[error("the library has an entry of a forbidden name: {name:?}")]
    Name {
        /// The name.
        name: String,
    },
    /// An entry is encrypted.
    #[error("the library's entry {name:?} is encrypted")]
    Encrypted {
        /// Its name.
        name: String,
    },
    /// An entry is compressed.
    #[error("the library's entry {name:?} is compressed")]
    Compressed {
        /// Its name.
        name: String,
    },
    /// An entry is a symbolic link, device or the like.
    #[error("the library's entry {name:?} is neither a file nor a directory")]
    Special {
        /// Its name.
        name: String,
    },
    /// An entry lies over another one or over the table of contents.
    #[error("the library's entry {name:?} overlaps another one")]
    Overlap {
        /// Its name.
        name: String,
    },
    /// An entry is a file, and by the name of another one a directory.
    #[error("the library's entry {name:?} is both file and directory")]
    Conflict {
        /// Its name.
        name: String,
    },
    /// Contents cannot be read; also when the file has become shorter.
    #[error("could not read the library: {kind}")]
    Read {
        /// What the operating system said.
        kind: io::ErrorKind,
    },
}

impl Library {
    /// The library in the zip file at `path`, which is not touched yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_limits(path, LibraryLimits::default())
    }

    /// As [`Library::new`] with limits of one's own.
    #[must_use]
    pub fn with_limits(path: impl Into<PathBuf>, limits: LibraryLimits) -> Self {
        Self {
            path: path.into(),
            limits,
            digest: None,
            archive: OnceLock::new(),
        }
    }

    /// Say which archive it is, by a digest of at most 200 bytes: what was saved
    /// with another one is then not read back with this one. Not checked here.
    #[must_use]
    pub fn identified(mut self, digest: impl Into<String>) -> Self {
        self.digest = Some(digest.into());
        self
    }

    /// Read the table of contents now, unless that was done. Blocks for a few
    /// milliseconds.
    ///
    /// # Errors
    /// Why the file is refused; the same at every later call.
    pub fn open(&self) -> Result<(), FileError> {
        self.archive().map(|_| ())
    }

    /// True once it was looked at.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.archive.get().is_some()
    }

    fn archive(&self) -> Result<&Archive, FileError> {
        let opened = self
            .archive
            .get_or_init(|| Archive::open(&self.path, &self.limits).map_err(Arc::new));
        match opened {
            Ok(archive) => Ok(archive),
            Err(error) => Err(FileError::Library(Arc::clone(error))),
        }
    }

    fn node(&self, inode: u64) -> Result<&ArchiveNode, FileError> {
        self.archive()?.node(inode).ok_or(FileError::Stale)
    }

    /// The numbers of the entries of a directory, sorted by name.
    fn children(&self, directory: u64) -> Result<&[u64], FileError> {
        match &self.node(directory)?.body {
            ArchiveBody::Directory(children) => Ok(children),
            ArchiveBody::File(_) => Err(FileError::NotADirectory),
        }
    }
}

impl ArchiveNode {
    const fn kind(&self) -> Kind {
        match &self.body {
            ArchiveBody::Directory(_) => Kind::Directory,
            ArchiveBody::File(_) => Kind::File,
        }
    }
}

impl Backing for Library {
    fn root(&self) -> u64 {
        1
    }

    fn lookup(&self, directory: u64, name: &str) -> Result<(u64, Kind), FileError> {
        let archive = self.archive()?;
        let children = self.children(directory)?;
        let name_of = |number: &u64| archive.node(*number).map_or("", |node| &*node.name);
        let at = children
            .binary_search_by(|number| name_of(number).cmp(name))
            .map_err(|_| FileError::NotFound)?;
        let number = *children.get(at).ok_or(FileError::NotFound)?;
        Ok((number, self.node(number)?.kind()))
    }

    fn parent(&self, directory: u64) -> Result<u64, FileError> {
        Ok(self.node(directory)?.parent)
    }

    fn identity(&self) -> String {
        self.digest.as_deref().map_or_else(
            || "library".to_owned(),
            |digest| format!("library {digest}"),
        )
    }

    fn path_of(&self, inode: u64) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        let mut at = inode;
        while at != self.root() {
            let node = self.node(at).ok()?;
            names.push(&node.name);
            at = node.parent;
        }
        names.reverse();
        Some(names.join("/"))
    }

    fn stat(&self, inode: u64) -> Result<Stat, FileError> {
        let node = self.node(inode)?;
        let (kind, size, mode, links) = match &node.body {
            ArchiveBody::Directory(_) => (Kind::Directory, 0, 0o555, 2),
            ArchiveBody::File(file) => (Kind::File, file.size, 0o444, 1),
        };
        Ok(Stat {
            id: NodeId { mount: 0, inode },
            kind,
            size,
            mode,
            owner: 0,
            group: 0,
            links,
            accessed_ns: node.modified_ns,
            modified_ns: node.modified_ns,
            changed_ns: node.modified_ns,
        })
    }

    fn read_link(&self, _inode: u64) -> Result<Arc<str>, FileError> {
        Err(FileError::Invalid)
    }

    fn read(&self, inode: u64, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let archive = self.archive()?;
        let node = self.node(inode)?;
        let ArchiveBody::File(file) = &node.body else {
            return Err(FileError::IsADirectory);
        };
        let there = file.size.saturating_sub(offset).min(into.len() as u64);
        let there = usize::try_from(there).unwrap_or(into.len());
        let Some(place) = into.get_mut(..there).filter(|place| !place.is_empty()) else {
            return Ok(0);
        };
        let start = archive.data_start(&node.name, file)?;
        archive
            .file
            .read_exact_at(place, start + offset)
            .map_err(|error| LibraryError::Read { kind: error.kind() })?;
        Ok(there)
    }

    fn entry_from(&self, directory: u64, from: u64) -> Result<Option<BackingEntry>, FileError> {
        let children = self.children(directory)?;
        let at = usize::try_from(from.saturating_sub(FIRST_COOKIE)).unwrap_or(usize::MAX);
        let Some(number) = children.get(at) else {
            return Ok(None);
        };
        let node = self.node(*number)?;
        Ok(Some(BackingEntry {
            name: Arc::clone(&node.name),
            inode: *number,
            kind: node.kind(),
            cookie: at as u64 + FIRST_COOKIE,
        }))
    }
}
