//! What a command's name means, and how programs are started.

use std::sync::Arc;

use super::{Flow, Run, Shell};
use crate::run::simple::Arguments;
use crate::signal::Signal;
use crate::syntax::ast::Function;
use crate::system::{ExitStatus, FileKind, Group, Launch, LaunchError};
use crate::text;

/// What a name means.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    Function(Arc<Function>),
    Builtin,
    /// A command that this shell brings along.
    Provided,
    Program(String),
    Nothing,
}

impl Shell {
    pub(crate) async fn find_command(&mut self, name: &str) -> Found {
        if let Some(function) = self.functions.get(name) {
            return Found::Function(Arc::clone(function));
        }
        self.find_not_function(name).await
    }

    pub(crate) async fn find_not_function(&mut self, name: &str) -> Found {
        if crate::builtin::is_builtin(name) && !self.disabled.contains(name) {
            return Found::Builtin;
        }
        self.find_program(name).await
    }

    pub(crate) async fn find_program(&mut self, name: &str) -> Found {
        if name.contains('/') {
            return match provided_at(&self.path(name)) {
                true => Found::Provided,
                // As it was written: a script is told so in `$0`.
                false => Found::Program(name.to_owned()),
            };
        }
        if name.is_empty() {
            return Found::Nothing;
        }
        if let Some((path, hits)) = self.hashed.get_mut(name) {
            *hits += 1;
            return Found::Program(path.clone());
        }
        let path = self
            .search_path(name)
            .await
            .or_else(|| self.system.find(name));
        match path {
            Some(path) if provided_at(&path) => Found::Provided,
            Some(path) => {
                if self.options.hash_all && self.hashed.len() < 1_000 {
                    self.hashed.insert(name.to_owned(), (path.clone(), 1));
                }
                Found::Program(path)
            }
            None if crate::command::is_provided(name) => Found::Provided,
            None => Found::Nothing,
        }
    }

    /// The first executable file of that name in `PATH`.
    pub(crate) async fn search_path(&mut self, name: &str) -> Option<String> {
        self.search_all(name, false).await.into_iter().next()
    }

    /// Executable files of that name in `PATH`.
    pub(crate) async fn search_all(&mut self, name: &str, all: bool) -> Vec<String> {
        let mut found = Vec::new();
        let path = self.value("PATH").unwrap_or_default();
        for folder in path.split(':').take(256) {
            let folder = if folder.is_empty() { "." } else { folder };
            let candidate = self.path(&format!("{}/{name}", folder.trim_end_matches('/')));
            if let Ok(there) = self.system.metadata(&candidate, true).await
                && there.kind == FileKind::File
                && there.mode & 0o111 != 0
            {
                found.push(candidate);
                if !all {
                    break;
                }
            }
        }
        found
    }

    pub(crate) async fn run_found(&mut self, found: &Found, arguments: &Arguments) -> Run {
        match found {
            Found::Function(function) => {
                self.may_exec = false;
                let rest = arguments.words.get(1..).unwrap_or_default();
                self.call(function, rest).await
            }
            Found::Builtin => {
                self.may_exec = false;
                Box::pin(crate::builtin::run(self, arguments)).await
            }
            Found::Provided => {
                let words = &arguments.words;
                let may_exec = std::mem::take(&mut self.may_exec);
                Box::pin(self.run_provided(words, may_exec)).await
            }
            Found::Program(path) => {
                let may_exec =
                    std::mem::take(&mut self.may_exec) && self.traps.values().all(String::is_empty);
                self.run_program(path, &arguments.words, may_exec).await
            }
            Found::Nothing => {
                let name = arguments.words.first().map_or("", String::as_str);
                if let Some(function) = self.functions.get("command_not_found_handle").cloned() {
                    return self.call(&function, &arguments.words).await;
                }
                self.fail(127, &format!("{name}: command not found")).await
            }
        }
    }

