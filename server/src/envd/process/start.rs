//! Starting a command.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandcell::command::{Command, Input};
use serde_json::json;

use crate::connect::{Answers, Code, ConnectError, Deadline, Opening};
use crate::envd::path;
use crate::envd::process::fault::not_started;
use crate::envd::process::follow::Following;
use crate::envd::process::wire::Start;
use crate::envd::user::User;
use crate::gateway::{self, NotStarted};
use crate::lease::Lease;
use crate::shared::Shared;

/// `Start`
pub(crate) async fn start(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Deadline(until): Deadline,
    opening: Opening<Start>,
) -> Response {
    let asked = match opening.message {
        Ok(asked) => asked,
        Err(error) => return Answers::failed(&error),
    };
    let words = asked.process.words();
    if let Some(servers) = words.and_then(|words| gateway::asked(&words)) {
        let token = asked.process.envs.get("GATEWAY_ACCESS_TOKEN");
        let token = token.map(String::as_str);
        let started = servers.and_then(|servers| gateway::start(&lease, &servers, token));
        return of_gateway(started).await;
    }
    let ready = shared.stream().map_err(ConnectError::from);
    let ready = ready.and_then(|place| Ok((place, command(&lease, &headers, asked)?)));
    match ready {
        Ok((place, command)) => Following {
            lease,
            command,
            keepalive: opening.keepalive,
            until,
            ends: true,
            place,
        }
        .response(),
        Err(error) => Answers::failed(&error),
    }
}

fn command(lease: &Lease, headers: &HeaderMap, asked: Start) -> Result<Command, ConnectError> {
    let user = User::of(headers);
    let user = user.map_err(|error| ConnectError::new(Code::Unauthenticated, error.to_string()))?;
    let config = asked.process;
    if config.cmd.is_empty() {
        return Err(ConnectError::invalid("there is no command to start"));
    }
    let argv = std::iter::once(config.cmd).chain(config.args);
    let cwd = config.cwd.as_deref().unwrap_or_default();
    let mut builder = lease
        .sandbox
        .command(argv)
        .user(user.name())
        .cwd(path::resolve(cwd, user))
        .env("E2B_SANDBOX", "true")
        .env("E2B_SANDBOX_ID", lease.who.id.as_str());
    for (name, value) in config.envs {
        builder = builder.env(name, value);
    }
    if let Some(tag) = asked.tag {
        builder = builder.tag(tag);
    }
    if let Some(pty) = asked.pty {
        builder = builder.terminal(pty.size());
    } else if asked.stdin.unwrap_or(true) {
        builder = builder.stdin(Input::Pipe);
    }
    builder.start().map_err(|error| not_started(&error))
}

/// The whole stream of a command that has started a gateway, or failed to.
async fn of_gateway(started: Result<(), NotStarted>) -> Response {
    let (answers, response) = Answers::new();
    answers.send(json!({"event": {"start": {"pid": 1}}})).await;
    let end = match started {
        Ok(()) => json!({"exitCode": 0, "exited": true, "status": "exit status 0"}),
        Err(reason) => {
            let said = STANDARD.encode(format!("{reason}\n"));
            answers
                .send(json!({"event": {"data": {"stderr": said}}}))
                .await;
            let status = "exit status 1";
            json!({"exitCode": 1, "exited": true, "status": status, "error": status})
        }
    };
    answers.send(json!({"event": {"end": end}})).await;
    answers.end(None).await;
    response
}
