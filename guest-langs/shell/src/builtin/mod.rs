//! Commands that the shell is itself.

mod control;
mod declare;
mod directory;
mod getopts;
mod jobs;
mod names;
mod options;
mod output;
mod printf;
mod process;
mod read;
mod test;

pub(crate) use declare::shown_declaration;

use crate::run::{Arguments, Run, Shell};

/// Descriptors from here to 63 are for process substitutions.
pub(crate) const FIRST_PRIVATE: u32 = 40;

/// All names, for `type`, `enable` and `help`.
pub(crate) const NAMES: [&str; 60] = [
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

pub(crate) fn is_builtin(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

/// Runs the builtin that the first word names.
pub(crate) async fn run(shell: &mut Shell, arguments: &Arguments) -> Run {
    let (name, args) = match arguments.words.split_first() {
        Some((name, args)) => (name.as_str(), args),
        None => return Ok(0),
    };
    match name {
        ":" | "true" => Ok(0),
        "false" => Ok(1),
        "." | "source" => control::source(shell, args).await,
        "[" => test::bracket(shell, args).await,
        "alias" => names::alias(shell, args).await,
        "bg" => jobs::background(shell, args).await,
        "break" => control::leave_loop(shell, args, true).await,
        "builtin" => names::builtin(shell, arguments).await,
        "caller" => control::caller(shell, args).await,
        "cd" => directory::cd(shell, args).await,
        "command" => names::command(shell, arguments).await,
        "compgen" => names::compgen(shell, args).await,
        "complete" | "compopt" | "history" | "fc" | "suspend" => {
            shell
                .fail(1, &format!("{name}: not supported by this shell"))
                .await
        }
        "continue" => control::leave_loop(shell, args, false).await,
        "declare" | "typeset" | "local" | "export" | "readonly" => {
            declare::declare(shell, name, arguments).await
        }
        "dirs" => directory::dirs(shell, args).await,
        "disown" => jobs::disown(shell, args).await,
        "echo" => output::echo(shell, args).await,
        "enable" => names::enable(shell, args).await,
        "eval" => control::eval(shell, args).await,
        "exec" => control::exec(shell, args).await,
        "exit" | "logout" => control::exit(shell, name, args).await,
        "fg" => jobs::foreground(shell, args).await,
        "getopts" => getopts::getopts(shell, args).await,
        "hash" => names::hash(shell, args).await,
        "help" => names::help(shell, args).await,
        "jobs" => jobs::jobs(shell, args).await,
        "kill" => jobs::kill(shell, args).await,
        "let" => control::evaluate(shell, args).await,
        "mapfile" | "readarray" => read::mapfile(shell, args).await,
        "popd" => directory::popd(shell, args).await,
        "printf" => printf::printf(shell, args).await,
        "pushd" => directory::pushd(shell, args).await,
        "pwd" => directory::pwd(shell, args).await,
        "read" => read::read(shell, args).await,
        "return" => control::back(shell, args).await,
        "set" => options::set(shell, args).await,
        "shift" => control::shift(shell, args).await,
        "shopt" => options::shopt(shell, args).await,
        "test" => test::test(shell, args).await,
        "times" => process::times(shell).await,
        "trap" => process::trap(shell, args).await,
        "type" => names::kind(shell, args).await,
        "ulimit" => process::ulimit(shell, args).await,
        "umask" => process::umask(shell, args).await,
        "unalias" => names::unalias(shell, args).await,
        "unset" => declare::unset(shell, args).await,
        "wait" => jobs::wait(shell, args).await,
        other => {
            shell
                .fail(127, &format!("{other}: command not found"))
                .await
        }
    }
}

/// Letters of options in front of arguments: `-ab value` and what is left.
pub(crate) struct Letters<'a> {
    pub(crate) given: Vec<(char, Option<&'a str>)>,
    pub(crate) rest: &'a [String],
}

/// Reads options: `known` are the letters, one with `:` behind it has a value.
/// The error is the letter that is not known, or has no value.
pub(crate) fn letters<'a>(args: &'a [String], known: &str) -> Result<Letters<'a>, char> {
    let mut given = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        let Some(body) = word.strip_prefix('-').filter(|body| !body.is_empty()) else {
            break;
        };
        at += 1;
        let mut rest = body.chars();
        while let Some(letter) = rest.next() {
            let place = known.find(letter).filter(|_| letter != ':').ok_or(letter)?;
            let behind = known.get(place + letter.len_utf8()..).unwrap_or_default();
            if !behind.starts_with(':') {
                given.push((letter, None));
                continue;
            }
            let value = rest.as_str();
            if value.is_empty() {
                let next = args.get(at).ok_or(letter)?;
                given.push((letter, Some(next.as_str())));
                at += 1;
            } else {
                given.push((letter, Some(value)));
            }
            break;
        }
    }
    Ok(Letters {
        given,
        rest: args.get(at..).unwrap_or_default(),
    })
}

impl Letters<'_> {
    pub(crate) fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        let found = self.given.iter().rev().find(|(given, _)| *given == letter);
        found.and_then(|(_, value)| *value)
    }
}

impl Shell {
    /// `name: -x: invalid option`, status 2.
    pub(crate) async fn bad_option(&mut self, name: &str, letter: char) -> Run {
        self.fail(2, &format!("{name}: -{letter}: invalid option"))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn options_in_front() {
        let args: Vec<String> = ["-ab", "-n3", "-d", "x", "--", "-y"]
            .map(String::from)
            .into();
        let found = letters(&args, "abn:d:").unwrap_or(Letters {
            given: Vec::new(),
            rest: &[],
        });
        assert!(found.has('b') && found.value('n') == Some("3") && found.value('d') == Some("x"));
        assert_eq!(found.rest, ["-y"]);
        assert_eq!(letters(&args, "a").err(), Some('b'));
    }
}
