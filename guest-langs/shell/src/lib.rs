//! The shell of a sandbox: an interpreter for bash's language. Commands are
//! processes of the sandbox, joined by bounded pipes; nothing runs on the host.
//!
//! The interpreter works over a [`System`]: programs, files, pipes, signals and
//! a clock as one process sees them. What a script may cost stands in
//! [`limits`]; above a bound stands an error.

#![forbid(unsafe_code)]

mod arith;
mod builtin;
mod clock;
mod command;
mod errno;
mod escape;
mod expand;
mod invocation;
pub mod limits;
mod pattern;
mod program;
mod run;
mod signal;
mod state;
mod syntax;
mod system;
mod text;
mod variable;

pub use invocation::{PROVIDED, Start, main, run_provided};
pub use program::{ShellCell, ShellContext, ShellProgram};
pub use run::Shell;
pub use signal::Signal;
pub use state::{State, StateError};
pub use syntax::{SyntaxError, SyntaxErrorKind};
pub use system::{
    Body, Child, Descriptors, ExitStatus, FileKind, Group, Launch, LaunchError, Metadata, Open,
    Stream, StreamEnd, System,
};

/// Reads a whole script without running it: what `bash -n` does.
///
/// # Errors
///
/// The first place where the text is no script, or exceeds a bound.
pub fn check(source: &[u8]) -> Result<(), SyntaxError> {
    let aliases = std::sync::Arc::default();
    let mut parser = syntax::Parser::new(&text::decode(source), 1)?;
    while parser.next_line(&aliases, true)?.is_some() {}
    Ok(())
}
