//! The texts of here-documents: they stand behind the line that asks for them.

use std::sync::{Arc, OnceLock};

use super::ast::{Part, Word};
use super::cursor::{Parsed, Parser};

/// A here-document whose text was not read yet.
#[derive(Debug)]
pub(super) struct PendingHere {
    pub(super) end: String,
    pub(super) quoted: bool,
    pub(super) strip_tabs: bool,
    pub(super) text: Arc<OnceLock<Word>>,
}

impl Parser {
    /// Reads the texts of all here-documents that were asked for.
    pub(super) fn here_documents(&mut self) -> Parsed<()> {
        for pending in std::mem::take(&mut self.pending) {
            let first = self.line;
            let text = self.here_text(&pending);
            let word = if pending.quoted {
                Word::quoted(text)
            } else {
                let mut inner = self.inner(&text, first)?;
                let parts = inner.nested(|parser| parser.quoted_parts(None));
                // The text always ends with a line end, the source may not.
                let parts = parts.map_err(|error| error.no_later_than(self.line))?;
                self.nodes = inner.nodes;
                Word {
                    parts: vec![Part::Double(parts)],
                }
            };
            // A second text for one document cannot be: each is taken once.
            let _first = pending.text.set(word);
        }
        Ok(())
    }

    fn here_text(&mut self, pending: &PendingHere) -> String {
        let mut text = String::new();
        let mut joined = false;
        while self.peek().is_some() {
            let rest = self.rest();
            let length = rest.find('\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let stripped = if pending.strip_tabs && !joined {
                line.trim_start_matches('\t')
            } else {
                line
            };
            let is_end = !joined && stripped == pending.end;
            if !is_end {
                text.push_str(stripped);
                text.push('\n');
            }
            // A line end after a backslash joins lines, so the next line
            // cannot be the end of the text.
            let backslashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
            joined = !pending.quoted && backslashes % 2 == 1;
            self.at += length;
            if self.peek() == Some(b'\n') {
                self.at += 1;
                self.line += 1;
            }
            if is_end {
                return text;
            }
        }
        self.cut = true;
        text
    }
}
