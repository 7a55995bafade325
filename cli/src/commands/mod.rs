//! The commands, a file each.

mod doctor;
mod env;
mod exec;
mod image;
mod mcp;
mod repl;
mod run;
mod sandbox;
mod serve;
mod shell;
mod snapshot;

use crate::args::{Arguments, Command};
use crate::console::{Colour, say};
use crate::exit::{ExitStatus, Failure};

/// Does what the command line says, and says on standard error why it could not.
pub(crate) fn execute(arguments: Arguments) -> ExitStatus {
    let done = match arguments.command {
        Command::Run(arguments) => run::execute(arguments),
        Command::Exec(arguments) => exec::execute(arguments),
        Command::Shell(arguments) => shell::execute(arguments),
        Command::Repl(arguments) => repl::execute(&arguments),
        Command::Sandbox(command) => sandbox::execute(command),
        Command::Snapshot(command) => snapshot::execute(command),
        Command::Image(command) => image::execute(command),
        Command::Serve(arguments) => serve::execute(&arguments),
        Command::Env(arguments) => env::execute(&arguments),
        Command::Mcp(arguments) => mcp::execute(&arguments),
        Command::Doctor => doctor::execute(),
    };
    done.unwrap_or_else(|failure| {
        if !failure.is_silent() {
            show(&failure);
        }
        failure.status
    })
}

fn show(failure: &Failure) {
    say("error", Colour::Red, &failure.message);
    if let Some(hint) = &failure.hint {
        say("hint", Colour::Cyan, hint);
    }
}
