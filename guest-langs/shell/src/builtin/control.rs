//! Builtins that say where evaluation goes on.

use crate::arith;
use crate::run::{Flow, Found, Run, Shell, Trap};
use crate::system::Group;

pub(super) async fn source(shell: &mut Shell, args: &[String]) -> Run {
    let args = match args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => args,
    };
    let Some((name, rest)) = args.split_first() else {
        return shell.fail(2, "source: filename argument required").await;
    };
    let mut file = name.clone();
    if !name.contains('/') && shell.options.sourcepath {
        let path = shell.value("PATH").unwrap_or_default();
        for folder in path.split(':').take(256) {
            let candidate = shell.path(&format!("{folder}/{name}"));
            if let Ok(there) = shell.system.metadata(&candidate, true).await
                && there.kind == crate::system::FileKind::File
            {
                file = candidate;
                break;
            }
        }
    }
    let arguments = (!rest.is_empty()).then(|| rest.to_vec());
    shell.source(&file, arguments).await
}

pub(super) async fn eval(shell: &mut Shell, args: &[String]) -> Run {
    let args = match args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => args,
    };
    let line = shell.line;
    let status = shell.run_nested(args.join(" "), line, None).await?;
    Ok(status)
}

/// The number behind `exit` or `return`.
async fn status_of(shell: &mut Shell, name: &str, args: &[String]) -> Result<i32, i32> {
    let Some(text) = args.first() else {
        return Ok(shell.status);
    };
    match text.trim().parse::<i64>() {
        Ok(number) => Ok(i32::try_from(number & 0xff).unwrap_or(0)),
        Err(_) => {
            shell
                .complain(&format!("{name}: {text}: numeric argument required"))
                .await;
            Err(2)
        }
    }
}

pub(super) async fn exit(shell: &mut Shell, name: &str, args: &[String]) -> Run {
    match status_of(shell, name, args).await {
        Ok(_) if args.len() > 1 => shell.fail(1, &format!("{name}: too many arguments")).await,
        Ok(status) | Err(status) => Err(Flow::Exit(status)),
    }
}

pub(super) async fn back(shell: &mut Shell, args: &[String]) -> Run {
    if shell.frames.is_empty() {
        let message = "return: can only `return' from a function or sourced script";
        return shell.fail(2, message).await;
    }
    match status_of(shell, "return", args).await {
        Ok(status) | Err(status) => Err(Flow::Return(status)),
    }
}

pub(super) async fn leave_loop(shell: &mut Shell, args: &[String], out: bool) -> Run {
    let name = if out { "break" } else { "continue" };
    if shell.loops == 0 {
        let message = format!("{name}: only meaningful in a `for', `while', or `until' loop");
        return shell.fail(0, &message).await;
    }
    let levels = match args.first().map(|text| text.parse::<u32>()) {
        None => 1,
        Some(Ok(0)) => {
            let text = args.first().map_or("", String::as_str);
            shell
                .complain(&format!("{name}: {text}: loop count out of range"))
                .await;
            return Err(Flow::Break(shell.loops));
        }
        Some(Ok(levels)) => levels,
        Some(Err(_)) => {
            let text = args.first().map_or("", String::as_str);
            shell
                .complain(&format!("{name}: {text}: numeric argument required"))
                .await;
            return Err(Flow::Exit(128));
        }
    };
    let levels = levels.min(shell.loops);
    Err(if out {
        Flow::Break(levels)
    } else {
        Flow::Continue(levels)
    })
}

pub(super) async fn shift(shell: &mut Shell, args: &[String]) -> Run {
    let count = match args.first().map(|text| text.parse::<i64>()) {
        None => 1,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            let text = args.first().map_or("", String::as_str);
            return shell
                .fail(1, &format!("shift: {text}: numeric argument required"))
                .await;
        }
    };
    let Ok(count) = usize::try_from(count) else {
        return shell
            .fail(1, &format!("shift: {count}: shift count out of range"))
            .await;
    };
    if count > shell.positional.len() {
        if shell.options.shift_verbose {
            return shell
                .fail(1, &format!("shift: {count}: shift count out of range"))
                .await;
        }
        return Ok(1);
    }
    std::sync::Arc::make_mut(&mut shell.positional).drain(..count);
    Ok(0)
}

pub(super) async fn evaluate(shell: &mut Shell, args: &[String]) -> Run {
    if args.is_empty() {
        return shell.fail(1, "let: expression expected").await;
    }
    let mut last = 0;
    for text in args {
        match arith::evaluate(text, shell, 0) {
            Ok(value) => last = value,
            Err(error) => return shell.fail(1, &format!("let: {error}")).await,
        }
    }
    Ok(i32::from(last == 0))
}

pub(super) async fn exec(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "cla:") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("exec", letter).await,
    };
    let Some(name) = letters.rest.first() else {
        return Ok(0);
    };
    let mut words = letters.rest.to_vec();
    let found = shell.find_program(name).await;
    if let (Some(other), Some(first)) = (letters.value('a'), words.first_mut()) {
        other.clone_into(first);
    }
    if letters.has('l')
        && let Some(first) = words.first_mut()
    {
        first.insert(0, '-');
    }
    let status = match found {
        Found::Program(path) => {
            let mut launch = shell.launch(&path, &words, Group::Same);
            if letters.has('c') {
                launch.env.clear();
            }
            shell.traps.remove(&Trap::Exit);
            shell.replace(launch).await?
        }
        Found::Provided => {
            shell.traps.remove(&Trap::Exit);
            let status = Box::pin(crate::command::run(shell, &words)).await?;
            return Err(Flow::Exit(status));
        }
        _ => shell.fail(127, &format!("exec: {name}: not found")).await?,
    };
    // A shell that cannot become the program ends, unless somebody types.
    if shell.options.interactive {
        return Ok(status);
    }
    Err(Flow::Exit(status))
}

pub(super) async fn caller(shell: &mut Shell, args: &[String]) -> Run {
    let depth: usize = args.first().and_then(|text| text.parse().ok()).unwrap_or(0);
    let frames: Vec<_> = shell.frames.iter().rev().cloned().collect();
    let Some(frame) = frames.get(depth) else {
        return Ok(1);
    };
    let outer = frames.get(depth + 1);
    let source = outer.map_or_else(|| shell.name.clone(), |outer| outer.source.clone());
    let text = if args.is_empty() {
        format!("{} {source}\n", frame.line)
    } else {
        let name = outer.map_or("main", |outer| outer.name.as_str());
        format!("{} {name} {source}\n", frame.line)
    };
    shell.print(&text).await
}
