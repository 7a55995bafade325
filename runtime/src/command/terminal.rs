//! Terminals of commands.

use std::sync::Arc;

use crate::command::Signal;
use crate::command::table::Processes;
use crate::stream::{Ends, Terminal, TerminalSize};

/// A terminal whose keys send signals to processes of this table.
pub(super) fn new(table: &Arc<Processes>, size: TerminalSize) -> (Terminal, Ends) {
    let table = Arc::downgrade(table);
    Terminal::new(size, move |group, signal| {
        if let (Some(table), Some(signal)) =
            (table.upgrade(), Signal::from_number(i32::from(signal)))
        {
            table.signal_group(group, signal);
        }
    })
}

/// What programs learn of their terminal by variables.
pub(super) fn environment(size: TerminalSize) -> [(Vec<u8>, Vec<u8>); 3] {
    [
        ("TERM", "xterm-256color".to_owned()),
        ("COLUMNS", size.columns.to_string()),
        ("LINES", size.rows.to_string()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
}
