//! `[[ ... ]]`.

use super::ast::{Condition, Part, Word};
use super::cursor::{Parsed, Parser, is_meta};

/// Operators between two words, longest first.
const BINARY: [&str; 14] = [
    "==", "!=", "=~", "=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot",
];

impl Parser {
    /// The condition and its `]]`.
    pub(super) fn condition(&mut self) -> Parsed<Condition> {
        let condition = self.condition_or()?;
        self.expect("]]")?;
        Ok(condition)
    }

    fn condition_or(&mut self) -> Parsed<Condition> {
        self.nested(|parser| {
            let mut any = vec![parser.condition_and()?];
            loop {
                parser.skip_lines()?;
                if !parser.eat("||") {
                    return Ok(Condition::Any(any));
                }
                parser.node()?;
                any.push(parser.condition_and()?);
            }
        })
    }

    fn condition_and(&mut self) -> Parsed<Condition> {
        let mut all = vec![self.condition_not()?];
        loop {
            self.skip_lines()?;
            if !self.eat("&&") {
                return Ok(Condition::All(all));
            }
            self.node()?;
            all.push(self.condition_not()?);
        }
    }

    fn condition_not(&mut self) -> Parsed<Condition> {
        self.nested(|parser| {
            parser.skip_lines()?;
            if parser.eat_reserved("!") {
                return Ok(Condition::Not(Box::new(parser.condition_not()?)));
            }
            if parser.eat("(") {
                let inner = parser.condition_or()?;
                parser.skip_lines()?;
                if !parser.eat(")") {
                    return parser.unexpected();
                }
                return Ok(inner);
            }
            parser.condition_primary()
        })
    }

    fn condition_primary(&mut self) -> Parsed<Condition> {
        self.node()?;
        if let (Some(b'-'), Some(letter)) = (self.peek(), self.peek_at(1))
            && letter.is_ascii_alphabetic()
            && self.peek_at(2).is_none_or(is_meta)
            && b"abcdefghknoprstuvwxzGLNORS".contains(&letter)
        {
            let (from, line) = (self.at, self.line);
            self.at += 2;
            self.skip_blanks();
            let operand = !self.at_reserved("]]") && !self.at_binary();
            if operand && !matches!(self.peek(), None | Some(b'\n' | b')' | b'&' | b'|')) {
                let word = self.word()?;
                return Ok(Condition::Unary(char::from(letter), word));
            }
            self.at = from;
            self.line = line;
        }
        if self.at_reserved("]]") {
            return self.unexpected();
        }
        let left = self.condition_word()?;
        self.skip_blanks();
        let Some(operator) = self.binary_operator() else {
            return Ok(Condition::Word(left));
        };
        self.skip_blanks();
        let right = if operator == "=~" {
            self.regex_word()?
        } else {
            self.condition_word()?
        };
        Ok(Condition::Binary(left, operator.to_owned(), right))
    }

    fn condition_word(&mut self) -> Parsed<Word> {
        // Patterns stand here: extended ones need no option.
        let extglob = std::mem::replace(&mut self.extglob, true);
        let word = self.word();
        self.extglob = extglob;
        let word = word?;
        if word.is_empty() {
            return self.unexpected();
        }
        Ok(word)
    }

    fn at_binary(&self) -> bool {
        BINARY.iter().any(|operator| self.at_operator(operator))
    }

    fn at_operator(&self, operator: &str) -> bool {
        if operator == "<" || operator == ">" {
            return self.starts_with(operator);
        }
        self.at_reserved(operator)
    }

    fn binary_operator(&mut self) -> Option<&'static str> {
        if self.at_operator("-ef") {
            self.at += 3;
            return Some("-ef");
        }
        let found = BINARY.iter().find(|operator| self.at_operator(operator))?;
        self.at += found.len();
        Some(found)
    }

    /// The word behind `=~`: `(`, `)` and `|` belong to it, blanks only within
    /// parentheses.
    fn regex_word(&mut self) -> Parsed<Word> {
        let mut parts: Vec<Part> = Vec::new();
        let mut depth = 0_u32;
        loop {
            match self.peek() {
                Some(b'(') => depth += 1,
                Some(b')') if depth > 0 => depth -= 1,
                Some(b'|') if depth > 0 || self.peek_at(1) != Some(b'|') => {}
                Some(b' ' | b'\t' | b'<' | b'>' | b'&' | b';') if depth > 0 => {}
                Some(b'\n') | None => break,
                Some(byte) if is_meta(byte) => break,
                Some(_) => {
                    let more = self.word_run()?;
                    parts.extend(more);
                    continue;
                }
            }
            let character = self.bump().unwrap_or_default();
            match parts.last_mut() {
                Some(Part::Literal(text)) => text.push(character),
                _ => parts.push(Part::Literal(character.to_string())),
            }
        }
        if parts.is_empty() {
            return self.unexpected();
        }
        Ok(Word { parts })
    }
}
