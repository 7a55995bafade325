//! Starting a command from outside of its sandbox.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use crate::command::output::{Output, Stream};
use crate::command::spawn::USUAL_CWD;
use crate::command::table::{Ended, Entry, Keeper, Meter, Origin, Outside, Processes};
use crate::command::terminal;
use crate::command::{Command, Exit, Group, Signal, Spawn};
use crate::error::Result;
use crate::limits::Usage;
use crate::stream::{Descriptor, PipeReader, PipeWriter, Terminal, TerminalSize, pipe};

/// What a command reads from its standard input.
#[derive(Debug, Clone, Default)]
pub enum Input {
    /// Nothing: it is at its end.
    #[default]
    Null,
    /// What [`Command::write_stdin`] writes, until [`Command::close_stdin`].
    Pipe,
    /// These bytes.
    Bytes(Bytes),
}

/// A command to be started.
///
/// Defaults: the environment of the sandbox, `/home/user` as working directory,
/// user `user`, no standard input, no time limit, no tag.
#[derive(Debug)]
#[must_use]
pub struct CommandBuilder {
    table: Arc<Processes>,
    sandbox: Keeper,
    spawn: Spawn,
    user: Option<String>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    input: Input,
    timeout: Option<Duration>,
    tag: Option<String>,
    terminal: Option<TerminalSize>,
}

impl CommandBuilder {
    pub(crate) fn new(table: Arc<Processes>, sandbox: Keeper, argv: Vec<Vec<u8>>) -> Self {
        Self {
            table,
            sandbox,
            spawn: Spawn::new(argv),
            user: None,
            env: Vec::new(),
            input: Input::Null,
            timeout: None,
            tag: None,
            terminal: None,
        }
    }

    /// Sets an environment variable, beside those of the sandbox.
    pub fn env(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Its working directory, from `/home/user` on if it is relative.
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.spawn = self.spawn.cwd(path);
        self
    }

    /// As whom it runs: `HOME`, `USER` and `LOGNAME` say so. Nothing is allowed or
    /// forbidden by it.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// What it reads.
    pub fn stdin(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// Ends it and what it started when this time is over: `TERM`, then `KILL`
    /// after [`crate::Limits::grace`]. `None`: never.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// A name to find it by.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Runs it on a terminal of this size: its three streams are the terminal's
    /// ends, [`Self::stdin`] has no effect, what [`Command::write_stdin`] writes is
    /// typed, and what the terminal shows comes as standard output. `TERM`,
    /// `COLUMNS` and `LINES` are set unless they are given.
    pub fn terminal(mut self, size: TerminalSize) -> Self {
        self.terminal = Some(size);
        self
    }

    /// Opens a further descriptor for it, or another one in place of a stream;
    /// then that stream has no events.
    pub fn descriptor(mut self, number: u32, descriptor: impl Into<Descriptor>) -> Self {
        self.spawn = self.spawn.descriptor(number, descriptor);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`crate::Error::Spawn`]; [`crate::Error::Ended`]. Nothing is left of it.
    pub fn start(self) -> Result<Command> {
        self.table.check_open()?;
        let mut env = self.table.environment(self.user.as_deref());
        if let Some(size) = self.terminal {
            env.extend(terminal::environment(size));
        }
        env.extend(self.env);
        let output = Arc::new(Output::default());
        let events = output.attach();
        let mut spawn = self.spawn.envs(env).group(Group::Own);
        let streams = match self.terminal {
            Some(size) => Streams::of_terminal(&mut spawn, &self.table, size),
            None => Streams::of_pipes(&mut spawn, self.input),
        };
        let origin = Origin {
            parent: 1,
            group: 1,
            depth: 0,
            ignored: 0,
            cwd: USUAL_CWD.to_owned(),
            meter: Arc::new(Meter::default()),
            outside: Some(Outside {
                tag: self.tag,
                output: Arc::clone(&output),
                stdin: Mutex::new(streams.stdin),
                terminal: streams.terminal.clone(),
            }),
        };
        let entry = self.table.spawn(spawn, origin)?;
        if let Some(terminal) = &streams.terminal {
            terminal.start_foreground(entry.pid);
        }
        let handle = self.table.host.handle();
        if let Some((writer, bytes)) = streams.fed {
            // A command that does not read all of it need not.
            handle.spawn(async move { drop(writer.write_all(&bytes).await) });
        }
        let (ended, end) = watch::channel(false);
        let mut drained = Vec::new();
        for (stream, reader) in streams.outputs {
            let (told, wait) = oneshot::channel();
            let pump = Arc::clone(&output).pump(stream, reader, end.clone(), told);
            handle.spawn(pump);
            drained.push(wait);
        }
        handle.spawn(attend(
            Arc::clone(&self.table),
            Arc::clone(&entry),
            output,
            self.timeout,
            (ended, drained),
        ));
        Ok(Command {
            pid: entry.pid,
            entry: Some(entry),
            table: self.table,
            events,
            sandbox: self.sandbox,
        })
    }
}

/// Our ends of a command's streams.
struct Streams {
    stdin: Option<PipeWriter>,
    /// What it is given to read.
    fed: Option<(PipeWriter, Bytes)>,
    terminal: Option<Terminal>,
    outputs: Vec<(Stream, PipeReader)>,
}

impl Streams {
    fn of_pipes(spawn: &mut Spawn, input: Input) -> Self {
        let (stdin, writer) = match input {
            Input::Null => (Descriptor::Null, None),
            Input::Pipe | Input::Bytes(_) => {
                let (reader, writer) = pipe();
                (reader.into(), Some(writer))
            }
        };
        let (stdout, out_end) = pipe();
        let (stderr, err_end) = pipe();
        open(spawn, [stdin, out_end.into(), err_end.into()]);
        let (stdin, fed) = match input {
            Input::Bytes(bytes) => (None, writer.map(|writer| (writer, bytes))),
            Input::Null | Input::Pipe => (writer, None),
        };
        Self {
            stdin,
            fed,
            terminal: None,
            outputs: vec![(Stream::Stdout, stdout), (Stream::Stderr, stderr)],
        }
    }

