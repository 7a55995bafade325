//! Commands that run: finding, listing, following and signalling them.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use sandcell::Sandbox;
use sandcell::command::{Command, CommandInfo};
use serde_json::{Value, json};

use crate::connect::{Answers, ConnectError, Deadline, Message, Opening, answer};
use crate::envd::process::fault::no_process;
use crate::envd::process::follow::Following;
use crate::envd::process::wire::{About, Selector, SendSignal, Update};
use crate::lease::Lease;
use crate::shared::Shared;

/// The command that is meant, also when it ended a while ago.
fn known(sandbox: &Sandbox, which: &Selector) -> Result<Command, ConnectError> {
    let pid = match which {
        Selector::Pid(pid) => Some(*pid),
        Selector::Tag(tag) => sandbox.find_command(tag),
    };
    let command = pid.and_then(|pid| sandbox.attach(pid).ok());
    command.ok_or_else(no_process)
}

/// The command that is meant, if it runs.
pub(super) fn running(sandbox: &Sandbox, which: &Selector) -> Result<Command, ConnectError> {
    let command = known(sandbox, which)?;
    if command.has_ended() {
        return Err(no_process());
    }
    Ok(command)
}

/// `Connect`
pub(crate) async fn connect(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    Deadline(until): Deadline,
    opening: Opening<About>,
) -> Response {
    let ready = opening.message.and_then(|asked| {
        let command = known(&lease.sandbox, &asked.process)?;
        Ok((command, shared.stream()?))
    });
    match ready {
        Ok((command, place)) => Following {
            lease,
            command,
            keepalive: opening.keepalive,
            until,
            ends: false,
            place,
        }
        .response(),
        Err(error) => Answers::failed(&error),
    }
}

/// `List`
pub(crate) async fn list(
    Extension(lease): Extension<Arc<Lease>>,
    Message(_): Message<Value>,
) -> Response {
    let commands = lease.sandbox.commands();
    let commands: Vec<Value> = commands.iter().map(shown).collect();
    answer(&json!({"processes": commands}))
}

fn shown(info: &CommandInfo) -> Value {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let mut words = info.argv.iter().map(text);
    let command = words.next().unwrap_or_default();
    let variables = info.env.iter();
    let variables = variables.map(|(name, value)| (text(name), json!(text(value))));
    let mut shown = json!({
        "pid": info.pid,
        "config": {
            "cmd": command,
            "args": words.collect::<Vec<_>>(),
            "envs": variables.collect::<serde_json::Map<_, _>>(),
            "cwd": info.cwd,
        },
    });
    if let (Some(shown), Some(tag)) = (shown.as_object_mut(), &info.tag) {
        shown.insert("tag".to_owned(), json!(tag));
    }
    shown
}

/// `SendSignal`. It is for all that the command started, too: nothing shall be
/// left of one that is killed.
pub(crate) async fn send_signal(
    Extension(lease): Extension<Arc<Lease>>,
    Message(asked): Message<SendSignal>,
) -> Result<Response, ConnectError> {
    let signal = asked.signal();
    let signal = signal.ok_or_else(|| ConnectError::invalid("there is no such signal"))?;
    let command = running(&lease.sandbox, &asked.process)?;
    if !command.signal_group(signal) {
        return Err(no_process());
    }
    Ok(answer(&json!({})))
}

/// `Update`
pub(crate) async fn update(
    Extension(lease): Extension<Arc<Lease>>,
    Message(asked): Message<Update>,
) -> Result<Response, ConnectError> {
    let command = running(&lease.sandbox, &asked.process)?;
    if let Some(pty) = asked.pty {
        let terminal = command.terminal();
        let terminal = terminal.ok_or_else(|| {
            ConnectError::invalid("the command runs on no terminal, so it has no size")
        })?;
        terminal.resize(pty.size());
    }
    Ok(answer(&json!({})))
}
