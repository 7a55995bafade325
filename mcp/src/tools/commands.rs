//! The tool that runs commands.

use std::time::Duration;

use sandcell::command::{CommandEvent, ExitStatus, Input, Signal};
use serde::Deserialize;

use super::{Arguments, Effect, Spec, number, text, within};
use crate::answer::{Answer, Refusal};
use crate::capped::Capped;
use crate::desk::Desk;
use crate::run::Call;

/// Seconds that a command may run when nobody says otherwise, and at most.
const SECONDS: u64 = 60;
const MOST_SECONDS: u64 = 3600;

pub(super) fn specs() -> Vec<Spec> {
    vec![Spec {
        name: "run_command",
        title: "Run a command",
        description: "Runs a command line in the shell (bash) of a sandbox on the user's machine, \
            without network, and answers what it wrote and its exit code. The usual tools are there: \
            coreutils, grep, sed, awk, find, tar, jq, python. Files live on from call to call; the \
            working directory and variables do not.",
        arguments: vec![
            ("command", text("The command line, or a whole script.")),
            ("cwd", text("Working directory; left out: /home/user.")),
            ("stdin", text("What it reads from its standard input.")),
            (
                "timeout_seconds",
                number("Seconds after which it is ended (60).", 1, MOST_SECONDS),
            ),
        ],
        required: &["command"],
        effect: Effect::Changes,
    }]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    command: String,
    cwd: Option<String>,
    stdin: Option<String>,
    timeout_seconds: Option<u64>,
    sandbox: Option<String>,
}

pub(super) async fn run(
    desk: &Desk,
    asked: Arguments<Run>,
    call: &Call,
) -> Result<Answer, Refusal> {
    let asked = asked?;
    let seconds = asked.timeout_seconds.unwrap_or(SECONDS);
    let seconds = within("timeout_seconds", seconds, 1, MOST_SECONDS)?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let mut builder = place
        .sandbox
        .command(["/bin/bash", "-l", "-c", &asked.command])
        .timeout(Duration::from_secs(seconds));
    if let Some(cwd) = asked.cwd {
        builder = builder.cwd(cwd);
    }
    if let Some(stdin) = asked.stdin {
        builder = builder.stdin(Input::Bytes(stdin.into()));
    }
    let mut command = builder.start()?;
    let mut stdout = Capped::default();
    let mut stderr = Capped::default();
    let exit = loop {
        let event = tokio::select! {
            biased;
            () = call.cancelled() => {
                // Nobody reads the answer; the command shall end all the same.
                command.signal_group(Signal::KILL);
                return Ok(Answer { failed: true, ..Answer::text("the call was cancelled") });
            }
            event = command.next() => event,
        };
        match event {
            Some(CommandEvent::Stdout(bytes)) => {
                stdout.push(&bytes);
                call.tell_sometimes(&bytes).await;
            }
            Some(CommandEvent::Stderr(bytes)) => {
                stderr.push(&bytes);
                call.tell_sometimes(&bytes).await;
            }
            Some(CommandEvent::Exited(exit)) => break exit,
            Some(_) => {}
            None => {
                return Err(sandcell::Error::Ended {
                    what: "the sandbox",
                }
                .into());
            }
        }
    };
    let is_cut = stdout.is_cut() || stderr.is_cut();
    let (stdout, stderr) = (stdout.into_text(), stderr.into_text());
    let end = match exit.status {
        _ if exit.timed_out => format!("it was ended after {seconds} seconds"),
        ExitStatus::Code(0) => String::new(),
        status => status.to_string(),
    };
    let mut shown: Vec<&str> = Vec::new();
    for part in [&stdout, &stderr, &end] {
        if !part.is_empty() {
            shown.push(part.trim_end_matches('\n'));
        }
    }
    let answer = if shown.is_empty() {
        Answer::text("it wrote nothing")
    } else {
        Answer::text(shown.join("\n"))
    };
    Ok(Answer {
        failed: !exit.status.is_success(),
        ..answer
            .with("sandbox", place.id.as_str())
            .with("exit_code", exit.status.shell_code())
            .with("stdout", stdout.as_str())
            .with("stderr", stderr.as_str())
            .with("timed_out", exit.timed_out)
            .with("truncated", is_cut)
    })
}
