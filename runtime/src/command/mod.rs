//! Commands: process-like runs in a sandbox.
//!
//! A [`Program`] is what can be run by name: a WebAssembly module, an
//! interpreter as a program, or anything of the embedder's. A [`Process`] is a
//! running one, seen from inside: arguments, environment, descriptors, children.
//! A [`Command`] is one that was started from outside of the sandbox.
//! Nothing here runs on the host's own system.

mod builder;
mod children;
mod folder;
mod guest;
mod handle;
mod interpreter;
mod output;
mod process;
mod program;
mod resolve;
mod signal;
mod spawn;
mod table;
mod terminal;

pub use builder::{CommandBuilder, Input};
pub use guest::GuestProgram;
pub use handle::{Command, CommandEvent, CommandInfo, CommandOutput, Exit};
pub use interpreter::InterpreterProgram;
pub use process::{Child, Process};
pub use program::{ExitStatus, Program, Programs, Running};
pub use signal::{Disposition, Signal};
pub use spawn::{Group, Spawn};

pub(crate) use folder::{PROGRAM_PATH, ProgramFolder};
pub(crate) use program::Host;
pub(crate) use table::{Held, Processes};
