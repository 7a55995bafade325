//! A command, as its starter holds it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::command::table::{Entry, Keeper, Processes};
use crate::command::{ExitStatus, Signal};
use crate::error::{Error, Result};
use crate::limits::Usage;
use crate::stream::{StreamError, Terminal};

/// Something that a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandEvent {
    /// It wrote to standard output: at most 64 KiB, as written. What a command on
    /// a terminal makes that show, with carriage returns at the ends of lines.
    Stdout(Bytes),
    /// It wrote to standard error: at most 64 KiB, as written.
    Stderr(Bytes),
    /// It ended: the last event.
    Exited(Exit),
}

/// How a command ended, and what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// How.
    pub status: ExitStatus,
    /// It was ended because its time was over.
    pub timed_out: bool,
    /// What it used, with all processes that it started and that have ended.
    pub usage: Usage,
}

/// What is known of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandInfo {
    /// Its number.
    pub pid: u32,
    /// The number of the process that started it; 1 when that was the outside or
    /// a cell.
    pub parent: u32,
    /// The number of its group.
    pub group: u32,
    /// Its arguments, the program's name first.
    pub argv: Vec<Vec<u8>>,
    /// Its environment.
    pub env: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Its working directory at its start.
    pub cwd: String,
    /// What its starter called it.
    pub tag: Option<String>,
    /// How long it has run.
    pub age: Duration,
}

impl CommandInfo {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            pid: entry.pid,
            parent: entry.parent,
            group: entry.group,
            argv: entry.argv.clone(),
            env: entry.env.clone(),
            cwd: entry.cwd.clone(),
            tag: entry
                .outside
                .as_ref()
                .and_then(|outside| outside.tag.clone()),
            age: entry.started.elapsed(),
        }
    }
}

/// All that a command wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutput {
    /// All of standard output.
    pub stdout: Bytes,
    /// All of standard error.
    pub stderr: Bytes,
    /// How it ended.
    pub exit: Exit,
}

impl CommandOutput {
    /// Standard output as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// A command that was started from outside of its sandbox: a stream of events,
/// [`CommandEvent::Exited`] last.
///
/// Several handles may follow one command, each from when it was attached on. A
/// reader who does not read slows the command: at most 1 MiB waits for each.
/// Dropping a handle does not end the command; the end of the sandbox does.
#[derive(Debug)]
pub struct Command {
    pub(super) pid: u32,
    /// `None`: it had ended when it was attached to.
    pub(super) entry: Option<Arc<Entry>>,
    pub(super) table: Arc<Processes>,
    pub(super) events: mpsc::Receiver<CommandEvent>,
    pub(super) sandbox: Keeper,
}

impl Command {
    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What its starter called it.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let outside = self.entry.as_ref()?.outside.as_ref()?;
        outside.tag.as_deref()
    }

    /// The next event; none behind the last.
    pub async fn next(&mut self) -> Option<CommandEvent> {
        self.events.recv().await
    }

    /// Reads and forgets the events that are left, and answers how it ended.
    ///
    /// # Errors
    /// [`Error::Ended`] when the host's tokio runtime ended before it.
    pub async fn wait(mut self) -> Result<Exit> {
        while let Some(event) = self.next().await {
            if let CommandEvent::Exited(exit) = event {
                return Ok(exit);
            }
        }
        Err(Error::Ended {
            what: "the command",
        })
    }

    /// Runs it to its end and collects what it writes, at most `limit` bytes of
    /// each stream: what is more is forgotten.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn output(mut self, limit: usize) -> Result<CommandOutput> {
        let mut stdout = BytesMut::new();
        let mut stderr = BytesMut::new();
        while let Some(event) = self.next().await {
            let (all, bytes) = match event {
                CommandEvent::Stdout(bytes) => (&mut stdout, bytes),
                CommandEvent::Stderr(bytes) => (&mut stderr, bytes),
                CommandEvent::Exited(exit) => {
                    return Ok(CommandOutput {
                        stdout: stdout.freeze(),
                        stderr: stderr.freeze(),
                        exit,
                    });
                }
            };
            let room = limit.saturating_sub(all.len()).min(bytes.len());
            all.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
        Err(Error::Ended {
            what: "the command",
        })
    }

    /// The terminal that it runs on.
    #[must_use]
    pub fn terminal(&self) -> Option<Terminal> {
        let outside = self.entry.as_ref()?.outside.as_ref()?;
        outside.terminal.clone()
    }

