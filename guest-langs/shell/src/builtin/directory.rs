//! The working directory and the stack of directories.

use crate::run::{Run, Shell};
use crate::system::FileKind;

/// Directories that `pushd` keeps.
const STACK: usize = 1_000;

/// A path without `.`, `..` and double slashes, links left as they are.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Goes to a directory, or says why not.
async fn go(shell: &mut Shell, target: &str, physical: bool) -> Result<(), String> {
    let mut path = if physical {
        shell.path(target)
    } else {
        plain(&shell.path(target))
    };
    match shell.system.metadata(&path, true).await {
        Ok(there) if there.kind == FileKind::Directory => {}
        Ok(_) => return Err("Not a directory".to_owned()),
        Err(error) => return Err(crate::errno::message(&error)),
    }
    if physical {
        let real = shell.system.real_path(&path).await;
        path = real.map_err(|error| crate::errno::message(&error))?;
    }
    let old = std::mem::replace(&mut shell.cwd, path);
    shell.set("OLDPWD", &old);
    let new = shell.cwd.clone();
    shell.set("PWD", &new);
    Ok(())
}

pub(super) async fn cd(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "LPe@") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("cd", letter).await,
    };
    let physical = letters.has('P') || (shell.options.physical && !letters.has('L'));
    if letters.rest.len() > 1 {
        return shell.fail(1, "cd: too many arguments").await;
    }
    let mut shown = false;
    let target = match letters.rest.first().map(String::as_str) {
        None => match shell.value("HOME") {
            Some(home) => home,
            None => return shell.fail(1, "cd: HOME not set").await,
        },
        Some("-") => {
            shown = true;
            match shell.value("OLDPWD") {
                Some(old) => old,
                None => return shell.fail(1, "cd: OLDPWD not set").await,
            }
        }
        Some(target) => target.to_owned(),
    };
    if target.is_empty() {
        return Ok(0);
    }
    let relative = !target.starts_with(['/', '.']);
    if relative && let Some(paths) = shell.value("CDPATH") {
        for folder in paths
            .split(':')
            .filter(|folder| !folder.is_empty())
            .take(64)
        {
            let candidate = format!("{}/{target}", folder.trim_end_matches('/'));
            if go(shell, &candidate, physical).await.is_ok() {
                let text = format!("{}\n", shell.cwd);
                return shell.print(&text).await;
            }
        }
    }
    if let Err(reason) = go(shell, &target, physical).await {
        return shell.fail(1, &format!("cd: {target}: {reason}")).await;
    }
    if shown {
        let text = format!("{}\n", shell.cwd);
        return shell.print(&text).await;
    }
    Ok(0)
}

pub(super) async fn pwd(shell: &mut Shell, args: &[String]) -> Run {
    let mut path = shell.cwd.clone();
    if args.first().is_some_and(|arg| arg == "-P")
        && let Ok(real) = shell.system.real_path(&path).await
    {
        path = real;
    }
    shell.print(&format!("{path}\n")).await
}

fn short(shell: &Shell, path: &str) -> String {
    let home = shell.value("HOME").unwrap_or_default();
    match path.strip_prefix(&home) {
        Some(rest) if home.len() > 1 && (rest.is_empty() || rest.starts_with('/')) => {
            format!("~{rest}")
        }
        _ => path.to_owned(),
    }
}

/// All directories, the working one first.
fn all(shell: &Shell) -> Vec<String> {
    let rest = shell.directories.iter().rev().cloned();
    std::iter::once(shell.cwd.clone()).chain(rest).collect()
}

async fn show(shell: &mut Shell) -> Run {
    let line: Vec<String> = all(shell).iter().map(|path| short(shell, path)).collect();
    shell.print(&format!("{}\n", line.join(" "))).await
}

pub(super) async fn dirs(shell: &mut Shell, args: &[String]) -> Run {
    let mut long = false;
    let mut lines = false;
    let mut numbers = false;
    for arg in args {
        match arg.as_str() {
            "-c" => {
                shell.directories.clear();
                return Ok(0);
            }
            "-l" => long = true,
            "-p" => lines = true,
            "-v" => numbers = true,
            other => {
                let Some(at) = rotation(other, shell.directories.len() + 1) else {
                    return shell
                        .fail(1, &format!("dirs: {other}: invalid argument"))
                        .await;
                };
                let path = all(shell).get(at).cloned().unwrap_or_default();
                let path = short(shell, &path);
                return shell.print(&format!("{path}\n")).await;
            }
        }
    }
    let mut text = String::new();
    for (at, path) in all(shell).iter().enumerate() {
        let path = if long {
            path.clone()
        } else {
            short(shell, path)
        };
        if numbers {
            text.push_str(&format!("{at:2}  {path}\n"));
        } else if lines {
            text.push_str(&format!("{path}\n"));
        } else {
            text.push_str(if at > 0 { " " } else { "" });
            text.push_str(&path);
        }
    }
    if !numbers && !lines {
        text.push('\n');
    }
    shell.print(&text).await
}

/// `+1` or `-0`: a place in the list.
fn rotation(text: &str, count: usize) -> Option<usize> {
    let at = if let Some(number) = text.strip_prefix('+') {
        number.parse().ok()?
    } else {
        let number: usize = text.strip_prefix('-')?.parse().ok()?;
        count.checked_sub(1 + number)?
    };
    (at < count).then_some(at)
}

pub(super) async fn pushd(shell: &mut Shell, args: &[String]) -> Run {
    let stay = args.first().is_some_and(|arg| arg == "-n");
    let target = args.get(usize::from(stay)).map(String::as_str);
    if shell.directories.len() >= STACK {
        return shell.fail(1, "pushd: too many directories").await;
    }
    let mut list = all(shell);
    match target {
        None if list.len() < 2 => return shell.fail(1, "pushd: no other directory").await,
        None => list.swap(0, 1),
        Some(text) if rotation(text, list.len()).is_some() => {
            let count = rotation(text, list.len()).unwrap_or(0);
            list.rotate_left(count);
        }
        Some(path) => {
            let before = shell.cwd.clone();
            if stay {
                let path = shell.path(path);
                shell.directories.push(path);
            } else if let Err(reason) = go(shell, path, false).await {
                return shell.fail(1, &format!("pushd: {path}: {reason}")).await;
            } else {
                shell.directories.push(before);
            }
            return show(shell).await;
        }
    }
    restack(shell, list, "pushd").await
}

pub(super) async fn popd(shell: &mut Shell, args: &[String]) -> Run {
    let mut list = all(shell);
    if list.len() < 2 {
        return shell.fail(1, "popd: directory stack empty").await;
    }
    let at = match args.first() {
        None => 0,
        Some(text) => match rotation(text, list.len()) {
            Some(at) => at,
            None => {
                return shell
                    .fail(1, &format!("popd: {text}: invalid argument"))
                    .await;
            }
        },
    };
    list.remove(at);
    restack(shell, list, "popd").await
}

async fn restack(shell: &mut Shell, list: Vec<String>, name: &str) -> Run {
    let Some((first, rest)) = list.split_first() else {
        return Ok(1);
    };
    if *first != shell.cwd
        && let Err(reason) = go(shell, first, false).await
    {
        return shell.fail(1, &format!("{name}: {first}: {reason}")).await;
    }
    shell.directories = rest.iter().rev().cloned().collect();
    show(shell).await
}
