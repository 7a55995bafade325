//! What a refusal of a command is to a client.

use sandcell::command::ExitStatus;
use sandcell::stream::StreamError;
use sandcell::{Error, SpawnError};
use serde_json::{Value, json};

use crate::connect::{Code, ConnectError};

/// There is no such process, or there was.
pub(super) fn no_process() -> ConnectError {
    ConnectError::not_found("there is no such process")
}

/// Why a command did not start.
pub(super) fn not_started(error: &Error) -> ConnectError {
    let code = match error {
        Error::Spawn(reason) => match reason {
            SpawnError::NotFound { .. }
            | SpawnError::NotExecutable { .. }
            | SpawnError::BadDirectory { .. }
            | SpawnError::Invalid
            | SpawnError::TooLong { .. } => Code::InvalidArgument,
            SpawnError::Closed => Code::Unavailable,
            _ => Code::ResourceExhausted,
        },
        Error::Ended { .. } => Code::Unavailable,
        _ => Code::Internal,
    };
    ConnectError::new(code, format!("the command did not start: {error}"))
}

/// Why input was not taken.
pub(super) fn not_taken(error: &StreamError) -> ConnectError {
    let message = match error {
        StreamError::BrokenPipe => {
            "the command takes no input: it was started without, closed it, or has ended".to_owned()
        }
        other => other.to_string(),
    };
    ConnectError::new(Code::FailedPrecondition, message)
}

/// The event of a command's end, in the words of the original.
pub(super) fn end(status: ExitStatus) -> Value {
    match status {
        ExitStatus::Code(code) => {
            let status = format!("exit status {code}");
            let mut end = json!({"exitCode": code, "exited": true, "status": status});
            if let (Some(end), 1..) = (end.as_object_mut(), code) {
                end.insert("error".to_owned(), json!(status));
            }
            end
        }
        ExitStatus::Signal(signal) => {
            let words = match signal.number() {
                1 => "hangup".to_owned(),
                2 => "interrupt".to_owned(),
                3 => "quit".to_owned(),
                6 => "aborted".to_owned(),
                9 => "killed".to_owned(),
                10 => "user defined signal 1".to_owned(),
                11 => "segmentation fault".to_owned(),
                12 => "user defined signal 2".to_owned(),
                13 => "broken pipe".to_owned(),
                14 => "alarm clock".to_owned(),
                15 => "terminated".to_owned(),
                number => format!("signal {number}"),
            };
            let status = format!("signal: {words}");
            json!({"exitCode": -1, "exited": false, "status": status, "error": status})
        }
    }
}

#[cfg(test)]
mod tests {
    use sandcell::command::Signal;

    use super::*;

    #[test]
    fn ends_read_as_the_sdks_expect() {
        let whole = json!({"exitCode": 0, "exited": true, "status": "exit status 0"});
        assert_eq!(end(ExitStatus::Code(0)), whole);
        let failed = end(ExitStatus::Code(3));
        assert_eq!(failed["error"], "exit status 3");
        let killed = end(ExitStatus::Signal(Signal::KILL));
        assert_eq!(
            (&killed["exitCode"], &killed["error"]),
            (&json!(-1), &json!("signal: killed"))
        );
    }
}
