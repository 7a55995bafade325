//! `sandcell repl`: an interpreter in a sandbox, cell by cell.

mod braces;
mod cell;
mod editor;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sandcell::{Cache, Checkpoints, Context, ErrorKind, Lost, Outcome, Sandbox};

use crate::args::{ReplArguments, ShowArguments};
use crate::commands::run::show;
use crate::console::{Colour, Escapes, Output, say};
use crate::duration;
use crate::exit::{ExitStatus, Failure};
use crate::interrupt::{Again, CtrlC};
use crate::language;
use crate::open;
use crate::report::{Saver, TextReport};
use crate::size;
use editor::{Editor, Entered, Syntax};

pub(crate) fn execute(arguments: &ReplArguments) -> Result<ExitStatus, Failure> {
    let sandbox_arguments = &arguments.sandbox;
    let reactor = open::reactor()?;
    let image = sandbox_arguments.image_for(None);
    let sandbox = reactor.block_on(async {
        let builder = open::builder(sandbox_arguments, &image, None).await?;
        // A person's pauses are long enough to save after each cell.
        let builder = builder.checkpoints(Checkpoints::EveryCell);
        Ok::<_, Failure>(builder.start().await?)
    })?;
    let ctrl_c = CtrlC::listen(Again::Ask)
        .map_err(|error| Failure::own(format!("cannot listen for Ctrl-C: {error}")))?;
    talk(&reactor, &sandbox, &image, &arguments.show, &ctrl_c)
}

/// Talks to the first interpreter of a sandbox until somebody leaves.
pub(crate) fn talk(
    reactor: &tokio::runtime::Runtime,
    sandbox: &Sandbox,
    image: &Path,
    shown: &ShowArguments,
    ctrl_c: &CtrlC,
) -> Result<ExitStatus, Failure> {
    let limits = sandbox.limits();
    let folder = match &shown.save_dir {
        Some(folder) => folder.clone(),
        None => results_folder()?,
    };
    let escapes = if shown.raw {
        Escapes::Passed
    } else {
        Escapes::Shown
    };
    let (stdout, stderr) = (Output::stdout(escapes), Output::stderr(escapes));
    let mut report = TextReport::new(stdout, stderr, Some(Saver::new(folder)));
    report.set_wall(limits.wall);
    let wall = limits
        .wall
        .map_or_else(|| "any time".to_owned(), duration::show);
    if io::stdin().is_terminal() {
        let name = image.display();
        report.stdout().line(&format!(
            "sandcell {}: image {name}, {} of memory, {wall} a cell; Ctrl-D leaves",
            env!("CARGO_PKG_VERSION"),
            size::show(limits.memory_bytes),
        ))?;
    }
    let context = sandbox.context()?;
    let syntax = if language::has_braces(image) {
        Syntax::Braces
    } else {
        Syntax::Indentation
    };
    let editor = Editor::open(&Cache::of_user()?.path().join("history"), syntax)?;
    Repl {
        reactor,
        context,
        editor,
        report,
        number: 1,
    }
    .talk(ctrl_c)
}

/// Where this session's results are saved.
fn results_folder() -> Result<PathBuf, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a folder's name for people; no guest sees it"
    )]
    let now = SystemTime::now();
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let name = format!("{seconds}-{}", std::process::id());
    Ok(Cache::of_user()?.path().join("results").join(name))
}

struct Repl<'a> {
    reactor: &'a tokio::runtime::Runtime,
    context: Context,
    editor: Editor,
    report: TextReport,
    /// The number that the guest gives the next cell.
    number: u64,
}

impl Repl<'_> {
    fn talk(mut self, ctrl_c: &CtrlC) -> Result<ExitStatus, Failure> {
        loop {
            match self.editor.read(self.number)? {
                Entered::Cell(text) if text.trim().is_empty() => {}
                Entered::Cell(text) if leaves(&text) => break,
                Entered::Cell(text) if text.trim() == "%undo" => self.undo()?,
                Entered::Cell(text) => self.run(text, ctrl_c)?,
                Entered::Dropped => {}
                Entered::End => break,
            }
        }
        Ok(ExitStatus::Success)
    }

    fn run(&mut self, text: String, ctrl_c: &CtrlC) -> Result<(), Failure> {
        self.report.set_label(&format!("Out[{}]: ", self.number));
        let shown = self
            .reactor
            .block_on(show(&self.context, text, &mut self.report, ctrl_c));
        match shown {
            Ok(outcome) => self.count(&outcome),
            // A cell above the size limit: the next one may be smaller.
            Err(failure) if failure.status == ExitStatus::Guest => {
                say("error", Colour::Red, &failure.message);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Takes the variables back to where they were before the last cell.
    fn undo(&mut self) -> Result<(), Failure> {
        match self.reactor.block_on(self.context.undo()) {
            Ok(lost) => {
                self.number = self.number.saturating_sub(cells(lost)).max(1);
                let words = format!("cell {} is undone; files stay as they are", self.number);
                say("note", Colour::Yellow, &words);
            }
            Err(error) if error.kind() == ErrorKind::State => {
                say("error", Colour::Red, &error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Counts a cell as the guest does. After a stop by force it is where it was
    /// before.
    fn count(&mut self, outcome: &Outcome) {
        self.number += 1;
        if let Some(lost) = outcome.lost {
            self.number = self.number.saturating_sub(cells(lost)).max(1);
            let words = match cells(lost) {
                1 => "variables are as they were before this cell".to_owned(),
                count => format!("variables are as they were before the last {count} cells"),
            };
            say("note", Colour::Yellow, &words);
        }
    }
}

/// How many cells that is.
fn cells(lost: Lost) -> u64 {
    lost.last.number().saturating_sub(lost.first.number()) + 1
}

/// True for what people type to leave an interpreter.
fn leaves(text: &str) -> bool {
    matches!(text.trim(), "exit" | "exit()" | "quit" | "quit()")
}
