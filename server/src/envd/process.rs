//! Processes: there is no shell in the guests yet, so none can be started. Each
//! call says so, or that there is no such process, in the form that the SDKs
//! show to their users.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::connect::{Answers, Code, ConnectError, Message, Opening, answer};
use crate::gateway::{self, NotStarted};
use crate::lease::Lease;

const NO_SHELL: &str = "commands cannot run in this build of sandcell: it has no shell yet; \
                        run_code and files work";

fn no_such_process() -> ConnectError {
    ConnectError::not_found("there is no such process: this build of sandcell runs none")
}

/// A process to start, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Start {
    process: Process,
}

#[derive(Debug, Deserialize)]
struct Process {
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    envs: BTreeMap<String, String>,
}

impl Process {
    /// The words of the command that a shell is to run.
    fn words(&self) -> Option<Vec<String>> {
        match self.args.as_slice() {
            [.., option, command] if option == "-c" => shlex::split(command),
            _ => None,
        }
    }
}

/// `Start`
pub(super) async fn start(
    Extension(lease): Extension<Arc<Lease>>,
    opening: Opening<Start>,
) -> Response {
    let asked = match opening.message {
        Ok(asked) => asked.process,
        Err(error) => return Answers::failed(&error),
    };
    let servers = asked.words().and_then(|words| gateway::asked(&words));
    let Some(servers) = servers else {
        return Answers::failed(&ConnectError::new(Code::Unimplemented, NO_SHELL));
    };
    let token = asked.envs.get("GATEWAY_ACCESS_TOKEN").map(String::as_str);
    let started = servers.and_then(|servers| gateway::start(&lease, &servers, token));
    ended(started).await
}

/// The whole stream of a command that has started a gateway, or failed to.
async fn ended(started: Result<(), NotStarted>) -> Response {
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

/// `StreamInput`
pub(super) async fn stream_input(opening: Opening<Value>) -> Response {
    Answers::failed(&opening.message.err().unwrap_or_else(no_such_process))
}

/// `Connect`
pub(super) async fn connect(opening: Opening<Value>) -> Response {
    Answers::failed(&opening.message.err().unwrap_or_else(no_such_process))
}

/// `List`
pub(super) async fn list(message: Result<Message<Value>, ConnectError>) -> Response {
    match message {
        Ok(_) => answer(&json!({"processes": []})),
        Err(error) => error.into_response(),
    }
}

/// Everything that names a process.
pub(super) async fn no_process(message: Result<Message<Value>, ConnectError>) -> ConnectError {
    message.err().unwrap_or_else(no_such_process)
}
