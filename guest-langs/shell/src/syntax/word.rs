//! Words and the quotes in them.

use std::sync::Arc;

use super::ast::{Part, Word};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::SyntaxErrorKind;

/// Parts of a word while it is read: joins neighbours.
#[derive(Default)]
pub(super) struct Parts(Vec<Part>);

impl Parts {
    pub(super) fn literal(&mut self, character: char) {
        if let Some(Part::Literal(text)) = self.0.last_mut() {
            text.push(character);
        } else {
            self.0.push(Part::Literal(character.to_string()));
        }
    }

    pub(super) fn quoted(&mut self, more: &str) {
        if let Some(Part::Quoted(text)) = self.0.last_mut() {
            text.push_str(more);
        } else {
            self.0.push(Part::Quoted(more.to_owned()));
        }
    }

    pub(super) fn push(&mut self, part: Part) {
        self.0.push(part);
    }

    pub(super) fn done(self) -> Vec<Part> {
        self.0
    }
}

impl Parser {
    /// A word up to a blank or an operator; empty if none starts here.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let parts = self.word_run()?;
        Ok(Word { parts })
    }

    /// Parts up to a blank or an operator.
    pub(super) fn word_run(&mut self) -> Parsed<Vec<Part>> {
        let mut parts = Parts::default();
        while let Some(byte) = self.peek() {
            if self.process_substitution(&mut parts)? {
                continue;
            }
            if is_meta(byte) || (byte == b'\r' && self.peek_at(1) == Some(b'\n')) {
                break;
            }
            if self.extglob && b"?*+@!".contains(&byte) && self.peek_at(1) == Some(b'(') {
                self.extended_pattern(&mut parts)?;
                continue;
            }
            self.word_part(&mut parts)?;
        }
        Ok(parts.done())
    }

    /// The whole text as between double quotes.
    pub(crate) fn quoted_text(mut self) -> Parsed<Word> {
        let parts = self.quoted_parts(None)?;
        Ok(Word {
            parts: vec![Part::Double(parts)],
        })
    }

    /// One character, quoted text or expansion.
    pub(super) fn word_part(&mut self, parts: &mut Parts) -> Parsed<()> {
        match self.peek() {
            Some(b'\\') => {
                self.at += 1;
                match self.bump() {
                    Some('\n') => {}
                    Some(character) => {
                        let mut buffer = [0; 4];
                        parts.quoted(character.encode_utf8(&mut buffer));
                    }
                    None => parts.literal('\\'),
                }
            }
            Some(b'\'') => {
                let text = self.single_quoted()?;
                parts.quoted(&text);
            }
            Some(b'"') => {
                self.at += 1;
                let inner = self.nested(|parser| parser.quoted_parts(Some(b'"')))?;
                parts.push(Part::Double(inner));
            }
            Some(b'$') if self.peek_at(1) == Some(b'\'') => {
                self.at += 1;
                let text = self.ansi_quoted()?;
                parts.quoted(&text);
            }
            Some(b'$') if self.peek_at(1) == Some(b'"') => {
                self.at += 2;
                let inner = self.nested(|parser| parser.quoted_parts(Some(b'"')))?;
                parts.push(Part::Double(inner));
            }
            Some(b'$' | b'`') => match self.expansion()? {
                Some(part) => parts.push(part),
                None => {
                    self.at += 1;
                    parts.literal('$');
                }
            },
            _ => {
                if let Some(character) = self.bump() {
                    parts.literal(character);
                }
            }
        }
        Ok(())
    }

    fn process_substitution(&mut self, parts: &mut Parts) -> Parsed<bool> {
        let input = match self.peek() {
            Some(b'<') => true,
            Some(b'>') => false,
            _ => return Ok(false),
        };
        if self.peek_at(1) != Some(b'(') {
            return Ok(false);
        }
        self.node()?;
        self.at += 2;
        let body = Arc::new(self.list_in_parentheses()?);
        parts.push(Part::Process { input, body });
        Ok(true)
    }

    /// `@( | )` and its like: blanks and `|` within it are literal.
    fn extended_pattern(&mut self, parts: &mut Parts) -> Parsed<()> {
        self.nested(|parser| {
            parser.node()?;
            for _ in 0..2 {
                parts.literal(parser.bump().unwrap_or_default());
            }
            loop {
                match parser.peek() {
                    None => return parser.error(SyntaxErrorKind::Unterminated(')')),
                    Some(b')') => {
                        parser.at += 1;
                        parts.literal(')');
                        return Ok(());
                    }
                    Some(byte) if b"?*+@!".contains(&byte) && parser.peek_at(1) == Some(b'(') => {
                        parser.extended_pattern(parts)?;
                    }
                    Some(b'(') => {
                        return parser.unexpected();
                    }
                    Some(_) => parser.word_part(parts)?,
                }
            }
        })
    }

    fn single_quoted(&mut self) -> Parsed<String> {
        self.at += 1;
        let rest = self.rest();
        let Some(length) = rest.find('\'') else {
            return self.error(SyntaxErrorKind::Unterminated('\''));
        };
        let text = rest.get(..length).unwrap_or_default().to_owned();
        self.line = self.line.saturating_add(lines(&text));
        self.at += length + 1;
        Ok(text)
    }

    /// `$'...'`, behind the `$`.
    fn ansi_quoted(&mut self) -> Parsed<String> {
        self.at += 1;
        let from = self.at;
        loop {
            match self.bump() {
                None => return self.error(SyntaxErrorKind::Unterminated('\'')),
                Some('\'') => break,
                Some('\\') => {
                    self.bump();
                }
                Some(_) => {}
            }
        }
        let raw = self.slice(from, self.at - 1);
        Ok(crate::escape::ansi(raw))
    }

    /// Text as between double quotes: up to and with `end`, or to the end of
    /// what is readable.
    pub(super) fn quoted_parts(&mut self, end: Option<u8>) -> Parsed<Vec<Part>> {
        self.in_quotes += 1;
        let parts = self.quoted_parts_inside(end);
        self.in_quotes -= 1;
        parts
    }

    fn quoted_parts_inside(&mut self, end: Option<u8>) -> Parsed<Vec<Part>> {
        let mut parts = Parts::default();
        loop {
            let Some(byte) = self.peek() else {
                return match end {
                    Some(quote) => self.error(SyntaxErrorKind::Unterminated(char::from(quote))),
                    None => Ok(parts.done()),
                };
            };
            if Some(byte) == end {
                self.at += 1;
                return Ok(parts.done());
            }
            self.quoted_part(&mut parts, end.is_some())?;
        }
    }

    pub(super) fn quoted_part(&mut self, parts: &mut Parts, escapes_quote: bool) -> Parsed<()> {
        match self.peek() {
            Some(b'\\') => {
                match self.peek_at(1) {
                    Some(b'\n') => {
                        self.at += 2;
                        self.line += 1;
                        return Ok(());
                    }
                    Some(next @ (b'$' | b'`' | b'\\')) => {
                        self.at += 2;
                        parts.quoted(char::from(next).encode_utf8(&mut [0; 4]));
                        return Ok(());
                    }
                    Some(b'"') if escapes_quote => {
                        self.at += 2;
                        parts.quoted("\"");
                        return Ok(());
                    }
                    _ => {}
                }
                self.at += 1;
                parts.quoted("\\");
            }
            Some(b'$' | b'`') => match self.expansion()? {
                Some(part) => parts.push(part),
                None => {
                    self.at += 1;
                    parts.quoted("$");
                }
            },
            _ => {
                let rest = self.rest().as_bytes();
                let stop = |byte: &u8| matches!(*byte, b'\\' | b'$' | b'`' | b'"' | b'\n' | b'}');
                let run = rest.iter().position(stop).unwrap_or(rest.len());
                if run == 0 {
                    if let Some(character) = self.bump() {
                        parts.quoted(character.encode_utf8(&mut [0; 4]));
                    }
                } else {
                    let text = self.slice(self.at, self.at + run).to_owned();
                    self.at += run;
                    parts.quoted(&text);
                }
            }
        }
        Ok(())
    }

    /// What starts with `$` or a backquote; nothing for a `$` that is only that.
    pub(super) fn expansion(&mut self) -> Parsed<Option<Part>> {
        self.node()?;
        if self.peek() == Some(b'`') {
            return self.backquoted().map(Some);
        }
        match self.peek_at(1) {
            Some(b'(') => self.dollar_parenthesis().map(Some),
            Some(b'{') => self.nested(Self::braced_parameter).map(Some),
            Some(b'[') => self.old_arithmetic().map(Some),
            _ => Ok(self.bare_parameter()),
        }
    }

    fn dollar_parenthesis(&mut self) -> Parsed<Part> {
        if self.peek_at(2) == Some(b'(')
            && let Some(end) = self.arithmetic_end(self.at + 3)
        {
            let word = self.range(self.at + 3, end)?;
            self.at = end + 2;
            return Ok(Part::Arithmetic(Arc::new(word)));
        }
        self.at += 2;
        let list = self.list_in_parentheses()?;
        Ok(Part::Command(Arc::new(list)))
    }

    fn old_arithmetic(&mut self) -> Parsed<Part> {
        let from = self.at + 2;
        let text = self.slice(from, self.end);
        let Some(length) = balanced(text.as_bytes(), b'[', b']') else {
            return self.error(SyntaxErrorKind::Unterminated(']'));
        };
        let word = self.range(from, from + length)?;
        self.at = from + length + 1;
        Ok(Part::Arithmetic(Arc::new(word)))
    }

    fn backquoted(&mut self) -> Parsed<Part> {
        let line = self.line;
        self.at += 1;
        let mut source = String::new();
        loop {
            match self.bump() {
                None => return self.error(SyntaxErrorKind::Unterminated('`')),
                Some('`') => break,
                Some('\\') if matches!(self.peek(), Some(b'`' | b'\\' | b'$')) => {
                    source.extend(self.bump());
                }
                Some(character) => source.push(character),
            }
        }
        let nodes = self.nodes;
        let mut inner = self.inner(&source, line)?;
        let list = inner.nested(|parser| {
            let list = parser.list()?;
            parser.skip_lines()?;
            if parser.peek().is_some() {
                return parser.unexpected();
            }
            parser.here_documents()?;
            Ok(list)
        })?;
        self.nodes = inner.nodes.max(nodes);
        Ok(Part::Command(Arc::new(list)))
    }

    /// The word between two places, read as between double quotes.
    pub(super) fn range(&mut self, from: usize, to: usize) -> Parsed<Word> {
        let (at, end) = (self.at, self.end);
        let line = self.line;
        self.at = from;
        self.end = to;
        let parts = self.nested(|parser| {
            let mut parts = Parts::default();
            while let Some(byte) = parser.peek() {
                match byte {
                    b'"' => parser.at += 1,
                    b'\'' if parser.rest().get(1..).is_some_and(|r| r.contains('\'')) => {
                        let text = parser.single_quoted()?;
                        parts.quoted(&text);
                    }
                    _ => parser.quoted_part(&mut parts, true)?,
                }
            }
            Ok(parts.done())
        });
        self.at = at;
        self.end = end;
        self.line = line.saturating_add(lines(self.slice(from, to)));
        Ok(Word { parts: parts? })
    }

    /// Where the expression ends whose text starts at `from`: before `))`, if
    /// the parentheses close together. One look ahead, nothing is read twice by
    /// the parser itself.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
        let text = self.slice(from, self.end);
        let length = balanced(text.as_bytes(), b'(', b')')?;
        let closed = text.as_bytes().get(length + 1) == Some(&b')');
        closed.then_some(from + length)
    }
}

/// Where the bracket closes that stands before a text; quotes hide brackets.
pub(super) fn balanced(text: &[u8], open: u8, close: u8) -> Option<usize> {
    let mut depth = 1_u32;
    let mut quote = None;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (*byte, quote) {
            (b'\\', None | Some(b'"')) => at += 1,
            (b'\'' | b'"' | b'`', None) => quote = Some(*byte),
            (byte, Some(open)) if open == byte => quote = None,
            (_, Some(_)) => {}
            (byte, None) if byte == open => depth += 1,
            (byte, None) if byte == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

pub(super) fn lines(text: &str) -> u32 {
    let count = text.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::balanced;

    #[test]
    fn brackets_in_quotes_do_not_count() {
        assert_eq!(balanced(b"a(b')')c)d", b'(', b')'), Some(8));
        assert_eq!(balanced(b"a(b", b'(', b')'), None);
    }
}
