//! Where the parser is in its source, and what it looks at there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::List;
use super::error::{SyntaxError, SyntaxErrorKind};
use super::here::PendingHere;
use crate::limits::{ALIASES, NESTING, NODES, SOURCE_BYTES};

/// Aliases by name.
pub(crate) type Aliases = BTreeMap<String, String>;

pub(crate) type Parsed<T> = Result<T, SyntaxError>;

/// Reads one command line after the other.
#[derive(Debug)]
pub(crate) struct Parser {
    pub(super) text: String,
    pub(super) at: usize,
    /// Where the readable part of the text ends.
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) depth: u32,
    pub(super) nodes: usize,
    pub(super) pending: Vec<PendingHere>,
    /// The source ended within a here-document.
    pub(super) cut: bool,
    pub(super) extglob: bool,
    /// Whether the place is between double quotes (above 0).
    pub(super) in_quotes: u32,
    aliases: Arc<Aliases>,
    /// Aliases whose text is being read, with the bytes left behind it.
    active_aliases: Vec<(String, usize)>,
    alias_count: usize,
}

impl Parser {
    pub(crate) fn new(text: &str, line: u32) -> Parsed<Self> {
        let error = |kind| SyntaxError { line, kind };
        if text.len() > SOURCE_BYTES {
            return Err(error(SyntaxErrorKind::TooLarge));
        }
        Ok(Self {
            end: text.len(),
            text: text.to_owned(),
            at: 0,
            line,
            depth: 0,
            nodes: 0,
            pending: Vec::new(),
            cut: false,
            extglob: false,
            in_quotes: 0,
            aliases: Arc::default(),
            active_aliases: Vec::new(),
            alias_count: 0,
        })
    }

    /// A parser for text that was found within this one's.
    pub(super) fn inner(&self, text: &str, line: u32) -> Parsed<Self> {
        let mut inner = Self::new(text, line)?;
        inner.depth = self.depth;
        inner.nodes = self.nodes;
        inner.extglob = self.extglob;
        Ok(inner)
    }

    /// The commands of the next line that has some, or nothing at the end.
    pub(crate) fn next_line(
        &mut self,
        aliases: &Arc<Aliases>,
        extglob: bool,
    ) -> Parsed<Option<List>> {
        self.nodes = 0;
        self.depth = 0;
        self.alias_count = 0;
        self.active_aliases.clear();
        self.extglob = extglob;
        self.aliases = Arc::clone(aliases);
        self.command_line()
    }

    /// Whether the source ended within a here-document, or with a joined line.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut || self.text.ends_with("\\\n")
    }

    /// The source's line around the place of an error.
    pub(crate) fn current_line(&self) -> &str {
        let bytes = self.text.as_bytes();
        let at = self.at.min(bytes.len());
        let before = bytes.get(..at).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |p| p + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    pub(super) fn error<T>(&self, kind: SyntaxErrorKind) -> Parsed<T> {
        Err(SyntaxError {
            line: self.line,
            kind,
        })
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().as_bytes().starts_with(text.as_bytes())
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// The next character, read.
    pub(super) fn bump(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Counts a part of the result.
    pub(super) fn node(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > NODES {
            return self.error(SyntaxErrorKind::TooLarge);
        }
        Ok(())
    }

    /// Reads something one level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= NESTING {
            return self.error(SyntaxErrorKind::TooDeep);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Skips blanks, joined lines and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.peek_at(1) == Some(b'\n') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => {
                    self.at += 2;
                    self.line += 1;
                }
                Some(b'#') if self.at_word_start() => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Whether a word could start here: `a#b` has no comment.
    fn at_word_start(&self) -> bool {
        let before = self.at.checked_sub(1);
        let before = before.and_then(|at| self.text.as_bytes().get(at));
        before.is_none_or(|byte| is_meta(*byte) || *byte == b'`')
    }

    /// Skips blanks and line ends.
    pub(super) fn skip_lines(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.line_end()?;
        }
    }

    /// Reads a line end, and the here-documents that start behind it.
    pub(super) fn line_end(&mut self) -> Parsed<()> {
        self.at += 1;
        self.line += 1;
        if self.pending.is_empty() {
            return Ok(());
        }
        self.here_documents()
    }

    /// Whether the reserved word stands here.
    pub(super) fn at_reserved(&self, word: &str) -> bool {
        self.starts_with(word) && self.peek_at(word.len()).is_none_or(is_meta)
    }

    pub(super) fn eat_reserved(&mut self, word: &str) -> bool {
        let found = self.at_reserved(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// A name at this place: its length.
    pub(super) fn name_length(&self) -> usize {
        name_length(self.rest())
    }

    /// The error of what stands here.
    pub(super) fn unexpected<T>(&mut self) -> Parsed<T> {
        self.skip_blanks();
        let rest = self.rest();
        if rest.is_empty() {
            return self.error(SyntaxErrorKind::EndOfFile);
        }
        const SIGNS: [&str; 24] = [
            ";;&", "<<<", "&>>", "<<-", ";;", ";&", "&&", "||", "|&", "<<", ">>", "<&", ">&", "<>",
            ">|", "&>", ";", "&", "|", "<", ">", "(", ")", "\n",
        ];
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let token = match sign {
            Some(&"\n") => "newline".to_owned(),
            Some(sign) => (*sign).to_owned(),
            None => {
                let end = rest.bytes().position(is_meta).unwrap_or(rest.len());
                let token = rest.get(..end).unwrap_or(rest);
                token.chars().take(200).collect()
            }
        };
        self.error(SyntaxErrorKind::Unexpected(token))
    }

    /// Replaces an alias at the start of a command. Says whether there was one.
    pub(super) fn expand_alias(&mut self) -> Parsed<bool> {
        if self.aliases.is_empty() || self.end != self.text.len() {
            return Ok(false);
        }
        let rest = self.rest();
        let end = rest
            .bytes()
            .position(|byte| is_meta(byte) || b"\\'\"$`=".contains(&byte))
            .unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).unwrap_or_default();
        let left = behind.len();
        if behind.bytes().next().is_some_and(|byte| !is_meta(byte)) {
            return Ok(false);
        }
        let Some(value) = self.aliases.get(name) else {
            return Ok(false);
        };
        let is_active = |(active, behind): &(String, usize)| active == name && left >= *behind;
        if self.active_aliases.iter().any(is_active) {
            return Ok(false);
        }
        let source = format!("{value}{behind}");
        let name = name.to_owned();
        self.alias_count += 1;
        if self.alias_count > ALIASES || source.len() > SOURCE_BYTES {
            return self.error(SyntaxErrorKind::TooLarge);
        }
        self.active_aliases.push((name, left));
        self.text.truncate(self.at);
        self.text.push_str(&source);
        self.end = self.text.len();
        Ok(true)
    }
}

/// What ends an unquoted word.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>'
    )
}

/// The length of the name that a text starts with, or 0.
pub(crate) fn name_length(text: &str) -> usize {
    let mut bytes = text.bytes();
    match bytes.next() {
        Some(first) if first == b'_' || first.is_ascii_alphabetic() => {
            1 + bytes
                .position(|byte| byte != b'_' && !byte.is_ascii_alphanumeric())
                .unwrap_or(text.len() - 1)
        }
        _ => 0,
    }
}

/// Whether a text is a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && name_length(text) == text.len()
}
