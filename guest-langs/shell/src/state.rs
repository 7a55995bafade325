//! A shell at rest as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::run::{Options, Shell, Trap};
use crate::syntax::ast::Command;
use crate::syntax::{Parser, is_name};
use crate::system::{Descriptors, System};
use crate::variable::Variable;

/// The form of [`State`] that this crate writes.
const VERSION: u32 = 1;

/// What lives on between the cells of a bash context, and in snapshots: the
/// working directory, variables, functions, aliases, options, traps, positional
/// parameters. Not: descriptors and jobs, which end with their process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    name: String,
    cwd: String,
    directories: Vec<String>,
    variables: BTreeMap<String, Variable>,
    /// Bodies as they were written.
    functions: BTreeMap<String, String>,
    exported_functions: BTreeSet<String>,
    aliases: BTreeMap<String, String>,
    options: Options,
    traps: Vec<(Trap, String)>,
    positional: Vec<String>,
    status: i32,
    umask: u32,
}

/// Why a state is none of this shell's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Written in another form.
    #[error("the state has form {0}, and not {VERSION}")]
    Version(u32),
    /// A function whose body is no command.
    #[error("the function {0} has no body that is a command")]
    Function(String),
    /// A variable whose name is none, or variables that are too large.
    #[error("the variable {0} cannot be set")]
    Variable(String),
    /// A working directory that is not absolute.
    #[error("the working directory is not absolute")]
    Directory,
}

impl Shell {
    /// The state between two cells.
    #[must_use]
    pub fn state(&self) -> State {
        let functions = self.functions.iter();
        State {
            version: VERSION,
            name: self.name.clone(),
            cwd: self.cwd.clone(),
            directories: self.directories.clone(),
            variables: self.variables.globals().clone(),
            functions: functions
                .map(|(name, function)| (name.clone(), function.source.clone()))
                .collect(),
            exported_functions: self.exported_functions.as_ref().clone(),
            aliases: self.aliases.as_ref().clone(),
            options: self.options,
            traps: self.traps.clone().into_iter().collect(),
            positional: self.positional.as_ref().clone(),
            status: self.status,
            umask: self.umask,
        }
    }

    /// A shell with that state, over a system and with new descriptors.
    ///
    /// # Errors
    ///
    /// When the state is of another version, or not one that a shell could have
    /// come to.
    pub fn restore(
        system: &Arc<dyn System>,
        descriptors: Descriptors,
        state: State,
    ) -> Result<Self, StateError> {
        if state.version != VERSION {
            return Err(StateError::Version(state.version));
        }
        if !state.cwd.starts_with('/') {
            return Err(StateError::Directory);
        }
        let mut shell = Self::hollow(system);
        shell.settle(descriptors);
        for (name, variable) in state.variables {
            if !is_name(&name) || shell.put(&name, variable).is_err() {
                return Err(StateError::Variable(name));
            }
        }
        for (name, source) in state.functions {
            if !shell.define_from(&name, &source) {
                return Err(StateError::Function(name));
            }
        }
        shell.name = state.name;
        shell.cwd = state.cwd;
        shell.directories = state.directories;
        shell.exported_functions = Arc::new(state.exported_functions);
        shell.aliases = Arc::new(state.aliases);
        shell.options = state.options;
        shell.traps = state.traps.into_iter().collect();
        shell.positional = Arc::new(state.positional);
        shell.status = state.status;
        shell.umask = state.umask & 0o777;
        Ok(shell)
    }

    /// Defines a function from its body's text. Says whether that is a command.
    pub(crate) fn define_from(&mut self, name: &str, body: &str) -> bool {
        let plain = |c: char| !c.is_whitespace() && !"'\"\\$`=#{}()|&;<>".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return false;
        }
        let source = format!("{name} () {body}");
        let aliases = Arc::default();
        let Ok(Ok(Some(list))) =
            Parser::new(&source, 1).map(|mut parser| parser.next_line(&aliases, true))
        else {
            return false;
        };
        let [item] = list.0.as_slice() else {
            return false;
        };
        let ([Command::Function(function)], true) =
            (item.chain.first.stages.as_slice(), item.chain.is_single())
        else {
            return false;
        };
        if self.variables.charge(body.len()).is_err() {
            return false;
        }
        Arc::make_mut(&mut self.functions).insert(name.to_owned(), Arc::clone(function));
        true
    }
}
