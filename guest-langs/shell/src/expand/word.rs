//! Words.

use futures::future::BoxFuture;

use super::field::{Field, Fields, Ifs};
use crate::limits::{WORD_BYTES, WORDS};
use crate::run::{Flow, Shell};
use crate::syntax::ast::{Part, Word};

impl Shell {
    /// The words of a command.
    pub(crate) async fn expand_words(&mut self, words: &[Word]) -> Result<Vec<String>, Flow> {
        let mut all = Vec::new();
        for word in words {
            if let Some(plain) = plain_text(word) {
                self.count_words(1, plain.len()).await?;
                all.push(plain.to_owned());
                continue;
            }
            let braced = if self.options.brace_expand {
                match super::brace::expand(word) {
                    Ok(braced) => braced,
                    Err(_) => {
                        self.complain("brace expansion: too many words").await;
                        return Err(Flow::Discard(1));
                    }
                }
            } else {
                None
            };
            match braced {
                Some(words) => {
                    for word in &words {
                        self.expand_word(word, &mut all).await?;
                    }
                }
                None => self.expand_word(word, &mut all).await?,
            }
        }
        Ok(all)
    }

    /// Counts against the bounds of one command.
    pub(super) async fn count_words(&mut self, words: usize, bytes: usize) -> Result<(), Flow> {
        self.expanded.0 += words;
        self.expanded.1 += bytes;
        if self.expanded.0 > WORDS || self.expanded.1 > WORD_BYTES {
            self.complain("expansion: cannot allocate memory").await;
            return Err(Flow::Discard(1));
        }
        Ok(())
    }

    async fn expand_word(&mut self, word: &Word, all: &mut Vec<String>) -> Result<(), Flow> {
        let mut fields = Fields {
            ifs: Some(self.ifs()),
            ..Fields::default()
        };
        self.expand_into(&word.parts, &mut fields, Place::Word)
            .await?;
        let size = fields.size;
        let fields = fields.done();
        self.count_words(fields.len(), size).await?;
        for field in fields {
            self.glob_field(field, all).await?;
        }
        Ok(())
    }

    async fn glob_field(&mut self, field: Field, all: &mut Vec<String>) -> Result<(), Flow> {
        let unquoted = field
            .pieces
            .iter()
            .any(|(text, quoted)| !quoted && may_glob(text));
        if self.options.no_glob || !unquoted {
            all.push(field.text());
            return Ok(());
        }
        let pattern = field.pattern();
        if !crate::pattern::has_magic(&pattern, self.options.extglob) {
            all.push(field.text());
            return Ok(());
        }
        let found = self.glob(&pattern).await?;
        if !found.is_empty() {
            self.count_words(found.len(), found.iter().map(String::len).sum())
                .await?;
            all.extend(found);
        } else if self.options.failglob {
            self.complain(&format!("no match: {}", field.text())).await;
            return Err(Flow::Discard(1));
        } else if !self.options.nullglob {
            all.push(field.text());
        }
        Ok(())
    }

    /// The characters of `IFS`.
    pub(crate) fn ifs(&self) -> Ifs {
        let characters = self.value("IFS").unwrap_or_else(|| " \t\n".to_owned());
        Ifs { characters }
    }

    /// A word without splitting or pathnames.
    pub(crate) async fn expand_text(&mut self, word: &Word) -> Result<String, Flow> {
        if let Some(plain) = plain_text(word) {
            return Ok(plain.to_owned());
        }
        Ok(self.expand_field(word, Place::Word).await?.text())
    }

    /// The value of an assignment: as a text, with tildes behind colons.
    pub(crate) async fn expand_assigned(&mut self, word: &Word) -> Result<String, Flow> {
        if let Some(plain) = plain_text(word) {
            return Ok(plain.to_owned());
        }
        Ok(self.expand_field(word, Place::Assigned).await?.text())
    }

    /// A pattern: quoted characters stand behind backslashes.
    pub(crate) async fn expand_pattern(&mut self, word: &Word) -> Result<String, Flow> {
        Ok(self.expand_field(word, Place::Word).await?.pattern())
    }

    /// The text of an expression.
    pub(crate) async fn expand_arithmetic(&mut self, word: &Word) -> Result<String, Flow> {
        self.expand_text(word).await
    }

    pub(super) async fn expand_field(&mut self, word: &Word, place: Place) -> Result<Field, Flow> {
        let mut fields = Fields {
            joint: self.ifs().first(),
            ..Fields::default()
        };
        self.expand_into(&word.parts, &mut fields, place).await?;
        self.count_words(1, fields.size).await?;
        Ok(fields.one())
    }

