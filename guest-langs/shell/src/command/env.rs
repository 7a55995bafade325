//! `env`.

use super::{become_words, complain};
use crate::run::{Run, Shell};
use crate::variable::Variable;

/// Sets a variable of the environment.
pub(super) fn export(shell: &mut Shell, name: &str, value: &str) {
    let mut variable = Variable::scalar(value);
    variable.attributes.exported = true;
    // Without room the variable stays as it was.
    let _no_room = shell.put(name, variable);
}

pub(super) async fn env(shell: &mut Shell, args: &[String]) -> Run {
    let mut words = args.to_vec();
    let mut at = 0;
    let mut end = '\n';
    while let Some(word) = words.get(at).cloned() {
        let value = words.get(at + 1).cloned();
        at += 1;
        match word.as_str() {
            "--" => break,
            "-" | "-i" | "--ignore-environment" => clear(shell),
            "-0" | "--null" => end = '\0',
            "-u" | "--unset" => {
                at += 1;
                shell.variables.remove(value.as_deref().unwrap_or_default());
            }
            "-C" | "--chdir" => {
                at += 1;
                let folder = value.unwrap_or_default();
                let path = shell.path(&folder);
                let there = shell.system.metadata(&path, true).await;
                if !there.is_ok_and(|there| there.kind == crate::system::FileKind::Directory) {
                    complain(
                        shell,
                        &format!(
                            "cannot change directory to '{folder}': No such file or directory"
                        ),
                    )
                    .await;
                    return Ok(125);
                }
                shell.cwd = path;
            }
            "-S" | "--split-string" => {
                let rest = words.split_off((at + 1).min(words.len()));
                words = value
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect();
                words.extend(rest);
                at = 0;
            }
            other if other.starts_with("--unset=") => {
                shell.variables.remove(other.trim_start_matches("--unset="));
            }
            other if other.starts_with("-u") && other.len() > 2 => {
                shell.variables.remove(other.trim_start_matches("-u"));
            }
            other if other.starts_with('-') && other.len() > 1 => {
                complain(shell, &format!("unrecognized option '{other}'")).await;
                return Ok(125);
            }
            other => match other.split_once('=') {
                Some((name, value)) if !name.is_empty() => export(shell, name, value),
                _ => {
                    at -= 1;
                    break;
                }
            },
        }
    }
    let words = words.get(at..).unwrap_or_default().to_vec();
    if words.is_empty() {
        let all = shell.variables.environment();
        let text: String = all
            .iter()
            .map(|(name, value)| format!("{name}={value}{end}"))
            .collect();
        return shell.print(&text).await;
    }
    shell.hashed.clear();
    become_words(shell, &words).await
}

fn clear(shell: &mut Shell) {
    let path = shell.value("PATH");
    let names: Vec<String> = shell
        .variables
        .environment()
        .keys()
        .map(|name| (*name).to_owned())
        .collect();
    for name in names {
        shell.variables.remove(&name);
    }
    if let Some(path) = path {
        // The command is still looked for where it was.
        let _no_room = shell.put("PATH", Variable::scalar(path));
    }
}
