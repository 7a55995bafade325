//! What is wrong with a source.

/// A source that is no shell script, or exceeds a bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u32,
    /// What was found.
    pub kind: SyntaxErrorKind,
}

/// See [`SyntaxError`]; the words are bash's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// Something stands where it may not.
    #[error("syntax error near unexpected token `{0}'")]
    Unexpected(String),
    /// The source ends within a command.
    #[error("syntax error: unexpected end of file")]
    EndOfFile,
    /// The source ends within quotes or brackets.
    #[error("unexpected EOF while looking for matching `{0}'")]
    Unterminated(char),
    /// Something that this shell does not have.
    #[error("{0}: not supported by this shell")]
    Unsupported(&'static str),
    /// Nested beyond [`crate::limits::NESTING`].
    #[error("syntax error: nested too deeply")]
    TooDeep,
    /// Beyond [`crate::limits::SOURCE_BYTES`] or [`crate::limits::NODES`].
    #[error("syntax error: command too large")]
    TooLarge,
}

impl SyntaxError {
    /// Whether more text could make the source a whole one.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(
            self.kind,
            SyntaxErrorKind::EndOfFile | SyntaxErrorKind::Unterminated(_)
        )
    }

    /// The same on `line` at the latest.
    pub(crate) fn no_later_than(self, line: u32) -> Self {
        Self {
            line: self.line.min(line),
            kind: self.kind,
        }
    }
}