    pub(super) fn expand_into<'a>(
        &'a mut self,
        parts: &'a [Part],
        fields: &'a mut Fields,
        place: Place,
    ) -> BoxFuture<'a, Result<(), Flow>> {
        Box::pin(async move {
            for (at, part) in parts.iter().enumerate() {
                if fields.size + self.expanded.1 > WORD_BYTES {
                    self.count_words(0, fields.size).await?;
                }
                match part {
                    Part::Literal(text) => {
                        let tilde = at == 0 && text.starts_with('~') && place != Place::Quoted
                            || place == Place::Assigned && text.contains(":~");
                        let is_last = at + 1 == parts.len();
                        if tilde {
                            self.with_tildes(text, is_last, fields, place);
                        } else {
                            Self::literal(text, fields, place);
                        }
                    }
                    Part::Quoted(text) => fields.quoted(text),
                    Part::Double(inner) if inner.is_empty() => fields.quoted(""),
                    Part::Double(inner) => {
                        self.expand_into(inner, fields, Place::Quoted).await?;
                    }
                    Part::Parameter(parameter) => {
                        self.expand_parameter(parameter, fields, place == Place::Quoted)
                            .await?;
                    }
                    Part::Command(list) => {
                        let output = self.capture(list).await?;
                        emit(&output, fields, place);
                    }
                    Part::Arithmetic(word) => {
                        let text = self.expand_arithmetic(word).await?;
                        let value = self.arithmetic(&text).await?;
                        emit(&value.to_string(), fields, place);
                    }
                    Part::Process { input, body } => {
                        let path = self.process_substitution(*input, body).await?;
                        fields.quoted(&path);
                    }
                }
            }
            Ok(())
        })
    }

    fn literal(text: &str, fields: &mut Fields, place: Place) {
        match place {
            Place::Quoted => fields.quoted(text),
            Place::Operand => fields.split(text),
            Place::Word | Place::Assigned => fields.literal(text),
        }
    }

    /// `~`, `~name`, `~+`, `~-` at the start, and behind colons in assignments.
    fn with_tildes(&self, text: &str, is_last: bool, fields: &mut Fields, place: Place) {
        let assigned = place == Place::Assigned;
        let mut rest = text;
        let mut start = true;
        while !rest.is_empty() {
            if start && rest.starts_with('~') {
                let end = rest.find(|c| c == '/' || (assigned && c == ':'));
                let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
                let whole = end.is_some() || is_last;
                if let Some(home) = self
                    .home_of(name.get(1..).unwrap_or_default())
                    .filter(|_| whole)
                {
                    fields.quoted(&home);
                    rest = behind;
                    start = false;
                    continue;
                }
            }
            let colon = if assigned { rest.find(':') } else { None };
            let end = colon.map_or(rest.len(), |at| at + 1);
            let (run, behind) = rest.split_at(end);
            Self::literal(run, fields, place);
            rest = behind;
            start = colon.is_some();
        }
    }

    fn home_of(&self, user: &str) -> Option<String> {
        match user {
            "" => self
                .value("HOME")
                .or_else(|| self.system.home(&self.system.user())),
            "+" => Some(self.cwd.clone()),
            "-" => self.value("OLDPWD"),
            name => self.system.home(name),
        }
    }

    /// The value of `$(( ))`; an error ends the command line.
    pub(super) async fn arithmetic(&mut self, text: &str) -> Result<i64, Flow> {
        match crate::arith::evaluate(text, self, 0) {
            Ok(value) => Ok(value),
            Err(error) => {
                self.complain(&error.to_string()).await;
                self.status = 1;
                Err(Flow::Discard(1))
            }
        }
    }
}

/// What a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Word,
    Assigned,
    /// The word of `${name:-word}`: its text is cut like a value.
    Operand,
    Quoted,
}

fn emit(text: &str, fields: &mut Fields, place: Place) {
    if place == Place::Quoted {
        fields.quoted(text);
    } else {
        fields.split(text);
    }
}

/// The text of a word that has nothing to expand.
fn plain_text(word: &Word) -> Option<&str> {
    match word.parts.as_slice() {
        [Part::Quoted(text)] => Some(text),
        [Part::Literal(text)] if !text.contains(['*', '?', '[', '{', '~', '(']) => Some(text),
        _ => None,
    }
}

fn may_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '('])
}
