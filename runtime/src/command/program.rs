//! What can be run by name.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::command::{Process, Signal};
use crate::engine::StartModule;
use crate::error::Result;
use crate::image::Image;

/// A program on its way to its end. Dropping it ends the program.
pub type Running = Pin<Box<dyn Future<Output = ExitStatus> + Send>>;

/// Something that can be run by name.
///
/// A closure `Fn(Process) -> Running` is one. Programs run on the host: they may
/// trust nothing that comes from the process, must bound what they keep, and
/// give way to other tasks.
pub trait Program: Send + Sync {
    /// Runs as `process`, whose descriptors are closed when the future ends. A
    /// signal that the process does not catch drops the future.
    fn run(self: Arc<Self>, process: Process) -> Running;
}

impl<F> Program for F
where
    F: Fn(Process) -> Running + Send + Sync,
{
    fn run(self: Arc<Self>, process: Process) -> Running {
        self(process)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// By itself, with a status; 0 is success.
    Code(u8),
    /// By a signal.
    Signal(Signal),
}

impl ExitStatus {
    /// Success.
    pub const SUCCESS: Self = Self::Code(0);

    /// As a shell shows it in `$?`: the status, or 128 and the signal's number.
    #[must_use]
    pub const fn shell_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal.number(),
        }
    }

    /// Whether it ended by itself with status 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// Programs by name, as they stand in `/usr/bin`.
#[derive(Clone, Default)]
pub struct Programs {
    by_name: BTreeMap<String, Arc<dyn Program>>,
}

impl Programs {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a program, in place of one of the same name. A name that no file can
    /// have is left out.
    pub fn add(&mut self, name: &str, program: Arc<dyn Program>) {
        let possible = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
        if possible && name.len() <= crate::files::NAME_BYTES {
            self.by_name.insert(name.to_owned(), program);
        }
    }

    /// The program of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Program>> {
        self.by_name.get(name).cloned()
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What programs need of the runtime that they run in.
pub(crate) trait Host: Send + Sync {
    /// Compiles a command module, or finds its code.
    fn start_module(&self, wasm: &[u8]) -> Result<StartModule>;

    /// The image of this name.
    fn image(&self, name: &str) -> Result<Image>;

    /// Where tasks run.
    fn handle(&self) -> &tokio::runtime::Handle;

    /// All programs.
    fn programs(&self) -> &Arc<Programs>;

    /// Makes running guests look at their ladders now.
    fn nudge(&self) -> crate::interrupt::Nudge;
}
