//! Simple commands: assignments, words, redirections.

use std::sync::Arc;

use super::ast::{Argument, AssignedValue, Assignment, Command, Element, Simple, Word};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::SyntaxErrorKind;
use crate::limits::SUBSCRIPT_BYTES;

/// Commands whose arguments may be assignments.
const DECLARING: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

impl Parser {
    pub(super) fn simple(&mut self) -> Parsed<Command> {
        let mut simple = Simple {
            line: self.line,
            ..Simple::default()
        };
        let mut declaring = false;
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            match self.peek() {
                None => break,
                Some(b'<' | b'>') if self.peek_at(1) == Some(b'(') => {}
                Some(byte) if is_meta(byte) => break,
                Some(_) => {}
            }
            self.node()?;
            if simple.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                simple.assignments.push(assignment);
                continue;
            }
            if declaring && let Some(assignment) = self.assignment()? {
                simple.words.push(Argument::Assignment(assignment));
                continue;
            }
            let word = self.word()?;
            if word.is_empty() {
                return self.unexpected();
            }
            if simple.words.is_empty() {
                declaring = word.as_literal().is_some_and(|w| DECLARING.contains(&w));
            }
            simple.words.push(Argument::Word(word));
        }
        let empty = simple.words.is_empty() && simple.assignments.is_empty();
        if empty && simple.redirects.is_empty() || self.peek() == Some(b'(') {
            return self.unexpected();
        }
        Ok(Command::Simple(Arc::new(simple)))
    }

    /// `name=`, `name+=`, `name[...]=` and what follows, if it starts here.
    pub(super) fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        let length = self.name_length();
        if length == 0 {
            return Ok(None);
        }
        let name = self.slice(self.at, self.at + length).to_owned();
        let mut at = length;
        let subscript_end = if self.peek_at(at) == Some(b'[') {
            match self.subscript_length(at) {
                Some(end) => {
                    at = end;
                    Some(end)
                }
                None => return Ok(None),
            }
        } else {
            None
        };
        let append = self.peek_at(at) == Some(b'+');
        if append {
            at += 1;
        }
        if self.peek_at(at) != Some(b'=') {
            return Ok(None);
        }
        let after = self.at + at + 1;
        let subscript = match subscript_end {
            Some(end) => Some(self.range(self.at + length + 1, self.at + end - 1)?),
            None => None,
        };
        self.at = after;
        let value = if self.peek() == Some(b'(') && subscript.is_none() {
            self.at += 1;
            AssignedValue::Array(self.elements()?)
        } else {
            AssignedValue::Word(self.word()?)
        };
        Ok(Some(Assignment {
            name,
            subscript,
            append,
            value,
        }))
    }

    /// Where the subscript ends that starts `from` bytes ahead, with its `]`.
    fn subscript_length(&self, from: usize) -> Option<usize> {
        let mut depth = 0_u32;
        let mut quote = None;
        let mut at = from;
        while at - from < SUBSCRIPT_BYTES {
            let byte = self.peek_at(at)?;
            match (byte, quote) {
                (b'\\', None | Some(b'"')) => at += 1,
                (b'\'' | b'"', None) => quote = Some(byte),
                (_, Some(open)) if open == byte => quote = None,
                (_, Some(_)) => {}
                (b'[', None) => depth += 1,
                (b']', None) => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                (b'\n', None) => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The elements of `name=( ... )`, with the `)`.
    fn elements(&mut self) -> Parsed<Vec<Element>> {
        let mut elements = Vec::new();
        loop {
            self.skip_lines()?;
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return Ok(elements);
                }
                None => return self.error(SyntaxErrorKind::Unterminated(')')),
                Some(_) => {}
            }
            self.node()?;
            let mut element = Element {
                subscript: None,
                append: false,
                value: Word::default(),
            };
            if self.peek() == Some(b'[')
                && let Some(end) = self.subscript_length(0)
            {
                let append = self.peek_at(end) == Some(b'+');
                let sign = end + usize::from(append);
                if self.peek_at(sign) == Some(b'=') {
                    let from = self.at;
                    element.subscript = Some(self.range(from + 1, from + end - 1)?);
                    element.append = append;
                    self.at = from + sign + 1;
                }
            }
            element.value = self.word()?;
            if element.value.is_empty() && element.subscript.is_none() {
                return self.unexpected();
            }
            elements.push(element);
        }
    }
}
