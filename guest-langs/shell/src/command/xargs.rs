//! `xargs`.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::{complain, start_words};
use crate::run::{Flow, Run, Shell};
use crate::system::{ExitStatus, Group, Open, Stream};
use crate::text;

/// Bytes of one command line.
const LINE_BYTES: usize = 128 << 10;
/// Bytes of one item.
const ITEM_BYTES: usize = 1 << 20;
/// Processes at once.
const MOST_AT_ONCE: usize = 64;

/// What is asked for.
#[derive(Debug)]
struct Request {
    separator: Option<u8>,
    most_items: Option<usize>,
    most_lines: Option<usize>,
    most_bytes: usize,
    replace: Option<String>,
    if_any: bool,
    at_once: usize,
    show: bool,
    exact: bool,
    file: Option<String>,
    end: Option<String>,
    command: Vec<String>,
}

fn request(args: &[String]) -> Result<Request, String> {
    let mut request = Request {
        separator: None,
        most_items: None,
        most_lines: None,
        most_bytes: LINE_BYTES,
        replace: None,
        if_any: false,
        at_once: 1,
        show: false,
        exact: false,
        file: None,
        end: None,
        command: Vec::new(),
    };
    let mut at = 0;
    while let Some(word) = args
        .get(at)
        .filter(|word| word.starts_with('-') && word.len() > 1)
    {
        at += 1;
        if word == "--" {
            break;
        }
        let long = word.starts_with("--");
        let (option, mut value) = if long {
            match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), None),
            }
        } else {
            let (option, value) = word.split_at_checked(2).unwrap_or((word, ""));
            (
                option,
                Some(value.to_owned()).filter(|value| !value.is_empty()),
            )
        };
        let flag = matches!(option, "-0" | "-r" | "-t" | "-x" | "-p" | "-o")
            || (long
                && value.is_none()
                && matches!(
                    option,
                    "--null" | "--no-run-if-empty" | "--verbose" | "--exit" | "--interactive"
                ));
        if flag && let Some(more) = value.take() {
            // Letters joined: `-0r`, `-0n1`.
            let mut rest: Vec<String> = vec![format!("-{more}")];
            rest.extend(args.get(at..).unwrap_or_default().iter().cloned());
            let mut inner = self::request(&rest)?;
            set_flag(&mut inner, option);
            merge(&mut inner, request);
            return Ok(inner);
        }
        if flag {
            set_flag(&mut request, option);
            continue;
        }
        if value.is_none() && !matches!(option, "-i" | "-e" | "-l" | "--replace") {
            value = args.get(at).cloned();
            at += 1;
        }
        set_value(&mut request, option, value)?;
    }
    request.command = args.get(at..).unwrap_or_default().to_vec();
    if request.command.is_empty() {
        request.command.push("echo".to_owned());
    }
    Ok(request)
}

/// Takes over what words before said.
fn merge(request: &mut Request, earlier: Request) {
    request.separator = request.separator.or(earlier.separator);
    request.most_items = request.most_items.or(earlier.most_items);
    request.most_lines = request.most_lines.or(earlier.most_lines);
    request.replace = request.replace.take().or(earlier.replace);
    request.if_any |= earlier.if_any;
    request.show |= earlier.show;
    request.at_once = request.at_once.max(earlier.at_once);
    request.file = request.file.take().or(earlier.file);
}

fn set_flag(request: &mut Request, option: &str) {
    match option {
        "-0" | "--null" => request.separator = Some(0),
        "-r" | "--no-run-if-empty" => request.if_any = true,
        "-t" | "-p" | "--verbose" | "--interactive" => request.show = true,
        "-x" | "--exit" => request.exact = true,
        _ => {}
    }
}

