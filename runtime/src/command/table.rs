//! The processes of a sandbox.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::watch;

use crate::command::output::Output;
use crate::command::program::Host;
use crate::command::resolve::{Place, Resolved, USUAL_PATH, absolute};
use crate::command::signal::Signals;
use crate::command::{Exit, ExitStatus, Group, Process, Signal, Spawn};
use crate::engine::Budget;
use crate::error::{Error, Result, SpawnError};
use crate::files::{FileError, Kind};
use crate::stream::{Clock, PipeWriter, Terminal};
use crate::worker::Settings;

/// Bytes of arguments and environment together.
const ARGUMENT_BYTES: usize = 4 << 20;

/// How deep processes may start each other.
const DEPTH: u32 = 48;

/// What a process counts with against [`crate::Limits::process_bytes`] at least.
const PROCESS_BYTES: u64 = 1 << 20;

/// Numbers start anew behind this one.
const LAST_PID: u32 = 4_194_303;

/// The first number that is given: 1 stands for the sandbox itself.
const FIRST_PID: u32 = 2;

/// Ended commands that can still be asked how they ended.
const REMEMBERED: usize = 64;

/// Who started a process.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) parent: u32,
    pub(super) group: u32,
    pub(super) depth: u32,
    /// The set of signals that are ignored.
    pub(super) ignored: u64,
    pub(super) cwd: String,
    pub(super) meter: Arc<Meter>,
    /// Of a command that was started from outside.
    pub(super) outside: Option<Outside>,
}

/// What only a command has.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) tag: Option<String>,
    pub(super) output: Arc<Output>,
    pub(super) stdin: Mutex<Option<PipeWriter>>,
    pub(super) terminal: Option<Terminal>,
}

/// What a command and all that it started used.
#[derive(Debug, Default)]
pub(super) struct Meter {
    cpu_ns: AtomicU64,
    peak_memory: AtomicU64,
}

impl Meter {
    pub(super) fn add(&self, cpu: Duration, memory_bytes: u64) {
        let cpu = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        self.cpu_ns.fetch_add(cpu, Ordering::Relaxed);
        self.peak_memory.fetch_max(memory_bytes, Ordering::Relaxed);
    }

    pub(super) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_ns.load(Ordering::Relaxed))
    }

    pub(super) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Relaxed)
    }
}

/// A process, as others see it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) group: u32,
    pub(super) depth: u32,
    pub(super) argv: Vec<Vec<u8>>,
    pub(super) env: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) cwd: String,
    pub(super) started: Instant,
    pub(super) signals: Signals,
    pub(super) meter: Arc<Meter>,
    pub(super) outside: Option<Outside>,
    /// It waits for orders, see [`Process::rest`].
    resting: AtomicBool,
    status: watch::Sender<Option<ExitStatus>>,
}

impl Entry {
    /// How it ended, if it has.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        *self.status.borrow()
    }

    /// Whether it waits for orders.
    pub(super) fn is_resting(&self) -> bool {
        self.resting.load(Ordering::Relaxed)
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) -> ExitStatus {
        let mut status = self.status.subscribe();
        match status.wait_for(Option::is_some).await.map(|status| *status) {
            Ok(Some(status)) => status,
            // The sender lives as long as the entry does.
            _ => ExitStatus::Signal(Signal::KILL),
        }
    }
}

/// All processes of one sandbox.
pub(crate) struct Processes {
    pub(super) settings: Arc<Settings>,
    pub(super) host: Arc<dyn Host>,
    pub(super) budget: Arc<Budget>,
    pub(super) clock: Clock,
    table: Mutex<Table>,
    /// How many do not rest; told when that changes, and when processes may start
    /// again.
    count: watch::Sender<usize>,
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processes")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Table {
    /// No process is started any more.
    closed: bool,
    /// No process is started while the sandbox is being saved so many times.
    held: u32,
    /// No process is started now: the sandbox is paused.
    paused: bool,
    next: u32,
    live: BTreeMap<u32, Arc<Entry>>,
    /// Commands that ended, the last one last.
    ended: VecDeque<Ended>,
}

