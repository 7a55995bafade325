//! `nice`, `nohup`, `setsid`, `stdbuf`, `sudo`, `time`: what stands around a
//! command. Priorities, buffers and other users are not: the words are read and
//! the command runs.

use std::sync::Arc;

use super::{become_words, complain, start_words};
use crate::run::{Run, Shell, Trap};
use crate::signal::Signal;
use crate::syntax::is_name;
use crate::system::{Group, Open};

pub(super) async fn run(shell: &mut Shell, name: &str, args: &[String]) -> Run {
    // Options that take a value.
    let valued: &[&str] = match name {
        "nice" => &["-n", "--adjustment"],
        "stdbuf" => &["-i", "-o", "-e"],
        "sudo" => &[
            "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-D", "--user", "--group",
        ],
        "time" => &["-f", "-o", "--format", "--output"],
        _ => &[],
    };
    let mut at = 0;
    let mut posix = false;
    while let Some(word) = args.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        if name == "sudo" && word.split_once('=').is_some_and(|(name, _)| is_name(name)) {
            if let Some((name, value)) = word.split_once('=') {
                super::env::export(shell, name, value);
            }
            at += 1;
            continue;
        }
        if !word.starts_with('-') || word.len() < 2 {
            break;
        }
        if name == "sudo" && matches!(word.as_str(), "-l" | "-v" | "-k" | "-K") {
            return Ok(0);
        }
        posix |= word == "-p";
        at += if valued.contains(&word.as_str()) {
            2
        } else {
            1
        };
    }
    let words = args.get(at..).unwrap_or_default();
    match name {
        "nice" if words.is_empty() => return shell.print("0\n").await,
        "sudo" => {
            if words.is_empty() {
                complain(shell, "a command is required").await;
                return Ok(1);
            }
            super::env::export(shell, "SUDO_USER", &shell.system.user());
        }
        "nohup" => {
            shell.traps.insert(Trap::Signal(Signal::HUP), String::new());
            if let Some(failed) = nohup_output(shell).await {
                return Ok(failed);
            }
        }
        "time" => return timed(shell, words, posix).await,
        _ => {}
    }
    if words.is_empty() {
        complain(shell, "missing operand").await;
        return Ok(125);
    }
    become_words(shell, words).await
}

/// A terminal's output goes to `nohup.out`.
async fn nohup_output(shell: &mut Shell) -> Option<i32> {
    let is_terminal = |number: u32| {
        shell
            .descriptors
            .get(&number)
            .is_some_and(|s| s.is_terminal())
    };
    if !is_terminal(1) {
        return None;
    }
    let errors = is_terminal(2);
    complain(shell, "ignoring input and appending output to 'nohup.out'").await;
    match shell.open("nohup.out", Open::Append).await {
        Ok(stream) => {
            shell.descriptors.insert(1, Arc::clone(&stream));
            if errors {
                shell.descriptors.insert(2, stream);
            }
            None
        }
        Err(error) => {
            let reason = crate::errno::message(&error);
            complain(shell, &format!("failed to open 'nohup.out': {reason}")).await;
            Some(125)
        }
    }
}

async fn timed(shell: &mut Shell, words: &[String], posix: bool) -> Run {
    let from = shell.system.monotonic();
    let child = match start_words(shell, words.to_vec(), Group::Same, None) {
        Ok(child) => child,
        Err(error) => {
            complain(shell, &crate::errno::message(&error)).await;
            return Ok(126);
        }
    };
    let status = shell.wait_foreground(&child).await?;
    let real = shell.system.monotonic().saturating_sub(from).as_secs_f64();
    let text = if posix {
        format!("real {real:.2}\nuser 0.00\nsys 0.00\n")
    } else {
        format!("{real:.2} real\n")
    };
    shell.say(&text).await;
    Ok(status.code())
}
