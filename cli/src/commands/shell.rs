//! `sandcell shell`: this terminal on a shell in a sandbox.

use std::io::{self, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt;

use bytes::Bytes;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use sandcell::command::{Command, CommandEvent, Exit, Signal};
use sandcell::stream::{Terminal, TerminalSize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::args::ShellArguments;
use crate::commands::exec::{code, stdin};
use crate::exit::{ExitStatus, Failure};
use crate::open;
use crate::saved;

pub(crate) fn execute(arguments: ShellArguments) -> Result<ExitStatus, Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let failure = Failure::usage("`sandcell shell` needs a terminal");
        let failure = failure.hint("`sandcell exec -- bash -c COMMAND` needs none");
        return Err(failure.of_command());
    }
    // The process ends next, which gives everything back faster than piece by
    // piece.
    let reactor = ManuallyDrop::new(open::reactor()?);
    let done = reactor.block_on(run(arguments));
    done.map_err(Failure::of_command)
}

async fn run(mut arguments: ShellArguments) -> Result<ExitStatus, Failure> {
    open::ensure_tools().await?;
    let image = arguments.sandbox.image_for(None);
    let snapshot = arguments.snapshot.as_ref();
    let save_to = saved::place(arguments.save.as_ref())?;
    let builder = open::builder(&arguments.sandbox, &image, snapshot).await?;
    let sandbox = ManuallyDrop::new(builder.start().await?);
    let mut words: Vec<Vec<u8>> = std::mem::take(&mut arguments.words)
        .into_iter()
        .map(OsStringExt::into_vec)
        .collect();
    if words.is_empty() {
        words = ["bash", "-l", "-i"].map(Into::into).to_vec();
    }
    let mut command = sandbox.command(words).terminal(size());
    if let Some(timeout) = arguments.sandbox.timeout {
        command = command.timeout(timeout.0);
    }
    if let Some(name) = std::env::var_os("TERM") {
        command = command.env("TERM", name.into_vec());
    }
    let command = command.start()?;
    let exit = {
        let _raw = Raw::enter()?;
        attach(command).await?
    };
    saved::save(&sandbox, save_to).await?;
    Ok(ExitStatus::Command(code(&exit)))
}

/// Joins our terminal and that of the command until one of them goes away.
async fn attach(mut command: Command) -> Result<Exit, Failure> {
    let terminal = command.terminal();
    let terminal = terminal.ok_or_else(|| Failure::own("the command has no terminal"))?;
    let mut typed = stdin()?;
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::own(format!("cannot wait for signals: {error}")))
    };
    let mut resized = listen(SignalKind::window_change())?;
    let mut ends = listen(SignalKind::terminate())?;
    let mut hangups = listen(SignalKind::hangup())?;
    let typist = terminal.clone();
    let (keys, pressed) = mpsc::channel(16);
    tokio::spawn(type_all(typist, pressed));
    let mut stdout = io::stdout();
    let mut is_there = true;
    loop {
        tokio::select! {
            event = command.next() => match event {
                Some(CommandEvent::Exited(exit)) => return Ok(exit),
                Some(CommandEvent::Stdout(bytes) | CommandEvent::Stderr(bytes)) => {
                    stdout.write_all(&bytes)?;
                    stdout.flush()?;
                }
                Some(_) => {}
                None => return Err(Failure::own("the sandbox ended")),
            },
            bytes = typed.recv(), if is_there => match bytes {
                Some(bytes) => {
                    // What is typed while the sandbox does not read is bounded.
                    let _dropped = keys.try_send(bytes);
                }
                None => {
                    is_there = false;
                    command.signal_group(Signal::HUP);
                }
            },
            _ = resized.recv() => terminal.resize(size()),
            _ = ends.recv() => { command.signal_group(Signal::HUP); }
            _ = hangups.recv() => { command.signal_group(Signal::HUP); }
        }
    }
}

/// Types what comes, as fast as it is read.
async fn type_all(terminal: Terminal, mut pressed: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = pressed.recv().await {
        terminal.write(&bytes).await;
    }
}

/// The size of our terminal.
fn size() -> TerminalSize {
    let known = tcgetwinsize(io::stdout()).ok();
    let known = known.filter(|size| size.ws_col > 0 && size.ws_row > 0);
    known.map_or_else(TerminalSize::default, |size| TerminalSize {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// Our terminal in raw mode; as it was when this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> Result<Self, Failure> {
        let refused = |error| Failure::own(format!("cannot set the terminal: {error}"));
        let before = tcgetattr(io::stdin()).map_err(refused)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(refused)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}