fn set_value(request: &mut Request, option: &str, value: Option<String>) -> Result<(), String> {
    let number = |value: &Option<String>| {
        let text = value.as_deref().unwrap_or_default();
        text.parse::<usize>()
            .map_err(|_| format!("invalid number \"{text}\" for {option} option"))
    };
    match option {
        "-n" | "--max-args" => request.most_items = Some(number(&value)?.max(1)),
        "-L" | "--max-lines" => request.most_lines = Some(number(&value)?.max(1)),
        "-l" => request.most_lines = Some(1),
        "-s" | "--max-chars" => request.most_bytes = number(&value)?.clamp(1, LINE_BYTES),
        "-P" | "--max-procs" => {
            let most = number(&value)?;
            request.at_once = if most == 0 {
                MOST_AT_ONCE
            } else {
                most.min(MOST_AT_ONCE)
            };
        }
        "-I" | "-i" | "--replace" => {
            request.replace = Some(value.unwrap_or_else(|| "{}".to_owned()));
        }
        "-a" | "--arg-file" => request.file = value,
        "-E" | "-e" => request.end = value,
        "-d" | "--delimiter" => {
            let text = crate::escape::format(value.as_deref().unwrap_or_default());
            request.separator = Some(text::encode(&text).first().copied().unwrap_or(0));
        }
        other => {
            return Err(format!(
                "invalid option -- '{}'",
                other.trim_start_matches('-')
            ));
        }
    }
    Ok(())
}

/// Reads items one after the other.
struct Items {
    stream: Stream,
    buffer: Vec<u8>,
    at: usize,
    at_end: bool,
}

impl Items {
    async fn byte(&mut self) -> Option<u8> {
        if self.at == self.buffer.len() && !self.at_end {
            self.buffer = self.stream.read(1 << 16).await.unwrap_or_default();
            self.at = 0;
            self.at_end = self.buffer.is_empty();
        }
        let byte = self.buffer.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// The next item, and whether its line ended behind it.
    async fn next(&mut self, request: &Request) -> Result<Option<(String, bool)>, String> {
        let mut item = Vec::new();
        let mut started = false;
        let mut quote = None;
        loop {
            let Some(byte) = self.byte().await else {
                if quote.is_some() {
                    return Err("unmatched quote; by default quotes are special to xargs unless you use the -0 option".to_owned());
                }
                let found = started || !item.is_empty();
                return Ok(found.then(|| (text::decode(&item), true)));
            };
            if item.len() >= ITEM_BYTES {
                return Err("argument line too long".to_owned());
            }
            if let Some(separator) = request.separator {
                if byte == separator {
                    return Ok(Some((text::decode(&item), true)));
                }
                item.push(byte);
                continue;
            }
            match (byte, quote) {
                (b'\n', Some(_)) => {
                    return Err("unmatched quote; by default quotes are special to xargs unless you use the -0 option".to_owned());
                }
                (_, Some(open)) if byte == open => quote = None,
                (_, Some(_)) => item.push(byte),
                (b'\'' | b'"', None) => {
                    quote = Some(byte);
                    started = true;
                }
                (b'\\', None) => {
                    item.extend(self.byte().await);
                    started = true;
                }
                (b'\n', None) if started => return Ok(Some((text::decode(&item), true))),
                (b' ' | b'\t', None) if started && request.replace.is_none() => {
                    return Ok(Some((text::decode(&item), false)));
                }
                (b' ' | b'\t' | b'\n', None) if !started => {}
                (_, None) => {
                    item.push(byte);
                    started = true;
                }
            }
        }
    }
}

/// Commands that run, and what became of those that ended.
struct Running<'a> {
    request: &'a Request,
    children: FuturesUnordered<BoxFuture<'static, ExitStatus>>,
    status: i32,
    stopped: bool,
    /// A command was started.
    any: bool,
}

