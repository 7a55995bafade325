//! One interpreter of a sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::execution::{Execution, Lost, channel};
use crate::guest::order::ExecutionOptions;
use crate::host_function::WITHIN;
use crate::id::ContextId;
use crate::interrupt::{Control, Nudge};
use crate::limits::{Limit, Limits, Residency};
use crate::worker::{Job, Mailbox, Order};

/// A handle of one interpreter: its variables live from cell to cell. Cheap to
/// clone; the interpreter lives until its sandbox ends or it is closed.
#[derive(Clone)]
pub struct Context {
    pub(crate) id: ContextId,
    pub(crate) mailbox: Mailbox,
    pub(crate) limits: Arc<Limits>,
    pub(crate) nudge: Nudge,
    /// Keeps the sandbox alive as long as a handle of its contexts is.
    pub(crate) _sandbox: Arc<dyn std::any::Any + Send + Sync>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ContextId {
        self.id
    }

    /// Runs a cell: a text, or a [`Run`](RunCode) with options. Cells of one
    /// context run one after the other, in the order of these calls.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for a cell above [`Limits::cell_bytes`];
    /// [`Error::Busy`] when 1,024 cells wait; [`Error::Ended`];
    /// [`Error::Reentrant`] when called by a host function of this context. The
    /// context is as before.
    pub fn execute(&self, code: impl Into<RunCode>) -> Result<Execution> {
        let run: RunCode = code.into();
        if WITHIN.try_with(|within| *within == self.mailbox.occupant()) == Ok(true) {
            return Err(Error::Reentrant);
        }
        let mut limits = (*self.limits).clone();
        let asked = (run.code.len() + run.stdin.len()) as u64;
        if run.code.len() as u64 > limits.cell_bytes {
            return Err(Error::LimitExceeded {
                limit: Limit::Cell,
                allowed: limits.cell_bytes,
                asked,
            });
        }
        if let Some(wall) = run.wall {
            limits.wall = wall;
        }
        let control = Control::new(Arc::clone(&self.nudge));
        let id = self.mailbox.next_id();
        let (sending, execution) = channel(id, Arc::clone(&control));
        self.mailbox.put(Order::Execute(Box::new(Job {
            id,
            code: run.code,
            options: run.options,
            stdin: run.stdin,
            limits,
            channel: sending,
            control,
        })))?;
        Ok(execution)
    }

    /// Interrupts the cell that is running, if one is; those that wait are left
    /// alone.
    pub fn interrupt(&self) {
        self.mailbox.interrupt();
    }

    /// Goes back to the state before the last cell, or before the cells since the
    /// last checkpoint before it: the answer names the executions whose effects
    /// on variables are gone. Files stay as they are. Waits for the cells that
    /// were ordered before.
    ///
    /// # Errors
    /// [`Error::NothingToUndo`] when no cell ran, or no checkpoint from before
    /// is kept, see [`crate::Checkpoints`]; [`Error::Paused`]; [`Error::Ended`].
    pub async fn undo(&self) -> Result<Lost> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.put(Order::Undo(reply))?;
        answer.await.map_err(|_| Error::Ended {
            what: "the context",
        })?
    }

    /// What its interpreter holds. Answered between cells.
    ///
    /// # Errors
    /// [`Error::Ended`]; [`Error::Io`] when `/proc` cannot be read.
    pub async fn residency(&self) -> Result<Residency> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.put(Order::Residency(reply))?;
        answer.await.map_err(|_| Error::Ended {
            what: "the context",
        })?
    }

    /// True once it was closed, alone or with its sandbox.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.mailbox.is_closed()
    }
}

/// A cell with options.
///
/// Defaults: no environment of its own, the context's working directory, no
/// arguments, no standard input, the sandbox's wall-time limit.
#[derive(Debug, Clone, Default)]
pub struct RunCode {
    code: Bytes,
    options: ExecutionOptions,
    stdin: Bytes,
    wall: Option<Option<Duration>>,
}

impl RunCode {
    /// A cell of this source. It need not be UTF-8: the guest answers that with a
    /// syntax error.
    #[must_use]
    pub fn new(code: impl Into<Bytes>) -> Self {
        Self {
            code: code.into(),
            ..Self::default()
        }
    }

    /// Sets an environment variable during this cell; afterwards it is as before.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.env.insert(name.into(), Some(value.into()));
        self
    }

    /// Sets environment variables during this cell.
    #[must_use]
    pub fn envs(mut self, variables: BTreeMap<String, String>) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name, Some(value)));
        self.options.env.extend(variables);
        self
    }

    /// Changes to this directory of the sandbox before the cell.
    #[must_use]
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.options.cwd = Some(path.into());
        self
    }

    /// Gives the cell program arguments (`sys.argv`), the program's name first.
    #[must_use]
    pub fn argv(mut self, arguments: Vec<String>) -> Self {
        self.options.argv = Some(arguments);
        self
    }

    /// Says that the cell is this file: tracebacks and `__file__` name it.
    #[must_use]
    pub fn filename(mut self, name: impl Into<String>) -> Self {
        self.options.filename = Some(name.into());
        self
    }

    /// Gives the cell standard input. Without it, `input()` raises.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = bytes.into();
        self.options.stdin = true;
        self
    }

    /// Neither shows the last value nor counts in the history.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.options.silent = true;
        self
    }

    /// A wall-time limit for this cell in place of [`Limits::wall`]; `None` for
    /// none.
    #[must_use]
    pub fn wall(mut self, limit: Option<Duration>) -> Self {
        self.wall = Some(limit);
        self
    }
}

impl From<&str> for RunCode {
    fn from(code: &str) -> Self {
        Self::new(Bytes::copy_from_slice(code.as_bytes()))
    }
}

impl From<String> for RunCode {
    fn from(code: String) -> Self {
        Self::new(code)
    }
}

impl From<Vec<u8>> for RunCode {
    fn from(code: Vec<u8>) -> Self {
        Self::new(code)
    }
}
