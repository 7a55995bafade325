//! What a run shows: its events as they come, then its outcome.

mod json;
mod rich;
mod save;
mod text;
mod traceback;

use std::io;

use sandcell::{Event, Outcome};

use crate::exit::Failure;

pub(crate) use json::JsonReport;
pub(crate) use save::Saver;
pub(crate) use text::TextReport;

/// Somebody who is told what a run does.
pub(crate) trait Report {
    /// Shows an event, now.
    ///
    /// # Errors
    /// When it cannot be written.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Shows how the run ended.
    ///
    /// # Errors
    /// When it cannot be written.
    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()>;

    /// Shows that there was no run. Standard error says so in any case.
    ///
    /// # Errors
    /// When it cannot be written.
    fn failure(&mut self, failure: &Failure) -> io::Result<()>;
}
