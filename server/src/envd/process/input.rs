//! Input for commands.

use std::sync::Arc;

use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use sandcell::command::Command;
use serde_json::json;
use tokio::time::Instant;

use crate::connect::{Answers, Code, ConnectError, Deadline, Inward, Message, answer};
use crate::envd::process::fault::not_taken;
use crate::envd::process::look::running;
use crate::envd::process::wire::{About, Input, SendInput, StreamInput};
use crate::lease::Lease;

/// Writes or types, whichever the command has, until the client's time is over.
async fn write(
    command: &Command,
    input: Option<Input>,
    until: Option<Instant>,
) -> Result<(), ConnectError> {
    let bytes = match (input, command.terminal().is_some()) {
        (Some(Input::Stdin(bytes)), false) | (Some(Input::Pty(bytes)), true) => bytes,
        (Some(Input::Stdin(_)), true) => {
            return Err(ConnectError::invalid(
                "the command runs on a terminal: input is typed there, as `pty`",
            ));
        }
        (Some(Input::Pty(_)), false) => {
            return Err(ConnectError::invalid("the command runs on no terminal"));
        }
        (None, _) => return Err(ConnectError::invalid("there is no input")),
    };
    let writing = command.write_stdin(&bytes);
    let written = match until {
        None => writing.await,
        Some(until) => tokio::time::timeout_at(until, writing)
            .await
            .map_err(|_| late())?,
    };
    written.map_err(|error| not_taken(&error))
}

fn late() -> ConnectError {
    ConnectError::new(
        Code::DeadlineExceeded,
        "the command did not read its input in time",
    )
}

/// `SendInput`
pub(crate) async fn send_input(
    Extension(lease): Extension<Arc<Lease>>,
    Deadline(until): Deadline,
    Message(asked): Message<SendInput>,
) -> Result<Response, ConnectError> {
    let command = running(&lease.sandbox, &asked.process)?;
    write(&command, asked.input, until).await?;
    Ok(answer(&json!({})))
}

/// `CloseStdin`
pub(crate) async fn close_stdin(
    Extension(lease): Extension<Arc<Lease>>,
    Message(asked): Message<About>,
) -> Result<Response, ConnectError> {
    let command = running(&lease.sandbox, &asked.process)?;
    if command.terminal().is_some() {
        let message = "a terminal's input cannot be closed; Ctrl-D (0x04) ends it";
        return Err(ConnectError::new(Code::FailedPrecondition, message));
    }
    command.close_stdin();
    Ok(answer(&json!({})))
}

/// `StreamInput`
pub(crate) async fn stream_input(
    Extension(lease): Extension<Arc<Lease>>,
    Deadline(until): Deadline,
    mut inward: Inward,
) -> Response {
    let taking = take(&lease, &mut inward, until);
    let taken = tokio::select! {
        // Nothing of an answer: the connection is cut.
        () = lease.gone.cancelled() => return Answers::new().1,
        taken = taking => taken,
    };
    match taken {
        Ok(()) => Answers::one(&json!({})).into_response(),
        Err(error) => {
            inward.forget().await;
            Answers::failed(&error)
        }
    }
}

async fn take(
    lease: &Lease,
    inward: &mut Inward,
    until: Option<Instant>,
) -> Result<(), ConnectError> {
    let mut command = None;
    loop {
        let message = inward.next::<StreamInput>();
        let message = match until {
            None => message.await,
            Some(until) => tokio::time::timeout_at(until, message)
                .await
                .map_err(|_| late())?,
        };
        let Some(message) = message? else {
            return Ok(());
        };
        if let Some(start) = message.start {
            command = Some(running(&lease.sandbox, &start.process)?);
        }
        if let Some(data) = message.data {
            let command = command.as_ref();
            let command = command
                .ok_or_else(|| ConnectError::invalid("the first message names no process"))?;
            write(command, data.input, until).await?;
        }
    }
}
