//! A small world in memory: files, pipes, processes, a few programs.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test program uses a part of this world; what it has wrong is a failed test"
)]

mod files;
mod pipe;
mod programs;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use sandcell_shell::{
    Body, Child, Descriptors, ExitStatus, Group, Launch, LaunchError, Metadata, Open, Signal,
    Start, Stream, System,
};
use tokio::sync::{Notify, watch};

pub(crate) use files::Files;
pub(crate) use pipe::{Collected, document, pipe};

/// What all processes share.
pub(crate) struct World {
    pub(crate) files: Files,
    processes: Mutex<BTreeMap<u32, Arc<Process>>>,
    next: AtomicU32,
    started: Instant,
}

/// One process: also the system as it sees it.
pub(crate) struct Process {
    pid: u32,
    parent: u32,
    group: u32,
    world: Arc<World>,
    signals: Mutex<VecDeque<Signal>>,
    arrived: Notify,
    /// A program, which knows no traps, runs here.
    plain: AtomicBool,
    ignored: Mutex<Vec<Signal>>,
    task: Mutex<Option<tokio::task::AbortHandle>>,
    done: watch::Sender<Option<ExitStatus>>,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let world = Arc::new(Self {
            files: Files::default(),
            processes: Mutex::default(),
            next: AtomicU32::new(100),
            started: Instant::now(),
        });
        for folder in ["/tmp", "/bin", "/usr/bin", "/home/user", "/dev", "/etc"] {
            world.files.make_dirs(folder);
        }
        for name in programs::NAMES {
            world.files.put(&format!("/usr/bin/{name}"), b"", 0o755);
        }
        world
    }

    fn process(self: &Arc<Self>, parent: u32, parents_group: u32, group: Group) -> Arc<Process> {
        let pid = self.next.fetch_add(1, Ordering::Relaxed);
        let process = Arc::new(Process {
            pid,
            parent,
            group: match group {
                Group::Same => parents_group,
                Group::New => pid,
                Group::Join(group) => group,
            },
            world: Arc::clone(self),
            signals: Mutex::default(),
            arrived: Notify::new(),
            plain: AtomicBool::new(false),
            ignored: Mutex::default(),
            task: Mutex::default(),
            done: watch::channel(None).0,
        });
        self.processes
            .lock()
            .unwrap()
            .insert(pid, Arc::clone(&process));
        process
    }

    /// Runs `bash` with these arguments in `cwd`.
    pub(crate) fn bash(
        self: &Arc<Self>,
        args: &[&str],
        cwd: &str,
        descriptors: Descriptors,
    ) -> Arc<Process> {
        let argv = std::iter::once("bash").chain(args.iter().copied());
        let argv = argv.map(|word| word.as_bytes().to_vec()).collect();
        let env = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", cwd),
            ("LC_ALL", "C.UTF-8"),
        ];
        let env = env.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let start = Start {
            argv,
            env: env.to_vec(),
            cwd: cwd.to_owned(),
            descriptors,
        };
        let process = self.process(1, 1, Group::New);
        process.run(Box::pin(sandcell_shell::main(process.clone(), start)));
        process
    }

    /// The system of a shell that lives in the test itself.
    pub(crate) fn system(self: &Arc<Self>) -> Arc<dyn System> {
        self.process(1, 1, Group::New)
    }

    /// Processes that have not ended.
    pub(crate) fn alive(&self) -> usize {
        let processes = self.processes.lock().unwrap();
        let alive = processes
            .values()
            .filter(|process| process.ended().is_none());
        alive
            .filter(|process| process.task.lock().unwrap().is_some())
            .count()
    }
}

impl Process {
    fn run(self: &Arc<Self>, work: BoxFuture<'static, ExitStatus>) {
        let process = Arc::clone(self);
        let task = tokio::spawn(async move {
            let status = work.await;
            process.end(status);
        });
        *self.task.lock().unwrap() = Some(task.abort_handle());
    }

    fn end(&self, status: ExitStatus) {
        self.done.send_if_modified(|done| {
            let first = done.is_none();
            if first {
                *done = Some(status);
            }
            first
        });
    }

    pub(crate) fn send(&self, signal: Signal) {
        if self.ignored.lock().unwrap().contains(&signal) {
            return;
        }
        if signal == Signal::KILL || self.plain.load(Ordering::Relaxed) {
            if let Some(task) = self.task.lock().unwrap().as_ref() {
                task.abort();
            }
            self.end(ExitStatus::Signalled(signal));
            return;
        }
        self.signals.lock().unwrap().push_back(signal);
        self.arrived.notify_waiters();
    }

    async fn program(self: Arc<Self>, launch: Launch) -> ExitStatus {
        self.ignored
            .lock()
            .unwrap()
            .extend(launch.ignored.iter().copied());
        let name = launch
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        if name == "bash" || name == "sh" {
            let Launch {
                argv,
                env,
                cwd,
                descriptors,
                ..
            } = launch;
            let start = Start {
                argv,
                env,
                cwd,
                descriptors,
            };
            return Box::pin(sandcell_shell::main(self, start)).await;
        }
        self.plain.store(true, Ordering::Relaxed);
        if let Some(signal) = self.signals.lock().unwrap().pop_front() {
            return ExitStatus::Signalled(signal);
        }
        programs::run(&name, &self.world, launch).await
    }
}

