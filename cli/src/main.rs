//! `sandcell`: runs code that nobody has reviewed, in a local sandbox.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod console;
mod duration;
mod escape;
mod exec_arguments;
mod exit;
mod image_arguments;
mod input;
mod interrupt;
mod language;
mod mount;
mod open;
mod patience;
mod progress;
mod report;
mod sandbox_arguments;
mod saved;
mod serve_arguments;
mod size;
mod state;

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = match args::parse() {
        Ok(arguments) => commands::execute(arguments),
        Err(status) => status,
    };
    status.into()
}
