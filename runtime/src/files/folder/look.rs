//! Looking into a mounted folder and reading its files.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cap_fs_ext::{FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{Metadata, OpenOptions, PermissionsExt};

use super::budget::Ticket;
use super::numbers::{HostId, ROOT};
use super::{Access, HostFolder, refused};
use crate::files::directory::FIRST_COOKIE;
use crate::files::error::FileError;
use crate::files::mount::{BackingEntry, Held};
use crate::files::node::{Kind, NodeId, Stat};
use crate::files::quota::PATH_BYTES;

/// Entries of one directory that are listed.
const LISTED: usize = 100_000;

/// Listings under way that are kept.
const LISTINGS: usize = 8;

/// User and group that files are shown with: the guest's own.
const OWNER: u32 = 1000;

/// A file that is held open. Of a directory only the number is held.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: Option<(File, Ticket)>,
    writable: bool,
}

impl OpenFile {
    fn file(&self) -> Result<&File, FileError> {
        let open = self.file.as_ref();
        open.map(|(file, _)| file).ok_or(FileError::IsADirectory)
    }

    pub(super) fn to_write(&self) -> Result<&File, FileError> {
        if !self.writable {
            return Err(FileError::Denied);
        }
        self.file()
    }
}

/// The names of directories that are being listed, by number, newest last.
#[derive(Debug, Default)]
pub(super) struct Listings {
    known: Vec<(u64, Arc<[Arc<str>]>)>,
}

impl Listings {
    fn get(&self, directory: u64) -> Option<Arc<[Arc<str>]>> {
        let found = self.known.iter().find(|(known, _)| *known == directory);
        found.map(|(_, names)| Arc::clone(names))
    }

    fn put(&mut self, directory: u64, names: Arc<[Arc<str>]>) {
        self.known.retain(|(known, _)| *known != directory);
        if self.known.len() >= LISTINGS {
            self.known.remove(0);
        }
        self.known.push((directory, names));
    }
}

impl HostFolder {
    pub(super) fn look_up(&self, directory: u64, name: &str) -> Result<(u64, Kind), FileError> {
        let path = self.path_in(directory, name)?;
        let found = self.root.symlink_metadata(path);
        let found = found.map_err(|error| refused(&error))?;
        let number = self.numbers().number(directory, name, host_id(&found))?;
        Ok((number, kind_of(&found)))
    }

    pub(super) fn look_at(&self, inode: u64) -> Result<Stat, FileError> {
        let held = self.numbers().held(inode)?;
        let found = match held.as_deref() {
            Some(OpenFile {
                file: Some((file, _)),
                ..
            }) => Metadata::from_file(file),
            _ if inode == ROOT => self.root.dir_metadata(),
            _ => self.root.symlink_metadata(self.path(inode)?),
        };
        let found = found.map_err(|error| refused(&error))?;
        let kind = kind_of(&found);
        let size = match kind {
            Kind::File | Kind::SymbolicLink => found.len(),
            Kind::Directory | Kind::Device(_) | Kind::Other => 0,
        };
        let shown = match self.access {
            Access::ReadOnly => 0o555,
            Access::ReadWrite => 0o777,
        };
        let modified_ns = found.modified().map_or(0, |time| unix_ns(time.into_std()));
        let accessed_ns = found.accessed().map_or(0, |time| unix_ns(time.into_std()));
        Ok(Stat {
            id: NodeId { mount: 0, inode },
            kind,
            size,
            mode: found.permissions().mode() & shown,
            owner: OWNER,
            group: OWNER,
            links: u32::try_from(found.nlink()).unwrap_or(u32::MAX),
            accessed_ns,
            modified_ns,
            changed_ns: modified_ns,
        })
    }

    pub(super) fn target(&self, inode: u64) -> Result<Arc<str>, FileError> {
        let path = self.path(inode)?;
        let target = self.root.read_link_contents(path);
        let target = target.map_err(|error| refused(&error))?;
        let target = target.into_os_string().into_string();
        let target = target.map_err(|_| FileError::InvalidName)?;
        if target.is_empty() || target.len() > PATH_BYTES {
            return Err(FileError::InvalidName);
        }
        Ok(Arc::from(target))
    }