    /// Writes to its standard input, or types on its terminal, waiting until it
    /// reads.
    ///
    /// # Errors
    /// [`StreamError::BrokenPipe`] when it has no standard input, closed it, or
    /// has ended.
    pub async fn write_stdin(&self, bytes: &[u8]) -> std::result::Result<(), StreamError> {
        if let Some(terminal) = self.terminal().filter(|_| !self.has_ended()) {
            terminal.write(bytes).await;
            return Ok(());
        }
        let outside = self.entry.as_ref().and_then(|entry| entry.outside.as_ref());
        let writer = outside.and_then(|outside| {
            let stdin = outside.stdin.lock();
            stdin.unwrap_or_else(PoisonError::into_inner).clone()
        });
        let writer = writer.ok_or(StreamError::BrokenPipe)?;
        writer.write_all(bytes).await
    }

    /// Closes its standard input: it meets the end when it has read what was
    /// written. Closing it again does nothing.
    pub fn close_stdin(&self) {
        let outside = self.entry.as_ref().and_then(|entry| entry.outside.as_ref());
        if let Some(outside) = outside {
            let stdin = outside.stdin.lock();
            drop(stdin.unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Sends it a signal; false when it has ended.
    pub fn signal(&self, signal: Signal) -> bool {
        self.table.signal(self.pid, signal)
    }

    /// Sends a signal to it and to what it started, but for those that left its
    /// group; on a terminal, to those in its foreground, too. False when none is
    /// left.
    pub fn signal_group(&self, signal: Signal) -> bool {
        let foreground = self.terminal().and_then(|terminal| terminal.foreground());
        let foreground = foreground
            .filter(|group| *group != self.pid)
            .is_some_and(|group| self.table.signal_group(group, signal));
        self.table.signal_group(self.pid, signal) || foreground
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.entry
            .as_ref()
            .is_none_or(|entry| entry.status().is_some())
    }

    /// Another handle, which gets what comes from now on.
    #[must_use]
    pub fn attach(&self) -> Self {
        let events = match self.entry.as_ref().and_then(|entry| entry.outside.as_ref()) {
            Some(outside) => outside.output.attach(),
            None => mpsc::channel(1).1,
        };
        Self {
            pid: self.pid,
            entry: self.entry.clone(),
            table: Arc::clone(&self.table),
            events,
            sandbox: Arc::clone(&self.sandbox),
        }
    }
}

impl Processes {
    /// The commands that were started from outside and run, by number.
    pub(crate) fn commands(&self) -> Vec<CommandInfo> {
        let live = self.live();
        let outside = live.iter().filter(|entry| entry.outside.is_some());
        outside.map(|entry| CommandInfo::of(entry)).collect()
    }

    /// All processes that run, by number.
    pub(crate) fn all(&self) -> Vec<CommandInfo> {
        self.live()
            .iter()
            .map(|entry| CommandInfo::of(entry))
            .collect()
    }

    /// A handle of the command of this number, also when it ended a while ago.
    pub(crate) fn attach(self: &Arc<Self>, pid: u32, sandbox: Keeper) -> Result<Command> {
        let ended = Error::Ended {
            what: "the command",
        };
        let entry = self.find(pid).filter(|entry| entry.outside.is_some());
        let events = match entry.as_ref().and_then(|entry| entry.outside.as_ref()) {
            Some(outside) => outside.output.attach(),
            None => {
                let known = self.remembered();
                let known = known.into_iter().rev().find(|known| known.pid == pid);
                let (sender, events) = mpsc::channel(1);
                // There is room: the channel is new.
                let _taken = sender.try_send(CommandEvent::Exited(known.ok_or(ended)?.exit));
                events
            }
        };
        Ok(Command {
            pid,
            entry,
            table: Arc::clone(self),
            events,
            sandbox,
        })
    }

    /// The number of the command of this tag, also when it ended a while ago.
    pub(crate) fn tagged(&self, tag: &str) -> Option<u32> {
        let commands = self.commands();
        let live = commands.iter().rev();
        let mut live = live.filter(|info| info.tag.as_deref() == Some(tag));
        if let Some(info) = live.next() {
            return Some(info.pid);
        }
        let known = self.remembered();
        let mut known = known.iter().rev();
        known
            .find(|known| known.tag.as_deref() == Some(tag))
            .map(|known| known.pid)
    }
}
