//! A process of a sandbox as the shell's [`System`].

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use sandcell::SpawnError;
use sandcell::command::{self, Disposition, Process, Running, Spawn};
use sandcell::files::{Kind, Stat};
use sandcell::stream::{Descriptor, FileOptions, Terminal, pipe};

use super::stream::{descriptor, file_error, stream};
use crate::invocation::Start;
use crate::signal::Signal;
use crate::system::{
    Body, Child, ExitStatus, FileKind, Group, Launch, LaunchError, Metadata, Open, Stream, System,
};

/// Signals that the shell itself looks at; others do what they do by default.
const LOOKED_AT: [command::Signal; 8] = [
    command::Signal::HUP,
    command::Signal::INT,
    command::Signal::QUIT,
    command::Signal::USR1,
    command::Signal::USR2,
    command::Signal::ALRM,
    command::Signal::TERM,
    command::Signal::PIPE,
];
/// Bytes that go into a pipe at once.
const PIPE_BYTES: usize = 64 << 10;
/// Links in a row.
const LINKS: u32 = 40;

/// One process of the shell's.
pub(super) struct World {
    process: Process,
    /// The terminal that it runs on.
    terminal: Option<Terminal>,
    arrived: Mutex<VecDeque<Signal>>,
    started: Instant,
}

pub(super) fn outside(number: u8) -> Option<command::Signal> {
    command::Signal::from_number(i32::from(number))
}

impl World {
    /// A process's system, and what it starts with.
    pub(super) fn open(mut process: Process) -> (Arc<Self>, Start) {
        let descriptors = process.take_descriptors();
        let terminal = descriptors.values().find_map(Descriptor::terminal);
        let start = Start {
            argv: process.argv().to_vec(),
            env: process.env().clone().into_iter().collect(),
            cwd: process.cwd().to_owned(),
            descriptors: descriptors
                .into_iter()
                .map(|(number, descriptor)| (number, stream(descriptor)))
                .collect(),
        };
        (Self::of(process, terminal), start)
    }

    fn of(process: Process, terminal: Option<Terminal>) -> Arc<Self> {
        for signal in LOOKED_AT {
            process.set_disposition(signal, Disposition::Catch);
        }
        Arc::new(Self {
            process,
            terminal,
            arrived: Mutex::default(),
            started: Instant::now(),
        })
    }

