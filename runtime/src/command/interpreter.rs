//! Programs that are languages: an interpreter out of its image, run as a program
//! that reads scripts.

use std::sync::Arc;

use crate::command::guest::{complain, status, world};
use crate::command::{Disposition, ExitStatus, Process, Program, Running, Signal};
use crate::engine::{Run, Started};
use crate::error::{Error, Result};
use crate::guest::order::Renewal;
use crate::image::Image;
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
    /// Set, it is the sandbox's own image, unless that is of one of these languages.
    others: Option<Vec<String>>,
}

impl InterpreterProgram {
    /// The interpreter of the image of this name in the cache.
    #[must_use]
    pub fn of_image(name: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            image: name.into(),
            others: None,
        })
    }

    /// The interpreter of the sandbox's own image, so that its packages are there
    /// as they are in cells. Where that image is of one of the languages `others`
    /// (as [`crate::Language::name`] says), the interpreter of the image `name`.
    #[must_use]
    pub fn of_own_image(name: impl Into<String>, others: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            image: name.into(),
            others: Some(others.iter().map(|&other| other.to_owned()).collect()),
        })
    }

    async fn image(&self, process: &Process) -> Result<Image> {
        let own = &process.table.settings.image;
        let others = self.others.as_deref();
        if others.is_some_and(|others| others.iter().all(|other| other != own.language())) {
            return Ok(own.clone());
        }
        let host = Arc::clone(&process.table.host);
        let name = self.image.clone();
        tokio::task::spawn_blocking(move || host.image(&name))
            .await
            .map_err(|_| Error::bug("the loading of an image panicked"))?
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
        let image = self.image(process).await?;
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
