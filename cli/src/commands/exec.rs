//! `sandcell exec`: a command in a sandbox.

use std::io::Read;
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt;

use bytes::Bytes;
use sandcell::Sandbox;
use sandcell::command::{Command, CommandEvent, Exit, Input, Signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::args::ExecArguments;
use crate::console::{Escapes, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open;
use crate::report::JsonReport;
use crate::saved;

/// Bytes that are read of standard input at once.
const INPUT_BYTES: usize = 64 << 10;

/// The exit code of a command whose time was over, as that of `timeout`.
const TIMED_OUT: u8 = 124;

pub(crate) fn execute(arguments: ExecArguments) -> Result<ExitStatus, Failure> {
    // The process ends next, which gives everything back faster than piece by
    // piece.
    let reactor = ManuallyDrop::new(open::reactor()?);
    let json = arguments.json;
    let done = reactor.block_on(run(arguments));
    let done = done.map_err(Failure::of_command);
    if let Err(failure) = &done
        && json
        && !failure.is_silent()
    {
        JsonReport::new(Output::stdout(Escapes::Shown)).refused(failure)?;
    }
    done
}

async fn run(mut arguments: ExecArguments) -> Result<ExitStatus, Failure> {
    open::ensure_tools().await?;
    let image = arguments.sandbox.image_for(None);
    let snapshot = arguments.snapshot.as_ref();
    let save_to = saved::place(arguments.save.as_ref())?;
    let builder = open::builder(&arguments.sandbox, &image, snapshot).await?;
    let sandbox = ManuallyDrop::new(builder.start().await?);
    let command = start(&sandbox, &mut arguments)?;
    let exit = follow(command, &arguments).await?;
    saved::save(&sandbox, save_to).await?;
    Ok(ExitStatus::Command(code(&exit)))
}

fn start(sandbox: &Sandbox, arguments: &mut ExecArguments) -> Result<Command, Failure> {
    let words = std::mem::take(&mut arguments.words).into_iter();
    let mut command = sandbox
        .command(words.map(OsStringExt::into_vec))
        .stdin(Input::Pipe)
        .timeout(open::limits(&arguments.sandbox).wall);
    if let Some(cwd) = &arguments.cwd {
        command = command.cwd(cwd.as_str());
    }
    if let Some(user) = &arguments.user {
        command = command.user(user.as_str());
    }
    Ok(command.start()?)
}

/// Shows what the command does, feeds it standard input, and passes signals on.
async fn follow(mut command: Command, arguments: &ExecArguments) -> Result<Exit, Failure> {
    let mut shown = Shown::new(arguments);
    let mut input = Some(stdin()?);
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::own(format!("cannot wait for signals: {error}")))
    };
    let mut interrupts = listen(SignalKind::interrupt())?;
    let mut ends = listen(SignalKind::terminate())?;
    let mut hangups = listen(SignalKind::hangup())?;
    let writer = command.attach();
    let mut writing = None;
    let mut asked = false;
    loop {
        tokio::select! {
            event = command.next() => match event {
                Some(CommandEvent::Exited(exit)) => {
                    shown.exit(&exit)?;
                    return Ok(exit);
                }
                Some(event) => if let Err(failure) = shown.event(&event) {
                    command.signal_group(Signal::KILL);
                    return Err(failure);
                },
                None => return Err(Failure::own("the sandbox ended")),
            },
            _ = interrupts.recv() => {
                // Who asks twice means it.
                command.signal_group(if asked { Signal::KILL } else { Signal::INT });
                asked = true;
            }
            _ = ends.recv() => { command.signal_group(Signal::TERM); }
            _ = hangups.recv() => { command.signal_group(Signal::HUP); }
            bytes = next(&mut input), if writing.is_none() => match bytes {
                Some(bytes) => writing = Some(bytes),
                None => {
                    input = None;
                    writer.close_stdin();
                }
            },
            written = write(&writer, writing.as_ref()), if writing.is_some() => {
                writing = None;
                if !written {
                    // The command reads no more.
                    input = None;
                }
            }
        }
    }
}

async fn next(input: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match input {
        Some(input) => input.recv().await,
        None => std::future::pending().await,
    }
}

async fn write(command: &Command, bytes: Option<&Bytes>) -> bool {
    let bytes = bytes.map(|bytes| &bytes[..]).unwrap_or_default();
    command.write_stdin(bytes).await.is_ok()
}

/// Reads standard input on a thread of its own, which is left behind when the
/// process ends.
pub(super) fn stdin() -> Result<mpsc::Receiver<Bytes>, Failure> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            let mut stdin = std::io::stdin().lock();
            let mut buffer = vec![0; INPUT_BYTES];
            while let Ok(count @ 1..) = stdin.read(&mut buffer) {
                let bytes = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
                if sender.blocking_send(bytes).is_err() {
                    return;
                }
            }
        })
        .map_err(|error| Failure::own(format!("cannot read standard input: {error}")))?;
    Ok(receiver)
}

/// The exit code that a command passes on.
pub(super) fn code(exit: &Exit) -> u8 {
    if exit.timed_out {
        TIMED_OUT
    } else {
        exit.status.shell_code()
    }
}

/// Where what a command does is shown.
enum Shown {
    Streams { stdout: Output, stderr: Output },
    Json(JsonReport),
}

impl Shown {
    fn new(arguments: &ExecArguments) -> Self {
        let escapes = if arguments.raw {
            Escapes::Passed
        } else {
            Escapes::Shown
        };
        let stdout = Output::stdout(escapes);
        if arguments.json {
            return Self::Json(JsonReport::new(stdout));
        }
        Self::Streams {
            stdout,
            stderr: Output::stderr(escapes),
        }
    }

    fn event(&mut self, event: &CommandEvent) -> Result<(), Failure> {
        match (self, event) {
            (Self::Json(report), event) => report.command(event)?,
            (Self::Streams { stdout, .. }, CommandEvent::Stdout(bytes)) => stdout.guest(bytes)?,
            (Self::Streams { stderr, .. }, CommandEvent::Stderr(bytes)) => stderr.guest(bytes)?,
            _ => {}
        }
        Ok(())
    }

    fn exit(&mut self, exit: &Exit) -> Result<(), Failure> {
        match self {
            Self::Json(report) => report.exit(exit, code(exit))?,
            Self::Streams { .. } if exit.timed_out => {
                crate::console::say(
                    "error",
                    crate::console::Colour::Red,
                    "the time limit is over; `--timeout` sets it",
                );
            }
            Self::Streams { .. } => {}
        }
        Ok(())
    }
}
