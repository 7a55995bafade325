//! `sandcell sandbox`: sandboxes that outlive a command.
//!
//! Each command takes a sandbox from disk, does its work and puts it back.

mod shelf;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sandcell::{Busy, Checkpoints, Durability, Runtime, Sandbox, SandboxBuilder, Snapshot};
use serde::Serialize;

use crate::args::{CreateArguments, ResumedArguments, SandboxCommand, ShowArguments};
use crate::commands::repl;
use crate::commands::run::{cell, report, show};
use crate::console::{Colour, Escapes, Output, Terminal, say};
use crate::exit::{ExitStatus, Failure};
use crate::input::Program;
use crate::interrupt::{Again, CtrlC, leave};
use crate::mount::Mount;
use crate::open;
use crate::report::Report;
use crate::saved::Saved;
use crate::size;
use shelf::{Entry, MountRecord, Record, Shelf, Taken};

pub(crate) fn execute(command: SandboxCommand) -> Result<ExitStatus, Failure> {
    let shelf = Shelf::open()?;
    let mut stdout = Output::stdout(Escapes::Shown);
    match command {
        SandboxCommand::Create(arguments) => {
            let id = open::reactor()?.block_on(create(&shelf, &arguments))?;
            stdout.line(&id)?;
        }
        SandboxCommand::List { json } => list(&shelf, json, &mut stdout)?,
        SandboxCommand::Exec(arguments) => return exec(&shelf, arguments),
        SandboxCommand::Resume { id, show } => return resume(&shelf, &id, &show),
        SandboxCommand::Pause { id } => shelf.ask_back(&id)?,
        SandboxCommand::Snapshot { id, name } => {
            let file = name.to_write()?;
            let bytes = open::reactor()?.block_on(copy(&shelf, &id, &file))?;
            let written = match &name {
                Saved::Name(name) => format!("saved {name}"),
                Saved::File(file) => format!("wrote {}", file.display()),
            };
            stdout.line(&format!("{written} ({})", size::show(bytes)))?;
        }
        SandboxCommand::Fork { id, count } => {
            for id in open::reactor()?.block_on(fork(&shelf, &id, count))? {
                stdout.line(&id)?;
            }
        }
        SandboxCommand::Rm { ids } => {
            for id in ids {
                let id = shelf.remove(&id)?;
                stdout.line(&format!("removed {id}"))?;
            }
        }
    }
    Ok(ExitStatus::Success)
}

async fn create(shelf: &Shelf, arguments: &CreateArguments) -> Result<String, Failure> {
    let sandbox = &arguments.sandbox;
    let mounts = sandbox.mount.iter().map(Mount::parse);
    let mounts = mounts.collect::<Result<Vec<_>, _>>()?;
    let record = Record {
        image: String::new(),
        created: now(),
        parent: None,
        mounts: mounts
            .iter()
            .map(MountRecord::of)
            .collect::<Result<_, _>>()?,
    };
    let image = sandbox.image_for(None);
    let builder = open::builder(sandbox, &image, arguments.snapshot.as_ref()).await?;
    keep(shelf, builder, record).await
}

/// Starts a sandbox and puts it on the shelf.
async fn keep(
    shelf: &Shelf,
    builder: SandboxBuilder,
    mut record: Record,
) -> Result<String, Failure> {
    let sandbox = builder.start().await?;
    let place = shelf.place(sandbox.id())?;
    match put_back(&sandbox, place.state(), Busy::default()).await {
        Ok(snapshot) => {
            snapshot.image().clone_into(&mut record.image);
            place.settle(&record)
        }
        Err(failure) => {
            place.discard();
            Err(failure)
        }
    }
}

/// Writes the state of a sandbox to its file.
async fn put_back(sandbox: &Sandbox, state: PathBuf, busy: Busy) -> Result<Snapshot, Failure> {
    let snapshot = sandbox.snapshot(busy).await?;
    snapshot.save(state, Durability::Machine).await?;
    Ok(snapshot)
}

/// The state of a sandbox on the shelf, and a runtime for it.
async fn load(taken: &Taken, record: &Record) -> Result<(Runtime, Snapshot), Failure> {
    let runtime = open::runtime(Path::new(&record.image)).await?;
    let mounts: Vec<Mount> = record.mounts.iter().map(MountRecord::mount).collect();
    let snapshot = open::load(&runtime, &taken.state(), &mounts).await?;
    Ok((runtime, snapshot))
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    state: &'a str,
    process: Option<u32>,
    image: &'a str,
    bytes: u64,
    created: u64,
    parent: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            id: &entry.id,
            state: if entry.user.is_some() {
                "running"
            } else {
                "paused"
            },
            process: entry.user,
            image: &entry.record.image,
            bytes: entry.bytes,
            created: entry.record.created,
            parent: entry.record.parent.as_deref(),
        }
    }
}

