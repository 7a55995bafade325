//! `sandcell`: runs code that nobody has reviewed, in a local sandbox.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod console;
mod duration;
mod escape;
mod exit;
mod input;
mod interrupt;
mod language;
mod open;
mod patience;
mod progress;
mod report;
mod size;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::exit::ExitStatus;

fn main() -> ExitCode {
    let status = match Arguments::try_parse() {
        Ok(arguments) => commands::execute(arguments),
        Err(refusal) => {
            // `--help` and `--version` come here, too. Nothing can be done when
            // nobody can read it.
            let _unread = refusal.print();
            if refusal.use_stderr() {
                ExitStatus::Usage
            } else {
                ExitStatus::Success
            }
        }
    };
    status.into()
}
