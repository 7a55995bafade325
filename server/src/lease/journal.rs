//! What happened to a sandbox, for its logs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use crate::clock;

/// Lines that are kept; older ones go.
const LINES: usize = 1000;

/// The last lines of a sandbox's log.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: Mutex<VecDeque<Line>>,
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) time: OffsetDateTime,
    pub(crate) level: &'static str,
    pub(crate) message: String,
}

impl Journal {
    pub(crate) fn note(&self, level: &'static str, message: impl Into<String>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(Line {
            time: clock::now(),
            level,
            message: message.into(),
        });
    }

    /// All lines that are kept, oldest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}
