//! Running text: scripts, cells, `eval`, `source`.

use std::sync::Arc;

use super::{Flow, Frame, Run, Shell};
use crate::limits::SOURCE_BYTES;
use crate::syntax::{Aliases, Parser, SyntaxError, SyntaxErrorKind};
use crate::system::{FileKind, Group, Open};
use crate::text;

impl Shell {
    /// Runs text line after line: what stands behind an error in the text's
    /// form is not run.
    pub(crate) async fn run_text(&mut self, source: &str, line: u32) -> Run {
        let mut parser = match Parser::new(source, line) {
            Ok(parser) => parser,
            Err(error) => return self.syntax_error(&error, "").await,
        };
        let mut status = 0;
        loop {
            let aliases = self.active_aliases();
            let list = match parser.next_line(&aliases, self.options.extglob) {
                Ok(Some(list)) => list,
                Ok(None) => return Ok(status),
                Err(error) => {
                    let shown = parser.current_line().to_owned();
                    return self.syntax_error(&error, &shown).await;
                }
            };
            status = self.run_list(&list).await?;
            if self.options.one_command {
                return Err(Flow::Exit(status));
            }
        }
    }

    /// Aliases count in shells that people type into, and where asked for.
    pub(crate) fn active_aliases(&self) -> Arc<Aliases> {
        if self.options.expand_aliases {
            Arc::clone(&self.aliases)
        } else {
            Arc::default()
        }
    }

    /// Tells of a syntax error in bash's words; status 2.
    pub(crate) async fn syntax_error(&mut self, error: &SyntaxError, shown: &str) -> Run {
        let where_from = if self.options.from_argument && self.frames.is_empty() {
            "-c: "
        } else {
            ""
        };
        let prefix = format!("{}: {where_from}line {}: ", self.name, error.line);
        let mut message = format!("{prefix}{}\n", error.kind);
        if matches!(error.kind, SyntaxErrorKind::Unexpected(_)) {
            let shown: String = shown.chars().take(400).collect();
            message.push_str(&format!("{prefix}`{shown}'\n"));
        }
        self.say(&message).await;
        self.status = 2;
        Ok(2)
    }

    /// `eval`, `source`, traps: text as a call.
    pub(crate) async fn run_nested(
        &mut self,
        source: String,
        line: u32,
        frame: Option<Frame>,
    ) -> Run {
        self.open_call("eval").await?;
        let framed = frame.is_some();
        self.frames.extend(frame);
        let run = self
            .deeper(move |shell| Box::pin(async move { shell.run_text(&source, line).await }))
            .await;
        if framed {
            self.frames.pop();
        }
        self.calls -= 1;
        run
    }

    /// The text of a file, bounded.
    pub(crate) async fn read_source(&mut self, name: &str) -> Result<String, String> {
        let told = |error: &std::io::Error| crate::errno::message(error);
        let path = self.path(name);
        if let Ok(there) = self.system.metadata(&path, true).await
            && there.kind == FileKind::Directory
        {
            return Err("Is a directory".to_owned());
        }
        let stream = self
            .open(name, Open::Read)
            .await
            .map_err(|error| told(&error))?;
        let mut bytes = Vec::new();
        loop {
            let more = stream.read(1 << 16).await.map_err(|error| told(&error))?;
            if more.is_empty() {
                break;
            }
            bytes.extend_from_slice(&more);
            if bytes.len() > SOURCE_BYTES {
                return Err("File too large".to_owned());
            }
        }
        if bytes.iter().take(80).any(|byte| *byte == 0) {
            return Err("cannot execute binary file".to_owned());
        }
        Ok(text::decode(&bytes))
    }

    /// `source name arguments`.
    pub(crate) async fn source(&mut self, name: &str, arguments: Option<Vec<String>>) -> Run {
        let source = match self.read_source(name).await {
            Ok(source) => source,
            Err(reason) => return self.fail(1, &format!("{name}: {reason}")).await,
        };
        let frame = Frame {
            name: "source".to_owned(),
            source: name.to_owned(),
            line: self.line,
            is_function: false,
        };
        let outer = arguments.map(|new| std::mem::replace(&mut self.positional, Arc::new(new)));
        let line = self.line;
        let run = self.run_nested(source, 1, Some(frame)).await;
        self.line = line;
        if let Some(outer) = outer {
            self.positional = outer;
        }
        match run {
            Err(Flow::Return(status)) => Ok(status),
            other => other,
        }
    }

    /// Runs a login or start-up file if it is there.
    pub(crate) async fn source_if_there(&mut self, name: &str) -> Result<bool, Flow> {
        let path = self.path(name);
        if self.system.metadata(&path, true).await.is_err() {
            return Ok(false);
        }
        self.source(name, None).await?;
        Ok(true)
    }

    /// A file without `#!`: a script for this shell.
    pub(super) async fn run_as_script(&mut self, path: &str, words: &[String]) -> Run {
        let source = match self.read_source(path).await {
            Ok(source) => source,
            Err(reason) => {
                let name = words.first().map_or(path, String::as_str);
                return self.fail(126, &format!("{name}: {reason}")).await;
            }
        };
        let mut copy = self.copy();
        copy.name = path.to_owned();
        copy.script = Some(path.to_owned());
        copy.frames.clear();
        copy.subshell = 0;
        copy.positional = Arc::new(words.get(1..).unwrap_or_default().to_vec());
        let child = self.fork(path, Group::Same, copy, move |shell| {
            Box::pin(async move { shell.run_script(&source).await })
        });
        match child {
            Ok(child) => Ok(self.wait_foreground(&child).await?.code()),
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.fail(254, &format!("fork: {reason}")).await
            }
        }
    }

    /// A whole script: an error that ends a command line does not end it.
    pub(crate) async fn run_script(&mut self, source: &str) -> Run {
        let mut parser = match Parser::new(source, 1) {
            Ok(parser) => parser,
            Err(error) => return self.syntax_error(&error, "").await,
        };
        let mut status = 0;
        loop {
            let aliases = self.active_aliases();
            let list = match parser.next_line(&aliases, self.options.extglob) {
                Ok(Some(list)) => list,
                Ok(None) => return Ok(status),
                Err(error) => {
                    let shown = parser.current_line().to_owned();
                    return self.syntax_error(&error, &shown).await;
                }
            };
            if self.options.verbose {
                let shown = format!("{}\n", parser.current_line());
                self.say(&shown).await;
            }
            status = match self.run_list(&list).await {
                Err(Flow::Discard(status)) if !self.options.error_exit => {
                    self.status = status;
                    self.frames.clear();
                    self.calls = 0;
                    self.variables.truncate(0);
                    status
                }
                run => run?,
            };
        }
    }
}
