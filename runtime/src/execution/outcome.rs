//! How an execution ended.

use std::fmt;

use crate::id::ExecutionId;
use crate::limits::{Limit, Usage};

/// The end of an execution, what it used, and what it cost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it used.
    pub usage: Usage,
    /// The executions whose effects on variables are gone, because the guest had
    /// to be stopped by force and the context went on with a fresh one. `None`:
    /// nothing is lost. Files keep their changes.
    pub lost: Option<Lost>,
}

impl Outcome {
    /// True when the cell ran to its end without an exception.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.end, End::Finished)
    }
}

/// How a guest's run can end.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The cell ran to its end.
    Finished,
    /// The cell raised an exception that it did not catch.
    Raised(GuestException),
    /// The cell was told to stop, and did, or was stopped by force (then
    /// [`Outcome::lost`] says what that cost).
    Interrupted {
        /// Who or what asked.
        by: InterruptCause,
    },
    /// A limit ended the cell.
    Exhausted {
        /// Which one.
        limit: Limit,
        /// Its value, in the limit's unit.
        allowed: u64,
    },
    /// The guest broke. The context went on with a fresh one.
    Trapped {
        /// In which way.
        kind: TrapKind,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Raised(exception) => write!(f, "{}: {}", exception.name, exception.value),
            Self::Interrupted { by } => write!(f, "interrupted by {by}"),
            Self::Exhausted { limit, allowed } => {
                write!(f, "the limit {limit} of {allowed} is spent")
            }
            Self::Trapped { kind } => write!(f, "the guest broke: {kind}"),
        }
    }
}

/// Who or what asked a guest to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InterruptCause {
    /// [`crate::Limits::wall`] was over.
    Deadline,
    /// [`crate::InterruptHandle::interrupt`].
    Handle,
    /// The [`crate::Execution`] was dropped before its end.
    Dropped,
    /// The sandbox or context was closed.
    Closed,
    /// The state was to be saved, see [`crate::Busy`].
    Saving,
}

impl fmt::Display for InterruptCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadline => "its deadline",
            Self::Handle => "its owner",
            Self::Dropped => "the loss of its reader",
            Self::Closed => "the end of its sandbox",
            Self::Saving => "the saving of its state",
        })
    }
}

/// How a guest can break.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapKind {
    /// Its stack is used up.
    StackOverflow,
    /// It touched memory that it does not have.
    MemoryOutOfBounds,
    /// It called `_exit`.
    Exited {
        /// With this status.
        status: i32,
    },
    /// It called `abort`, or ran into an instruction that says "never here".
    Aborted,
    /// Its kernel gave up.
    Kernel,
    /// Any other trap of WebAssembly.
    Other {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StackOverflow => f.write_str("its stack is used up"),
            Self::MemoryOutOfBounds => f.write_str("it touched memory that it does not have"),
            Self::Exited { status } => write!(f, "it exited with status {status}"),
            Self::Aborted => f.write_str("it aborted"),
            Self::Kernel => f.write_str("its kernel gave up"),
            Self::Other { name } => f.write_str(name),
        }
    }
}

/// An exception that user code raised and did not catch. Data, never an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestException {
    /// Its class, for example `ZeroDivisionError`.
    pub name: String,
    /// Its message.
    pub value: String,
    /// The traceback as text, many lines, without colours.
    pub traceback: String,
}

impl GuestException {
    /// An exception of an interpreter that is a program of the embedder's, see
    /// [`crate::Executor`].
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        value: impl Into<String>,
        traceback: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            traceback: traceback.into(),
        }
    }
}

/// A range of executions of one context, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The first one.
    pub first: ExecutionId,
    /// The last one.
    pub last: ExecutionId,
}
