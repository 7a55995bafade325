//! Why a tree or a table could not be saved or read back.

use std::io;

use crate::files::error::{FileError, SpillError};

/// Why files or descriptors could not be saved, or why saved ones are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// The bytes could not be written.
    #[error("could not write {part}: {kind}")]
    Write {
        /// Which part was being written.
        part: &'static str,
        /// What the writer said.
        kind: io::ErrorKind,
    },
    /// The bytes could not be read.
    #[error("could not read {part}: {kind}")]
    Read {
        /// Which part was being read.
        part: &'static str,
        /// What the reader said.
        kind: io::ErrorKind,
    },
    /// The bytes end too early.
    #[error("the saved bytes end within {part}")]
    Truncated {
        /// Which part was being read.
        part: &'static str,
    },
    /// The bytes are not such a section.
    #[error("these are no {part}")]
    Magic {
        /// What was expected.
        part: &'static str,
    },
    /// The section has a version that this release does not read.
    #[error("{part} have version {found}, this release reads {expected}")]
    Version {
        /// Which section.
        part: &'static str,
        /// The version found.
        found: u32,
        /// The version that is read.
        expected: u32,
    },
    /// The section holds more than the host allows.
    #[error("{found} {what} are more than {limit}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much was found, at least.
        found: u64,
        /// The most allowed.
        limit: u64,
    },
    /// The section contradicts itself or the rules of a tree.
    #[error("{part} {number}: {detail}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// Which of its kind: the number of a node or of a descriptor.
        number: u64,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The tree had something mounted that was not handed in.
    #[error("nothing was given to mount at {path}")]
    MissingMount {
        /// Where it was mounted.
        path: String,
    },
    /// Something else was handed in than was mounted.
    #[error("{path} was {expected}, and {found} was given")]
    WrongMount {
        /// Where it was mounted.
        path: String,
        /// What was mounted.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Contents could not be moved to or from the spill file.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// What is mounted could not be asked.
    #[error(transparent)]
    Mounted(FileError),
}

impl SavedError {
    /// A part that breaks a rule.
    pub(crate) const fn malformed(part: &'static str, number: u64, detail: &'static str) -> Self {
        Self::Malformed {
            part,
            number,
            detail,
        }
    }

    /// Refuse `found` when it is above `limit`.
    pub(crate) const fn check(what: &'static str, found: u64, limit: u64) -> Result<(), Self> {
        if found > limit {
            return Err(Self::TooMuch { what, found, limit });
        }
        Ok(())
    }
}

impl From<FileError> for SavedError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Spill(error) => Self::Spill(error),
            other => Self::Mounted(other),
        }
    }
}
