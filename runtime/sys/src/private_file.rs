//! Files of the user's own private cache.
//!
//! Compiled code and memory images are mapped straight from disk, so nobody but
//! the user may be able to change them. A [`PrivateFile`] was opened without
//! following a symlink and found to be a regular file that belongs to the
//! effective user and that nobody else may write. What remains is trust in the
//! user's own processes: one of them truncating a mapped file would kill us with
//! `SIGBUS`, as it could with a signal.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

/// Why a file was not taken for a private one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// It could not be opened or examined.
    #[error("cannot open {path}: {source}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is a folder, device, symlink or the like.
    #[error("{path} is not a regular file", path = path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to user {owner}, not to {user}", path = path.display())]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others may write to it.
    #[error("{path} may be written by others (mode {mode:o})", path = path.display())]
    WritableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Size and times of a file: what is recorded when it is published and compared
/// when it is opened, in place of reading it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Length in bytes.
    pub bytes: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: i128,
}

/// An open file that passed the checks of this module.
#[derive(Debug)]
pub struct PrivateFile {
    file: File,
    stamp: Stamp,
}

impl PrivateFile {
    /// Opens `path` for reading.
    ///
    /// # Errors
    /// See [`PrivateFileError`]; nothing was read or mapped.
    pub fn open(path: &Path) -> Result<Self, PrivateFileError> {
        let open_error = |source: rustix::io::Errno| PrivateFileError::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let descriptor = rustix::fs::open(path, flags, Mode::empty()).map_err(open_error)?;
        let stat = rustix::fs::fstat(&descriptor).map_err(open_error)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(PrivateFileError::NotRegular {
                path: path.to_owned(),
            });
        }
        let user = rustix::process::geteuid().as_raw();
        if stat.st_uid != user {
            return Err(PrivateFileError::ForeignOwner {
                path: path.to_owned(),
                owner: stat.st_uid,
                user,
            });
        }
        if stat.st_mode & 0o022 != 0 {
            return Err(PrivateFileError::WritableByOthers {
                path: path.to_owned(),
                mode: stat.st_mode & 0o7777,
            });
        }
        Ok(Self {
            file: File::from(descriptor),
            stamp: Stamp {
                bytes: u64::try_from(stat.st_size).unwrap_or(0),
                modified_ns: i128::from(stat.st_mtime) * 1_000_000_000
                    + i128::from(stat.st_mtime_nsec),
            },
        })
    }

    /// Size and times as they were when the file was opened.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The open file.
    #[must_use]
    pub fn into_file(self) -> File {
        self.file
    }
}

impl AsFd for PrivateFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn scratch(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("sandcell-sys-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn only_own_regular_files_are_taken() {
        let folder = scratch("private");
        let file = folder.join("file");
        std::fs::write(&file, b"12345").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(PrivateFile::open(&file).unwrap().stamp().bytes, 5);

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            PrivateFile::open(&file),
            Err(PrivateFileError::WritableByOthers { mode: 0o666, .. })
        ));
        let link = folder.join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(matches!(
            PrivateFile::open(&link),
            Err(PrivateFileError::Open { .. })
        ));
        assert!(matches!(
            PrivateFile::open(&folder),
            Err(PrivateFileError::NotRegular { .. })
        ));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