    /// The process itself.
    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    fn arrived(&self) -> std::sync::MutexGuard<'_, VecDeque<Signal>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, launch: Launch) -> Result<command::Child, LaunchError> {
        let mut argv = launch.argv;
        let mut descriptors = BTreeMap::new();
        for (number, stream) in &launch.descriptors {
            if let Some(descriptor) = descriptor(stream) {
                descriptors.insert(*number, descriptor);
            }
        }
        let files = self.written_out(&mut argv, &mut descriptors).await;
        let env: BTreeMap<Vec<u8>, Vec<u8>> = launch.env.into_iter().collect();
        let spawn = Spawn::new(argv)
            .path(launch.path)
            .envs(env)
            .cwd(launch.cwd)
            .descriptors(descriptors)
            .group(group(launch.group));
        let ignored: Vec<command::Signal> = launch
            .ignored
            .iter()
            .filter_map(|signal| outside(signal.0))
            .collect();
        for signal in &ignored {
            self.process.set_disposition(*signal, Disposition::Ignore);
        }
        let started = self.process.spawn(spawn);
        for signal in &ignored {
            if LOOKED_AT.contains(signal) {
                self.process.set_disposition(*signal, Disposition::Catch);
            }
        }
        let child = started.map_err(|error| launch_error(&error))?;
        if !files.is_empty() {
            let tree = self.process.files();
            let watched = child.clone();
            tokio::spawn(async move {
                watched.wait().await;
                for file in files {
                    // A file that the program removed itself is gone.
                    let _gone = tree.remove(&file);
                }
            });
        }
        Ok(child)
    }

    /// Programs cannot open `/dev/fd/N`: what a process substitution wrote goes
    /// to a file first, whose path the program gets.
    async fn written_out(
        &self,
        argv: &mut [Vec<u8>],
        descriptors: &mut BTreeMap<u32, Descriptor>,
    ) -> Vec<String> {
        let mut files = Vec::new();
        for word in argv {
            let number = word.strip_prefix(b"/dev/fd/".as_slice());
            let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            let Some(number) = number.filter(|number| *number >= crate::builtin::FIRST_PRIVATE)
            else {
                continue;
            };
            let Some(Descriptor::Reader(reader)) = descriptors.remove(&number) else {
                continue;
            };
            let name = format!(
                "/tmp/.substitution-{}-{number}-{}",
                self.process.pid(),
                self.seed()
            );
            let options = FileOptions::default()
                .write(true)
                .create(true)
                .exclusive(true);
            let Ok(file) = self.process.open(&name, options) else {
                continue;
            };
            files.push(name.clone());
            let file = Descriptor::from(file);
            loop {
                let bytes = reader.read(PIPE_BYTES).await;
                if bytes.is_empty() || file.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            *word = name.into_bytes();
        }
        files
    }

    fn metadata_now(&self, path: &str, follow: bool) -> io::Result<Metadata> {
        let files = self.process.files();
        let stat = if follow {
            files.stat(path)
        } else {
            files.stat_link(path)
        };
        stat.map(metadata).map_err(|error| outside_error(&error))
    }

    fn real_path_now(&self, path: &str) -> io::Result<String> {
        let files = self.process.files();
        let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => {}
            }
            let here = format!(
                "/{}",
                done.iter()
                    .chain([&part])
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("/")
            );
            let stat = files
                .stat_link(&here)
                .map_err(|error| outside_error(&error))?;
            if stat.kind != Kind::SymbolicLink {
                done.push(part);
                continue;
            }
            links += 1;
            if links > LINKS {
                return Err(io::Error::other("Too many levels of symbolic links"));
            }
            let target = files
                .read_link(&here)
                .map_err(|error| outside_error(&error))?;
            if target.starts_with('/') {
                done.clear();
            }
            todo.extend(target.split('/').rev().map(str::to_owned));
        }
        Ok(format!("/{}", done.join("/")))
    }

    fn open_now(&self, path: &str, how: Open, mode: u32) -> io::Result<Stream> {
        let options = FileOptions::default();
        let options = match how {
            Open::Read => options.read(true),
            Open::Write => options.write(true).create(true).truncate(true),
            Open::WriteNew => options.write(true).create(true).exclusive(true),
            Open::Append => options.write(true).append(true).create(true),
            Open::ReadWrite => options.read(true).write(true).create(true),
        };
        let files = self.process.files();
        let plain = how == Open::Read || mode == 0o644;
        let is_new = !plain && files.stat(path).is_err();
        let file = self
            .process
            .open(path, options)
            .map_err(|error| file_error(&error))?;
        if is_new {
            // The file is there already: it keeps the usual mode if this fails.
            let _usual = files.set_mode(path, mode);
        }
        Ok(stream(file))
    }
}

fn outside_error(error: &sandcell::Error) -> io::Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<sandcell::FileError>() {
            return file_error(error);
        }
        source = error.source();
    }
    io::Error::other(error.to_string())
}

fn metadata(stat: Stat) -> Metadata {
    Metadata {
        kind: match stat.kind {
            Kind::File => FileKind::File,
            Kind::Directory => FileKind::Directory,
            Kind::SymbolicLink => FileKind::Link,
            Kind::Device(_) => FileKind::Device,
            Kind::Other => FileKind::Socket,
        },
        size: stat.size,
        mode: stat.mode,
        modified: Duration::from_nanos(stat.modified_ns),
        accessed: Duration::from_nanos(stat.accessed_ns),
        uid: stat.owner,
        gid: stat.group,
        identity: (0, RandomlessHash::of(&stat.id)),
    }
}