    pub(super) fn read_bytes(
        &self,
        inode: u64,
        offset: u64,
        into: &mut [u8],
    ) -> Result<usize, FileError> {
        let open = self.opened(inode)?;
        let file = open.file()?;
        loop {
            match file.read_at(into, offset) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done.map_err(|error| refused(&error)),
            }
        }
    }

    /// The file under a number: the one that is held, or opened for once.
    pub(super) fn opened(&self, inode: u64) -> Result<Arc<OpenFile>, FileError> {
        let held = self.numbers().held(inode)?;
        match held {
            Some(held) => Ok(held),
            None => self.open_now(inode).map(Arc::new),
        }
    }

    /// Hold a file, so that it stays though its names may go.
    pub(super) fn take_hold(&self, inode: u64) -> Result<Held, FileError> {
        let held = self.numbers().held(inode)?;
        if let Some(held) = held {
            return Ok(held);
        }
        let open = Arc::new(self.open_now(inode)?);
        self.numbers().set_held(inode, &open);
        Ok(open)
    }

    /// Open what is under a number, if it is still the same.
    fn open_now(&self, inode: u64) -> Result<OpenFile, FileError> {
        let expected = self.numbers().host(inode)?;
        let path = self.path(inode)?;
        let found = if inode == ROOT {
            self.root.dir_metadata()
        } else {
            self.root.symlink_metadata(&path)
        };
        let found = found.map_err(|error| refused(&error))?;
        if host_id(&found) != expected {
            return Err(FileError::Stale);
        }
        match kind_of(&found) {
            Kind::File => {}
            Kind::Directory => {
                return Ok(OpenFile {
                    file: None,
                    writable: false,
                });
            }
            Kind::SymbolicLink | Kind::Device(_) | Kind::Other => return Err(FileError::Denied),
        }
        let ticket = self.budget.take_open()?;
        let open = |write: bool| {
            let mut options = OpenOptions::new();
            // Whatever is there by now: no link is followed, no pipe waited for.
            options
                .read(true)
                .write(write)
                .follow(FollowSymlinks::No)
                .nonblock(true);
            self.root.open_with(&path, &options)
        };
        let mut writable = self.access == Access::ReadWrite;
        let mut opened = open(writable);
        if let Err(error) = &opened
            && writable
            && error.kind() == ErrorKind::PermissionDenied
        {
            writable = false;
            opened = open(false);
        }
        let file = opened.map_err(|error| refused(&error))?;
        let found = file.metadata().map_err(|error| refused(&error))?;
        if kind_of(&found) != Kind::File || host_id(&found) != expected {
            return Err(FileError::Stale);
        }
        Ok(OpenFile {
            file: Some((file.into_std(), ticket)),
            writable,
        })
    }

    /// One entry of a listing that was taken when it began.
    pub(super) fn list_from(
        &self,
        directory: u64,
        from: u64,
    ) -> Result<Option<BackingEntry>, FileError> {
        let known = self.listings().get(directory);
        let names = match known {
            Some(names) if from > FIRST_COOKIE => names,
            _ => {
                let names = self.names(directory)?;
                self.listings().put(directory, Arc::clone(&names));
                names
            }
        };
        let first = from.max(FIRST_COOKIE) - FIRST_COOKIE;
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        for (at, name) in names.iter().enumerate().skip(first) {
            match self.look_up(directory, name) {
                Ok((inode, kind)) => {
                    return Ok(Some(BackingEntry {
                        name: Arc::clone(name),
                        inode,
                        kind,
                        cookie: at as u64 + FIRST_COOKIE,
                    }));
                }
                // It went away since.
                Err(FileError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn names(&self, directory: u64) -> Result<Arc<[Arc<str>]>, FileError> {
        let path = self.path(directory)?;
        // A folder that was removed on the host still lists, as empty.
        if directory == ROOT {
            let root = self.root.dir_metadata();
            if root.map_err(|error| refused(&error))?.nlink() == 0 {
                return Err(FileError::NotFound);
            }
        }
        let entries = self.root.read_dir(path);
        let entries = entries.map_err(|error| refused(&error))?;
        let mut names: Vec<Arc<str>> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| refused(&error))?;
            if names.len() >= LISTED {
                return Err(FileError::TooManyEntries {
                    limit: LISTED as u64,
                });
            }
            if let Ok(name) = entry.file_name().into_string() {
                names.push(Arc::from(name));
            }
        }
        names.sort_unstable();
        Ok(names.into())
    }
}

/// Which file it is on the host.
pub(super) fn host_id(found: &Metadata) -> HostId {
    (found.dev(), found.ino())
}

pub(super) fn kind_of(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::SymbolicLink
    } else {
        Kind::Other
    }
}

fn unix_ns(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
