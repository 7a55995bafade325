//! What names mean: aliases, `type`, `command`, `hash`.

use std::sync::Arc;

use crate::run::{Arguments, Found, Run, Shell};
use crate::text::quote;

/// Words of the grammar.
const KEYWORDS: [&str; 20] = [
    "!", "[[", "]]", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "then", "time", "until", "while", "{", "}",
];
/// Aliases that a shell keeps.
const ALIASES: usize = 10_000;

pub(super) async fn alias(shell: &mut Shell, args: &[String]) -> Run {
    let args: Vec<&String> = args.iter().filter(|arg| *arg != "-p").collect();
    if args.is_empty() {
        let lines = shell.aliases.iter();
        let text: String = lines
            .map(|(name, value)| format!("alias {name}={}\n", quote(value)))
            .collect();
        return shell.print(&text).await;
    }
    let mut status = 0;
    for arg in args {
        if let Some((name, value)) = arg.split_once('=') {
            let bad = |c: char| c.is_whitespace() || "/$`='\"\\|&;()<>".contains(c);
            if name.is_empty() || name.contains(bad) || shell.aliases.len() >= ALIASES {
                status = shell
                    .fail(1, &format!("alias: `{name}': invalid alias name"))
                    .await?;
                continue;
            }
            Arc::make_mut(&mut shell.aliases).insert(name.to_owned(), value.to_owned());
        } else if let Some(value) = shell.aliases.get(arg.as_str()) {
            let text = format!("alias {arg}={}\n", quote(value));
            shell.print(&text).await?;
        } else {
            status = shell.fail(1, &format!("alias: {arg}: not found")).await?;
        }
    }
    Ok(status)
}

pub(super) async fn unalias(shell: &mut Shell, args: &[String]) -> Run {
    let mut status = 0;
    for arg in args {
        if arg == "-a" {
            shell.aliases = Arc::default();
        } else if Arc::make_mut(&mut shell.aliases).remove(arg).is_none() {
            status = shell.fail(1, &format!("unalias: {arg}: not found")).await?;
        }
    }
    Ok(status)
}

/// One thing that a name means, for `type` and `command -v`.
enum Meaning {
    Alias(String),
    Keyword,
    Function(String),
    Builtin,
    File(String),
}

async fn meanings(
    shell: &mut Shell,
    name: &str,
    all: bool,
    functions: bool,
    path_only: bool,
) -> Vec<Meaning> {
    let mut found = Vec::new();
    if !path_only {
        if let Some(value) = shell.active_aliases().get(name) {
            found.push(Meaning::Alias(value.clone()));
        }
        if KEYWORDS.contains(&name) {
            found.push(Meaning::Keyword);
        }
        if let Some(function) = shell.functions.get(name).filter(|_| functions) {
            found.push(Meaning::Function(function.source.clone()));
        }
        if super::is_builtin(name) && !shell.disabled.contains(name) {
            found.push(Meaning::Builtin);
        }
    }
    if found.is_empty() || all {
        if name.contains('/') {
            let path = shell.path(name);
            if let Ok(there) = shell.system.metadata(&path, true).await
                && there.mode & 0o111 != 0
            {
                found.push(Meaning::File(name.to_owned()));
            }
        } else {
            let mut paths = shell.search_all(name, all).await;
            if paths.is_empty() {
                paths.extend(shell.system.find(name));
            }
            if paths.is_empty() && crate::command::is_provided(name) {
                paths.push(format!("/usr/bin/{name}"));
            }
            found.extend(paths.into_iter().map(Meaning::File));
        }
    }
    found.truncate(if all { usize::MAX } else { 1 });
    found
}

pub(super) async fn kind(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "afptP") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("type", letter).await,
    };
    let mut status = 0;
    for name in letters.rest {
        let path_only = letters.has('P');
        let found = meanings(shell, name, letters.has('a'), !letters.has('f'), path_only).await;
        if found.is_empty() {
            status = 1;
            if !letters.has('t') && !letters.has('p') && !path_only {
                shell.complain(&format!("type: {name}: not found")).await;
            }
        }
        for meaning in found {
            let text = if letters.has('t') {
                word_of(&meaning).to_owned()
            } else if letters.has('p') || path_only {
                match meaning {
                    Meaning::File(path) => path,
                    _ => continue,
                }
            } else {
                sentence(name, &meaning)
            };
            shell.print(&format!("{text}\n")).await?;
        }
    }
    Ok(status)
}

fn word_of(meaning: &Meaning) -> &'static str {
    match meaning {
        Meaning::Alias(_) => "alias",
        Meaning::Keyword => "keyword",
        Meaning::Function(_) => "function",
        Meaning::Builtin => "builtin",
        Meaning::File(_) => "file",
    }
}

fn sentence(name: &str, meaning: &Meaning) -> String {
    match meaning {
        Meaning::Alias(value) => format!("{name} is aliased to `{value}'"),
        Meaning::Keyword => format!("{name} is a shell keyword"),
        Meaning::Function(source) => format!("{name} is a function\n{name} () \n{source}"),
        Meaning::Builtin => format!("{name} is a shell builtin"),
        Meaning::File(path) => format!("{name} is {path}"),
    }
}

