//! Why packages cannot be had.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why packages cannot be had. Nothing is installed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A requirement that is not taken.
    #[error("`{text}` is no requirement: {reason}")]
    BadRequirement {
        /// Its first characters.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More requirements at once than are taken.
    #[error("{count} requirements are too many: at most {limit}")]
    TooMany {
        /// How many there were.
        count: usize,
        /// The most.
        limit: usize,
    },
    /// The image has another version of the package, which cannot be replaced.
    #[error("{name} {version} is part of the image and cannot be replaced")]
    InImage {
        /// The package.
        name: String,
        /// The version that is there.
        version: String,
    },
    /// This machine has no pip.
    #[error("`python3 -m pip` does not run on this machine: {source}")]
    NoPip {
        /// Why it does not.
        source: io::Error,
    },
    /// The package has wheels, but they are for one kind of machine.
    #[error("{name} has native code: only packages of Python alone (py3-none-any) can be added")]
    NativeCode {
        /// The package.
        name: String,
    },
    /// There is no such package or version, or none for this version of Python.
    #[error("there is no wheel of {name} for this version of Python")]
    NotFound {
        /// The package.
        name: String,
    },
    /// pip failed for another reason.
    #[error("pip failed: {said}")]
    Failed {
        /// Its last words.
        said: String,
    },
    /// The wheels are larger together than what is taken.
    #[error("the wheels are larger than {limit} bytes together")]
    TooLarge {
        /// The most, in bytes.
        limit: u64,
    },
    /// pip took too long and was stopped.
    #[error("pip took longer than {} s", limit.as_secs())]
    TimedOut {
        /// How long it had.
        limit: Duration,
    },
    /// A file of the store or of a guest.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl PackageError {
    pub(super) fn io(
        operation: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }
}
