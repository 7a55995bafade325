//! A run as people read it: streams to streams, values to standard output,
//! tracebacks and reasons to standard error.

use std::io;
use std::time::Duration;

use sandcell::{End, Event, GuestException, InterruptCause, Limit, Outcome, TrapKind};

use crate::console::{Colour, Output};
use crate::duration;
use crate::exit::{ExitStatus, Failure, is_exit};
use crate::report::{Report, Saver, rich, traceback};
use crate::size;

/// Writes events for people.
pub(crate) struct TextReport {
    stdout: Output,
    stderr: Output,
    saver: Option<Saver>,
    /// What stands before the value of the last expression, for example
    /// `Out[1]: `.
    label: String,
    /// The wall-time limit, for the words about it.
    wall: Option<Duration>,
}

impl TextReport {
    pub(crate) fn new(stdout: Output, stderr: Output, saver: Option<Saver>) -> Self {
        Self {
            stdout,
            stderr,
            saver,
            label: String::new(),
            wall: None,
        }
    }

    /// Names the wall-time limit that runs have.
    pub(crate) fn set_wall(&mut self, wall: Option<Duration>) {
        self.wall = wall;
    }

    /// Sets what stands before the value of the last expression.
    pub(crate) fn set_label(&mut self, label: &str) {
        label.clone_into(&mut self.label);
    }

    /// Where values go.
    pub(crate) fn stdout(&mut self) -> &mut Output {
        &mut self.stdout
    }

    fn exception(&mut self, exception: &GuestException) -> io::Result<()> {
        self.stdout.fresh_line_on_terminal()?;
        if is_exit(exception) {
            // A program that ends itself with a text wants it to be read.
            let code = exception.value.parse::<i64>();
            let is_word = matches!(exception.value.as_str(), "" | "None" | "True" | "False");
            if code.is_ok() || is_word {
                return Ok(());
            }
            let message = self.stderr.safe(&exception.value).into_owned();
            return self.stderr.line(&message);
        }
        let text = traceback::render(&self.stderr, &exception.name, &exception.traceback);
        self.stderr.line(&text)
    }

    fn label(&mut self, word: &str, colour: Colour, message: &str) -> io::Result<()> {
        let word = self.stderr.paint(colour, &format!("{word}:"));
        let message = self.stderr.safe(message).into_owned();
        self.stderr.line(&format!("{word} {message}"))
    }
}

impl Report for TextReport {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Stdout(bytes) => self.stdout.guest(bytes),
            Event::Stderr(bytes) => self.stderr.guest(bytes),
            Event::Result(result) => {
                let label = self.stdout.paint(Colour::Red, &self.label);
                rich::show(&mut self.stdout, self.saver.as_mut(), &label, result)
            }
            Event::Display(result) | Event::UpdateDisplay(result) => {
                rich::show(&mut self.stdout, self.saver.as_mut(), "", result)
            }
            Event::Error(exception) => self.exception(exception),
            // What was shown stays: a terminal's scrollback is the user's.
            _ => Ok(()),
        }
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.stdout.fresh_line_on_terminal()?;
        self.stderr.fresh_line_on_terminal()?;
        if ExitStatus::of_end(&outcome.end) == ExitStatus::Success {
            return Ok(());
        }
        let Some(reason) = reason(&outcome.end) else {
            return Ok(());
        };
        let message = match (&outcome.end, self.wall) {
            (
                End::Interrupted {
                    by: InterruptCause::Deadline,
                },
                Some(wall),
            ) => format!("the time limit of {} is over", duration::show(wall)),
            _ => reason.message,
        };
        self.label("error", Colour::Red, &message)?;
        match reason.hint {
            Some(hint) => self.label("hint", Colour::Cyan, hint),
            None => Ok(()),
        }
    }

    fn failure(&mut self, _failure: &Failure) -> io::Result<()> {
        Ok(())
    }
}

/// Why a run did not finish, in words.
pub(crate) struct Reason {
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

/// Why a run did not finish; `None` when it did, or when the traceback says it
/// all.
pub(crate) fn reason(end: &End) -> Option<Reason> {
    let (message, hint) = match end {
        End::Finished => return None,
        End::Raised(exception) if is_exit(exception) => {
            // Zero is no failure, and words were said when they came.
            let status = exception.value.parse::<i64>().ok();
            let status = status.filter(|status| *status != 0)?;
            (
                format!("the program ended itself with status {status}"),
                None,
            )
        }
        End::Raised(exception) => {
            let hint = (exception.name == "MemoryError")
                .then_some("`--memory 1GiB` allows more, up to 4GiB");
            hint?;
            ("the memory limit is met".to_owned(), hint)
        }
        End::Interrupted { by } => match by {
            InterruptCause::Deadline => (
                "the time limit is over".to_owned(),
                Some("`--timeout 10m` allows more, `--timeout none` any time"),
            ),
            InterruptCause::Handle => ("interrupted".to_owned(), None),
            by => (format!("interrupted by {by}"), None),
        },
        End::Exhausted { limit, allowed } => exhausted(*limit, *allowed),
        End::Trapped { kind } => (format!("the guest broke: {kind}"), trap_hint(kind)),
        other => (other.to_string(), None),
    };
    Some(Reason { message, hint })
}

fn exhausted(limit: Limit, allowed: u64) -> (String, Option<&'static str>) {
    match limit {
        Limit::Fuel => (
            format!("the fuel limit of {} is spent", size::grouped(allowed)),
            Some("`--fuel N` with a larger number allows more"),
        ),
        Limit::Output => (
            format!("the output limit of {} is spent", size::show(allowed)),
            Some("`--output-limit SIZE` with a larger size allows more"),
        ),
        Limit::Memory => (
            format!("the memory limit of {} is met", size::show(allowed)),
            Some("`--memory SIZE` with a larger size allows more, up to 4GiB"),
        ),
        limit => (format!("the limit {limit} of {allowed} is spent"), None),
    }
}

fn trap_hint(kind: &TrapKind) -> Option<&'static str> {
    match kind {
        TrapKind::StackOverflow => Some("a recursion went deeper than the interpreter's stack"),
        TrapKind::Kernel => Some("please report this"),
        _ => None,
    }
}
