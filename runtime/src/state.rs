//! Where a sandbox is in its life.

use crate::error::{Error, Result};

/// The states of a sandbox. It starts as `Running`; [`crate::Sandbox::close`] and
/// the loss of its last handle lead to `Ended`, from which nothing leads away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Cells run.
    Running,
    /// It is gone.
    Ended,
}

impl State {
    pub(crate) fn running(self) -> Result<()> {
        match self {
            Self::Running => Ok(()),
            Self::Ended => Err(Error::Ended {
                what: "the sandbox",
            }),
        }
    }
}
