//! Keeps what a guest writes from steering the terminal that shows it.
//!
//! A terminal obeys the control characters in what it shows: it can be made to
//! move the cursor over earlier text, set the window's title, or answer as if
//! the user had typed. Here every control character but line feed, tab and
//! carriage return becomes visible text, `\x1b` for ESC. So does a byte that is
//! no UTF-8, since some terminals take the bytes 0x80 to 0x9f for controls.

use std::borrow::Cow;
use std::fmt::Write;

/// The longest start of a character that can be waiting for its end.
const UNFINISHED: usize = 3;

/// Makes a stream of bytes harmless, chunk by chunk.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The first bytes of a character whose end has not come yet.
    pending: Vec<u8>,
}

impl Filter {
    /// The harmless form of the next bytes of the stream. A character that they
    /// do not finish is kept for the next call.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> String {
        let joined;
        let bytes = if self.pending.is_empty() {
            bytes
        } else {
            joined = [&self.pending, bytes].concat();
            self.pending.clear();
            &joined
        };
        let mut shown = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            push_visible(&mut shown, chunk.valid());
            let rest = chunk.invalid();
            if chunks.peek().is_none() && is_start_of_character(rest) {
                self.pending.extend_from_slice(rest);
            } else {
                push_bytes(&mut shown, rest);
            }
        }
        shown
    }

    /// What is left at the end of the stream.
    pub(crate) fn finish(&mut self) -> String {
        let mut shown = String::new();
        push_bytes(&mut shown, &self.pending);
        self.pending.clear();
        shown
    }
}

/// The harmless form of a text.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_control) {
        let mut shown = String::with_capacity(text.len() + 16);
        push_visible(&mut shown, text);
        Cow::Owned(shown)
    } else {
        Cow::Borrowed(text)
    }
}

/// All of Unicode's controls are in the two ranges that terminals obey: below
/// U+0020, and from U+007F to U+009F.
fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t' | '\r')
}

fn push_visible(shown: &mut String, text: &str) {
    for character in text.chars() {
        if is_control(character) {
            push_code(shown, u32::from(character));
        } else {
            shown.push(character);
        }
    }
}

fn push_bytes(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        push_code(shown, u32::from(*byte));
    }
}

fn push_code(shown: &mut String, code: u32) {
    // Writing to a String cannot fail.
    let _infallible = write!(shown, "\\x{code:02x}");
}

fn is_start_of_character(bytes: &[u8]) -> bool {
    let unfinished = |error: std::str::Utf8Error| error.error_len().is_none();
    bytes.len() <= UNFINISHED && std::str::from_utf8(bytes).is_err_and(unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[&[u8]], expected: &str) {
        let mut filter = Filter::default();
        let mut shown: String = chunks.iter().map(|chunk| filter.feed(chunk)).collect();
        shown.push_str(&filter.finish());
        assert_eq!(shown, expected);
    }

    #[test]
    fn text_passes() {
        check(
            &[b"plain\n\ttext\r", "größe 漢字 🦀".as_bytes()],
            "plain\n\ttext\rgröße 漢字 🦀",
        );
    }

    #[test]
    fn controls_become_visible() {
        check(&[b"\x1b[31mred\x1b[0m"], "\\x1b[31mred\\x1b[0m");
        check(&[b"\x1b]0;title\x07"], "\\x1b]0;title\\x07");
        check(&[b"\0\x08\x0b\x0c\x7f"], "\\x00\\x08\\x0b\\x0c\\x7f");
    }

    #[test]
    fn controls_of_the_second_range_become_visible_in_both_encodings() {
        check(
            &["\u{9b}31m \u{80} \u{9f}".as_bytes()],
            "\\x9b31m \\x80 \\x9f",
        );
        check(&[b"\x9b31m \x80 \x9f"], "\\x9b31m \\x80 \\x9f");
        check(&["\u{a0}".as_bytes()], "\u{a0}");
    }

    #[test]
    fn a_control_cannot_hide_behind_a_broken_character() {
        check(&[b"\xe2\x82\x1b[2J"], "\\xe2\\x82\\x1b[2J");
        check(&[b"\xf0\x9f", b"\x1b[2J"], "\\xf0\\x9f\\x1b[2J");
        check(&[b"\xc2", b"\x9b31m"], "\\x9b31m");
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        let crab = "🦀".as_bytes();
        check(&[&crab[..1], &crab[1..3], &crab[3..]], "🦀");
        check(&[b"a", &crab[..2]], "a\\xf0\\x9f");
    }

    #[test]
    fn every_byte_and_every_character_is_harmless() {
        for byte in 0..=u8::MAX {
            let mut filter = Filter::default();
            let shown = filter.feed(&[byte]) + &filter.finish();
            assert!(!shown.chars().any(is_control), "{byte:#x} gives {shown:?}");
        }
        for character in '\0'..='\u{2fff}' {
            let shown = visible(&character.to_string()).into_owned();
            assert!(
                !shown.chars().any(is_control),
                "{character:?} gives {shown:?}"
            );
        }
    }
}
