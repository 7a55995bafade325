//! From a name to the program that runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::folder::{ProgramFolder, is_program_folder};
use crate::command::{Program, Programs};
use crate::error::{NotExecutable, SpawnError};
use crate::files::{FileError, Follow, Kind, NodeId, Tree};

/// Where programs are looked for without a `PATH`.
pub(super) const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Scripts that may be interpreters of scripts, in a row.
const SCRIPTS: usize = 4;

/// What is looked at of a file to see what it is.
const HEAD_BYTES: usize = 256;

/// A program and the arguments that it gets.
pub(super) struct Resolved {
    pub(super) program: Arc<dyn Program>,
    pub(super) argv: Vec<Vec<u8>>,
}

/// Where names are looked up.
pub(super) struct Place<'a> {
    pub(super) tree: &'a Tree,
    pub(super) programs: &'a Programs,
    pub(super) cwd: &'a str,
    pub(super) env: &'a BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What an executable file is.
enum Executable {
    Program(Arc<dyn Program>),
    /// A script: its interpreter and the argument that goes with it.
    Script(String, Option<String>),
}

/// An absolute path, of a path as seen from `cwd`.
pub(super) fn absolute(cwd: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}/{path}", cwd.trim_end_matches('/'))
}

impl Place<'_> {
    /// The program for `name`, and its arguments: a script's interpreter gets
    /// the script's path in place of `argv[0]`.
    pub(super) fn resolve(
        &self,
        name: &str,
        mut argv: Vec<Vec<u8>>,
    ) -> Result<Resolved, SpawnError> {
        let mut path = self.find(name)?;
        // A script is told its path as the caller wrote it.
        let mut script = if name.contains('/') {
            name.to_owned()
        } else {
            path.clone()
        };
        for _ in 0..SCRIPTS {
            match self.look(name, &path)? {
                Executable::Program(program) => return Ok(Resolved { program, argv }),
                Executable::Script(interpreter, argument) => {
                    let rest = argv.split_off(argv.len().min(1));
                    argv = vec![interpreter.clone().into_bytes()];
                    argv.extend(argument.map(String::into_bytes));
                    argv.push(script.into_bytes());
                    argv.extend(rest);
                    path = self.find(&interpreter)?;
                    script = path.clone();
                }
            }
        }
        Err(SpawnError::NotExecutable {
            name: name.to_owned(),
            reason: NotExecutable::Circle,
        })
    }

    /// The path of what `name` runs.
    pub(super) fn find(&self, name: &str) -> Result<String, SpawnError> {
        let missing = || SpawnError::NotFound {
            name: name.to_owned(),
        };
        if name.is_empty() {
            return Err(missing());
        }
        if name.contains('/') {
            return Ok(absolute(self.cwd, name));
        }
        let path = self.env.get(&b"PATH"[..]).map(Vec::as_slice);
        let path = path.and_then(|path| std::str::from_utf8(path).ok());
        let mut refused = None;
        for folder in path.unwrap_or(USUAL_PATH).split(':') {
            let folder = if folder.is_empty() { "." } else { folder };
            let path = absolute(
                self.cwd,
                &format!("{}/{name}", folder.trim_end_matches('/')),
            );
            match self.executable(name, &path) {
                Ok(_) => return Ok(path),
                Err(SpawnError::NotFound { .. }) => {}
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(missing))
    }

    /// The file at `path`, if it may be executed.
    fn executable(&self, name: &str, path: &str) -> Result<NodeId, SpawnError> {
        let refuse = |reason| SpawnError::NotExecutable {
            name: name.to_owned(),
            reason,
        };
        let found = self.tree.walk(NodeId::ROOT, path, Follow::Always);
        let (node, kind) = match found.and_then(|walked| walked.existing()) {
            Ok(found) => found,
            Err(FileError::NotFound | FileError::NotADirectory) => {
                return Err(SpawnError::NotFound {
                    name: name.to_owned(),
                });
            }
            Err(_) => return Err(refuse(NotExecutable::Circle)),
        };
        match kind {
            Kind::File => {}
            Kind::Directory => return Err(refuse(NotExecutable::Directory)),
            _ => return Err(refuse(NotExecutable::Permission)),
        }
        let mode = self.tree.stat_of(node).map_or(0, |stat| stat.mode);
        if mode & 0o111 == 0 {
            return Err(refuse(NotExecutable::Permission));
        }
        Ok(node)
    }

    fn look(&self, name: &str, path: &str) -> Result<Executable, SpawnError> {
        let node = self.executable(name, path)?;
        if let Some(program) = self.program_at(node) {
            return Ok(Executable::Program(program));
        }
        let refuse = |reason| SpawnError::NotExecutable {
            name: name.to_owned(),
            reason,
        };
        let mut head = [0; HEAD_BYTES];
        let count = self.tree.read_at(node, 0, &mut head);
        let count = count.map_err(|_| refuse(NotExecutable::Unreadable))?;
        let head = head.get(..count).unwrap_or_default();
        let Some(line) = head.strip_prefix(b"#!") else {
            if head.contains(&0) {
                return Err(refuse(NotExecutable::Format));
            }
            // As a shell does with a text that does not say what it is.
            return Ok(Executable::Script("/bin/sh".to_owned(), None));
        };
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| refuse(NotExecutable::Format))?;
        let line = line.trim_matches([' ', '\t', '\r']);
        let (interpreter, argument) = match line.split_once([' ', '\t']) {
            Some((interpreter, argument)) => (interpreter, Some(argument.trim_start())),
            None => (line, None),
        };
        if interpreter.is_empty() {
            return Err(refuse(NotExecutable::Format));
        }
        if interpreter.rsplit('/').next() == Some("env")
            && let Some(argument) = argument
        {
            return script_of_env(argument).ok_or_else(|| refuse(NotExecutable::Format));
        }
        Ok(Executable::Script(
            interpreter.to_owned(),
            argument.map(str::to_owned),
        ))
    }

    /// The program whose file this is.
    fn program_at(&self, node: NodeId) -> Option<Arc<dyn Program>> {
        let folder = self.tree.backing_of(node)?;
        if !is_program_folder(&**folder) {
            return None;
        }
        let name = ProgramFolder::name_of(self.programs, node.inode())?;
        self.programs.get(name)
    }
}

/// `#!/usr/bin/env X`, also with `-S` and an argument: what env would run.
fn script_of_env(text: &str) -> Option<Executable> {
    let text = text.strip_prefix("-S").unwrap_or(text).trim_start();
    let (name, argument) = match text.split_once([' ', '\t']) {
        Some((name, argument)) => (name, Some(argument.trim().to_owned())),
        None => (text, None),
    };
    (!name.is_empty()).then(|| Executable::Script(name.to_owned(), argument))
}
