//! `sandcell run`: a program in a fresh sandbox.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use sandcell::{Busy, Context, Outcome, RunCode, Sandbox};

use crate::args::{ExecArguments, RunArguments, ShowArguments};
use crate::commands::exec;
use crate::console::{Escapes, Output};
use crate::exit::{ExitStatus, Failure};
use crate::input::{self, Program};
use crate::interrupt::{Again, CtrlC};
use crate::language;
use crate::open;
use crate::report::{JsonReport, Report, Saver, TextReport};
use crate::saved;

pub(crate) fn execute(arguments: RunArguments) -> Result<ExitStatus, Failure> {
    let file = arguments.words.first().map(Path::new);
    if arguments.code.is_none() && file.is_some_and(language::is_of_the_shell) {
        return exec::execute(as_command(arguments)?);
    }
    let wall = open::limits(&arguments.sandbox).wall;
    let mut report = report(&arguments.show, arguments.json, wall);
    // The process ends next, which gives everything back faster than piece by
    // piece.
    let reactor = ManuallyDrop::new(open::reactor()?);
    let done = reactor.block_on(run(arguments, &mut *report));
    if let Err(failure) = &done
        && !failure.is_silent()
    {
        report.failure(failure)?;
    }
    done
}

/// A program of the shell as what it is: a command.
fn as_command(arguments: RunArguments) -> Result<ExecArguments, Failure> {
    if arguments.fork.is_some() {
        let failure = Failure::usage("--fork runs programs in Python or JavaScript");
        return Err(failure.hint("`sandcell sandbox fork` copies a sandbox for commands"));
    }
    let allowed = open::limits(&arguments.sandbox).cell_bytes;
    let program = Program::read(None, arguments.words, allowed)?;
    let words = ["bash".into(), "-c".into(), OsString::from_vec(program.code)];
    let rest = program.arguments.into_iter().map(OsString::from);
    Ok(ExecArguments {
        json: arguments.json,
        raw: arguments.show.raw,
        snapshot: arguments.snapshot,
        save: arguments.save,
        cwd: None,
        user: None,
        sandbox: arguments.sandbox,
        words: words.into_iter().chain(rest).collect(),
    })
}

/// Who shows a run, whose time limit is `wall`.
pub(crate) fn report(show: &ShowArguments, json: bool, wall: Option<Duration>) -> Box<dyn Report> {
    let escapes = if show.raw {
        Escapes::Passed
    } else {
        Escapes::Shown
    };
    let stdout = Output::stdout(escapes);
    if json {
        return Box::new(JsonReport::new(stdout));
    }
    let saver = show.save_dir.clone().map(Saver::new);
    let mut report = TextReport::new(stdout, Output::stderr(escapes), saver);
    report.set_wall(wall);
    Box::new(report)
}

async fn run(mut arguments: RunArguments, report: &mut dyn Report) -> Result<ExitStatus, Failure> {
    let code = std::mem::take(&mut arguments.code);
    let words = std::mem::take(&mut arguments.words);
    let cell_bytes = open::limits(&arguments.sandbox).cell_bytes;
    let program = Program::read(code, words, cell_bytes)?;
    let image = arguments
        .sandbox
        .image_for(program.file.as_deref().map(Path::new));
    let snapshot = arguments.snapshot.as_ref();
    let save_to = saved::place(arguments.save.as_ref())?;
    let builder = open::builder(&arguments.sandbox, &image, snapshot).await?;
    let sandbox = ManuallyDrop::new(builder.start().await?);
    let cell = cell(program)?;
    let ctrl_c = CtrlC::listen(Again::Leave)
        .map_err(|error| Failure::own(format!("cannot listen for Ctrl-C: {error}")))?;
    if let Some(children) = arguments.fork {
        return fork(&sandbox, children, &cell, report, &ctrl_c).await;
    }
    let outcome = show(&sandbox.context()?, cell, report, &ctrl_c).await?;
    saved::save(&sandbox, save_to).await?;
    Ok(ExitStatus::of_end(&outcome.end))
}

/// Runs the program in each of the children; the first that fails decides how
/// we end.
async fn fork(
    sandbox: &Sandbox,
    children: u32,
    cell: &RunCode,
    report: &mut dyn Report,
    ctrl_c: &CtrlC,
) -> Result<ExitStatus, Failure> {
    let mut status = ExitStatus::Success;
    for (child, number) in sandbox
        .fork(children as usize, Busy::default())
        .await?
        .into_iter()
        .zip(1..)
    {
        let cell = cell.clone().env("SANDCELL_CHILD", number.to_string());
        let outcome = show(&child.context()?, cell, report, ctrl_c).await?;
        if status == ExitStatus::Success {
            status = ExitStatus::of_end(&outcome.end);
        }
    }
    Ok(status)
}

/// A program as a cell. Reads the data on standard input.
pub(crate) fn cell(program: Program) -> Result<RunCode, Failure> {
    let mut cell = RunCode::new(program.code).argv(program.arguments);
    if let Some(file) = program.file {
        cell = cell.filename(file);
    }
    if program.stdin_is_data
        && let Some(data) = input::data()?
    {
        cell = cell.stdin(data);
    }
    Ok(cell)
}

/// Runs a cell and shows what it does while it does it. When the reader of our
/// output goes away, the guest is told to stop.
pub(crate) async fn show(
    context: &Context,
    cell: impl Into<RunCode>,
    report: &mut dyn Report,
    ctrl_c: &CtrlC,
) -> Result<Outcome, Failure> {
    let mut execution = context.execute(cell)?;
    ctrl_c.set(execution.interrupt_handle());
    while let Some(event) = execution.next().await {
        report.event(&event)?;
    }
    let outcome = execution.outcome().await;
    ctrl_c.clear();
    let outcome = outcome?;
    report.outcome(&outcome)?;
    Ok(outcome)
}
