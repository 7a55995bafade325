//! A running command, seen from inside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::Files;
use crate::command::signal::Signals;
use crate::command::table::{Entry, Origin, Processes};
use crate::command::{CommandInfo, Disposition, ExitStatus, Signal, Spawn};
use crate::error::SpawnError;
use crate::files::FileError;
use crate::limits::Limits;
use crate::stream::{Descriptor, FileOptions, OpenFile};

/// What a running program knows and may do. Dropping it closes its descriptors.
#[derive(Debug)]
pub struct Process {
    pub(super) table: Arc<Processes>,
    pub(super) entry: Arc<Entry>,
    argv: Vec<Vec<u8>>,
    descriptors: BTreeMap<u32, Descriptor>,
}

impl Process {
    pub(super) fn new(
        table: Arc<Processes>,
        entry: Arc<Entry>,
        argv: Vec<Vec<u8>>,
        descriptors: BTreeMap<u32, Descriptor>,
    ) -> Self {
        Self {
            table,
            entry,
            argv,
            descriptors,
        }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.entry.pid
    }

    /// The number of the process that started it; 1 when that was the outside or
    /// a cell.
    #[must_use]
    pub fn parent(&self) -> u32 {
        self.entry.parent
    }

    /// The number of its group.
    #[must_use]
    pub fn group(&self) -> u32 {
        self.entry.group
    }

    /// Its arguments, the program's name first. Never empty.
    #[must_use]
    pub fn argv(&self) -> &[Vec<u8>] {
        &self.argv
    }

    /// Its environment as it was at its start.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.entry.env
    }

    /// Its working directory as it was at its start: an absolute path.
    #[must_use]
    pub fn cwd(&self) -> &str {
        &self.entry.cwd
    }

    /// What stands under a number.
    #[must_use]
    pub fn descriptor(&self, number: u32) -> Option<&Descriptor> {
        self.descriptors.get(&number)
    }

    /// All descriptors by number.
    #[must_use]
    pub fn descriptors(&self) -> &BTreeMap<u32, Descriptor> {
        &self.descriptors
    }

    /// Takes all descriptors out, to be closed and changed freely.
    pub fn take_descriptors(&mut self) -> BTreeMap<u32, Descriptor> {
        std::mem::take(&mut self.descriptors)
    }

    /// The sandbox's files, by absolute paths.
    #[must_use]
    pub fn files(&self) -> Files {
        Files::new(Arc::clone(&self.table.settings))
    }

    /// Opens a file by an absolute path.
    ///
    /// # Errors
    /// It is missing, a folder, or in a read-only place; a quota.
    pub fn open(&self, path: &str, options: FileOptions) -> Result<OpenFile, FileError> {
        OpenFile::open(&self.table.settings.tree, &self.table.clock, path, options)
    }

    /// Starts a child. Its group is this process's, what this process ignores it
    /// ignores, too; it lives on when this process ends.
    ///
    /// # Errors
    /// [`SpawnError`]: nothing was started, what was given to it is closed.
    pub fn spawn(&self, spawn: Spawn) -> Result<Child, SpawnError> {
        let origin = Origin {
            parent: self.entry.pid,
            group: self.entry.group,
            depth: self.entry.depth + 1,
            ignored: self.entry.signals.ignored(),
            cwd: self.entry.cwd.clone(),
            meter: Arc::clone(&self.entry.meter),
            outside: None,
        };
        let entry = self.table.spawn(spawn, origin)?;
        Ok(Child { entry })
    }

    /// The path of what a name would run, as seen from `cwd` with the `PATH` of
    /// `env`.
    ///
    /// # Errors
    /// [`SpawnError::NotFound`], [`SpawnError::NotExecutable`].
    pub fn which(
        &self,
        name: &str,
        cwd: &str,
        env: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<String, SpawnError> {
        self.table.which(name, cwd, env)
    }

    /// Says what is to be done about a signal; nothing can be said about `KILL`.
    pub fn set_disposition(&self, signal: Signal, disposition: Disposition) {
        self.signals().set(signal, disposition);
    }

    /// Whether it ignores a signal; what its parent ignored it ignores from the
    /// start.
    #[must_use]
    pub fn ignores(&self, signal: Signal) -> bool {
        self.signals().ignores(signal)
    }

    /// Waits for a signal that it catches.
    pub async fn signal(&self) -> Signal {
        self.signals().next().await
    }

    /// A signal that it catches, if one came.
    #[must_use]
    pub fn try_signal(&self) -> Option<Signal> {
        self.signals().take()
    }

    fn signals(&self) -> &Signals {
        &self.entry.signals
    }

    /// Whether a signal has come that ends it: it will not be asked again.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.signals().has_fatal().is_some()
    }

    /// Sends a signal to a process of the sandbox; false when there is none.
    #[must_use]
    pub fn kill(&self, pid: u32, signal: Signal) -> bool {
        self.table.signal(pid, signal)
    }

    /// Sends a signal to a group of processes; false when there is none.
    #[must_use]
    pub fn kill_group(&self, group: u32, signal: Signal) -> bool {
        self.table.signal_group(group, signal)
    }

    /// All processes of the sandbox.
    #[must_use]
    pub fn processes(&self) -> Vec<CommandInfo> {
        let live = self.table.live();
        live.iter().map(|entry| CommandInfo::of(entry)).collect()
    }

    /// Says that it waits for orders and holds nothing that whoever gives them
    /// could not save: until [`Self::wake`] the sandbox is saved and paused as if
    /// this process were not there.
    pub fn rest(&self) {
        self.table.rest(&self.entry);
    }

    /// Says that it works again, once it may: not while the sandbox is being saved
    /// or is paused.
    pub async fn wake(&self) {
        self.table.wake(&self.entry).await;
    }

    /// The sandbox's limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.table.settings.limits
    }

    /// Takes `bytes` of the memory that the sandbox's processes share, for what
    /// the program keeps on its behalf; they are given back with
    /// [`Self::give_back_memory`] only. False when they are not there.
    #[must_use]
    pub fn take_memory(&self, bytes: u64) -> bool {
        self.table.budget.take(bytes)
    }

    /// Gives back what [`Self::take_memory`] took.
    pub fn give_back_memory(&self, bytes: u64) {
        self.table.budget.give_back(bytes);
    }

    /// Processor time that this process's command and all that it started used:
    /// that of guests, counted when they end.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.entry.meter.cpu()
    }

    /// What time it is for the sandbox, in nanoseconds since 1970.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        (self.table.clock)()
    }
}

/// A process that another one started. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Child {
    pub(super) entry: Arc<Entry>,
}

impl Child {
    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.entry.pid
    }

    /// The number of its group.
    #[must_use]
    pub fn group(&self) -> u32 {
        self.entry.group
    }

    /// Waits for its end.
    pub async fn wait(&self) -> ExitStatus {
        self.entry.ended().await
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn try_wait(&self) -> Option<ExitStatus> {
        self.entry.status()
    }

    /// Sends it a signal; one that has ended is left alone.
    pub fn signal(&self, signal: Signal) {
        self.entry.signals.send(signal);
    }
}