    fn of_terminal(spawn: &mut Spawn, table: &Arc<Processes>, size: TerminalSize) -> Self {
        let (terminal, ends) = terminal::new(table, size);
        let output = Descriptor::from(ends.output);
        open(spawn, [ends.input.into(), output.clone(), output]);
        Self {
            stdin: None,
            fed: None,
            terminal: Some(terminal.clone()),
            outputs: vec![(Stream::Terminal(terminal), ends.shown)],
        }
    }
}

/// Opens the three streams, unless something else was put in their places.
fn open(spawn: &mut Spawn, streams: [Descriptor; 3]) {
    for (number, stream) in (0..).zip(streams) {
        spawn.descriptors.entry(number).or_insert(stream);
    }
}

/// Waits for a command's end, or ends it when its time is over, and tells its
/// readers.
async fn attend(
    table: Arc<Processes>,
    entry: Arc<Entry>,
    output: Arc<Output>,
    timeout: Option<Duration>,
    (ended, drained): (watch::Sender<bool>, Vec<oneshot::Receiver<()>>),
) {
    let mut timed_out = false;
    let status = match timeout {
        None => entry.ended().await,
        Some(timeout) => match tokio::time::timeout(timeout, entry.ended()).await {
            Ok(status) => status,
            Err(_elapsed) => {
                timed_out = true;
                table.signal_group(entry.pid, Signal::TERM);
                let grace = table.settings.limits.grace;
                let status = tokio::time::timeout(grace, entry.ended()).await;
                table.signal_group(entry.pid, Signal::KILL);
                match status {
                    Ok(status) => status,
                    Err(_elapsed) => entry.ended().await,
                }
            }
        },
    };
    let terminal = entry.outside.as_ref();
    let terminal = terminal.and_then(|outside| outside.terminal.as_ref());
    if let Some(group) = terminal.and_then(Terminal::foreground) {
        // Whoever is left on it is told that nobody sits there any more.
        table.signal_group(group, Signal::HUP);
    }
    ended.send_replace(true);
    for drained in drained {
        // A pump that is gone has nothing left.
        let _told = drained.await;
    }
    let exit = Exit {
        status,
        timed_out,
        usage: Usage {
            wall: entry.started.elapsed(),
            cpu: entry.meter.cpu(),
            peak_memory_bytes: entry.meter.peak_memory(),
            output_bytes: output.bytes(),
            ..Usage::default()
        },
    };
    table.remember(Ended {
        pid: entry.pid,
        tag: entry
            .outside
            .as_ref()
            .and_then(|outside| outside.tag.clone()),
        exit,
    });
    output.finish(exit).await;
}