impl Child for Process {
    fn pid(&self) -> u32 {
        self.pid
    }
    fn wait(&self) -> BoxFuture<'static, ExitStatus> {
        let mut done = self.done.subscribe();
        Box::pin(async move {
            let status = done.wait_for(Option::is_some).await.map(|status| *status);
            status
                .ok()
                .flatten()
                .unwrap_or(ExitStatus::Signalled(Signal::KILL))
        })
    }
    fn ended(&self) -> Option<ExitStatus> {
        *self.done.borrow()
    }
}

impl System for Process {
    fn pid(&self) -> u32 {
        self.pid
    }
    fn parent(&self) -> u32 {
        self.parent
    }
    fn home(&self, user: &str) -> Option<String> {
        (user == "user").then(|| "/home/user".to_owned())
    }
    fn open<'a>(
        &'a self,
        path: &'a str,
        how: Open,
        mode: u32,
    ) -> BoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move { self.world.files.open(path, how, mode) })
    }
    fn metadata<'a>(&'a self, path: &'a str, _: bool) -> BoxFuture<'a, io::Result<Metadata>> {
        Box::pin(async move { self.world.files.metadata(path) })
    }
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        Box::pin(async move { self.world.files.list(path) })
    }
    fn real_path<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<String>> {
        Box::pin(async move { Ok(files::plain(path)) })
    }
    fn pipe(&self) -> io::Result<(Stream, Stream)> {
        Ok(pipe())
    }
    fn document(&self, bytes: Vec<u8>) -> io::Result<Stream> {
        Ok(document(bytes))
    }
    fn find(&self, _: &str) -> Option<String> {
        None
    }
    fn spawn(&self, launch: Launch) -> BoxFuture<'_, Result<Arc<dyn Child>, LaunchError>> {
        Box::pin(async move {
            check(&self.world, &launch)?;
            let child = self.world.process(self.pid, self.group, launch.group);
            child.run(Box::pin(Arc::clone(&child).program(launch)));
            Ok(child as Arc<dyn Child>)
        })
    }
    fn exec(&self, launch: Launch) -> BoxFuture<'_, Result<ExitStatus, LaunchError>> {
        Box::pin(async move {
            check(&self.world, &launch)?;
            let own = self
                .world
                .processes
                .lock()
                .unwrap()
                .get(&self.pid)
                .cloned()
                .unwrap();
            Ok(own.program(launch).await)
        })
    }
    fn fork(&self, _: &str, group: Group, body: Body) -> io::Result<Arc<dyn Child>> {
        if self.world.alive() > 300 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let child = self.world.process(self.pid, self.group, group);
        let system: Arc<dyn System> = child.clone();
        child.run(body(system));
        Ok(child)
    }
    fn kill(&self, target: i64, signal: u8) -> io::Result<()> {
        let group = if target == 0 {
            i64::from(self.group)
        } else {
            -target
        };
        let processes: Vec<_> = self
            .world
            .processes
            .lock()
            .unwrap()
            .values()
            .cloned()
            .collect();
        let mut found = false;
        for process in processes {
            let meant = if target > 0 {
                i64::from(process.pid) == target
            } else {
                i64::from(process.group) == group
            };
            if meant && process.ended().is_none() {
                found = true;
                if signal > 0 {
                    process.send(Signal(signal));
                }
            }
        }
        if found {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
    fn take_signal(&self) -> Option<Signal> {
        self.signals.lock().unwrap().pop_front()
    }
    fn signalled(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let arrived = self.arrived.notified();
                let mut arrived = std::pin::pin!(arrived);
                arrived.as_mut().enable();
                if !self.signals.lock().unwrap().is_empty() {
                    return;
                }
                arrived.await;
            }
        })
    }
    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000) + self.world.started.elapsed()
    }
    fn monotonic(&self) -> Duration {
        self.world.started.elapsed()
    }
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
    fn seed(&self) -> u64 {
        42
    }
}

fn check(world: &World, launch: &Launch) -> Result<(), LaunchError> {
    let path = match launch.path.starts_with('/') {
        true => launch.path.clone(),
        false => format!("{}/{}", launch.cwd, launch.path),
    };
    let there = world
        .files
        .metadata(&path)
        .map_err(|_| LaunchError::NotFound)?;
    if there.kind == sandcell_shell::FileKind::Directory {
        return Err(LaunchError::NotExecutable("Is a directory".to_owned()));
    }
    if there.mode & 0o111 == 0 {
        return Err(LaunchError::NotExecutable("Permission denied".to_owned()));
    }
    let name = launch.path.rsplit('/').next().unwrap_or_default();
    if launch.path.starts_with("/usr/bin/") && programs::NAMES.contains(&name) {
        return Ok(());
    }
    Err(LaunchError::NoFormat)
}

/// What a script wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

/// Runs a script in a new world.
pub(crate) async fn run(args: &[&str], input: &[u8]) -> Ran {
    let world = World::new();
    run_in(&world, args, input, "/home/user").await
}

pub(crate) async fn run_in(world: &Arc<World>, args: &[&str], input: &[u8], cwd: &str) -> Ran {
    world.files.make_dirs(cwd);
    let (out, out_stream) = Collected::new();
    let (err, err_stream) = Collected::new();
    let descriptors = [
        (0, document(input.to_vec())),
        (1, out_stream),
        (2, err_stream),
    ]
    .into();
    let process = world.bash(args, cwd, descriptors);
    let status = process.wait().await;
    // Background processes write on: what is there now is what counts.
    Ran {
        stdout: out.text(),
        stderr: err.text(),
        status: status.code(),
    }
}

/// A runtime like the one that the shell is used on.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
        .block_on(work)
}
