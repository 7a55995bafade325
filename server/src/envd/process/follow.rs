//! Telling a client what a command does.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandcell::command::{Command, CommandEvent, Signal};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::connect::{Answers, Code, ConnectError};
use crate::envd::process::fault;
use crate::lease::Lease;

/// How a command is followed.
pub(super) struct Following {
    pub(super) lease: Arc<Lease>,
    pub(super) command: Command,
    pub(super) keepalive: Duration,
    /// When the client wants no more.
    pub(super) until: Option<Instant>,
    /// It is ended then, too.
    pub(super) ends: bool,
    pub(super) place: OwnedSemaphorePermit,
}

impl Following {
    /// The stream of the command's events. A client that goes away leaves the
    /// command running until the time that it gave is over.
    pub(super) fn response(mut self) -> Response {
        let (answers, response) = Answers::new();
        tokio::spawn(async move {
            self.tell(answers).await;
            self.outlive().await;
        });
        response
    }

    async fn tell(&mut self, answers: Answers) {
        let is_terminal = self.command.terminal().is_some();
        let start = json!({"start": {"pid": self.command.pid()}});
        if !send(&answers, start).await {
            return;
        }
        loop {
            let event = tokio::select! {
                biased;
                // The answers are dropped without an end: the stream is torn.
                () = self.lease.gone.cancelled() => return,
                () = answers.unread() => return,
                () = over(self.until) => return self.over(answers).await,
                event = self.command.next() => event,
                () = tokio::time::sleep(self.keepalive) => {
                    if !send(&answers, json!({"keepalive": {}})).await {
                        return;
                    }
                    continue;
                }
            };
            let (name, bytes) = match event {
                Some(CommandEvent::Stdout(bytes)) if is_terminal => ("pty", bytes),
                Some(CommandEvent::Stdout(bytes)) => ("stdout", bytes),
                Some(CommandEvent::Stderr(bytes)) => ("stderr", bytes),
                Some(CommandEvent::Exited(exit)) => {
                    let end = json!({"end": fault::end(exit.status)});
                    if send(&answers, end).await {
                        answers.end(None).await;
                    }
                    return;
                }
                // The sandbox is ending.
                _ => return,
            };
            let data = json!({"data": {name: STANDARD.encode(bytes)}});
            let sent = tokio::select! {
                () = self.lease.gone.cancelled() => return,
                () = over(self.until) => return self.over(answers).await,
                sent = send(&answers, data) => sent,
            };
            if !sent {
                return;
            }
        }
    }

    /// Ends the command when its time is over, though nobody listens any more:
    /// clients give up by their own clocks, which are often ahead of ours.
    async fn outlive(self) {
        let Self {
            lease,
            mut command,
            until,
            ends,
            place,
            ..
        } = self;
        if !ends || until.is_none() {
            return;
        }
        // What waits here streams nothing.
        drop(place);
        let ended = async { while command.next().await.is_some() {} };
        let is_over = tokio::select! {
            () = lease.gone.cancelled() => false,
            () = ended => false,
            () = over(until) => true,
        };
        if is_over {
            command.signal_group(Signal::KILL);
        }
    }

    /// The client's time is over.
    async fn over(&self, answers: Answers) {
        if self.ends {
            self.command.signal_group(Signal::KILL);
        }
        let error = ConnectError::new(Code::DeadlineExceeded, "the time of the call is over");
        answers.end(Some(error)).await;
    }
}

async fn send(answers: &Answers, event: Value) -> bool {
    answers.send(json!({"event": event})).await
}

async fn over(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
