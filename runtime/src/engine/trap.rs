//! What a failed call of a guest means: the single place.

use wasmtime::Trap;

use crate::execution::TrapKind;

/// A guest was stopped by force inside of a host call.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub(crate) struct StopNow;

/// A guest called `_exit`.
#[derive(Debug, thiserror::Error)]
#[error("exited with status {0}")]
pub(crate) struct Exit(pub(crate) i32);

/// A guest wrote into a pipe that nobody reads, and has no other way to learn
/// of it.
#[derive(Debug, thiserror::Error)]
#[error("broken pipe")]
pub(crate) struct BrokenPipe;

/// Why a call of a guest did not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// By force, at the end of the ladder.
    ByForce,
    /// Its fuel is spent.
    Fuel,
    /// It wrote into a broken pipe.
    BrokenPipe,
    /// It broke.
    Trapped(TrapKind),
}

impl Stopped {
    pub(crate) fn from_error(error: &wasmtime::Error) -> Self {
        if error.downcast_ref::<StopNow>().is_some() {
            return Self::ByForce;
        }
        if let Some(Exit(status)) = error.downcast_ref::<Exit>() {
            return Self::Trapped(TrapKind::Exited { status: *status });
        }
        if error.downcast_ref::<BrokenPipe>().is_some() {
            return Self::BrokenPipe;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::ByForce,
            Some(Trap::OutOfFuel) => Self::Fuel,
            Some(Trap::StackOverflow) => Self::Trapped(TrapKind::StackOverflow),
            Some(Trap::MemoryOutOfBounds) => Self::Trapped(TrapKind::MemoryOutOfBounds),
            Some(Trap::UnreachableCodeReached) => Self::Trapped(TrapKind::Aborted),
            Some(other) => Self::Trapped(TrapKind::Other {
                name: other.to_string(),
            }),
            None => Self::Trapped(TrapKind::Other {
                name: format!("{error:#}"),
            }),
        }
    }
}
