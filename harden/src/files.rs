//! The wall around files, by Landlock.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::error::HardenError;

/// The rights that a kernel must know; [`crate::confine_calls`] takes away what
/// later ones would be needed for.
const NEEDED: ABI = ABI::V1;

/// The rights that are taken away where the kernel knows them.
const WANTED: ABI = ABI::V6;

/// The files and folders that a process needs; all others are out of its reach.
///
/// Defaults: none.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Wall {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Wall {
    /// A wall without a door.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a file, or everything in a folder, be read.
    pub fn read(mut self, path: impl Into<PathBuf>) -> Self {
        self.read.push(path.into());
        self
    }

    /// Lets a file, or everything in a folder, be read, written, made and removed.
    /// Nothing in it can be executed.
    pub fn write(mut self, path: impl Into<PathBuf>) -> Self {
        self.write.push(path.into());
        self
    }

    /// Raises the wall around this process, which must have one thread. Files that
    /// are open stay open.
    ///
    /// # Errors
    /// [`HardenError::Threads`], [`HardenError::Path`] for what is not there, and
    /// [`HardenError::NoLandlock`]: then nothing has changed.
    pub fn confine_files(&self) -> Result<(), HardenError> {
        let threads = std::fs::read_dir("/proc/self/task").map_err(HardenError::Uncounted)?;
        let count = threads.count();
        if count != 1 {
            return Err(HardenError::Threads { count });
        }
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = AccessFs::from_all(WANTED) & !AccessFs::Execute & !devices();
        let mut rules = ruleset()?;
        for (paths, rights) in [(&self.read, read), (&self.write, write)] {
            for path in paths {
                rules = rules.add_rule(beneath(path, rights)?)?;
            }
        }
        let status = rules.restrict_self()?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err(HardenError::NoLandlock),
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        }
    }
}

/// Devices and named pipes, which nobody needs to make or to control.
fn devices() -> BitFlags<AccessFs> {
    AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::IoctlDev
}

/// Everything that Landlock can take away, and no exception yet.
fn ruleset() -> Result<RulesetCreated, HardenError> {
    // A kernel without Landlock says so here.
    let needed = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED));
    let needed = needed.map_err(|_| HardenError::NoLandlock)?;
    let all = needed
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?;
    Ok(all.create()?)
}

fn beneath(path: &Path, rights: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, HardenError> {
    let trouble = |source| HardenError::Path {
        path: path.to_owned(),
        source,
    };
    let folder = std::fs::metadata(path).map_err(trouble)?.is_dir();
    let place = PathFd::new(path).map_err(|error| trouble(std::io::Error::other(error)))?;
    // Rights to folders mean nothing for a file, and are refused.
    let rights = if folder {
        rights
    } else {
        rights & AccessFs::from_file(WANTED)
    };
    Ok(PathBeneath::new(place, rights))
}
