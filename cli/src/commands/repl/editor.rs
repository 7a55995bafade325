//! Where cells come from: a line editor on a terminal, plain lines elsewhere.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use rustyline::config::Config;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, EventHandler, KeyCode, KeyEvent, Modifiers,
    Movement, RepeatCount,
};

use super::braces;
use super::cell::{self, Shape};
use crate::console::colours_wanted;
use crate::exit::Failure;

/// Cells that the history keeps.
const HISTORY: usize = 10_000;

/// Spaces of a step of indentation.
const STEP: usize = 4;

/// What somebody entered.
#[derive(Debug)]
pub(crate) enum Entered {
    /// A cell to run.
    Cell(String),
    /// A cell that was given up with Ctrl-C.
    Dropped,
    /// The end.
    End,
}

/// How the cells of a language are told to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Python.
    Indentation,
    /// JavaScript and TypeScript.
    Braces,
}

impl Syntax {
    fn shape(self, text: &str) -> Shape {
        match self {
            Self::Indentation => cell::shape(text),
            Self::Braces => braces::shape(text),
        }
    }

    fn next_indentation(self, text: &str) -> String {
        match self {
            Self::Indentation => cell::next_indentation(text),
            Self::Braces => braces::next_indentation(text),
        }
    }
}

/// Reads cells.
pub(crate) enum Editor {
    /// From somebody at a terminal.
    Terminal(Box<Terminal>),
    /// From a pipe or file.
    Plain(Syntax),
}

/// A line editor with a history on disk.
pub(crate) struct Terminal {
    lines: rustyline::Editor<(), FileHistory>,
    history: PathBuf,
    syntax: Syntax,
}

impl Editor {
    /// Reads standard input; on a terminal with the history in this file, which
    /// need not be there.
    pub(crate) fn open(history: &Path, syntax: Syntax) -> Result<Self, Failure> {
        if !io::stdin().is_terminal() {
            return Ok(Self::Plain(syntax));
        }
        let config = Config::builder()
            .max_history_size(HISTORY)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(|error| failed(&error))?
            .history_ignore_space(true)
            .check_cursor_position(true)
            .build();
        let mut lines = rustyline::Editor::with_config(config).map_err(|error| failed(&error))?;
        let backspace = KeyEvent(KeyCode::Backspace, Modifiers::NONE);
        for key in [backspace, KeyEvent::ctrl('H')] {
            lines.bind_sequence(key, EventHandler::Conditional(Box::new(Backspace)));
        }
        let spaces = " ".repeat(STEP);
        lines.bind_sequence(
            KeyEvent::from('\t'),
            EventHandler::Simple(Cmd::Insert(1, spaces)),
        );
        // A first session has no history; a damaged one is not worth a failure.
        let _missing = lines.load_history(history);
        Ok(Self::Terminal(Box::new(Terminal {
            lines,
            history: history.to_owned(),
            syntax,
        })))
    }

    /// Reads the cell of this number.
    pub(crate) fn read(&mut self, number: u64) -> Result<Entered, Failure> {
        match self {
            Self::Terminal(terminal) => terminal.read(number),
            Self::Plain(syntax) => read_plain(io::stdin().lock(), *syntax),
        }
    }
}

impl Terminal {
    fn read(&mut self, number: u64) -> Result<Entered, Failure> {
        let first = format!("In [{number}]: ");
        let more = format!("{:>width$}", "...: ", width = first.len());
        let mut text = String::new();
        loop {
            let prompt = if text.is_empty() { &first } else { &more };
            let colours = colours_wanted();
            let styled = if colours {
                format!("\x1b[32m{prompt}\x1b[0m")
            } else {
                prompt.clone()
            };
            let indentation = if text.is_empty() {
                String::new()
            } else {
                self.syntax.next_indentation(&text)
            };
            let line = self
                .lines
                .readline_with_initial(&(prompt, &styled), (&indentation, ""));
            match line {
                Ok(line) => {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&line);
                }
                Err(ReadlineError::Interrupted) => return Ok(Entered::Dropped),
                Err(ReadlineError::Eof) => return Ok(Entered::End),
                Err(ReadlineError::Signal(_)) => continue,
                Err(error) => return Err(failed(&error)),
            }
            if self.syntax.shape(&text) == Shape::Complete {
                self.remember(&text);
                return Ok(Entered::Cell(text));
            }
        }
    }

    /// Puts a cell into the history. One that cannot be written is no reason to
    /// end the session.
    fn remember(&mut self, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() && self.lines.add_history_entry(text).is_ok() {
            let _unsaved = self.lines.append_history(&self.history);
        }
    }
}

/// Reads one cell of plain lines.
fn read_plain(mut lines: impl BufRead, syntax: Syntax) -> Result<Entered, Failure> {
    let mut text = String::new();
    loop {
        let mut line = Vec::new();
        let count = lines
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::own(format!("cannot read standard input: {error}")))?;
        if count == 0 {
            let is_end = text.is_empty();
            return Ok(if is_end {
                Entered::End
            } else {
                Entered::Cell(text)
            });
        }
        text.push_str(&String::from_utf8_lossy(&line));
        let without_end = text.strip_suffix('\n').unwrap_or(&text);
        if syntax.shape(without_end) == Shape::Complete {
            return Ok(Entered::Cell(text));
        }
    }
}

fn failed(error: &ReadlineError) -> Failure {
    Failure::own(format!("cannot read from the terminal: {error}"))
}

/// Backspace in the indentation of a line removes a step of it.
struct Backspace;

impl ConditionalEventHandler for Backspace {
    fn handle(
        &self,
        _event: &Event,
        _count: RepeatCount,
        _positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let before = context.line().get(..context.pos())?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let only_spaces = !line.is_empty() && line.bytes().all(|byte| byte == b' ');
        let step = match line.len() % STEP {
            0 => STEP,
            odd => odd,
        };
        let step = u16::try_from(step).ok()?;
        only_spaces.then_some(Cmd::Kill(Movement::BackwardChar(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(input: &str) -> Vec<String> {
        let mut lines = input.as_bytes();
        let mut cells = Vec::new();
        while let Entered::Cell(text) = read_plain(&mut lines, Syntax::Indentation).unwrap() {
            cells.push(text);
        }
        cells
    }

    #[test]
    fn plain_lines_make_cells() {
        assert_eq!(
            cells("x = 1\nfor i in y:\n    f(i)\n\nx\n"),
            ["x = 1\n", "for i in y:\n    f(i)\n\n", "x\n"]
        );
    }

    #[test]
    fn the_end_of_input_ends_a_cell() {
        assert_eq!(cells("if x:\n    f()"), ["if x:\n    f()"]);
        assert_eq!(cells("f(1,"), ["f(1,"]);
    }
}
