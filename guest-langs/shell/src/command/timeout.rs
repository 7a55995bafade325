//! `timeout`.

use std::time::Duration;

use super::{complain, start_words};
use crate::run::{Flow, Run, Shell};
use crate::signal::Signal;
use crate::system::{ExitStatus, Group};

/// `10`, `0.5`, `2m`, `1h`, `1d`.
fn duration(text: &str) -> Option<Duration> {
    let (digits, factor) = match text.chars().last()? {
        's' => (text.strip_suffix('s')?, 1.0),
        'm' => (text.strip_suffix('m')?, 60.0),
        'h' => (text.strip_suffix('h')?, 3_600.0),
        'd' => (text.strip_suffix('d')?, 86_400.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = digits.parse().ok()?;
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds * factor).unwrap_or(Duration::MAX))
}

pub(super) async fn timeout(shell: &mut Shell, args: &[String]) -> Run {
    let mut signal = Signal::TERM;
    let mut kill_after = None;
    let mut preserve = false;
    let mut at = 0;
    while let Some(word) = args
        .get(at)
        .filter(|word| word.starts_with('-') && word.len() > 1)
    {
        at += 1;
        let (option, mut value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => (option, Some(value.to_owned())),
            _ if !word.starts_with("--") && word.len() > 2 => word
                .split_at_checked(2)
                .map_or((word.as_str(), None), |(option, value)| {
                    (option, Some(value.to_owned()))
                }),
            _ => (word.as_str(), None),
        };
        let valued = matches!(option, "-s" | "--signal" | "-k" | "--kill-after");
        if valued && value.is_none() {
            value = args.get(at).cloned();
            at += 1;
        }
        let value = value.unwrap_or_default();
        match option {
            "--" => break,
            "-s" | "--signal" => match Signal::parse(&value) {
                Some(known) => signal = known,
                None => return refuse(shell, &format!("‘{value}’: invalid signal")).await,
            },
            "-k" | "--kill-after" => match duration(&value) {
                Some(time) => kill_after = Some(time),
                None => return refuse(shell, &format!("invalid time interval ‘{value}’")).await,
            },
            "-p" | "--preserve-status" => preserve = true,
            "-f" | "--foreground" | "-v" | "--verbose" => {}
            other => return refuse(shell, &format!("unrecognized option '{other}'")).await,
        }
    }
    let Some(text) = args.get(at) else {
        return refuse(shell, "missing operand").await;
    };
    let Some(time) = duration(text) else {
        return refuse(shell, &format!("invalid time interval ‘{text}’")).await;
    };
    let words = args.get(at + 1..).unwrap_or_default();
    if words.is_empty() {
        return refuse(shell, "missing operand").await;
    }
    watch(shell, words, time, signal, kill_after, preserve).await
}

async fn refuse(shell: &mut Shell, message: &str) -> Run {
    complain(shell, message).await;
    Ok(125)
}

async fn watch(
    shell: &mut Shell,
    words: &[String],
    time: Duration,
    signal: Signal,
    kill_after: Option<Duration>,
    preserve: bool,
) -> Run {
    let child = match start_words(shell, words.to_vec(), Group::New, None) {
        Ok(child) => child,
        Err(error) => return refuse(shell, &crate::errno::message(&error)).await,
    };
    let group = -i64::from(child.pid());
    let system = std::sync::Arc::clone(&shell.system);
    let limit = async {
        if time.is_zero() {
            std::future::pending::<()>().await;
        }
        system.sleep(time).await;
    };
    let waited = async {
        tokio::select! {
            biased;
            status = child.wait() => Some(status),
            () = limit => None,
        }
    };
    let first = match shell.or_signal(waited).await {
        Ok(first) => first.flatten(),
        Err(flow) => {
            // What ends this command ends what it runs.
            if let Flow::Killed(signal) = flow {
                let _gone = shell.system.kill(group, signal.0);
            }
            return Err(flow);
        }
    };
    if let Some(status) = first {
        return match status {
            ExitStatus::Exited(code) => Ok(i32::from(code)),
            ExitStatus::Signalled(signal) => Ok(128 + i32::from(signal.0)),
        };
    }
    let _gone = shell.system.kill(group, signal.0);
    let mut killed = signal == Signal::KILL;
    let mut status = None;
    if let Some(more) = kill_after {
        let system = std::sync::Arc::clone(&shell.system);
        tokio::select! {
            biased;
            ended = child.wait() => status = Some(ended),
            () = system.sleep(more) => {
                let _gone = shell.system.kill(group, Signal::KILL.0);
                killed = true;
            }
        }
    }
    let status = match status {
        Some(status) => status,
        None => shell.wait_foreground(&child).await?,
    };
    Ok(if preserve {
        status.code()
    } else if killed {
        137
    } else {
        124
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("1.5"), Some(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(duration("x"), None);
        assert_eq!(duration("-1"), None);
    }
}
