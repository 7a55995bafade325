//! Programs that are WebAssembly modules.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::command::children::Offspring;
use crate::command::{ExitStatus, Process, Program, Running, Signal};
use crate::engine::{Clocks, Given, StartModule, Started, Stopped, World};
use crate::error::{Error, Result};
use crate::execution::TrapKind;
use crate::stream::Descriptor;

/// A command module of WASI preview 1: it exports `memory` and `_start`, and each
/// run is a fresh instance of it.
///
/// It is read and compiled when it first runs; the code is kept in the cache. A
/// write into a pipe that nobody reads ends it, as it does a program that says
/// nothing about `SIGPIPE`.
#[derive(Debug)]
pub struct GuestProgram {
    source: Source,
    module: OnceCell<StartModule>,
}

#[derive(Debug)]
enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl GuestProgram {
    /// The module of these bytes.
    #[must_use]
    pub fn of_bytes(wasm: impl Into<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self {
            source: Source::Bytes(wasm.into()),
            module: OnceCell::new(),
        })
    }

    /// The module in this file of the host.
    #[must_use]
    pub fn of_file(path: impl Into<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            source: Source::File(path.into()),
            module: OnceCell::new(),
        })
    }

    async fn module(self: &Arc<Self>, process: &Process) -> Result<&StartModule> {
        let load = || async {
            let program = Arc::clone(self);
            let host = Arc::clone(&process.table.host);
            let loading = tokio::task::spawn_blocking(move || match &program.source {
                Source::Bytes(wasm) => host.start_module(wasm),
                Source::File(path) => {
                    let wasm = std::fs::read(path).map_err(Error::io("read", path))?;
                    host.start_module(&wasm)
                }
            });
            loading
                .await
                .map_err(|_| Error::bug("the loading of a program panicked"))?
        };
        self.module.get_or_try_init(load).await
    }

    async fn execute(self: Arc<Self>, mut process: Process) -> ExitStatus {
        let stderr = process.descriptor(2).cloned();
        let started = match self.module(&process).await {
            Ok(module) => {
                let world = world(&mut process);
                module.run(world).await
            }
            Err(error) => Err(error),
        };
        match started {
            Ok(started) => {
                let meter = &process.entry.meter;
                meter.add(started.cpu, started.memory_bytes);
                status(&started)
            }
            Err(error) => {
                complain(&process, stderr, &error.for_guests()).await;
                ExitStatus::Code(126)
            }
        }
    }
}

impl Program for GuestProgram {
    fn run(self: Arc<Self>, process: Process) -> Running {
        Box::pin(self.execute(process))
    }
}

/// Says on standard error why a program could not run.
pub(super) async fn complain(process: &Process, stderr: Option<Descriptor>, reason: &str) {
    let name = process.argv().first().map_or(&b""[..], |name| name);
    let line = format!("{}: {reason}\n", String::from_utf8_lossy(name));
    if let Some(stderr) = stderr {
        // Nobody may be there to read it.
        let _unread = stderr.write_all(line.as_bytes()).await;
    }
}

/// The world of a process: its descriptors go into it.
pub(super) fn world(process: &mut Process) -> World {
    let settings = &process.table.settings;
    let environment = process.env().iter();
    let environment = environment.map(|(name, value)| {
        let mut text = name.clone();
        text.push(b'=');
        text.extend_from_slice(value);
        text
    });
    let mut environment: Vec<Vec<u8>> = environment.collect();
    environment.retain(|text| !text.starts_with(b"PWD="));
    environment.push(format!("PWD={}", process.cwd()).into_bytes());
    let given = Given {
        arguments: process.argv().into(),
        environment: environment.into(),
        descriptors: Vec::new(),
        ends_by_broken_pipe: true,
    };
    let limits = &settings.limits;
    let mut world = World {
        tree: Arc::clone(&settings.tree),
        descriptors: limits.descriptors,
        memory_bytes: limits.memory_bytes,
        clocks: Clocks::new(0, settings.determinism.as_ref()),
        determinism: settings.determinism,
        random: None,
        functions: Arc::default(),
        call_bytes: limits.call_bytes,
        calls_at_once: limits.calls_at_once,
        children: Some(Offspring::new(
            Arc::clone(&process.table),
            Some(Arc::clone(&process.entry)),
        )),
        given: None,
        budget: Some(Arc::clone(&process.table.budget)),
    };
    let descriptors: Vec<(u32, Descriptor)> = process.take_descriptors().into_iter().collect();
    world.given = Some(Given {
        descriptors,
        ..given
    });
    world
}

/// How a run ended.
pub(super) fn status(started: &Started) -> ExitStatus {
    match &started.status {
        Ok(status) => {
            let [code, above, ..] = status.to_le_bytes();
            match Signal::from_number(code.into()) {
                Some(signal) if above == 1 => ExitStatus::Signal(signal),
                _ => ExitStatus::Code(code),
            }
        }
        Err(Stopped::BrokenPipe) => ExitStatus::Signal(Signal::PIPE),
        Err(Stopped::ByForce | Stopped::Fuel) => ExitStatus::Signal(Signal::KILL),
        Err(Stopped::Trapped(TrapKind::Aborted)) => ExitStatus::Signal(Signal::ABRT),
        Err(Stopped::Trapped(_)) => ExitStatus::Signal(Signal::SEGV),
    }
}