pub(super) async fn command(shell: &mut Shell, arguments: &Arguments) -> Run {
    let args = arguments.words.get(1..).unwrap_or_default();
    let letters = match super::letters(args, "pvV") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("command", letter).await,
    };
    if letters.has('v') || letters.has('V') {
        let mut status = if letters.rest.is_empty() { 0 } else { 1 };
        for name in letters.rest {
            let found = meanings(shell, name, false, true, false).await;
            let Some(meaning) = found.first() else {
                if letters.has('V') {
                    shell.complain(&format!("command: {name}: not found")).await;
                }
                continue;
            };
            status = 0;
            let text = if letters.has('V') {
                sentence(name, meaning)
            } else {
                match meaning {
                    Meaning::Alias(value) => format!("alias {name}={}", quote(value)),
                    Meaning::File(path) => path.clone(),
                    _ => name.clone(),
                }
            };
            shell.print(&format!("{text}\n")).await?;
        }
        return Ok(status);
    }
    let Some(name) = letters.rest.first() else {
        return Ok(0);
    };
    let found = match shell.find_not_function(name).await {
        Found::Function(_) => Found::Nothing,
        found => found,
    };
    run_rest(shell, &found, arguments, letters.rest.len()).await
}

/// Runs the last words of a command as a command.
async fn run_rest(shell: &mut Shell, found: &Found, arguments: &Arguments, count: usize) -> Run {
    let skipped = arguments.words.len() - count;
    let inner = Arguments {
        words: arguments.words.get(skipped..).unwrap_or_default().to_vec(),
        arrays: std::collections::BTreeMap::new(),
    };
    Box::pin(shell.run_found(found, &inner)).await
}

pub(super) async fn builtin(shell: &mut Shell, arguments: &Arguments) -> Run {
    let args = arguments.words.get(1..).unwrap_or_default();
    let Some(name) = args.first() else {
        return Ok(0);
    };
    if !super::is_builtin(name) {
        return shell
            .fail(1, &format!("builtin: {name}: not a shell builtin"))
            .await;
    }
    run_rest(shell, &Found::Builtin, arguments, args.len()).await
}

pub(super) async fn enable(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "anps") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("enable", letter).await,
    };
    if letters.rest.is_empty() {
        let names = super::NAMES
            .iter()
            .filter(|name| !shell.disabled.contains(**name));
        let text: String = names.map(|name| format!("enable {name}\n")).collect();
        return shell.print(&text).await;
    }
    let mut status = 0;
    for name in letters.rest {
        if !super::is_builtin(name) {
            status = shell
                .fail(1, &format!("enable: {name}: not a shell builtin"))
                .await?;
        } else if letters.has('n') {
            shell.disabled.insert(name.clone());
        } else {
            shell.disabled.remove(name);
        }
    }
    Ok(status)
}

pub(super) async fn hash(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "rtld:p:") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("hash", letter).await,
    };
    if letters.has('r') {
        shell.hashed.clear();
    }
    if let Some(name) = letters.value('d') {
        let known = shell.hashed.remove(name).is_some();
        return Ok(i32::from(!known));
    }
    if letters.rest.is_empty() {
        if letters.has('r') {
            return Ok(0);
        }
        let lines = shell.hashed.values();
        let mut text: String = lines
            .map(|(path, hits)| format!("{hits:4}\t{path}\n"))
            .collect();
        if !text.is_empty() {
            text.insert_str(0, "hits\tcommand\n");
        }
        return shell.print(&text).await;
    }
    let mut status = 0;
    for name in letters.rest {
        if let Some(path) = letters.value('p') {
            shell.hashed.insert(name.clone(), (path.to_owned(), 0));
        } else if let Found::Nothing = shell.find_not_function(name).await {
            status = shell.fail(1, &format!("hash: {name}: not found")).await?;
        } else if letters.has('t') {
            let path = shell.hashed.get(name).map(|(path, _)| format!("{path}\n"));
            shell.print(&path.unwrap_or_default()).await?;
        }
    }
    Ok(status)
}

pub(super) async fn help(shell: &mut Shell, args: &[String]) -> Run {
    let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else {
        let mut text = "Sandcell's shell, the language of bash. Builtins:\n".to_owned();
        text.push_str(&super::NAMES.join(" "));
        text.push('\n');
        return shell.print(&text).await;
    };
    if super::is_builtin(name) {
        return shell
            .print(&format!("{name}: a shell builtin, as in bash 5.2\n"))
            .await;
    }
    shell
        .fail(1, &format!("help: no help topics match `{name}'"))
        .await
}

/// `compgen` without completions of a line: lists of names.
pub(super) async fn compgen(shell: &mut Shell, args: &[String]) -> Run {
    let Ok(letters) = super::letters(args, "abcdefkvA:W:") else {
        return shell.fail(2, "compgen: not supported by this shell").await;
    };
    let mut names: Vec<String> = Vec::new();
    let action = letters.value('A').unwrap_or_default();
    if letters.has('b') || action == "builtin" {
        names.extend(super::NAMES.iter().map(|name| (*name).to_owned()));
    }
    if letters.has('k') || action == "keyword" {
        names.extend(KEYWORDS.iter().map(|name| (*name).to_owned()));
    }
    if letters.has('a') || action == "alias" {
        names.extend(shell.aliases.keys().cloned());
    }
    if letters.has('v') || action == "variable" {
        names.extend(shell.variables.names());
    }
    if action == "function" {
        names.extend(shell.functions.keys().cloned());
    }
    if let Some(words) = letters.value('W') {
        names.extend(words.split_whitespace().map(str::to_owned));
    }
    let prefix = letters.rest.first().map_or("", String::as_str);
    names.retain(|name| name.starts_with(prefix));
    let text: String = names.iter().map(|name| format!("{name}\n")).collect();
    shell.print(&text).await?;
    Ok(i32::from(names.is_empty()))
}
