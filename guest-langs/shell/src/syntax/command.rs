//! Lists, chains and pipelines.

use std::sync::Arc;

use super::ast::{
    Chain, Command, Compound, Connector, Function, Item, Kind, List, Pipeline, Redirect,
    RedirectKind, Target, Timed, Word,
};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::SyntaxErrorKind;

/// Words that end the list before them.
const CLOSING: [&str; 8] = ["then", "do", "done", "elif", "else", "fi", "esac", "}"];

/// Characters of a command that `jobs` shows.
const JOB_CHARACTERS: usize = 200;
/// Bytes of a function's source that weigh as much as one part of a command.
const BYTES_PER_NODE: usize = 32;

impl Parser {
    /// One line of commands with all that belongs to it.
    pub(super) fn command_line(&mut self) -> Parsed<Option<List>> {
        self.skip_lines()?;
        if self.peek().is_none() {
            return Ok(None);
        }
        let mut list = List::default();
        loop {
            let (item, separated) = self.item()?;
            list.0.push(item);
            self.skip_blanks();
            match self.peek() {
                None => break,
                Some(b'\n') => {
                    self.line_end()?;
                    break;
                }
                Some(_) if !separated => return self.unexpected(),
                Some(_) => {}
            }
        }
        self.here_documents()?;
        Ok(Some(list))
    }

    /// The list within a compound command: ends before what closes it.
    pub(super) fn list(&mut self) -> Parsed<List> {
        let mut list = List::default();
        loop {
            self.skip_lines()?;
            if self.at_list_end() {
                break;
            }
            let (item, separated) = self.item()?;
            list.0.push(item);
            self.skip_blanks();
            if !separated && self.peek() != Some(b'\n') {
                break;
            }
        }
        Ok(list)
    }

    /// A list that has at least one command.
    pub(super) fn body(&mut self) -> Parsed<List> {
        let list = self.list()?;
        if list.0.is_empty() {
            return self.unexpected();
        }
        Ok(list)
    }