/// A command that has ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) pid: u32,
    pub(super) tag: Option<String>,
    pub(super) exit: Exit,
}

impl Table {
    /// How many processes do not rest.
    fn busy(&self) -> usize {
        let live = self.live.values();
        live.filter(|entry| !entry.is_resting()).count()
    }
}

impl Processes {
    pub(crate) fn new(settings: Arc<Settings>, host: Arc<dyn Host>) -> Arc<Self> {
        let clocks = settings.image.clocks(settings.determinism.as_ref());
        Arc::new(Self {
            budget: Arc::new(Budget::new(settings.limits.process_bytes)),
            clock: Arc::new(move || clocks.realtime_ns()),
            settings,
            host,
            table: Mutex::new(Table {
                closed: false,
                held: 0,
                paused: false,
                next: FIRST_PID,
                live: BTreeMap::new(),
                ended: VecDeque::new(),
            }),
            count: watch::Sender::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that run, by number.
    pub(super) fn live(&self) -> Vec<Arc<Entry>> {
        self.lock().live.values().cloned().collect()
    }

    pub(super) fn find(&self, pid: u32) -> Option<Arc<Entry>> {
        self.lock().live.get(&pid).cloned()
    }

    pub(super) fn remembered(&self) -> Vec<Ended> {
        self.lock().ended.iter().cloned().collect()
    }

    pub(super) fn remember(&self, ended: Ended) {
        let mut table = self.lock();
        if table.ended.len() >= REMEMBERED {
            table.ended.pop_front();
        }
        table.ended.push_back(ended);
    }

    /// Sends a signal to a process; false when there is none of this number.
    pub(super) fn signal(&self, pid: u32, signal: Signal) -> bool {
        let entry = self.find(pid);
        entry.is_some_and(|entry| {
            entry.signals.send(signal);
            true
        })
    }

    /// Sends a signal to all processes of a group; false when there is none.
    pub(super) fn signal_group(&self, group: u32, signal: Signal) -> bool {
        let members: Vec<_> = self.live();
        let members = members.iter().filter(|entry| entry.group == group);
        members.fold(false, |_, entry| {
            entry.signals.send(signal);
            true
        })
    }

    /// Ends all processes and starts no more.
    pub(crate) fn close(&self) {
        let mut table = self.lock();
        table.closed = true;
        for entry in table.live.values() {
            entry.signals.send(Signal::KILL);
        }
    }

    /// Starts no process as long as the answer lives.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        self.lock().held += 1;
        Held(Arc::clone(self))
    }

    /// Says whether processes are started at all.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.lock().paused = paused;
        self.count.send_modify(|_| ());
    }

    /// The processes that run and do not rest: numbers and arguments.
    pub(crate) fn running(&self) -> Vec<(u32, Vec<Vec<u8>>)> {
        let live = self.live();
        live.iter()
            .filter(|entry| !entry.is_resting())
            .map(|entry| (entry.pid, entry.argv.clone()))
            .collect()
    }

    /// Ends all processes that do not rest: asks them, and after the grace does
    /// not ask.
    pub(crate) async fn end_all(&self) {
        self.signal_all(Signal::TERM);
        let grace = self.settings.limits.grace;
        if tokio::time::timeout(grace, self.idle()).await.is_err() {
            self.signal_all(Signal::KILL);
            self.idle().await;
        }
    }

    /// Waits until all rest or have ended.
    pub(crate) async fn idle(&self) {
        let mut count = self.count.subscribe();
        // The sender lives as long as this borrow does.
        let _none = count.wait_for(|count| *count == 0).await;
    }

    /// Sends a signal to all that do not rest.
    fn signal_all(&self, signal: Signal) {
        for entry in self.live().iter().filter(|entry| !entry.is_resting()) {
            entry.signals.send(signal);
        }
    }

    /// Notes that a process waits for orders.
    pub(super) fn rest(&self, entry: &Entry) {
        let table = self.lock();
        entry.resting.store(true, Ordering::Relaxed);
        self.count.send_replace(table.busy());
    }

    /// Notes that a process works again, as soon as that may be: not while the
    /// sandbox is being saved or is paused.
    pub(super) async fn wake(&self, entry: &Entry) {
        let mut changes = self.count.subscribe();
        loop {
            {
                let table = self.lock();
                if table.closed || (table.held == 0 && !table.paused) {
                    entry.resting.store(false, Ordering::Relaxed);
                    self.count.send_replace(table.busy());
                    return;
                }
            }
            // The sender lives as long as this borrow does.
            let _told = changes.changed().await;
        }
    }

    /// Starts a process.
    pub(super) fn spawn(
        self: &Arc<Self>,
        mut spawn: Spawn,
        mut origin: Origin,
    ) -> std::result::Result<Arc<Entry>, SpawnError> {
        check_texts(&spawn)?;
        if origin.depth > DEPTH {
            return Err(SpawnError::TooDeep { allowed: DEPTH });
        }
        origin.cwd = match &spawn.cwd {
            Some(path) => absolute(&origin.cwd, path),
            None => origin.cwd,
        };
        let resolved = self.resolve(&mut spawn, &origin.cwd)?;
        let share = self.share()?;
        let entry = self.enter(&spawn, origin, &resolved.argv)?;
        let process = Process::new(
            Arc::clone(self),
            Arc::clone(&entry),
            resolved.argv,
            spawn.descriptors,
        );
        let table = Arc::clone(self);
        let running = Arc::clone(&entry);
        self.host.handle().spawn(async move {
            let status = run(resolved.program, process, &running).await;
            drop(share);
            table.leave(&running, status);
        });
        Ok(entry)
    }

    fn resolve(&self, spawn: &mut Spawn, cwd: &str) -> std::result::Result<Resolved, SpawnError> {
        let tree = &self.settings.tree;
        let tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
        let bad = |error| SpawnError::BadDirectory {
            path: cwd.to_owned(),
            error,
        };
        if tree.stat(cwd).map_err(bad)?.kind != Kind::Directory {
            return Err(bad(FileError::NotADirectory));
        }
        let argv = std::mem::take(&mut spawn.argv);
        spawn.argv.clone_from(&argv);
        if let Some(program) = spawn.program.take() {
            return Ok(Resolved { program, argv });
        }
        let place = Place {
            tree: &tree,
            programs: self.host.programs(),
            cwd,
            env: &spawn.env,
        };
        let first = argv.first().map_or(&b""[..], |name| name);
        let name = match &spawn.path {
            Some(path) => path.clone(),
            None => String::from_utf8_lossy(first).into_owned(),
        };
        place.resolve(&name, argv)
    }

    /// Where a name leads, as a shell's `which` answers.
    pub(super) fn which(
        &self,
        name: &str,
        cwd: &str,
        env: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> std::result::Result<String, SpawnError> {
        let tree = &self.settings.tree;
        let tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place {
            tree: &tree,
            programs: self.host.programs(),
            cwd,
            env,
        };
        place.find(name)
    }

    /// Takes a process's part of the memory.
    fn share(&self) -> std::result::Result<impl Send + use<>, SpawnError> {
        struct Share(Arc<Budget>);
        impl Drop for Share {
            fn drop(&mut self) {
                self.0.give_back(PROCESS_BYTES);
            }
        }
        if !self.budget.take(PROCESS_BYTES) {
            return Err(SpawnError::NoMemory);
        }
        Ok(Share(Arc::clone(&self.budget)))
    }

    /// Gives a process its number and its place in the table.
    fn enter(
        &self,
        spawn: &Spawn,
        origin: Origin,
        argv: &[Vec<u8>],
    ) -> std::result::Result<Arc<Entry>, SpawnError> {
        let mut table = self.lock();
        if table.closed || table.held > 0 || table.paused {
            return Err(SpawnError::Closed);
        }
        let allowed = self.settings.limits.processes;
        if table.live.len() >= allowed as usize {
            return Err(SpawnError::TooMany { allowed });
        }
        while table.live.contains_key(&table.next) {
            table.next = after(table.next);
        }
        let pid = table.next;
        table.next = after(pid);
        let entry = Arc::new(Entry {
            pid,
            parent: origin.parent,
            group: match spawn.group {
                Group::Inherit => origin.group,
                Group::Own | Group::Of(0) => pid,
                Group::Of(group) => group,
            },
            depth: origin.depth,
            argv: argv.to_vec(),
            env: spawn.env.clone(),
            cwd: origin.cwd,
            started: Instant::now(),
            signals: Signals::new(origin.ignored),
            meter: origin.meter,
            outside: origin.outside,
            resting: AtomicBool::new(false),
            status: watch::Sender::new(None),
        });
        table.live.insert(pid, Arc::clone(&entry));
        self.count.send_replace(table.busy());
        Ok(entry)
    }

    fn leave(&self, entry: &Entry, status: ExitStatus) {
        let mut table = self.lock();
        table.live.remove(&entry.pid);
        let parent = table.live.get(&entry.parent).cloned();
        let left = table.busy();
        drop(table);
        entry.status.send_replace(Some(status));
        if let Some(parent) = parent {
            parent.signals.send(Signal::CHLD);
        }
        self.count.send_replace(left);
    }

    /// The environment that commands start with.
    pub(super) fn environment(&self, user: Option<&str>) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let user = user.unwrap_or("user");
        let home = match user {
            "root" => "/root".to_owned(),
            other => format!("/home/{other}"),
        };
        let own = [
            ("HOME", home.as_str()),
            ("USER", user),
            ("LOGNAME", user),
            ("PATH", USUAL_PATH),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("SHELL", "/bin/bash"),
        ];
        let own = own.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let given = self.settings.environment.iter();
        let given = given.map(|(name, value)| (name.clone().into(), value.clone().into()));
        own.into_iter().chain(given).collect()
    }
}

fn after(pid: u32) -> u32 {
    if pid >= LAST_PID { FIRST_PID } else { pid + 1 }
}

/// Runs a program until it ends or a signal ends it.
async fn run(
    program: Arc<dyn crate::command::Program>,
    process: Process,
    entry: &Entry,
) -> ExitStatus {
    let running = AssertUnwindSafe(async { program.run(process).await }).catch_unwind();
    tokio::select! {
        biased;
        signal = entry.signals.fatal() => ExitStatus::Signal(signal),
        status = running => match entry.signals.has_fatal() {
            // It told itself, as `kill -9 $$` does, and ended before it heard.
            Some(signal) => ExitStatus::Signal(signal),
            // One of the embedder's that panics ends as one that aborts does.
            None => status.unwrap_or(ExitStatus::Signal(Signal::ABRT)),
        },
    }
}

fn check_texts(spawn: &Spawn) -> std::result::Result<(), SpawnError> {
    let variables = spawn.env.iter();
    let bytes = spawn.argv.iter().map(|text| text.len() + 1).sum::<usize>()
        + variables
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum::<usize>();
    if bytes > ARGUMENT_BYTES {
        return Err(SpawnError::TooLong {
            bytes,
            allowed: ARGUMENT_BYTES,
        });
    }
    let texts = spawn.argv.iter().chain(spawn.env.values());
    let nul = texts.chain(spawn.env.keys()).any(|text| text.contains(&0));
    let name = |name: &Vec<u8>| name.is_empty() || name.contains(&b'=');
    if spawn.argv.is_empty() || nul || spawn.env.keys().any(name) {
        return Err(SpawnError::Invalid);
    }
    Ok(())
}

/// No process is started while it lives.
pub(crate) struct Held(Arc<Processes>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().held -= 1;
        self.0.count.send_modify(|_| ());
    }
}

/// What keeps the sandbox there.
pub(crate) type Keeper = Arc<dyn Any + Send + Sync>;

impl Processes {
    /// Whether the sandbox takes commands.
    pub(super) fn check_open(&self) -> Result<()> {
        let table = self.lock();
        if table.closed {
            return Err(Error::Ended {
                what: "the sandbox",
            });
        }
        if table.paused {
            return Err(Error::Paused);
        }
        Ok(())
    }
}
