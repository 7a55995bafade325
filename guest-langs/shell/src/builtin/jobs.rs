//! Jobs: `jobs`, `wait`, `kill`, `fg`, `bg`, `disown`.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::select_all;

use crate::run::{Flow, Job, Run, Shell};
use crate::signal::Signal;
use crate::system::Child;

pub(super) async fn jobs(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "lnprsx") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("jobs", letter).await,
    };
    let mut text = String::new();
    let mut ended = Vec::new();
    let own = !shell.jobs.all.is_empty();
    for job in if own {
        &shell.jobs.all
    } else {
        &shell.jobs.parents
    } {
        let is_running = job.ended().is_none();
        if letters.has('s') || (letters.has('r') && !is_running) {
            continue;
        }
        if letters.has('p') {
            text.push_str(&format!("{}\n", job.pid()));
        } else {
            text.push_str(&shell.job_line(job, letters.has('l')));
        }
        if !is_running {
            ended.push(job.number);
        }
    }
    for number in ended {
        shell.jobs.retire(number);
    }
    shell.print(&text).await
}

/// The child that `wait` is asked for.
fn child_of(shell: &Shell, text: &str) -> Option<Arc<dyn Child>> {
    if let Some(job) = shell.jobs.find(text) {
        return job.children.last().cloned();
    }
    let pid: u32 = text.parse().ok()?;
    let job = shell.jobs.by_pid(pid);
    let found = job.and_then(|job| job.children.iter().find(|child| child.pid() == pid));
    let other = shell
        .jobs
        .substitutions
        .iter()
        .find(|child| child.pid() == pid);
    found.or(other).cloned()
}

pub(super) async fn wait(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "fnp:") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("wait", letter).await,
    };
    if letters.has('n') {
        return wait_any(shell, letters.rest, letters.value('p')).await;
    }
    if letters.rest.is_empty() {
        let all: Vec<Arc<dyn Child>> = shell
            .jobs
            .all
            .iter()
            .flat_map(|job| job.children.iter().cloned())
            .collect();
        for child in all {
            if let Some(status) = wait_one(shell, &child).await? {
                return Ok(status);
            }
        }
        shell.jobs.sweep();
        shell.jobs.past.clear();
        return Ok(0);
    }
    let mut status = 0;
    for text in letters.rest {
        status = match child_of(shell, text) {
            Some(child) => match wait_one(shell, &child).await? {
                Some(interrupted) => return Ok(interrupted),
                None => {
                    if let Some(name) = letters.value('p') {
                        shell.set(name, &child.pid().to_string());
                    }
                    child.ended().map_or(0, |status| status.code())
                }
            },
            None => {
                let past = shell.jobs.past.iter().rev();
                let past = past.filter(|(pid, _)| Ok(*pid) == text.parse::<u32>());
                match past.map(|(_, status)| *status).next() {
                    Some(status) => status,
                    None if text.starts_with('%') => {
                        shell
                            .fail(127, &format!("wait: {text}: no such job"))
                            .await?
                    }
                    None if text.parse::<u32>().is_ok() => {
                        let message = format!("wait: pid {text} is not a child of this shell");
                        shell.fail(127, &message).await?
                    }
                    None => {
                        let message = format!("wait: `{text}': not a pid or valid job spec");
                        shell.fail(1, &message).await?
                    }
                }
            }
        };
    }
    shell.jobs.sweep();
    Ok(status)
}

/// Waits for one child; a status if a trap came between.
async fn wait_one(shell: &mut Shell, child: &Arc<dyn Child>) -> Result<Option<i32>, Flow> {
    if shell.or_signal(child.wait()).await?.is_some() {
        return Ok(None);
    }
    let signal = shell.caught.first().copied();
    shell.run_caught().await?;
    Ok(Some(signal.map_or(128, |signal| 128 + i32::from(signal.0))))
}

async fn wait_any(shell: &mut Shell, wanted: &[String], name: Option<&str>) -> Run {
    let children: Vec<Arc<dyn Child>> = if wanted.is_empty() {
        shell
            .jobs
            .all
            .iter()
            .filter_map(|job| job.children.last().cloned())
            .collect()
    } else {
        wanted
            .iter()
            .filter_map(|text| child_of(shell, text))
            .collect()
    };
    if children.is_empty() {
        return Ok(127);
    }
    let ends = select_all(children.iter().map(|child| child.wait().boxed()));
    let Some((status, at, _)) = shell.or_signal(ends).await? else {
        let signal = shell.caught.first().copied();
        shell.run_caught().await?;
        return Ok(signal.map_or(128, |signal| 128 + i32::from(signal.0)));
    };
    if let Some(child) = children.get(at) {
        let pid = child.pid();
        if let Some(name) = name {
            shell.set(name, &pid.to_string());
        }
        let number = shell.jobs.by_pid(pid).map(|job| job.number);
        if let Some(number) = number {
            shell.jobs.retire(number);
        }
    }
    Ok(status.code())
}