pub(super) async fn xargs(shell: &mut Shell, args: &[String]) -> Run {
    let request = match request(args) {
        Ok(request) => request,
        Err(message) => {
            complain(shell, &message).await;
            return Ok(1);
        }
    };
    let input = match &request.file {
        Some(file) => shell.open(file, Open::Read).await,
        None => shell
            .descriptors
            .get(&0)
            .cloned()
            .ok_or_else(|| std::io::ErrorKind::NotFound.into()),
    };
    let Ok(stream) = input else {
        complain(shell, "cannot open the input").await;
        return Ok(1);
    };
    // The standard input is for the commands when the items come from a file.
    let null = match request.file {
        Some(_) => None,
        None => shell.system.open("/dev/null", Open::Read, 0).await.ok(),
    };
    let mut items = Items {
        stream,
        buffer: Vec::new(),
        at: 0,
        at_end: false,
    };
    let mut running = Running {
        request: &request,
        children: FuturesUnordered::new(),
        status: 0,
        stopped: false,
        any: false,
    };
    let mut batch = Batch::new(&request);
    while !running.stopped {
        let Some(next) = shell.or_signal(items.next(&request)).await? else {
            continue;
        };
        let (item, line_end) = match next {
            Ok(Some((item, _))) if request.end.as_deref() == Some(&item) => break,
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(message) => {
                complain(shell, &message).await;
                running.status = 1;
                break;
            }
        };
        if let Some(mark) = &request.replace {
            let words = replaced(&request.command, mark, &item);
            running.start(shell, words, null.as_ref()).await?;
            continue;
        }
        if batch.is_full_for(&item) {
            let words = batch.take();
            running.start(shell, words, null.as_ref()).await?;
        }
        batch.add(item, line_end);
        if batch.is_complete() {
            let words = batch.take();
            running.start(shell, words, null.as_ref()).await?;
        }
    }
    let first = !running.any && !request.if_any && request.replace.is_none();
    let last = !batch.items.is_empty() || first;
    if last && !running.stopped && running.status != 1 {
        let words = batch.take();
        running.start(shell, words, null.as_ref()).await?;
    }
    while !running.children.is_empty() {
        running.one_ends(shell).await?;
    }
    Ok(running.status)
}

/// `-I`: the item in place of each mark.
fn replaced(command: &[String], mark: &str, item: &str) -> Vec<String> {
    let words = command.iter().enumerate();
    let words = words.map(|(at, word)| match at {
        0 => word.clone(),
        _ => word.replace(mark, item),
    });
    words.collect()
}

/// Items that one command will get.
struct Batch<'a> {
    request: &'a Request,
    items: Vec<String>,
    bytes: usize,
    lines: usize,
}

impl<'a> Batch<'a> {
    fn new(request: &'a Request) -> Self {
        Self {
            request,
            items: Vec::new(),
            bytes: request.command.iter().map(|word| word.len() + 1).sum(),
            lines: 0,
        }
    }

    fn add(&mut self, item: String, line_end: bool) {
        self.bytes += item.len() + 1;
        self.lines += usize::from(line_end);
        self.items.push(item);
    }

    fn is_full_for(&self, item: &str) -> bool {
        self.bytes + item.len() + 1 > self.request.most_bytes && !self.items.is_empty()
    }

    fn is_complete(&self) -> bool {
        let reached = |most: Option<usize>, count| most.is_some_and(|most| count >= most);
        reached(self.request.most_items, self.items.len())
            || reached(self.request.most_lines, self.lines)
    }

    /// The command with its items; none are left.
    fn take(&mut self) -> Vec<String> {
        let mut words = self.request.command.clone();
        words.append(&mut self.items);
        *self = Self::new(self.request);
        words
    }
}

impl Running<'_> {
    async fn start(
        &mut self,
        shell: &mut Shell,
        words: Vec<String>,
        null: Option<&Stream>,
    ) -> Result<(), Flow> {
        while self.children.len() >= self.request.at_once {
            self.one_ends(shell).await?;
        }
        if self.stopped {
            return Ok(());
        }
        self.any = true;
        if self.request.show {
            shell.say(&format!("{}\n", words.join(" "))).await;
        }
        match start_words(shell, words, Group::Same, null.map(Arc::clone)) {
            Ok(child) => self.children.push(child.wait()),
            Err(error) => {
                complain(shell, &format!("fork: {}", crate::errno::message(&error))).await;
                self.status = 1;
                self.stopped = true;
            }
        }
        if self.request.at_once == 1 {
            self.one_ends(shell).await?;
        }
        Ok(())
    }

    async fn one_ends(&mut self, shell: &mut Shell) -> Result<(), Flow> {
        let Some(Some(status)) = shell.or_signal(self.children.next()).await? else {
            return Ok(());
        };
        let (status, stops) = match status.code() {
            0 => return Ok(()),
            255 => (124, true),
            code @ (126 | 127) => (code, true),
            code if code > 128 && matches!(status, ExitStatus::Signalled(_)) => (125, true),
            _ => (123, false),
        };
        self.status = status;
        self.stopped |= stops;
        Ok(())
    }
}
