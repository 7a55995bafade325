//! Processes: there is no shell in the guests yet, so none can be started. Each
//! call says so, or that there is no such process, in the form that the SDKs
//! show to their users.

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::connect::{Answers, Code, ConnectError, Message, Opening, answer};

const NO_SHELL: &str = "commands cannot run in this build of sandcell: it has no shell yet; \
                        run_code and files work";

fn no_such_process() -> ConnectError {
    ConnectError::not_found("there is no such process: this build of sandcell runs none")
}

/// `Start`, and the stream of input that would follow.
pub(super) async fn start(opening: Opening<Value>) -> Response {
    Answers::failed(&match opening.message {
        Ok(_) => ConnectError::new(Code::Unimplemented, NO_SHELL),
        Err(error) => error,
    })
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
