//! Progress of something long on standard error: a bar on a terminal, a line a
//! step elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sandcell::{Progress, Step};

use crate::console::{Colour, Escapes, Output, colours_wanted};
use crate::duration;
use crate::escape::visible;

/// Steps shorter than this are not worth a line when they are done.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Shows steps. Does nothing at all before the first one.
#[derive(Default)]
pub(crate) struct Display {
    shown: Option<Shown>,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Lines),
}

/// What a pipe or a log gets.
struct Lines {
    stderr: Output,
}

/// A bar belongs to a terminal and no other thread writes to it.
struct Words<'a> {
    name: &'a str,
    number: usize,
    of: usize,
    estimate: Duration,
}

impl Words<'_> {
    fn place(&self) -> String {
        if self.of > 1 { format!("[{}/{}] ", self.number, self.of) } else { String::new() }
    }
}
