//! Programs that are languages: an interpreter out of its image, run as a program
//! that reads scripts.

use std::sync::Arc;

use crate::command::guest::{complain, status, world};
use crate::command::{Disposition, ExitStatus, Process, Program, Running, Signal};
use crate::engine::{Run, Started};
use crate::error::Result;
use crate::guest::order::Renewal;
use crate::interrupt::Control;

/// A language's interpreter as a program, which takes a script's path, options
/// and standard input as the language's own command does. Each run is a fresh
/// guest of the image.
///
/// An interrupt (`INT`) is told to the interpreter, which raises it; a write into
/// a pipe that nobody reads is an error in it.
#[derive(Debug)]
pub struct InterpreterProgram {
    image: String,
}

impl InterpreterProgram {
    /// The interpreter of the image of this name in the cache.
    #[must_use]
    pub fn of_image(name: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { image: name.into() })
    }

    async fn execute(self: Arc<Self>, mut process: Process) -> ExitStatus {
        let stderr = process.descriptor(2).cloned();
        match self.start(&mut process).await {
            Ok(started) => {
                process.entry.meter.add(started.cpu, started.memory_bytes);
                status(&started)
            }
            Err(error) => {
                complain(&process, stderr, &error.for_guests()).await;
                ExitStatus::Code(126)
            }
        }
    }

    async fn start(&self, process: &mut Process) -> Result<Started> {
        let host = Arc::clone(&process.table.host);
        let name = self.image.clone();
        let loading = Arc::clone(&host);
        let image = tokio::task::spawn_blocking(move || loading.image(&name)).await;
        let image = image.map_err(|_| crate::error::Error::bug("the loading panicked"))??;
        let settings = Arc::clone(&process.table.settings);
        let mut world = world(process);
        world.clocks = image.clocks(settings.determinism.as_ref());
        if let Some(given) = &mut world.given {
            given.ends_by_broken_pipe = false;
        }
        // One that was started to ignore interrupts, as shells start what runs in
        // the background, goes on ignoring them.
        if !process.ignores(Signal::INT) {
            process.set_disposition(Signal::INT, Disposition::Catch);
        }
        let control = Control::new(host.nudge());
        let run = Run::of_program(Arc::clone(&control), &settings.limits);
        let mut guest = image
            .guest(settings.metering(), world, Renewal::default())
            .await?;
        let mut running = std::pin::pin!(guest.program(run, settings.limits.fuel));
        loop {
            tokio::select! {
                biased;
                started = &mut running => return started,
                _ = process.signal() => {
                    control.ask(crate::execution::InterruptCause::Handle);
                }
            }
        }
    }
}

impl Program for InterpreterProgram {
    fn run(self: Arc<Self>, process: Process) -> Running {
        Box::pin(self.execute(process))
    }
}