    /// A command of this shell's own, in a process of its own.
    async fn run_provided(&mut self, words: &[String], in_place: bool) -> Run {
        let words = words.to_vec();
        if in_place {
            return crate::command::run(self, &words).await;
        }
        let copy = self.copy();
        let name = words.first().cloned().unwrap_or_default();
        let child = self.fork(&name, Group::Same, copy, move |shell| {
            Box::pin(async move { crate::command::run(shell, &words).await })
        });
        match child {
            Ok(child) => {
                let status = self.wait_foreground(&child).await?;
                self.report_end(status).await;
                Ok(status.code())
            }
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("fork: {reason}")).await;
                Ok(254)
            }
        }
    }

    /// What a program is given.
    pub(crate) fn launch(&self, path: &str, words: &[String], group: Group) -> Launch {
        let environment = self.variables.environment();
        let mut env: Vec<(Vec<u8>, Vec<u8>)> = environment
            .into_iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), text::encode(value).into_owned()))
            .collect();
        for name in self.exported_functions.iter() {
            if let Some(function) = self.functions.get(name) {
                let name = format!("BASH_FUNC_{name}%%");
                let value = format!("() {}", function.source);
                env.push((name.into_bytes(), text::encode(&value).into_owned()));
            }
        }
        let ignored = self.traps.iter().filter(|(_, command)| command.is_empty());
        Launch {
            path: path.to_owned(),
            argv: words
                .iter()
                .map(|word| text::encode(word).into_owned())
                .collect(),
            env,
            cwd: self.cwd.clone(),
            descriptors: self.descriptors.clone(),
            group,
            ignored: ignored
                .filter_map(|(trap, _)| match trap {
                    super::Trap::Signal(signal) => Some(*signal),
                    _ => None,
                })
                .collect(),
        }
    }

    /// Runs a program and waits for it; in place of this process if it has
    /// nothing else to do.
    pub(crate) async fn run_program(
        &mut self,
        path: &str,
        words: &[String],
        in_place: bool,
    ) -> Run {
        let group = if self.options.monitor && self.subshell == 0 {
            Group::New
        } else {
            Group::Same
        };
        let launch = self.launch(path, words, group);
        if in_place {
            return self.replace(launch).await;
        }
        let system = Arc::clone(&self.system);
        match system.spawn(launch).await {
            Ok(child) => {
                let status = self.wait_foreground(&child).await?;
                self.report_end(status).await;
                if status == ExitStatus::Signalled(Signal::INT)
                    && self
                        .traps
                        .keys()
                        .all(|t| *t != super::Trap::Signal(Signal::INT))
                {
                    // Who interrupts a script's program means the script.
                    return Err(Flow::Killed(Signal::INT));
                }
                Ok(status.code())
            }
            Err(error) => self.not_launched(&error, path, words).await,
        }
    }

    /// A program in place of this process.
    pub(crate) async fn replace(&mut self, launch: Launch) -> Run {
        let path = launch.path.clone();
        let words: Vec<String> = launch.argv.iter().map(|word| text::decode(word)).collect();
        let system = Arc::clone(&self.system);
        // Pipes must end with the program, not with the shell around it.
        let descriptors = std::mem::take(&mut self.descriptors);
        match system.exec(launch).await {
            Ok(ExitStatus::Exited(code)) => Err(Flow::Exit(i32::from(code))),
            Ok(ExitStatus::Signalled(signal)) => Err(Flow::Killed(signal)),
            Err(error) => {
                self.descriptors = descriptors;
                self.not_launched(&error, &path, &words).await
            }
        }
    }

    async fn not_launched(&mut self, error: &LaunchError, path: &str, words: &[String]) -> Run {
        let name = words.first().map_or(path, String::as_str);
        match error {
            LaunchError::NotFound => {
                self.hashed.remove(name);
                self.fail(127, &format!("{name}: {error}")).await
            }
            LaunchError::NotExecutable(_) | LaunchError::Refused(_) => {
                self.fail(126, &format!("{name}: {error}")).await
            }
            LaunchError::NoFormat => self.run_as_script(path, words).await,
        }
    }
}

/// Whether a path is where a command of this shell's own would stand.
fn provided_at(path: &str) -> bool {
    let name = path
        .strip_prefix("/usr/bin/")
        .or_else(|| path.strip_prefix("/bin/"));
    name.is_some_and(crate::command::is_provided)
}
