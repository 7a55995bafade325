//! The stream of one execution: events of the runtime become lines of JSON.
//!
//! When the client goes away the stream is dropped, and with it the execution,
//! which interrupts the code and keeps the interpreter. When the sandbox ends,
//! the stream is torn: an end without a last line would look like success.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use sandcell::{End, Event, Execution, Outcome};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::interpreter::wire::Line;
use crate::lease::{Interpreter, Lease, Started};

/// How long an execution is silent before a sign of life is sent. More often
/// would keep older clients from ever seeing their own timeout.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// The lines of one execution.
pub(super) struct Lines {
    lease: Arc<Lease>,
    interpreter: Arc<Interpreter>,
    generation: u64,
    step: Step,
    stdout: Text,
    stderr: Text,
    /// An exception was told already.
    told: bool,
    silent_since: Instant,
    /// Keeps one of the server's streams taken.
    _place: OwnedSemaphorePermit,
}

enum Step {
    Count(u64, Execution),
    Events(Execution),
    /// Lines that are left to send, the last first.
    Rest(Vec<Line>),
}

/// The sandbox is gone; the connection is dropped.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox of this execution is gone")]
pub(super) struct Torn;

impl Lines {
    pub(super) fn new(
        lease: Arc<Lease>,
        interpreter: Arc<Interpreter>,
        started: Started,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            lease,
            interpreter,
            generation: started.generation,
            step: Step::Count(started.count, started.execution),
            stdout: Text::default(),
            stderr: Text::default(),
            told: false,
            silent_since: Instant::now(),
            _place: place,
        }
    }

    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes, Torn>> {
        stream::unfold(Some(self), |lines| async {
            let mut lines = lines?;
            match lines.next().await {
                Ok(Some(line)) => {
                    lines.silent_since = Instant::now();
                    Some((Ok(Bytes::from(line.to_bytes())), Some(lines)))
                }
                Ok(None) => None,
                Err(torn) => Some((Err(torn), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Line>, Torn> {
        loop {
            match std::mem::replace(&mut self.step, Step::Rest(Vec::new())) {
                Step::Count(execution_count, execution) => {
                    self.step = Step::Events(execution);
                    return Ok(Some(Line::NumberOfExecutions { execution_count }));
                }
                Step::Events(execution) => {
                    if let Some(line) = self.event(execution).await? {
                        return Ok(Some(line));
                    }
                }
                Step::Rest(mut rest) => {
                    let line = rest.pop();
                    self.step = Step::Rest(rest);
                    return Ok(line);
                }
            }
        }
    }

    /// The line of the next event, if it has one; puts the next step in place.
    async fn event(&mut self, mut execution: Execution) -> Result<Option<Line>, Torn> {
        let event = tokio::select! {
            biased;
            () = self.lease.gone.cancelled() => return Err(Torn),
            event = execution.next() => event,
            () = sleep_until(self.silent_since + KEEPALIVE) => {
                self.step = Step::Events(execution);
                return Ok(Some(Line::Keepalive));
            }
        };
        let Some(event) = event else {
            let outcome = execution.outcome().await;
            if self.lease.gone.is_cancelled() {
                return Err(Torn);
            }
            self.step = Step::Rest(self.last_lines(outcome.ok().as_ref()));
            return Ok(None);
        };
        self.step = Step::Events(execution);
        Ok(self.line(event))
    }

    fn line(&mut self, event: Event) -> Option<Line> {
        match event {
            Event::Stdout(bytes) => self.stdout.take(&bytes).map(out),
            Event::Stderr(bytes) => self.stderr.take(&bytes).map(err),
            Event::Result(rich) => Some(Line::result(rich, true)),
            Event::Display(rich) => Some(Line::result(rich, false)),
            Event::Error(exception) => {
                self.told = true;
                Some(Line::error(exception))
            }
            // The protocol has no words for changes of what was shown.
            _ => None,
        }
    }

    /// What is left to say, the last line first.
    fn last_lines(&mut self, outcome: Option<&Outcome>) -> Vec<Line> {
        if outcome
            .as_ref()
            .is_some_and(|outcome| outcome.lost.is_some())
        {
            self.interpreter.broke(self.generation);
        }
        let mut lines = vec![Line::EndOfExecution];
        if !self.told
            && let Some(line) = self.trouble(outcome)
        {
            lines.push(line);
        }
        lines.extend(self.stderr.rest().map(err));
        lines.extend(self.stdout.rest().map(out));
        lines
    }

    /// Why the execution ended without an exception of its own.
    fn trouble(&self, outcome: Option<&Outcome>) -> Option<Line> {
        if self.interpreter.is_later_than(self.generation) {
            return Some(said("ContextRestarting", "the context was restarted"));
        }
        let Some(outcome) = outcome else {
            return Some(said("ContextEnded", "the context was removed"));
        };
        let name = match &outcome.end {
            End::Finished => return None,
            End::Raised(exception) => return Some(Line::error(exception.clone())),
            End::Interrupted { .. } => "ExecutionInterrupted",
            End::Exhausted { .. } => "LimitExceeded",
            _ => "KernelDied",
        };
        let mut value = outcome.end.to_string();
        if outcome.lost.is_some() {
            value.push_str(
                "; the variables of this context are lost, it goes on with a fresh interpreter",
            );
            self.lease.journal.note("error", value.clone());
        }
        Some(said(name, &value))
    }
}

fn said(name: &str, value: &str) -> Line {
    Line::Error {
        name: name.to_owned(),
        value: value.to_owned(),
        traceback: format!("{name}: {value}"),
    }
}

fn out(text: String) -> Line {
    Line::Stdout {
        text,
        timestamp: clock::rfc3339(clock::now()),
    }
}

fn err(text: String) -> Line {
    Line::Stderr {
        text,
        timestamp: clock::rfc3339(clock::now()),
    }
}

/// Text out of bytes that may be cut within a character.
#[derive(Debug, Default)]
struct Text {
    cut: Vec<u8>,
}

impl Text {
    /// The text of these bytes and of those that were left over; what is no UTF-8
    /// becomes U+FFFD.
    fn take(&mut self, bytes: &[u8]) -> Option<String> {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let whole = whole_characters(&all);
        self.cut = all.split_off(whole);
        (!all.is_empty()).then(|| String::from_utf8_lossy(&all).into_owned())
    }

    /// What is left over at the end.
    fn rest(&mut self) -> Option<String> {
        let cut = std::mem::take(&mut self.cut);
        (!cut.is_empty()).then(|| String::from_utf8_lossy(&cut).into_owned())
    }
}

/// How many bytes there are in front of a character that is cut at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(4);
    let end = bytes.get(tail..).unwrap_or_default();
    let start = end.iter().rposition(|byte| *byte >= 0xC0);
    let Some(start) = start else {
        return bytes.len();
    };
    let character = end.get(start..).unwrap_or_default();
    match std::str::from_utf8(character) {
        Err(error) if error.error_len().is_none() => tail + start,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut() {
        let mut text = Text::default();
        let euro = "a€b".as_bytes();
        assert_eq!(text.take(&euro[..2]).as_deref(), Some("a"));
        assert_eq!(text.take(&euro[2..3]), None);
        assert_eq!(text.take(&euro[3..]).as_deref(), Some("€b"));
        assert_eq!(text.rest(), None);
    }

    #[test]
    fn what_is_no_text_is_told_all_the_same() {
        let mut text = Text::default();
        assert_eq!(text.take(b"\xff\x80").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(text.take(b"\xe2\x82"), None);
        assert_eq!(text.rest().as_deref(), Some("\u{fffd}"));
        assert_eq!(text.rest(), None);
    }
}
