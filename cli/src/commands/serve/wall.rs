//! `--harden`: the wall around the server.

use std::process::Command;

use sandcell::{Busy, Cache, Runtime};
use sandcell_harden::{HardenError, Wall, confine_calls};

use crate::args::ServeArguments;
use crate::commands::serve::open_images;
use crate::exit::{ExitStatus, Failure};
use crate::open;
use crate::state::State;

/// What the runtime reads of the system: its own page table and threads, and how
/// many mappings a process may have.
const SYSTEM: [&str; 2] = ["/proc/self", "/proc/sys/vm/max_map_count"];

/// Builds and compiles what the server needs, so that it need not write to the
/// cache. A process of its own: what it does must run outside of the wall, and
/// leaves threads behind.
pub(super) fn prepare(arguments: &ServeArguments) -> Result<ExitStatus, Failure> {
    open::reactor()?.block_on(async {
        let opened = open_images(arguments, Runtime::builder().warm(0)).await?;
        let sandbox = opened.runtime.sandbox().start().await?;
        // The first snapshot of a user makes the key of all.
        sandbox.snapshot(Busy::default()).await?;
        Ok(ExitStatus::Success)
    })
}

/// Confines files, while there is one thread.
pub(super) fn around_files(arguments: &ServeArguments, state: &State) -> Result<(), Failure> {
    let mut preparing = own_command()?;
    preparing.args(["serve", "--prepare"]);
    if let Some(image) = &arguments.image {
        preparing.arg("--image").arg(image);
    }
    let prepared = preparing.status();
    let prepared =
        prepared.map_err(|error| Failure::own(format!("cannot prepare the cache: {error}")))?;
    if !prepared.success() {
        return Err(Failure::own("the cache could not be prepared"));
    }
    let cache = Cache::of_user()?;
    let mut wall = Wall::new().write(state.folder()).read(cache.path());
    if let Some(image) = arguments.image.as_ref().filter(|image| image.exists()) {
        wall = wall.read(image);
    }
    for path in SYSTEM {
        wall = wall.read(path);
    }
    wall.confine_files().map_err(|error| refused(&error))
}

/// Takes calls away from all threads, when everything is set up.
pub(super) fn around_calls() -> Result<(), Failure> {
    confine_calls().map_err(|error| refused(&error))
}

/// This program, also when its file has another name by now.
fn own_command() -> Result<Command, Failure> {
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::own(format!("cannot find myself: {error}")))?;
    Ok(Command::new(program))
}

fn refused(error: &HardenError) -> Failure {
    let failure = Failure::own(format!("the server cannot be hardened: {error}"));
    failure.hint("without `--harden` it runs behind the walls of WebAssembly alone")
}