/// A number for a file's identity.
struct RandomlessHash;

impl RandomlessHash {
    fn of(id: &impl std::hash::Hash) -> u64 {
        use std::hash::{DefaultHasher, Hasher};
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    }
}

fn group(group: Group) -> command::Group {
    match group {
        Group::Same => command::Group::Inherit,
        Group::New => command::Group::Own,
        Group::Join(group) => command::Group::Of(group),
    }
}

fn launch_error(error: &SpawnError) -> LaunchError {
    match error {
        SpawnError::NotFound { .. } => LaunchError::NotFound,
        SpawnError::NotExecutable { reason, .. } => LaunchError::NotExecutable(reason.to_string()),
        SpawnError::TooLong { .. } => LaunchError::Refused("Argument list too long".to_owned()),
        SpawnError::TooMany { .. } | SpawnError::TooDeep { .. } => {
            LaunchError::Refused("fork: Resource temporarily unavailable".to_owned())
        }
        SpawnError::NoMemory => LaunchError::Refused("Cannot allocate memory".to_owned()),
        other => LaunchError::Refused(other.to_string()),
    }
}

/// A child of the runtime's.
struct Started(command::Child);

impl Child for Started {
    fn pid(&self) -> u32 {
        self.0.pid()
    }
    fn wait(&self) -> BoxFuture<'static, ExitStatus> {
        let child = self.0.clone();
        Box::pin(async move { super::inside(child.wait().await) })
    }
    fn ended(&self) -> Option<ExitStatus> {
        self.0.try_wait().map(super::inside)
    }
}

/// A program in place of a shell: it ends with the shell's process.
struct InPlace(command::Child);

impl Drop for InPlace {
    fn drop(&mut self) {
        if self.0.try_wait().is_none() {
            self.0.signal(command::Signal::KILL);
        }
    }
}

