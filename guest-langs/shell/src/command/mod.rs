//! Commands that run other commands: the tools cannot be them, since a guest
//! cannot start another in its place. They run in processes of their own.

mod around;
mod env;
mod timeout;
mod which;
mod xargs;

use futures::future::BoxFuture;

use crate::run::{Arguments, Found, Run, Shell};
use crate::system::Group;

/// Their names.
pub const PROVIDED: [&str; 10] = [
    "env", "nice", "nohup", "setsid", "stdbuf", "sudo", "time", "timeout", "which", "xargs",
];

/// Builtins that are found as programs elsewhere, too.
const ALSO_PROGRAMS: [&str; 8] = [
    "[", "echo", "false", "kill", "printf", "pwd", "test", "true",
];

pub(crate) fn is_provided(name: &str) -> bool {
    PROVIDED.contains(&name)
}

/// Runs one of them in this process.
pub(crate) fn run<'a>(shell: &'a mut Shell, words: &'a [String]) -> BoxFuture<'a, Run> {
    Box::pin(async move {
        let Some((name, args)) = words.split_first() else {
            return Ok(0);
        };
        let name = name.rsplit('/').next().unwrap_or_default();
        let outer = std::mem::replace(&mut shell.name, name.to_owned());
        let run = match name {
            "env" => env::env(shell, args).await,
            "timeout" => timeout::timeout(shell, args).await,
            "which" => which::which(shell, args).await,
            "xargs" => xargs::xargs(shell, args).await,
            _ => around::run(shell, name, args).await,
        };
        shell.name = outer;
        run
    })
}

/// Says what is wrong as tools do, without a line's number.
async fn complain(shell: &mut Shell, message: &str) {
    let text = format!("{}: {message}\n", shell.name);
    shell.say(&text).await;
}

/// Runs words as a program in place of this process, or as one of these
/// commands or the few builtins that are programs elsewhere.
async fn become_words(shell: &mut Shell, words: &[String]) -> Run {
    let Some(name) = words.first() else {
        return Ok(0);
    };
    match shell.find_program(name).await {
        Found::Program(path) => {
            let launch = shell.launch(&path, words, Group::Same);
            shell.replace(launch).await
        }
        Found::Provided => run(shell, words).await,
        _ if ALSO_PROGRAMS.contains(&name.as_str()) => {
            let arguments = Arguments {
                words: words.to_vec(),
                arrays: std::collections::BTreeMap::new(),
            };
            Box::pin(crate::builtin::run(shell, &arguments)).await
        }
        _ => {
            let message = match shell.name.as_str() {
                "sudo" => format!("{name}: command not found"),
                "timeout" => format!("failed to run command ‘{name}’: No such file or directory"),
                "env" => format!("‘{name}’: No such file or directory"),
                _ => format!("{name}: No such file or directory"),
            };
            complain(shell, &message).await;
            Ok(if shell.name == "sudo" { 1 } else { 127 })
        }
    }
}

/// Starts words as a process of its own.
fn start_words(
    shell: &Shell,
    words: Vec<String>,
    group: Group,
    input: Option<crate::system::Stream>,
) -> std::io::Result<std::sync::Arc<dyn crate::system::Child>> {
    let mut copy = shell.copy();
    if let Some(input) = input {
        copy.descriptors.insert(0, input);
    }
    let name = words.first().cloned().unwrap_or_default();
    shell.fork(&name, group, copy, move |shell| {
        Box::pin(async move { become_words(shell, &words).await })
    })
}
