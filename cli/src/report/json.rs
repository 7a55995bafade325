//! A run as JSON: one object a line, one line an event, the outcome last.

use std::fmt::Write;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandcell::command::{self, CommandEvent, Exit};
use sandcell::{End, Event, GuestException, InterruptCause, Outcome, RichResult, TrapKind, Usage};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::console::Output;
use crate::exit::{ExitStatus, Failure};
use crate::report::Report;
use crate::report::text::reason;

/// Writes events as lines of JSON.
pub(crate) struct JsonReport {
    stdout: Output,
}

impl JsonReport {
    pub(crate) fn new(stdout: Output) -> Self {
        Self { stdout }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let json = serde_json::to_string(line)?;
        self.stdout
            .write(format!("{}\n", without_controls(json)).as_bytes())
    }
}

/// What a command does.
impl JsonReport {
    pub(crate) fn command(&mut self, event: &CommandEvent) -> io::Result<()> {
        match event {
            CommandEvent::Stdout(bytes) => self.line(&Line::Stdout(chunk(bytes))),
            CommandEvent::Stderr(bytes) => self.line(&Line::Stderr(chunk(bytes))),
            _ => Ok(()),
        }
    }

    /// The last line.
    pub(crate) fn exit(&mut self, exit: &Exit, code: u8) -> io::Result<()> {
        let signal = match exit.status {
            command::ExitStatus::Code(_) => None,
            command::ExitStatus::Signal(signal) => Some(signal.to_string()),
        };
        self.line(&Line::Exit {
            code,
            signal,
            timed_out: exit.timed_out,
            usage: usage_of(&exit.usage),
        })
    }

    /// Nothing ran.
    pub(crate) fn refused(&mut self, failure: &Failure) -> io::Result<()> {
        self.failure(failure)
    }
}

