//! Sessions as files have them.
//!
//! ```text
//! == TITLE                a new session: an empty folder, and settings with a default branch
//! $ git status -s         a line for a shell
//! | M a                   what it prints, line by line; `\` at the very end: no line feed
//! ! fatal: ...            the same of standard error
//! = 1                     its exit status, when it is not 0
//! ```
//! `%` instead of `$`: real git says something else, and that is meant. `-`: only done,
//! whatever it prints. `cd FOLDER` stays in force, and `tick` is a minute later by the
//! clocks of commits. `{HOME}` is the home folder.

use std::path::{Component, Path, PathBuf};

/// A line, and what must come of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) mark: char,
    pub(crate) command: String,
    pub(crate) output: String,
    pub(crate) errors: String,
    pub(crate) status: i32,
}

/// All sessions of a file.
pub(crate) fn parse(text: &str) -> Vec<Vec<Line>> {
    let mut sessions: Vec<Vec<Line>> = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let (mark, rest) = text.split_at_checked(1).unwrap_or(("", ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let last = || sessions.last().and_then(|lines| lines.last());
        match mark {
            "=" if text.starts_with("==") => sessions.push(Vec::new()),
            "$" | "%" | "-" => {
                let lines = sessions.last_mut().expect("a session before");
                lines.push(Line {
                    number: at + 1,
                    mark: mark.chars().next().unwrap_or('$'),
                    command: rest.to_owned(),
                    ..Line::default()
                });
            }
            "|" | "!" | "=" => {
                assert!(last().is_some(), "line {}: {text}", at + 1);
                let line = sessions.last_mut().and_then(|lines| lines.last_mut());
                let line = line.expect("a line before");
                match mark {
                    "|" => add(&mut line.output, rest),
                    "!" => add(&mut line.errors, rest),
                    _ => line.status = rest.parse().expect("a number"),
                }
            }
            _ => assert!(text.is_empty() || mark == "#", "line {}: {text}", at + 1),
        }
    }
    sessions
}

fn add(into: &mut String, line: &str) {
    let line = line.replace("\\r", "\r");
    if let Some(open) = line.strip_suffix('\\') {
        into.push_str(open);
    } else {
        into.push_str(&line);
        into.push('\n');
    }
}

/// Where a session is, and when.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) home: String,
    pub(crate) folder: PathBuf,
    seconds: u64,
}

impl Place {
    /// The start of a session whose home is this folder.
    pub(crate) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            folder: Path::new(home).join("here"),
            seconds: 1_700_000_000,
        }
    }

    /// Does `cd` and `tick` itself; whether it was one of them.
    pub(crate) fn takes(&mut self, command: &str) -> bool {
        if command == "tick" {
            self.seconds += 60;
            return true;
        }
        let Some(target) = command.strip_prefix("cd ") else {
            return false;
        };
        let target = target.replace("{HOME}", &self.home);
        let mut folder = PathBuf::new();
        for part in self.folder.join(target).components() {
            if part == Component::ParentDir {
                folder.pop();
            } else {
                folder.push(part);
            }
        }
        self.folder = folder;
        true
    }

    /// A text of the file, for this home.
    pub(crate) fn here(&self, text: &str) -> String {
        text.replace("{HOME}", &self.home)
    }

    /// Who commits, and when.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let date = format!("{} +0100", self.seconds);
        vec![
            ("HOME", self.home.clone()),
            ("GIT_AUTHOR_NAME", "Ann".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ann@example.org".to_owned()),
            ("GIT_COMMITTER_NAME", "Bob".to_owned()),
            ("GIT_COMMITTER_EMAIL", "bob@example.org".to_owned()),
            ("GIT_AUTHOR_DATE", date.clone()),
            ("GIT_COMMITTER_DATE", date),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("TERM", "dumb".to_owned()),
        ]
    }
}

/// The settings that a session starts with.
pub(crate) const SETTINGS: &str =
    "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = true\n";
