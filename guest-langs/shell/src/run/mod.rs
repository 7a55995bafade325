//! The interpreter: a shell and what it does with commands.

mod child;
mod compound;
mod condition;
mod function;
mod job;
mod launch;
mod list;
mod options;
mod pipeline;
mod process;
mod redirect;
mod report;
mod shell;
mod simple;
mod source;
mod trap;

use crate::signal::Signal;

pub(crate) use job::{Job, Jobs};
pub(crate) use launch::Found;
pub(crate) use options::{OPTIONS, Options, SHOPTS};
pub(crate) use shell::Frame;
pub use shell::Shell;
pub(crate) use simple::Arguments;
pub(crate) use trap::Trap;

/// Why evaluation goes elsewhere than to the next command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Out of so many loops.
    Break(u32),
    /// To the next turn of the loop so many levels up.
    Continue(u32),
    /// Out of the function or the sourced file.
    Return(i32),
    /// Out of the shell.
    Exit(i32),
    /// An error that ends the command line that is being run.
    Discard(i32),
    /// A signal that is not caught.
    Killed(Signal),
}

/// A status, or where evaluation goes on.
pub(crate) type Run = Result<i32, Flow>;