impl Report for JsonReport {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = match event {
            Event::Stdout(bytes) => Line::Stdout(chunk(bytes)),
            Event::Stderr(bytes) => Line::Stderr(chunk(bytes)),
            Event::Result(result) => Line::Result(rich(result)),
            Event::Display(result) => Line::Display(rich(result)),
            Event::UpdateDisplay(result) => Line::UpdateDisplay(rich(result)),
            Event::ClearOutput { wait } => Line::ClearOutput { wait: *wait },
            Event::Error(exception) => Line::Error(exception_of(exception)),
            // A kind of event that a later version of the library adds.
            _ => return Ok(()),
        };
        self.line(&line)
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        let exit = ExitStatus::of_end(&outcome.end);
        self.line(&Line::Outcome {
            exit: exit.number(),
            end: end_of(&outcome.end),
            reason: reason(&outcome.end).map(|reason| reason.message),
            usage: usage_of(&outcome.usage),
            lost: outcome.lost.map(|lost| LostCells {
                first: lost.first.number(),
                last: lost.last.number(),
            }),
        })
    }

    fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        self.line(&Line::Failure {
            exit: failure.status.number(),
            reason: &failure.message,
            hint: failure.hint.as_deref(),
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Stdout(Chunk<'a>),
    Stderr(Chunk<'a>),
    Result(Rich<'a>),
    Display(Rich<'a>),
    UpdateDisplay(Rich<'a>),
    ClearOutput {
        wait: bool,
    },
    Error(Exception<'a>),
    Outcome {
        exit: u8,
        #[serde(flatten)]
        end: Ended<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        usage: Used,
        lost: Option<LostCells>,
    },
    Exit {
        code: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<String>,
        timed_out: bool,
        usage: Used,
    },
    Failure {
        exit: u8,
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    },
}

/// Bytes: as text if they are UTF-8, else in base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Chunk<'a> {
    Text(&'a str),
    Base64(String),
}

#[derive(Debug, Serialize)]
struct Rich<'a> {
    data: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Exception<'a> {
    name: &'a str,
    value: &'a str,
    traceback: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
enum Ended<'a> {
    Finished,
    Raised {
        name: &'a str,
        value: &'a str,
    },
    Interrupted {
        by: &'static str,
    },
    Exhausted {
        limit: String,
        allowed: u64,
    },
    Trapped {
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
    },
    Other,
}

#[derive(Debug, Serialize)]
struct Used {
    wall_us: u64,
    cpu_us: u64,
    fuel: Option<u64>,
    peak_memory_bytes: u64,
    output_bytes: u64,
    calls: u64,
}

#[derive(Debug, Serialize)]
struct LostCells {
    first: u64,
    last: u64,
}

fn chunk(bytes: &[u8]) -> Chunk<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Chunk::Text(text),
        Err(_) => Chunk::Base64(STANDARD.encode(bytes)),
    }
}

fn rich(result: &RichResult) -> Rich<'_> {
    Rich {
        data: &result.data,
        metadata: &result.metadata,
        display_id: result.display_id.as_deref(),
    }
}

fn exception_of(exception: &GuestException) -> Exception<'_> {
    Exception {
        name: &exception.name,
        value: &exception.value,
        traceback: &exception.traceback,
    }
}

fn end_of(end: &End) -> Ended<'_> {
    match end {
        End::Finished => Ended::Finished,
        End::Raised(exception) => Ended::Raised {
            name: &exception.name,
            value: &exception.value,
        },
        End::Interrupted { by } => Ended::Interrupted {
            by: match by {
                InterruptCause::Deadline => "deadline",
                InterruptCause::Handle => "user",
                InterruptCause::Dropped => "dropped",
                InterruptCause::Closed => "closed",
                InterruptCause::Saving => "saving",
                _ => "other",
            },
        },
        End::Exhausted { limit, allowed } => Ended::Exhausted {
            limit: limit.to_string(),
            allowed: *allowed,
        },
        End::Trapped { kind } => Ended::Trapped {
            kind: match kind {
                TrapKind::StackOverflow => "stack_overflow",
                TrapKind::MemoryOutOfBounds => "memory_out_of_bounds",
                TrapKind::Exited { .. } => "exited",
                TrapKind::Aborted => "aborted",
                TrapKind::Kernel => "kernel",
                _ => "other",
            },
            status: match kind {
                TrapKind::Exited { status } => Some(*status),
                _ => None,
            },
        },
        _ => Ended::Other,
    }
}

fn usage_of(usage: &Usage) -> Used {
    let microseconds =
        |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Used {
        wall_us: microseconds(usage.wall),
        cpu_us: microseconds(usage.cpu),
        fuel: usage.fuel,
        peak_memory_bytes: usage.peak_memory_bytes,
        output_bytes: usage.output_bytes,
        calls: usage.calls,
    }
}

/// JSON need not escape U+007F to U+009F, but a terminal may obey them. They can
/// only be in strings, where the escaped form means the same.
fn without_controls(json: String) -> String {
    if !json.chars().any(char::is_control) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if character.is_control() {
            // Writing to a String cannot fail.
            let _infallible = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::Shared;

    #[track_caller]
    fn check(event: &Event, expected: &str) {
        let shared = Shared::default();
        JsonReport::new(shared.pipe()).event(event).unwrap();
        assert_eq!(shared.text(), format!("{expected}\n"));
    }

    #[test]
    fn text_and_other_bytes_are_told_apart() {
        check(
            &Event::Stdout("hé\n".into()),
            r#"{"type":"stdout","text":"hé\n"}"#,
        );
        check(
            &Event::Stderr(vec![0xff, 0].into()),
            r#"{"type":"stderr","base64":"/wA="}"#,
        );
    }

    #[test]
    fn controls_are_escaped_and_mean_the_same() {
        let text = "\u{1b}[31m \u{7f} \u{9b}2J";
        let shared = Shared::default();
        let event = Event::Stdout(text.into());
        JsonReport::new(shared.pipe()).event(&event).unwrap();
        let line = shared.text();
        assert!(!line.trim_end().chars().any(char::is_control), "{line:?}");
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["text"], text);
    }

    #[test]
    fn results_keep_their_shape() {
        let mut result = RichResult::default();
        result.data.insert("text/plain".to_owned(), "42".into());
        check(
            &Event::Result(result.clone()),
            r#"{"type":"result","data":{"text/plain":"42"},"metadata":{}}"#,
        );
        result.display_id = Some("one".to_owned());
        check(
            &Event::UpdateDisplay(result),
            r#"{"type":"update_display","data":{"text/plain":"42"},"metadata":{},"display_id":"one"}"#,
        );
        check(
            &Event::ClearOutput { wait: true },
            r#"{"type":"clear_output","wait":true}"#,
        );
    }

    #[test]
    fn a_failure_is_a_line_too() {
        let shared = Shared::default();
        let failure = Failure::usage("no such thing").hint("try another");
        JsonReport::new(shared.pipe()).failure(&failure).unwrap();
        assert_eq!(
            shared.text(),
            "{\"type\":\"failure\",\"exit\":2,\"reason\":\"no such thing\",\"hint\":\"try another\"}\n"
        );
    }
}
