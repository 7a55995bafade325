//! Text of which the beginning and the end are kept.

use std::collections::VecDeque;

/// Bytes that are kept of the beginning, and of the end.
const HEAD: usize = 32 << 10;
const TAIL: usize = 16 << 10;

/// Output as it comes, of any length, in bounded memory.
#[derive(Debug, Default)]
pub(crate) struct Capped {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capped {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// As text; what is no UTF-8 becomes U+FFFD, what was left out is told.
    pub(crate) fn into_text(mut self) -> String {
        if self.left_out == 0 {
            self.head.extend(self.tail);
            return String::from_utf8_lossy(&self.head).into_owned();
        }
        let tail: Vec<u8> = self.tail.into();
        format!(
            "{}\n[{} bytes are left out here]\n{}",
            String::from_utf8_lossy(&self.head),
            self.left_out,
            String::from_utf8_lossy(&tail)
        )
    }

    /// A text of bounded length.
    pub(crate) fn of(text: &str) -> String {
        if text.len() <= HEAD + TAIL {
            return text.to_owned();
        }
        let mut capped = Self::default();
        capped.push(text.as_bytes());
        capped.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_stays_as_it_is() {
        let mut text = Capped::default();
        text.push(b"one ");
        text.push("zwei €".as_bytes());
        assert!(!text.is_cut());
        assert_eq!(text.into_text(), "one zwei €");
        let long = "x".repeat(HEAD + TAIL);
        assert_eq!(Capped::of(&long), long);
    }

    #[test]
    fn of_long_text_the_middle_is_left_out() {
        let mut text = Capped::default();
        for _ in 0..1000 {
            text.push(&[b'a'; 1000]);
        }
        text.push(b"the end");
        assert!(text.is_cut());
        let shown = text.into_text();
        assert!(shown.len() < HEAD + TAIL + 100);
        assert!(shown.starts_with("aaaa"));
        assert!(shown.ends_with("the end"));
        let expected = 1_000_007 - HEAD - TAIL;
        assert!(shown.contains(&format!("\n[{expected} bytes are left out here]\n")));
    }
}
