//! The state of one shell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Flow, Jobs, Options, Trap};
use crate::signal::Signal;
use crate::syntax::Aliases;
use crate::syntax::ast::Function;
use crate::system::{Descriptors, System};
use crate::variable::{Random, Variables};

/// A bash interpreter: variables, functions, options, descriptors, and the
/// system that it runs on.
#[derive(Debug)]
pub struct Shell {
    pub(crate) system: Arc<dyn System>,
    pub(crate) variables: Variables,
    pub(crate) functions: Arc<BTreeMap<String, Arc<Function>>>,
    pub(crate) exported_functions: Arc<std::collections::BTreeSet<String>>,
    pub(crate) aliases: Arc<Aliases>,
    pub(crate) options: Options,
    pub(crate) traps: BTreeMap<Trap, String>,
    /// `$1` and on.
    pub(crate) positional: Arc<Vec<String>>,
    /// `$0`
    pub(crate) name: String,
    /// The script's path.
    pub(crate) script: Option<String>,
    pub(crate) cwd: String,
    /// What `pushd` put away, the newest last.
    pub(crate) directories: Vec<String>,
    pub(crate) descriptors: Descriptors,
    /// `$?`
    pub(crate) status: i32,
    pub(crate) pipe_status: Vec<i32>,
    /// The status of the last command substitution of the command at hand.
    pub(crate) substitution_status: Option<i32>,
    pub(crate) jobs: Jobs,
    /// `$$`
    pub(crate) shell_pid: u32,
    /// `$BASH_SUBSHELL`
    pub(crate) subshell: u32,
    /// Open functions and sourced files, the newest last.
    pub(crate) frames: Vec<Frame>,
    pub(crate) line: u32,
    /// `$BASH_COMMAND`
    pub(crate) command_text: String,
    /// Open loops.
    pub(crate) loops: u32,
    /// Above 0 where a failure decides and does not end: conditions, `!`, `&&`.
    pub(crate) conditions: u32,
    /// Levels on this task's stack.
    pub(crate) level: u32,
    /// Open calls, for the bound.
    pub(crate) calls: u32,
    /// This process has nothing to do after its one command: a program takes
    /// its place.
    pub(crate) may_exec: bool,
    /// It lives on between cells: an interrupt ends the cell, once what runs in
    /// the foreground has ended.
    pub(crate) serves_cells: bool,
    /// Within a trap's command.
    pub(crate) trapping: Option<Trap>,
    /// Signals that wait for their trap.
    pub(crate) caught: Vec<Signal>,
    pub(crate) seconds_from: i64,
    pub(crate) started: Duration,
    pub(crate) random: Random,
    /// How far `getopts` came in a word of several letters.
    pub(crate) getopts_at: usize,
    pub(crate) umask: u32,
    /// Programs that were found, by name.
    pub(crate) hashed: BTreeMap<String, (String, u32)>,
    pub(crate) disabled: std::collections::BTreeSet<String>,
    /// Descriptors of process substitutions of the command at hand.
    pub(crate) substitutions: Vec<u32>,
    pub(crate) steps: u32,
    /// Words and bytes that the command at hand has expanded to.
    pub(crate) expanded: (usize, usize),
}

/// An open function or sourced file.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) name: String,
    pub(crate) source: String,
    /// Where it was called.
    pub(crate) line: u32,
    pub(crate) is_function: bool,
}

impl Shell {
    /// A shell without variables or descriptors.
    pub(crate) fn hollow(system: &Arc<dyn System>) -> Self {
        Self {
            system: Arc::clone(system),
            variables: Variables::default(),
            functions: Arc::default(),
            exported_functions: Arc::default(),
            aliases: Arc::default(),
            options: Options::default(),
            traps: BTreeMap::new(),
            positional: Arc::default(),
            name: String::new(),
            script: None,
            cwd: String::new(),
            directories: Vec::new(),
            descriptors: Descriptors::new(),
            status: 0,
            pipe_status: Vec::new(),
            substitution_status: None,
            jobs: Jobs::default(),
            shell_pid: 0,
            subshell: 0,
            frames: Vec::new(),
            line: 0,
            command_text: String::new(),
            loops: 0,
            conditions: 0,
            level: 0,
            calls: 0,
            may_exec: false,
            serves_cells: false,
            trapping: None,
            caught: Vec::new(),
            seconds_from: 0,
            started: Duration::ZERO,
            random: Random::new(0),
            getopts_at: 0,
            umask: 0o022,
            hashed: BTreeMap::new(),
            disabled: std::collections::BTreeSet::new(),
            substitutions: Vec::new(),
            steps: 0,
            expanded: (0, 0),
        }
    }

    /// A copy for a process of its own, as `fork` makes it.
    pub(crate) fn copy(&self) -> Self {
        Self {
            system: Arc::clone(&self.system),
            variables: self.variables.clone(),
            functions: Arc::clone(&self.functions),
            exported_functions: Arc::clone(&self.exported_functions),
            aliases: Arc::clone(&self.aliases),
            options: self.options,
            traps: super::trap::inherited(&self.traps, self.options),
            positional: Arc::clone(&self.positional),
            name: self.name.clone(),
            script: self.script.clone(),
            cwd: self.cwd.clone(),
            directories: self.directories.clone(),
            descriptors: self.descriptors.clone(),
            status: self.status,
            pipe_status: self.pipe_status.clone(),
            substitution_status: None,
            jobs: self.jobs.inherited(),
            shell_pid: self.shell_pid,
            subshell: self.subshell + 1,
            frames: self.frames.clone(),
            line: self.line,
            command_text: self.command_text.clone(),
            loops: self.loops,
            conditions: self.conditions,
            level: 0,
            calls: self.calls,
            may_exec: false,
            serves_cells: false,
            trapping: None,
            caught: Vec::new(),
            seconds_from: self.seconds_from,
            started: self.started,
            random: Random::new(self.random.get()),
            getopts_at: self.getopts_at,
            umask: self.umask,
            hashed: self.hashed.clone(),
            disabled: self.disabled.clone(),
            substitutions: Vec::new(),
            steps: 0,
            expanded: (0, 0),
        }
    }

    /// A path as the system wants it: absolute.
    pub(crate) fn path(&self, path: &str) -> String {
        if path.starts_with('/') {
            path.to_owned()
        } else if self.cwd.ends_with('/') {
            format!("{}{path}", self.cwd)
        } else {
            format!("{}/{path}", self.cwd)
        }
    }

    /// Gives way from time to time, and looks for signals.
    pub(crate) async fn step(&mut self) -> Result<(), Flow> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(crate::limits::STEPS_PER_YIELD) {
            tokio::task::yield_now().await;
        }
        self.take_signals()?;
        if self.caught.is_empty() || self.trapping.is_some() {
            return Ok(());
        }
        self.run_caught().await
    }
}
