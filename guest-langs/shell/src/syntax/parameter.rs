//! `$name` and `${...}`.

use std::sync::Arc;

use super::ast::{Change, Operation, Parameter, Part, Place, Subscript, Word};
use super::cursor::{Parsed, Parser};
use super::error::SyntaxErrorKind;
use super::word::{Parts, balanced, lines};

const SPECIAL: &[u8] = b"@*#?-$!";

impl Parser {
    /// `$name`, `$1`, `$@`; nothing if the `$` stands alone.
    pub(super) fn bare_parameter(&mut self) -> Option<Part> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let first = rest.bytes().next()?;
        let length = if first.is_ascii_digit() || SPECIAL.contains(&first) {
            1
        } else {
            super::name_length(rest)
        };
        let name = rest
            .get(..length)
            .filter(|name| !name.is_empty())?
            .to_owned();
        self.at += 1 + length;
        Some(Part::Parameter(Arc::new(Parameter {
            name,
            subscript: None,
            indirect: false,
            operation: Operation::Value,
        })))
    }

    /// `${...}`.
    pub(super) fn braced_parameter(&mut self) -> Parsed<Part> {
        let (from, line) = (self.at, self.line);
        self.at += 2;
        let length = self.peek() == Some(b'#') && self.is_length();
        if length {
            self.at += 1;
        }
        let indirect = !length
            && self.peek() == Some(b'!')
            && !matches!(
                self.peek_at(1),
                Some(b'}' | b':' | b'-' | b'+' | b'=' | b'%' | b'/')
            );
        if indirect {
            self.at += 1;
        }
        let name = self.parameter_name();
        if name.is_empty() {
            return self.bad(from, line);
        }
        if self.peek() == Some(b'[')
            && balanced(self.slice(self.at + 1, self.end).as_bytes(), b'[', b']').is_none()
        {
            return self.bad(from, line);
        }
        let subscript = self.subscript()?;
        let operation = if length {
            Operation::Length
        } else if indirect && self.peek() == Some(b'}') {
            match subscript {
                Some(Subscript::All | Subscript::Star) => Operation::Keys,
                _ => Operation::Value,
            }
        } else if indirect && (self.starts_with("*}") || self.starts_with("@}")) {
            let star = self.peek() == Some(b'*');
            self.at += 1;
            Operation::Names { star }
        } else {
            match self.operation()? {
                Some(operation) => operation,
                None => return self.bad(from, line),
            }
        };
        if !self.eat("}") {
            return self.bad(from, line);
        }
        let indirect = indirect && !matches!(operation, Operation::Keys | Operation::Names { .. });
        Ok(Part::Parameter(Arc::new(Parameter {
            name,
            subscript,
            indirect,
            operation,
        })))
    }

    /// Whether a `#` behind the brace asks for a length: `${#}` and `${#:-x}`
    /// are the number of arguments.
    fn is_length(&self) -> bool {
        let closes = self.peek_at(2) == Some(b'}');
        match self.peek_at(1) {
            Some(b'}' | b':' | b'%' | b'=' | b'+' | b'/') => false,
            Some(b'#' | b'-' | b'?') => closes,
            _ => true,
        }
    }

    /// Something between braces that is no parameter: an error when it is run.
    fn bad(&mut self, from: usize, line: u32) -> Parsed<Part> {
        self.line = line;
        let text = self.slice(from + 2, self.end);
        let Some(length) = balanced(text.as_bytes(), b'{', b'}') else {
            return self.error(SyntaxErrorKind::Unterminated('}'));
        };
        let text = text.get(..length).unwrap_or_default().to_owned();
        self.line = line.saturating_add(lines(&text));
        self.at = from + 2 + length + 1;
        Ok(Part::Parameter(Arc::new(Parameter {
            name: String::new(),
            subscript: None,
            indirect: false,
            operation: Operation::Bad(text),
        })))
    }

    fn parameter_name(&mut self) -> String {
        let rest = self.rest();
        let length = match rest.bytes().next() {
            Some(byte) if byte.is_ascii_digit() => {
                rest.bytes().take_while(u8::is_ascii_digit).count()
            }
            Some(byte) if SPECIAL.contains(&byte) => 1,
            _ => super::name_length(rest),
        };
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        name
    }

    fn subscript(&mut self) -> Parsed<Option<Subscript>> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        let text = self.slice(self.at + 1, self.end);
        let Some(length) = balanced(text.as_bytes(), b'[', b']') else {
            return self.error(SyntaxErrorKind::Unterminated(']'));
        };
        let subscript = match text.get(..length) {
            Some("@") => Subscript::All,
            Some("*") => Subscript::Star,
            _ => Subscript::Word(self.range(self.at + 1, self.at + 1 + length)?),
        };
        self.at += length + 2;
        Ok(Some(subscript))
    }

    /// What stands between the name and the `}`.
    fn operation(&mut self) -> Parsed<Option<Operation>> {
        let Some(byte) = self.peek() else {
            return self.error(SyntaxErrorKind::Unterminated('}'));
        };
        let colon = byte == b':' && matches!(self.peek_at(1), Some(b'-' | b'=' | b'?' | b'+'));
        if colon {
            self.at += 1;
        }
        let operation = match self.peek() {
            Some(b'}') => Operation::Value,
            Some(sign @ (b'-' | b'=' | b'?' | b'+')) => {
                self.at += 1;
                let word = self.operand(b"}", false)?;
                match sign {
                    b'-' => Operation::Default { colon, word },
                    b'=' => Operation::Assign { colon, word },
                    b'?' => Operation::Require { colon, word },
                    _ => Operation::Alternate { colon, word },
                }
            }
            Some(sign @ (b'#' | b'%')) => {
                self.at += 1;
                let longest = self.peek() == Some(sign);
                if longest {
                    self.at += 1;
                }
                let pattern = self.operand(b"}", true)?;
                if sign == b'#' {
                    Operation::RemovePrefix { longest, pattern }
                } else {
                    Operation::RemoveSuffix { longest, pattern }
                }
            }
            Some(b'/') => self.replacement()?,
            Some(sign @ (b'^' | b',' | b'~')) => {
                self.at += 1;
                let all = self.peek() == Some(sign);
                if all {
                    self.at += 1;
                }
                let change = match sign {
                    b'^' => Change::Upper,
                    b',' => Change::Lower,
                    _ => Change::Toggle,
                };
                let pattern = self.operand(b"}", true)?;
                Operation::Case {
                    change,
                    all,
                    pattern,
                }
            }
            Some(b':') => {
                self.at += 1;
                let offset = self.slice_operand(true)?;
                let length = if self.eat(":") {
                    Some(self.slice_operand(false)?)
                } else {
                    None
                };
                Operation::Slice { offset, length }
            }
            Some(b'@') if self.peek_at(2) == Some(b'}') => {
                let letter = self.peek_at(1).map_or('?', char::from);
                self.at += 2;
                Operation::Transform(letter)
            }
            _ => return Ok(None),
        };
        Ok(Some(operation))
    }

    fn replacement(&mut self) -> Parsed<Operation> {
        self.at += 1;
        let place = match self.peek() {
            Some(b'/') => Place::All,
            Some(b'#') => Place::Start,
            Some(b'%') => Place::End,
            _ => Place::First,
        };
        if place != Place::First {
            self.at += 1;
        }
        let pattern = self.operand(b"/}", true)?;
        let with = if self.eat("/") {
            self.operand(b"}", true)?
        } else {
            Word::default()
        };
        Ok(Operation::Replace {
            place,
            pattern,
            with,
        })
    }

    /// The expression of `${name:offset:length}`: up to `:` or `}`.
    fn slice_operand(&mut self, colon_ends: bool) -> Parsed<Word> {
        let mut depth = 0_u32;
        let mut questions = 0_u32;
        let mut parts = Parts::default();
        loop {
            match self.peek() {
                None => return self.error(SyntaxErrorKind::Unterminated('}')),
                Some(b'}') if depth == 0 => break,
                Some(b':') if depth == 0 && questions == 0 && colon_ends => break,
                Some(b':') if depth == 0 => questions = questions.saturating_sub(1),
                Some(b'?') if depth == 0 => questions += 1,
                Some(b'(' | b'[') => depth += 1,
                Some(b')' | b']') => depth = depth.saturating_sub(1),
                Some(b'"') => {
                    self.at += 1;
                    continue;
                }
                Some(b'$' | b'`' | b'\\') => {
                    self.quoted_part(&mut parts, true)?;
                    continue;
                }
                Some(_) => {}
            }
            parts.quoted(self.bump().unwrap_or_default().encode_utf8(&mut [0; 4]));
        }
        Ok(Word {
            parts: parts.done(),
        })
    }

    /// The word of an operation, up to one of `ends`, which stays.
    ///
    /// Within double quotes the word's single quotes are plain characters unless
    /// it is a pattern. What stands around is known from `self.in_quotes`.
    fn operand(&mut self, ends: &[u8], pattern: bool) -> Parsed<Word> {
        let quoted = self.in_quotes > 0;
        let outer = self.in_quotes;
        let mut parts = Parts::default();
        loop {
            let Some(byte) = self.peek() else {
                return self.error(SyntaxErrorKind::Unterminated('}'));
            };
            if ends.contains(&byte) {
                break;
            }
            match byte {
                b'\'' if quoted && !pattern => {
                    self.at += 1;
                    parts.literal('\'');
                }
                b'\\' if quoted && !pattern => {
                    if self.peek_at(1) == Some(b'}') {
                        self.at += 2;
                        parts.quoted("}");
                    } else {
                        self.quoted_part(&mut parts, true)?;
                    }
                }
                b'$' if quoted && matches!(self.peek_at(1), Some(b'\'' | b'"')) && !pattern => {
                    self.at += 1;
                    parts.literal('$');
                }
                b'<' | b'>' => {
                    self.at += 1;
                    parts.literal(char::from(byte));
                }
                b'"' if quoted && !pattern => {
                    self.at += 1;
                    self.in_quotes = 0;
                    let inner = self.nested(|parser| parser.quoted_parts(Some(b'"')));
                    self.in_quotes = outer;
                    parts.push(Part::Double(inner?));
                }
                _ => self.word_part(&mut parts)?,
            }
        }
        Ok(Word {
            parts: parts.done(),
        })
    }
}
