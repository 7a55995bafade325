//! Saved sandboxes, as the command line names them: a plain word is a name, what has
//! a `/` or a `.` is a file.

use std::ffi::OsString;
use std::path::PathBuf;

use sandcell::{Busy, Durability, Sandbox, SnapshotStore};

use crate::exit::Failure;
use crate::state::State;

/// Where a saved sandbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saved {
    Name(String),
    File(PathBuf),
}

impl From<OsString> for Saved {
    fn from(word: OsString) -> Self {
        match word.to_str() {
            Some(name) if !name.contains(['/', '.']) => Self::Name(name.to_owned()),
            _ => Self::File(PathBuf::from(word)),
        }
    }
}

impl Saved {
    /// The file to write it to.
    pub(crate) fn to_write(&self) -> Result<PathBuf, Failure> {
        match self {
            Self::File(file) => Ok(file.clone()),
            Self::Name(name) => Ok(store()?.path(name)?),
        }
    }

    /// The file that it is in.
    pub(crate) fn to_read(&self) -> Result<PathBuf, Failure> {
        let path = self.to_write()?;
        match self {
            Self::Name(name) if !path.exists() => Err(missing(name)),
            _ => Ok(path),
        }
    }
}

/// Where to save what a command leaves, if it is to be saved: asked before it runs, so
/// that a bad name costs nothing.
pub(crate) fn place(saved: Option<&Saved>) -> Result<Option<PathBuf>, Failure> {
    saved.map(Saved::to_write).transpose()
}

/// Saves a sandbox to the place that [`place`] answered.
pub(crate) async fn save(sandbox: &Sandbox, place: Option<PathBuf>) -> Result<(), Failure> {
    if let Some(place) = place {
        let snapshot = sandbox.snapshot(Busy::default()).await?;
        snapshot.save(place, Durability::Machine).await?;
    }
    Ok(())
}

/// The named ones of this user.
pub(crate) fn store() -> Result<SnapshotStore, Failure> {
    Ok(SnapshotStore::open(State::open(None)?.snapshots())?)
}

pub(crate) fn missing(name: &str) -> Failure {
    Failure::usage(format!("there is no snapshot `{name}`")).hint(format!(
        "`sandcell snapshot list` shows those that are there; a file is `./{name}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_names_and_paths_are_files() {
        for (text, is_name) in [
            ("a", true),
            ("./a", false),
            ("a.snap", false),
            ("a/b", false),
        ] {
            let saved = Saved::from(OsString::from(text));
            assert_eq!(matches!(saved, Saved::Name(_)), is_name, "{text}");
        }
    }
}