impl System for World {
    fn pid(&self) -> u32 {
        self.process.pid()
    }
    fn parent(&self) -> u32 {
        self.process.parent()
    }
    fn uid(&self) -> u32 {
        if self.user() == "root" { 0 } else { 1000 }
    }
    fn user(&self) -> String {
        let user = self.process.env().get(b"USER".as_slice());
        user.map_or_else(|| "user".to_owned(), |user| crate::text::decode(user))
    }
    fn home(&self, user: &str) -> Option<String> {
        match user {
            "root" => Some("/root".to_owned()),
            "user" => Some("/home/user".to_owned()),
            _ => None,
        }
    }
    fn open<'a>(
        &'a self,
        path: &'a str,
        how: Open,
        mode: u32,
    ) -> BoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move { self.open_now(path, how, mode) })
    }
    fn metadata<'a>(&'a self, path: &'a str, follow: bool) -> BoxFuture<'a, io::Result<Metadata>> {
        Box::pin(async move { self.metadata_now(path, follow) })
    }
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        Box::pin(async move {
            let entries = self.process.files().list(path);
            let entries = entries.map_err(|error| outside_error(&error))?;
            Ok(entries
                .into_iter()
                .map(|entry| entry.name.to_string())
                .collect())
        })
    }
    fn real_path<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<String>> {
        Box::pin(async move { self.real_path_now(path) })
    }
    fn pipe(&self) -> io::Result<(Stream, Stream)> {
        let (reader, writer) = pipe();
        Ok((stream(reader), stream(writer)))
    }
    fn document(&self, bytes: Vec<u8>) -> io::Result<Stream> {
        let (reader, writer) = pipe();
        let written = if bytes.len() <= PIPE_BYTES {
            writer.try_write(&bytes).ok().flatten().unwrap_or(0)
        } else {
            0
        };
        if written < bytes.len() {
            // What does not fit follows as it is read, as long as somebody may.
            tokio::spawn(async move {
                let rest = bytes.get(written..).unwrap_or_default();
                let _nobody_reads = writer.write_all(rest).await;
            });
        }
        Ok(stream(reader))
    }
    fn find(&self, _: &str) -> Option<String> {
        None
    }
    fn spawn(&self, launch: Launch) -> BoxFuture<'_, Result<Arc<dyn Child>, LaunchError>> {
        Box::pin(async move {
            let child = self.start(launch).await?;
            Ok(Arc::new(Started(child)) as Arc<dyn Child>)
        })
    }
    fn exec(&self, launch: Launch) -> BoxFuture<'_, Result<ExitStatus, LaunchError>> {
        Box::pin(async move {
            let child = InPlace(self.start(launch).await?);
            loop {
                while let Some(signal) = self.take_signal() {
                    if let Some(signal) = outside(signal.0) {
                        child.0.signal(signal);
                    }
                }
                tokio::select! {
                    biased;
                    status = child.0.wait() => return Ok(super::inside(status)),
                    () = self.signalled() => {}
                }
            }
        })
    }
    fn fork(&self, name: &str, of: Group, body: Body) -> io::Result<Arc<dyn Child>> {
        let body = Mutex::new(Some(body));
        let program = move |process: Process| -> Running {
            let body = body.lock().unwrap_or_else(PoisonError::into_inner).take();
            Box::pin(async move {
                let system: Arc<dyn System> = Self::of(process, None);
                match body {
                    Some(body) => super::outside(body(system).await),
                    None => command::ExitStatus::Code(126),
                }
            })
        };
        let name = if name.is_empty() { "bash" } else { name };
        let spawn = Spawn::new([name.as_bytes().to_vec()])
            .envs(self.process.env().clone())
            .group(group(of))
            .program(Arc::new(program));
        match self.process.spawn(spawn) {
            Ok(child) => Ok(Arc::new(Started(child))),
            Err(SpawnError::TooMany { .. } | SpawnError::TooDeep { .. }) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(SpawnError::NoMemory) => Err(io::ErrorKind::OutOfMemory.into()),
            Err(other) => Err(io::Error::other(other.to_string())),
        }
    }
    fn kill(&self, target: i64, signal: u8) -> io::Result<()> {
        let number = u32::try_from(target.unsigned_abs()).unwrap_or(u32::MAX);
        let found = match (outside(signal), target) {
            (None, _) => self.process.processes().iter().any(|process| {
                if target > 0 {
                    process.pid == number
                } else {
                    process.group == number
                }
            }),
            (Some(signal), 1..) => self.process.kill(number, signal),
            (Some(signal), 0) => self.process.kill_group(self.process.group(), signal),
            (Some(signal), _) => self.process.kill_group(number, signal),
        };
        if found {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
    fn set_foreground(&self, child: Option<u32>) {
        let Some(terminal) = &self.terminal else {
            return;
        };
        let group = match child {
            None => Some(self.process.group()),
            Some(pid) => {
                let running = self.process.processes().into_iter();
                let mut running = running.filter(|process| process.pid == pid);
                running.next().map(|process| process.group)
            }
        };
        if let Some(group) = group {
            terminal.set_foreground(group);
        }
    }
    fn take_signal(&self) -> Option<Signal> {
        let first = self.arrived().pop_front();
        first.or_else(|| {
            self.process
                .try_signal()
                .map(|signal| Signal(signal.number()))
        })
    }
    fn signalled(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.arrived().is_empty() {
                let signal = self.process.signal().await;
                self.arrived().push_back(Signal(signal.number()));
            }
        })
    }
    fn now(&self) -> Duration {
        Duration::from_nanos(self.process.now_ns())
    }
    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
    fn children_times(&self) -> (Duration, Duration) {
        (self.process.cpu(), Duration::ZERO)
    }
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
    fn seed(&self) -> u64 {
        // Keys of a new hasher are chance.
        RandomState::new().hash_one(self.process.pid())
    }
}
