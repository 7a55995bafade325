//! What a guest shows, in the words of the protocol: one line an event.

use sandcell::Event;

use crate::clock;
use crate::interpreter::wire::Line;

/// The lines of one execution's events.
#[derive(Debug, Default)]
pub(crate) struct Words {
    stdout: Text,
    stderr: Text,
    /// An exception was told already.
    told: bool,
}

impl Words {
    /// The line of an event, if it has one by now.
    pub(crate) fn line(&mut self, event: Event) -> Option<Line> {
        match event {
            Event::Stdout(bytes) => self.stdout.take(&bytes).map(out),
            Event::Stderr(bytes) => self.stderr.take(&bytes).map(err),
            Event::Result(rich) => Some(Line::result(rich, true)),
            Event::Display(rich) => Some(Line::result(rich, false)),
            Event::Error(exception) => {
                self.told = true;
                Some(Line::error(exception))
            }
            // The protocol has no words for changes of what was shown.
            _ => None,
        }
    }

    /// What is left of characters that never became whole, the last line first.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Line> + use<> {
        let stderr = self.stderr.rest().map(err);
        stderr.into_iter().chain(self.stdout.rest().map(out))
    }

    /// Whether an exception was told.
    pub(super) fn told(&self) -> bool {
        self.told
    }
}

fn out(text: String) -> Line {
    Line::Stdout {
        text,
        timestamp: clock::rfc3339(clock::now()),
    }
}

fn err(text: String) -> Line {
    Line::Stderr {
        text,
        timestamp: clock::rfc3339(clock::now()),
    }
}

/// Text out of bytes that may be cut within a character.
#[derive(Debug, Default)]
struct Text {
    cut: Vec<u8>,
}

impl Text {
    /// The text of these bytes and of those that were left over; what is no UTF-8
    /// becomes U+FFFD.
    fn take(&mut self, bytes: &[u8]) -> Option<String> {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let whole = whole_characters(&all);
        self.cut = all.split_off(whole);
        (!all.is_empty()).then(|| String::from_utf8_lossy(&all).into_owned())
    }

    /// What is left over at the end.
    fn rest(&mut self) -> Option<String> {
        let cut = std::mem::take(&mut self.cut);
        (!cut.is_empty()).then(|| String::from_utf8_lossy(&cut).into_owned())
    }
}

/// How many bytes there are in front of a character that is cut at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(4);
    let end = bytes.get(tail..).unwrap_or_default();
    let start = end.iter().rposition(|byte| *byte >= 0xC0);
    let Some(start) = start else {
        return bytes.len();
    };
    let character = end.get(start..).unwrap_or_default();
    match std::str::from_utf8(character) {
        Err(error) if error.error_len().is_none() => tail + start,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut() {
        let mut text = Text::default();
        let euro = "a€b".as_bytes();
        assert_eq!(text.take(&euro[..2]).as_deref(), Some("a"));
        assert_eq!(text.take(&euro[2..3]), None);
        assert_eq!(text.take(&euro[3..]).as_deref(), Some("€b"));
        assert_eq!(text.rest(), None);
    }

    #[test]
    fn what_is_no_text_is_told_all_the_same() {
        let mut text = Text::default();
        assert_eq!(text.take(b"\xff\x80").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(text.take(b"\xe2\x82"), None);
        assert_eq!(text.rest().as_deref(), Some("\u{fffd}"));
        assert_eq!(text.rest(), None);
    }
}
