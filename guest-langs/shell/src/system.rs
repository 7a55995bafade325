//! What a shell needs of the world: programs, files, pipes, signals, a clock.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::signal::Signal;

/// One end of something that bytes go through. A copy of the handle is the same
/// open file; the end is closed when the last copy is gone.
pub type Stream = Arc<dyn StreamEnd>;

/// Descriptors by number.
pub type Descriptors = BTreeMap<u32, Stream>;

/// See [`Stream`].
pub trait StreamEnd: Send + Sync {
    /// At least one byte and at most `most`, or nothing at the end. Waits.
    fn read(&self, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>>;

    /// Writes some of the bytes and says how many. Waits while a pipe is full;
    /// [`io::ErrorKind::BrokenPipe`] if nobody reads any more.
    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>>;

    /// Bytes up to and with `end`, at most `most`, and not one more taken from
    /// the stream: what follows belongs to the next reader.
    fn read_until(&self, end: u8, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async move {
            let mut line = Vec::new();
            while line.len() < most {
                let byte = self.read(1).await?;
                line.extend_from_slice(&byte);
                if byte.is_empty() || byte.first() == Some(&end) {
                    break;
                }
            }
            Ok(line)
        })
    }

    /// Whether a person sits at the other end.
    fn is_terminal(&self) -> bool {
        false
    }

    /// The system's own handle, for [`System::spawn`].
    fn as_any(&self) -> &dyn std::any::Any;
}

impl std::fmt::Debug for dyn StreamEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StreamEnd")
    }
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// `<`
    Read,
    /// `>`: made if missing, emptied.
    Write,
    /// `>` under `noclobber`: an existing regular file is an error.
    WriteNew,
    /// `>>`
    Append,
    /// `<>`: made if missing, not emptied.
    ReadWrite,
}

/// What kind of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (only without following).
    Link,
    /// A character device.
    Device,
    /// A pipe.
    Pipe,
    /// A socket.
    Socket,
}

/// What [`System::metadata`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The kind.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Permission bits, `0o7777`.
    pub mode: u32,
    /// The last change of the contents, since the epoch.
    pub modified: Duration,
    /// The last reading, since the epoch.
    pub accessed: Duration,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// What tells files apart: two paths with the same pair name one file.
    pub identity: (u64, u64),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with this status.
    Exited(u8),
    /// By a signal.
    Signalled(Signal),
}

impl ExitStatus {
    /// The number of `$?`.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => i32::from(code),
            Self::Signalled(signal) => 128 + i32::from(signal.0),
        }
    }
}

/// Which process group a new process joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// That of its parent.
    Same,
    /// A new one, that it leads.
    New,
    /// An existing one.
    Join(u32),
}

/// A program to run.
#[derive(Debug)]
pub struct Launch {
    /// Where the program was found: a path, absolute.
    pub path: String,
    /// Arguments, the name first; bytes.
    pub argv: Vec<Vec<u8>>,
    /// The environment, `name` and value; bytes.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// The working directory, absolute.
    pub cwd: String,
    /// Open descriptors.
    pub descriptors: Descriptors,
    /// The process group.
    pub group: Group,
    /// Signals that the program ignores.
    pub ignored: Vec<Signal>,
}

/// Why a program did not start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LaunchError {
    /// Nothing there: 127.
    #[error("No such file or directory")]
    NotFound,
    /// It may not be run, or is a directory: 126.
    #[error("{0}")]
    NotExecutable(String),
    /// A text without `#!`: the shell runs it itself.
    #[error("cannot execute binary file: Exec format error")]
    NoFormat,
    /// No more processes, or arguments that are too long.
    #[error("{0}")]
    Refused(String),
}

/// A process that was started.
pub trait Child: Send + Sync {
    /// Its number.
    fn pid(&self) -> u32;
    /// Waits for its end; may be asked again.
    fn wait(&self) -> BoxFuture<'static, ExitStatus>;
    /// Its end, if it came.
    fn ended(&self) -> Option<ExitStatus>;
}

impl std::fmt::Debug for dyn Child {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Child({})", self.pid())
    }
}

/// What a forked process does.
pub type Body = Box<dyn FnOnce(Arc<dyn System>) -> BoxFuture<'static, ExitStatus> + Send>;

/// The world as one process sees it. Paths are absolute.
pub trait System: Send + Sync {
    /// The process's number.
    fn pid(&self) -> u32;
    /// Its parent's number.
    fn parent(&self) -> u32;
    /// Its user's number.
    fn uid(&self) -> u32 {
        1000
    }
    /// Its user's name.
    fn user(&self) -> String {
        "user".to_owned()
    }
    /// A user's home, if there is such a user.
    fn home(&self, user: &str) -> Option<String>;
    /// The machine's name.
    fn host(&self) -> String {
        "sandbox".to_owned()
    }

    /// Opens a file.
    fn open<'a>(&'a self, path: &'a str, how: Open, mode: u32)
    -> BoxFuture<'a, io::Result<Stream>>;
    /// What a path names.
    fn metadata<'a>(&'a self, path: &'a str, follow: bool) -> BoxFuture<'a, io::Result<Metadata>>;
    /// Names in a directory, without `.` and `..`.
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>>;
    /// The path without links, `.` and `..`.
    fn real_path<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<String>>;
    /// A bounded pipe: its reading and its writing end.
    ///
    /// # Errors
    ///
    /// When there are too many.
    fn pipe(&self) -> io::Result<(Stream, Stream)>;
    /// A stream to read these bytes from.
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    fn document(&self, bytes: Vec<u8>) -> io::Result<Stream>;
    /// Whether programs can open `/dev/fd/N` for descriptors that they are given.
    fn has_descriptor_paths(&self) -> bool {
        true
    }
    /// Where a program that is known by name stands, if it is in no directory.
    fn find(&self, name: &str) -> Option<String>;

    /// Starts a program.
    fn spawn(&self, launch: Launch) -> BoxFuture<'_, Result<Arc<dyn Child>, LaunchError>>;
    /// Runs a program in place of this process: what is sent to the process is
    /// sent to the program, and the program ends with the process.
    fn exec(&self, launch: Launch) -> BoxFuture<'_, Result<ExitStatus, LaunchError>>;
    /// Starts a process that is a part of this shell.
    ///
    /// # Errors
    ///
    /// When there are too many processes.
    fn fork(&self, name: &str, group: Group, body: Body) -> io::Result<Arc<dyn Child>>;
    /// Sends a signal (0: only looks) to a process, or with a negative number to
    /// a process group; 0 is the own group.
    ///
    /// # Errors
    ///
    /// When there is no such process, or it is somebody else's.
    fn kill(&self, target: i64, signal: u8) -> io::Result<()>;
    /// Puts the process group of a child in the foreground of the terminal, or the
    /// own one again. Without a terminal nothing happens.
    fn set_foreground(&self, _child: Option<u32>) {}
    /// Takes a signal that arrived. `KILL` never arrives: it ends the process.
    fn take_signal(&self) -> Option<Signal>;
    /// Waits until a signal is there to be taken.
    fn signalled(&self) -> BoxFuture<'_, ()>;

    /// Time since the epoch.
    fn now(&self) -> Duration;
    /// Time since some moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// User and system time of the shell's ended children.
    fn children_times(&self) -> (Duration, Duration) {
        (Duration::ZERO, Duration::ZERO)
    }
    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
    /// Where chance comes from.
    fn seed(&self) -> u64;
}

impl std::fmt::Debug for dyn System {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "System({})", self.pid())
    }
}
