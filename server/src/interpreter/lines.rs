//! The stream of one execution: events of the runtime become lines of JSON.
//!
//! When the client goes away the stream is dropped, and with it the execution,
//! which interrupts the code and keeps the interpreter. When the sandbox ends,
//! the stream is torn: an end without a last line would look like success.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use sandcell::{End, Execution, Outcome};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use crate::interpreter::wire::Line;
use crate::interpreter::words::Words;
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
    words: Words,
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
            words: Words::default(),
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
        Ok(self.words.line(event))
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
        if !self.words.told()
            && let Some(line) = self.trouble(outcome)
        {
            lines.push(line);
        }
        lines.extend(self.words.rest());
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
