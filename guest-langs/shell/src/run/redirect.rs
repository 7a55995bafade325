//! Redirections: which descriptor is what while a command runs.

use std::io;

use super::{Flow, Shell};
use crate::syntax::ast::{Redirect, RedirectKind, Target, Word};
use crate::system::{FileKind, Open, Stream};

/// The first descriptor that `{name}>` gives out.
const FIRST_FREE: u32 = 10;
/// Descriptors that a shell may have open.
const DESCRIPTORS: usize = 256;
/// The highest number of a descriptor.
const HIGHEST: u32 = 1_023;

/// What a word of `>&` means.
enum Other {
    Close,
    Duplicate(u32),
    Move(u32),
    File,
}

impl Shell {
    /// Applies redirections in their order. `false`: one failed, and was told.
    pub(crate) async fn redirect(&mut self, redirects: &[Redirect]) -> Result<bool, Flow> {
        for redirect in redirects {
            if let Err(message) = self.redirect_one(redirect).await? {
                self.complain(&message).await;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn redirect_one(&mut self, redirect: &Redirect) -> Result<Result<(), String>, Flow> {
        let default = match redirect.kind {
            RedirectKind::Input(_)
            | RedirectKind::ReadWrite(_)
            | RedirectKind::DuplicateInput(_)
            | RedirectKind::Here(_)
            | RedirectKind::HereString(_) => 0,
            _ => 1,
        };
        let number = match &redirect.target {
            None => default,
            Some(Target::Number(number)) => *number,
            Some(Target::Variable(name)) => match self.variable_target(name, &redirect.kind) {
                Ok(number) => number,
                Err(message) => return Ok(Err(message)),
            },
        };
        if number > HIGHEST || self.descriptors.len() >= DESCRIPTORS {
            return Ok(Err(format!("{number}: Bad file descriptor")));
        }
        match &redirect.kind {
            RedirectKind::Input(word) => self.onto_file(number, word, Open::Read).await,
            RedirectKind::Output(word) => {
                let how = if self.options.no_clobber {
                    Open::WriteNew
                } else {
                    Open::Write
                };
                self.onto_file(number, word, how).await
            }
            RedirectKind::Clobber(word) => self.onto_file(number, word, Open::Write).await,
            RedirectKind::Append(word) => self.onto_file(number, word, Open::Append).await,
            RedirectKind::ReadWrite(word) => self.onto_file(number, word, Open::ReadWrite).await,
            RedirectKind::Both { word, append } => {
                let how = if *append { Open::Append } else { Open::Write };
                self.onto_both(word, how).await
            }
            RedirectKind::Here(word) => {
                let text = match word.get() {
                    Some(word) => self.expand_text(word).await?,
                    None => String::new(),
                };
                Ok(self.onto_document(number, &text))
            }
            RedirectKind::HereString(word) => {
                let mut text = self.expand_text(word).await?;
                text.push('\n');
                Ok(self.onto_document(number, &text))
            }
            RedirectKind::DuplicateInput(word) => {
                let text = self.expand_text(word).await?;
                Ok(self.duplicate(number, &text))
            }
            RedirectKind::DuplicateOutput(word) => {
                let text = self.expand_text(word).await?;
                if matches!(other(&text), Other::File) {
                    if redirect.target.is_none() {
                        return self.onto_both(&Word::quoted(text), Open::Write).await;
                    }
                    return Ok(Err(format!("{text}: ambiguous redirect")));
                }
                Ok(self.duplicate(number, &text))
            }
        }
    }

    fn variable_target(&mut self, name: &str, kind: &RedirectKind) -> Result<u32, String> {
        let closes = match kind {
            RedirectKind::DuplicateInput(word) | RedirectKind::DuplicateOutput(word) => {
                word.as_literal() == Some("-")
            }
            _ => false,
        };
        if closes {
            let value = self.value(name).and_then(|text| text.parse().ok());
            return value.ok_or_else(|| format!("{name}: Bad file descriptor"));
        }
        let free = (FIRST_FREE..HIGHEST).find(|number| !self.descriptors.contains_key(number));
        let number = free.ok_or_else(|| format!("{name}: Too many open files"))?;
        self.assign(name, None, &number.to_string(), false)
            .map_err(|error| error.to_string())?;
        Ok(number)
    }

    async fn onto_file(
        &mut self,
        number: u32,
        word: &Word,
        how: Open,
    ) -> Result<Result<(), String>, Flow> {
        let names = self.expand_words(std::slice::from_ref(word)).await?;
        let [name] = names.as_slice() else {
            return Ok(Err("ambiguous redirect".to_owned()));
        };
        match self.open(name, how).await {
            Ok(stream) => {
                self.descriptors.insert(number, stream);
                Ok(Ok(()))
            }
            Err(error) if how == Open::WriteNew && error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Err(format!("{name}: cannot overwrite existing file")))
            }
            Err(error) => Ok(Err(format!("{name}: {}", crate::errno::message(&error)))),
        }
    }

    async fn onto_both(&mut self, word: &Word, how: Open) -> Result<Result<(), String>, Flow> {
        let result = self.onto_file(1, word, how).await?;
        if result.is_ok()
            && let Some(stream) = self.descriptors.get(&1).cloned()
        {
            self.descriptors.insert(2, stream);
        }
        Ok(result)
    }

    fn onto_document(&mut self, number: u32, text: &str) -> Result<(), String> {
        let bytes = crate::text::encode(text).into_owned();
        let stream = self.system.document(bytes);
        let stream = stream.map_err(|error| {
            format!(
                "cannot create temp file for here-document: {}",
                crate::errno::message(&error)
            )
        })?;
        self.descriptors.insert(number, stream);
        Ok(())
    }

    fn duplicate(&mut self, number: u32, text: &str) -> Result<(), String> {
        let (from, moves) = match other(text) {
            Other::Close => {
                self.descriptors.remove(&number);
                return Ok(());
            }
            Other::Duplicate(from) => (from, false),
            Other::Move(from) => (from, true),
            Other::File => return Err(format!("{text}: ambiguous redirect")),
        };
        let Some(stream) = self.descriptors.get(&from).cloned() else {
            return Err(format!("{from}: Bad file descriptor"));
        };
        if moves {
            self.descriptors.remove(&from);
        }
        self.descriptors.insert(number, stream);
        Ok(())
    }

    /// Opens a file, or copies the descriptor that a path in `/dev` means.
    pub(crate) async fn open(&mut self, name: &str, how: Open) -> io::Result<Stream> {
        if name.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let path = self.path(name);
        let own = match path.as_str() {
            "/dev/stdin" => Some(0),
            "/dev/stdout" => Some(1),
            "/dev/stderr" => Some(2),
            other => match other.strip_prefix("/dev/fd/") {
                Some(number) => Some(number.parse().map_err(|_| io::ErrorKind::NotFound)?),
                None => None,
            },
        };
        if let Some(number) = own {
            let stream = self.descriptors.get(&number).cloned();
            return stream.ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if how == Open::WriteNew
            && let Ok(there) = self.system.metadata(&path, true).await
            && there.kind != FileKind::File
        {
            return self.system.open(&path, Open::Write, 0o666).await;
        }
        self.system.open(&path, how, 0o666 & !self.umask).await
    }
}

fn other(text: &str) -> Other {
    if text == "-" {
        return Other::Close;
    }
    let (digits, moves) = match text.strip_suffix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    match digits.parse() {
        Ok(number) if moves => Other::Move(number),
        Ok(number) => Other::Duplicate(number),
        Err(_) => Other::File,
    }
}
