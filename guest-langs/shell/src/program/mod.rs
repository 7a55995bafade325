//! The shell as a program of sandboxes: `bash`, `sh`, and the commands that
//! start other commands.

mod cell;
mod context;
mod stream;
mod world;

use std::sync::Arc;

use sandcell::command::{self, Process, Program, Programs, Running};

pub use self::context::{ShellCell, ShellContext};
use self::world::World;
use crate::invocation::{self, PROVIDED};
use crate::system::{ExitStatus, System};

/// The shell and the commands that it brings along, chosen by `argv[0]`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShellProgram;

impl ShellProgram {
    /// Adds `bash`, `sh` and [`PROVIDED`] to the programs of a runtime.
    pub fn register(programs: &mut Programs) {
        let program: Arc<dyn Program> = Arc::new(Self);
        for name in ["bash", "sh"].into_iter().chain(PROVIDED) {
            programs.add(name, Arc::clone(&program));
        }
    }
}

impl Program for ShellProgram {
    fn run(self: Arc<Self>, process: Process) -> Running {
        Box::pin(async move {
            let (system, start) = World::open(process);
            let system: Arc<dyn System> = system;
            let name = start.argv.first().cloned().unwrap_or_default();
            let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let is_provided = PROVIDED.iter().any(|provided| provided.as_bytes() == name);
            let status = if is_provided {
                invocation::run_provided(system, start).await
            } else {
                invocation::main(system, start).await
            };
            outside(status)
        })
    }
}

fn outside(status: ExitStatus) -> command::ExitStatus {
    match status {
        ExitStatus::Exited(code) => command::ExitStatus::Code(code),
        ExitStatus::Signalled(signal) => match world::outside(signal.0) {
            Some(signal) => command::ExitStatus::Signal(signal),
            None => command::ExitStatus::Code(128_u8.saturating_add(signal.0)),
        },
    }
}

fn inside(status: command::ExitStatus) -> ExitStatus {
    match status {
        command::ExitStatus::Code(code) => ExitStatus::Exited(code),
        command::ExitStatus::Signal(signal) => {
            ExitStatus::Signalled(crate::signal::Signal(signal.number()))
        }
    }
}
