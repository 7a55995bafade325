//! Redirections.

use std::sync::{Arc, OnceLock};

use super::ast::{Part, Redirect, RedirectKind, Target, Word};
use super::cursor::{Parsed, Parser};
use super::error::SyntaxErrorKind;
use super::here::PendingHere;

impl Parser {
    /// Redirections behind a compound command.
    pub(super) fn redirects(&mut self) -> Parsed<Vec<Redirect>> {
        let mut found = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirect()? {
                Some(redirect) => found.push(redirect),
                None => return Ok(found),
            }
        }
    }

    /// A redirection, if one starts here.
    pub(super) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let (target, length) = self.redirect_target();
        let sign = self.peek_at(length);
        if target.is_none() && sign == Some(b'&') && self.peek_at(1) == Some(b'>') {
            self.at += 2;
            let append = self.eat(">");
            let word = self.redirect_word()?;
            let kind = RedirectKind::Both { word, append };
            return Ok(Some(Redirect { target: None, kind }));
        }
        if !matches!(sign, Some(b'<' | b'>')) {
            return Ok(None);
        }
        if target.is_none() && self.peek_at(1) == Some(b'(') {
            return Ok(None);
        }
        self.node()?;
        self.at += length;
        let kind = self.redirect_kind()?;
        Ok(Some(Redirect { target, kind }))
    }

    /// `2` or `{name}` before a sign, and how long it is.
    fn redirect_target(&self) -> (Option<Target>, usize) {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && digits < 10 {
            if matches!(self.peek_at(digits), Some(b'<' | b'>')) {
                let number = rest.get(..digits).and_then(|text| text.parse().ok());
                return (number.map(Target::Number), digits);
            }
            return (None, 0);
        }
        if let Some(inside) = rest.strip_prefix('{') {
            let length = super::name_length(inside);
            let closed = self.peek_at(length + 1) == Some(b'}');
            if length > 0 && closed && matches!(self.peek_at(length + 2), Some(b'<' | b'>')) {
                let name = inside.get(..length).unwrap_or_default().to_owned();
                return (Some(Target::Variable(name)), length + 2);
            }
        }
        (None, 0)
    }

    fn redirect_kind(&mut self) -> Parsed<RedirectKind> {
        type Make = fn(Word) -> RedirectKind;
        const SIGNS: [(&str, Make); 8] = [
            ("<<<", RedirectKind::HereString),
            ("<&", RedirectKind::DuplicateInput),
            ("<>", RedirectKind::ReadWrite),
            (">>", RedirectKind::Append),
            (">&", RedirectKind::DuplicateOutput),
            (">|", RedirectKind::Clobber),
            ("<", RedirectKind::Input),
            (">", RedirectKind::Output),
        ];
        if self.starts_with("<<") && !self.starts_with("<<<") {
            self.at += 2;
            return self.here_document();
        }
        for (sign, make) in SIGNS {
            if self.eat(sign) {
                return Ok(make(self.redirect_word()?));
            }
        }
        self.unexpected()
    }

    fn redirect_word(&mut self) -> Parsed<Word> {
        self.skip_blanks();
        let word = self.word()?;
        if word.is_empty() {
            return self.unexpected();
        }
        Ok(word)
    }

    fn here_document(&mut self) -> Parsed<RedirectKind> {
        let strip_tabs = self.eat("-");
        self.skip_blanks();
        let from = self.at;
        let word = self.word()?;
        if word.is_empty() {
            return self.unexpected();
        }
        let raw = self.slice(from, self.at);
        let quoted = raw.contains(['\'', '"', '\\']);
        let end = if quoted {
            plain_text(&word.parts)
        } else {
            raw.to_owned()
        };
        if self.pending.len() >= 1_000 {
            return self.error(SyntaxErrorKind::TooLarge);
        }
        let text = Arc::new(OnceLock::new());
        self.pending.push(PendingHere {
            end,
            quoted,
            strip_tabs,
            text: Arc::clone(&text),
        });
        Ok(RedirectKind::Here(text))
    }
}

/// The text of a word without its quotes.
fn plain_text(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(part) | Part::Quoted(part) => text.push_str(part),
            Part::Double(inner) => text.push_str(&plain_text(inner)),
            _ => {}
        }
    }
    text
}