pub(super) async fn kill(shell: &mut Shell, args: &[String]) -> Run {
    let mut signal = Signal::TERM.0;
    let mut rest = args;
    match args.first().map(String::as_str) {
        None => {
            return shell
                .fail(
                    2,
                    "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ...",
                )
                .await;
        }
        Some("-l" | "-L") => return kill_list(shell, args.get(1..).unwrap_or_default()).await,
        Some("--") => rest = args.get(1..).unwrap_or_default(),
        Some(word) if word.starts_with('-') && word.len() > 1 => {
            let (text, used) = match word {
                "-s" | "-n" => (args.get(1).map_or("", String::as_str), 2),
                other => (other.get(1..).unwrap_or_default(), 1),
            };
            signal = match (text, Signal::parse(text)) {
                ("0" | "EXIT", _) => 0,
                (_, Some(signal)) => signal.0,
                _ => {
                    return shell
                        .fail(1, &format!("kill: {text}: invalid signal specification"))
                        .await;
                }
            };
            rest = args.get(used..).unwrap_or_default();
            if rest.first().is_some_and(|word| word == "--") {
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        Some(_) => {}
    }
    let mut status = 0;
    for text in rest {
        let target = if text.starts_with('%') {
            let job = shell.jobs.find(text);
            let own = |job: &Job| {
                job.group
                    .map_or_else(|| i64::from(job.pid()), |group| -i64::from(group))
            };
            match job.map(own) {
                Some(target) => target,
                None => {
                    status = shell.fail(1, &format!("kill: {text}: no such job")).await?;
                    continue;
                }
            }
        } else {
            match text.parse::<i64>() {
                Ok(target) => target,
                Err(_) => {
                    let message = format!("kill: {text}: arguments must be process or job IDs");
                    status = shell.fail(1, &message).await?;
                    continue;
                }
            }
        };
        if let Err(error) = shell.system.kill(target, signal) {
            let reason = match error.kind() {
                std::io::ErrorKind::PermissionDenied => "Operation not permitted",
                _ => "No such process",
            };
            status = shell.fail(1, &format!("kill: ({text}) - {reason}")).await?;
        }
    }
    // A signal to this shell itself counts at once.
    shell.take_signals()?;
    Ok(status)
}

async fn kill_list(shell: &mut Shell, args: &[String]) -> Run {
    if args.is_empty() {
        let names = (1..=31).map(|number| format!("{number:2}) SIG{}", Signal(number).name()));
        let names: Vec<String> = names.collect();
        let lines: Vec<String> = names.chunks(5).map(|line| line.join("\t")).collect();
        return shell.print(&format!("{}\n", lines.join("\n"))).await;
    }
    let mut status = 0;
    for text in args {
        let shown = match text.parse::<u32>() {
            Ok(number) => {
                let number = if number > 128 { number - 128 } else { number };
                u8::try_from(number)
                    .ok()
                    .filter(|n| (1..=64).contains(n))
                    .map(|n| Signal(n).name())
            }
            Err(_) => Signal::parse(text).map(|signal| signal.0.to_string()),
        };
        match shown {
            Some(shown) => {
                shell.print(&format!("{shown}\n")).await?;
            }
            None => {
                status = shell
                    .fail(1, &format!("kill: {text}: invalid signal specification"))
                    .await?;
            }
        }
    }
    Ok(status)
}

/// The job that `fg` and its like mean.
fn meant(shell: &Shell, args: &[String]) -> Option<Job> {
    match args.first() {
        None => shell.jobs.find("%%").cloned(),
        Some(text) if text.starts_with('%') => shell.jobs.find(text).cloned(),
        Some(text) => {
            let by_pid = text.parse().ok().and_then(|pid| shell.jobs.by_pid(pid));
            by_pid
                .cloned()
                .or_else(|| shell.jobs.find(&format!("%{text}")).cloned())
        }
    }
}

pub(super) async fn foreground(shell: &mut Shell, args: &[String]) -> Run {
    if !shell.options.monitor {
        return shell.fail(1, "fg: no job control").await;
    }
    let Some(job) = meant(shell, args) else {
        let name = args.first().map_or("current", String::as_str);
        return shell.fail(1, &format!("fg: {name}: no such job")).await;
    };
    shell.print(&format!("{}\n", job.command)).await?;
    let mut status = 0;
    for child in &job.children {
        status = shell.wait_foreground(child).await?.code();
    }
    shell.jobs.retire(job.number);
    Ok(status)
}

pub(super) async fn background(shell: &mut Shell, args: &[String]) -> Run {
    if !shell.options.monitor {
        return shell.fail(1, "bg: no job control").await;
    }
    match meant(shell, args) {
        Some(job) => {
            shell
                .fail(0, &format!("bg: job {} already in background", job.number))
                .await
        }
        None => {
            let name = args.first().map_or("current", String::as_str);
            shell.fail(1, &format!("bg: {name}: no such job")).await
        }
    }
}

pub(super) async fn disown(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "ahr") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("disown", letter).await,
    };
    let numbers: Vec<u32> = if letters.rest.is_empty() && (letters.has('a') || letters.has('r')) {
        shell.jobs.all.iter().map(|job| job.number).collect()
    } else {
        match meant(shell, letters.rest) {
            Some(job) => vec![job.number],
            None => {
                let name = letters.rest.first().map_or("current", String::as_str);
                return shell.fail(1, &format!("disown: {name}: no such job")).await;
            }
        }
    };
    if !letters.has('h') {
        shell.jobs.all.retain(|job| !numbers.contains(&job.number));
    }
    Ok(0)
}