fn list(shelf: &Shelf, json: bool, stdout: &mut Output) -> Result<(), Failure> {
    for entry in shelf.list()? {
        let row = Row::of(&entry);
        if json {
            let text = serde_json::to_string(&row).map_err(|e| Failure::own(e.to_string()))?;
            stdout.line(&text)?;
            continue;
        }
        let parent = row
            .parent
            .map_or_else(String::new, |parent| format!("  copy of {parent}"));
        let line = format!(
            "{}  {:<7}  {:>9}  {}{parent}",
            row.id,
            row.state,
            size::show(row.bytes),
            row.image
        );
        stdout.line(&line)?;
    }
    Ok(())
}

fn exec(shelf: &Shelf, arguments: ResumedArguments) -> Result<ExitStatus, Failure> {
    let taken = shelf.take(&arguments.id)?;
    let record = taken.record()?;
    // The process ends next, which gives everything back faster.
    let reactor = ManuallyDrop::new(open::reactor()?);
    reactor.block_on(async {
        let (runtime, snapshot) = load(&taken, &record).await?;
        let mut builder = runtime.sandbox().resume(&snapshot);
        if let Some(limit) = arguments.timeout {
            builder = builder.wall(limit.0);
        }
        let sandbox = ManuallyDrop::new(builder.start().await?);
        let wall = sandbox.limits().wall;
        let mut report = report(&arguments.show, arguments.json, wall);
        let ran = run(&sandbox, arguments, &mut *report).await;
        match &ran {
            // It did not run: the state on disk is the one.
            Err(failure) if failure.status == ExitStatus::Usage => {}
            _ => drop(put_back(&sandbox, taken.state(), Busy::default()).await?),
        }
        if let Err(failure) = &ran
            && !failure.is_silent()
        {
            report.failure(failure)?;
        }
        ran
    })
}

async fn run(
    sandbox: &Sandbox,
    arguments: ResumedArguments,
    report: &mut dyn Report,
) -> Result<ExitStatus, Failure> {
    let allowed = sandbox.limits().cell_bytes;
    let program = Program::read(arguments.code, arguments.words, allowed)?;
    let cell = cell(program)?;
    let ctrl_c = CtrlC::listen(Again::Leave).map_err(|error| cannot_listen(&error))?;
    ctrl_c
        .on_terminate(|| ())
        .map_err(|error| cannot_listen(&error))?;
    let outcome = show(&sandbox.context()?, cell, report, &ctrl_c).await?;
    if outcome.lost.is_some() && !arguments.json {
        let words = "variables are as they were before this program";
        say("note", Colour::Yellow, words);
    }
    Ok(ExitStatus::of_end(&outcome.end))
}

fn resume(shelf: &Shelf, id: &str, shown: &ShowArguments) -> Result<ExitStatus, Failure> {
    let taken = shelf.take(id)?;
    let record = taken.record()?;
    // Guests run on a thread of their own: this one waits for the terminal.
    let reactor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::own(format!("cannot start: {error}")))?;
    let sandbox = reactor.block_on(async {
        let (runtime, snapshot) = load(&taken, &record).await?;
        let builder = runtime.sandbox().resume(&snapshot);
        let builder = builder.checkpoints(Checkpoints::EveryCell);
        Ok::<_, Failure>(builder.start().await?)
    })?;
    let ctrl_c = CtrlC::listen(Again::Ask).map_err(|error| cannot_listen(&error))?;
    let terminal = Terminal::now();
    let (handle, state) = (reactor.handle().clone(), taken.state());
    let asked = sandbox.clone();
    let put_back_now = move || {
        let done = handle.block_on(put_back(&asked, state.clone(), Busy::Interrupt));
        terminal.restore();
        done.map_or_else(|failure| failure.status, |_| ExitStatus::Success)
    };
    ctrl_c
        .on_terminate(move || leave(put_back_now()))
        .map_err(|error| cannot_listen(&error))?;
    let image = Path::new(&record.image);
    let status = repl::talk(&reactor, &sandbox, image, shown, &ctrl_c)?;
    reactor.block_on(put_back(&sandbox, taken.state(), Busy::default()))?;
    Ok(status)
}

async fn copy(shelf: &Shelf, id: &str, file: &Path) -> Result<u64, Failure> {
    let taken = shelf.take(id)?;
    // Read and written again: what is damaged is found now.
    let (_runtime, snapshot) = load(&taken, &taken.record()?).await?;
    snapshot.save(file, Durability::Machine).await?;
    Ok(file.metadata().map_or(0, |metadata| metadata.len()))
}

async fn fork(shelf: &Shelf, id: &str, count: u32) -> Result<Vec<String>, Failure> {
    let taken = shelf.take(id)?;
    let mut record = taken.record()?;
    let (runtime, snapshot) = load(&taken, &record).await?;
    record.parent = Some(taken.id.clone());
    record.created = now();
    let mut ids = Vec::new();
    for _ in 0..count {
        let builder = runtime.sandbox().snapshot(&snapshot);
        match keep(shelf, builder, record.clone()).await {
            Ok(id) => ids.push(id),
            Err(failure) => {
                for id in ids {
                    shelf.remove(&id)?;
                }
                return Err(failure);
            }
        }
    }
    Ok(ids)
}

fn cannot_listen(error: &std::io::Error) -> Failure {
    Failure::own(format!("cannot listen for signals: {error}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "when a sandbox was made, for people; no guest sees it"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