    fn at_list_end(&self) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => matches!(self.peek_at(1), Some(b';' | b'&')),
            Some(_) => CLOSING.iter().any(|word| self.at_reserved(word)),
        }
    }

    /// A chain with the separator behind it, and whether there was one.
    fn item(&mut self) -> Parsed<(Item, bool)> {
        self.node()?;
        let from = self.at;
        let (first, rest) = self.chain()?;
        let source = self.slice(from, self.at).trim();
        let source = source.chars().take(JOB_CHARACTERS).collect();
        let chain = Arc::new(Chain {
            first,
            rest,
            source,
        });
        self.skip_blanks();
        let (background, separated) = match (self.peek(), self.peek_at(1)) {
            (Some(b'&'), next) if next != Some(b'&') => (true, true),
            (Some(b';'), next) if !matches!(next, Some(b';' | b'&')) => (false, true),
            _ => (false, false),
        };
        if separated {
            self.at += 1;
        }
        Ok((Item { chain, background }, separated))
    }

    fn chain(&mut self) -> Parsed<(Pipeline, Vec<(Connector, Pipeline)>)> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = if self.eat("&&") {
                Connector::And
            } else if self.eat("||") {
                Connector::Or
            } else {
                return Ok((first, rest));
            };
            self.skip_lines()?;
            rest.push((connector, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut pipeline = Pipeline {
            timed: None,
            negated: false,
            stages: Vec::new(),
        };
        loop {
            self.skip_blanks();
            if self.at_reserved("!") {
                self.at += 1;
                pipeline.negated = !pipeline.negated;
            } else if self.at_reserved("time") && pipeline.timed.is_none() {
                self.at += 4;
                self.skip_blanks();
                pipeline.timed = Some(if self.eat_reserved("-p") {
                    Timed::Posix
                } else {
                    Timed::Bash
                });
            } else {
                break;
            }
        }
        let bare = pipeline.negated || pipeline.timed.is_some();
        if bare && matches!(self.peek(), None | Some(b'\n' | b';' | b')')) {
            return Ok(pipeline);
        }
        loop {
            let mut stage = self.command()?;
            self.skip_blanks();
            if self.starts_with("||") || self.peek() != Some(b'|') {
                pipeline.stages.push(stage);
                return Ok(pipeline);
            }
            self.at += 1;
            if self.peek() == Some(b'&') {
                self.at += 1;
                stage = with_stderr(stage);
            }
            pipeline.stages.push(stage);
            self.skip_lines()?;
        }
    }

    /// One command of a pipeline.
    fn command(&mut self) -> Parsed<Command> {
        self.nested(|parser| {
            parser.node()?;
            for _ in 0..crate::limits::ALIASES {
                parser.skip_blanks();
                if !parser.expand_alias()? {
                    break;
                }
            }
            parser.skip_blanks();
            if let Some(command) = parser.compound()? {
                return Ok(command);
            }
            if let Some(function) = parser.function()? {
                return Ok(function);
            }
            if CLOSING.iter().any(|word| parser.at_reserved(word)) {
                return parser.unexpected();
            }
            parser.simple()
        })
    }

    /// `name () command`, `function name command`.
    fn function(&mut self) -> Parsed<Option<Command>> {
        let keyword = self.eat_reserved("function");
        if keyword {
            self.skip_blanks();
        }
        let rest = self.rest();
        let plain = |byte: u8| !is_meta(byte) && !b"'\"\\$`=#{}".contains(&byte);
        let length = rest.bytes().position(|b| !plain(b)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_owned();
        let behind = rest.get(length..).unwrap_or_default();
        let blank = |c: char| c == ' ' || c == '\t';
        let inside = behind.trim_start_matches(blank).strip_prefix('(');
        let after = inside.and_then(|inside| inside.trim_start_matches(blank).strip_prefix(')'));
        let body_at = match after {
            Some(after) if length > 0 => self.end - after.len(),
            _ if keyword && length > 0 => self.at + length,
            _ if keyword => return self.unexpected(),
            _ => return Ok(None),
        };
        self.at = body_at;
        self.skip_lines()?;
        let from = self.at;
        let Some(body) = self.compound()? else {
            return self.unexpected();
        };
        let source = self.slice(from, self.at).to_owned();
        self.nodes += source.len() / BYTES_PER_NODE;
        self.node()?;
        Ok(Some(Command::Function(Arc::new(Function {
            name,
            body,
            source,
        }))))
    }

    /// The list of `$( )`, `<( )` and of a subshell, up to and with the `)`.
    pub(super) fn list_in_parentheses(&mut self) -> Parsed<List> {
        let quotes = std::mem::take(&mut self.in_quotes);
        let list = self.nested(|parser| {
            let list = parser.list()?;
            parser.skip_lines()?;
            if !parser.eat(")") {
                if parser.peek().is_none() {
                    return parser.error(SyntaxErrorKind::Unterminated(')'));
                }
                return parser.unexpected();
            }
            Ok(list)
        });
        self.in_quotes = quotes;
        list
    }
}

/// `command |&`: its standard error goes into the pipe, too.
fn with_stderr(command: Command) -> Command {
    let redirect = Redirect {
        target: Some(Target::Number(2)),
        kind: RedirectKind::DuplicateOutput(Word::literal("1")),
    };
    match command {
        Command::Simple(simple) => {
            let mut simple = Arc::unwrap_or_clone(simple);
            simple.redirects.push(redirect);
            Command::Simple(Arc::new(simple))
        }
        other => {
            let chain = Chain {
                first: Pipeline {
                    timed: None,
                    negated: false,
                    stages: vec![other],
                },
                rest: Vec::new(),
                source: String::new(),
            };
            let item = Item {
                chain: Arc::new(chain),
                background: false,
            };
            Command::Compound(Arc::new(Compound {
                line: 0,
                kind: Kind::Brace(List(vec![item])),
                redirects: vec![redirect],
            }))
        }
    }
}
