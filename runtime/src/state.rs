//! Where a sandbox is in its life.

use crate::error::{Error, Result};

/// The states of a sandbox. It starts as `Running`; [`crate::Sandbox::pause`] leads
/// to `Paused`, or to `Held`; [`crate::Sandbox::close`] and the loss of its last handle lead to
/// `Ended`, from which nothing leads away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Cells run.
    Running,
    /// Its cells come to their end and it is being saved.
    Pausing,
    /// It is on disk and holds no memory; [`crate::Sandbox::resume`] leads back.
    Paused,
    /// It stands still in the middle of a cell: all its memory is in use, nothing
    /// of it is saved, and it ends with its process. [`crate::Sandbox::resume`]
    /// lets the cell go on. See [`crate::Busy::Hold`].
    Held,
    /// It is gone.
    Ended,
}

impl State {
    pub(crate) fn running(self) -> Result<()> {
        match self {
            Self::Running => Ok(()),
            Self::Pausing | Self::Paused | Self::Held => Err(Error::Paused),
            Self::Ended => Err(Error::Ended {
                what: "the sandbox",
            }),
        }
    }
}
