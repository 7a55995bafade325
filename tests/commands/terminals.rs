//! Commands on terminals.

use sandcell::command::{Command, CommandEvent, Exit, ExitStatus, Signal};
use sandcell::stream::{Mode, TerminalSize};

use crate::tools::sandbox;

const SIZE: TerminalSize = TerminalSize {
    columns: 60,
    rows: 20,
};

/// Reads until the screen ends with `text`.
async fn until(command: &mut Command, shown: &mut String, text: &str) {
    while !shown.ends_with(text) {
        match command.next().await {
            Some(CommandEvent::Stdout(bytes)) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} and not {text:?} after {shown:?}"),
        }
    }
}

async fn end(mut command: Command, shown: &mut String) -> Exit {
    loop {
        match command.next().await {
            Some(CommandEvent::Stdout(bytes)) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Some(CommandEvent::Exited(exit)) => return exit,
            other => panic!("{other:?} after {shown:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_typed_is_shown_and_read_by_lines() {
    let sandbox = sandbox().await;
    let mut shown = String::new();
    let mut command = sandbox.command(["cat"]).terminal(SIZE).start().unwrap();
    command.write_stdin(b"onw\x7fe\r").await.unwrap();
    until(&mut command, &mut shown, "onw\x08 \x08e\r\none\r\n").await;
    // The end of the input, typed at the start of a line.
    command.write_stdin(b"two\r\x04").await.unwrap();
    let exit = end(command, &mut shown).await;
    assert_eq!(exit.status, ExitStatus::SUCCESS);
    assert!(shown.ends_with("two\r\n"), "{shown:?}");
}

#[tokio::test]
async fn keys_interrupt_what_runs() {
    let sandbox = sandbox().await;
    for (key, signal) in [(b"\x03", Signal::INT), (b"\x1c", Signal::QUIT)] {
        let command = sandbox.command(["spin"]).terminal(SIZE).start().unwrap();
        command.write_stdin(key).await.unwrap();
        let exit = end(command, &mut String::new()).await;
        assert_eq!(exit.status, ExitStatus::Signal(signal));
    }
}

#[tokio::test]
async fn a_terminal_has_a_size_and_variables() {
    let sandbox = sandbox().await;
    let command = sandbox.command(["env"]).terminal(SIZE).env("TERM", "dumb");
    let mut shown = String::new();
    let command = command.start().unwrap();
    assert_eq!(command.terminal().unwrap().size(), SIZE);
    end(command, &mut shown).await;
    for line in ["TERM=dumb\r\n", "COLUMNS=60\r\n", "LINES=20\r\n"] {
        assert!(shown.contains(line), "{line:?} in {shown:?}");
    }
    let without = sandbox.command(["true"]).start().unwrap();
    assert!(without.terminal().is_none());
}

#[tokio::test]
async fn a_raw_terminal_passes_bytes_through() {
    let sandbox = sandbox().await;
    let mut command = sandbox.command(["cat"]).terminal(SIZE).start().unwrap();
    command.terminal().unwrap().set_mode(Mode::RAW);
    command.write_stdin(b"\x03\x04a\n").await.unwrap();
    let mut shown = String::new();
    until(&mut command, &mut shown, "\x03\x04a\n").await;
    assert_eq!(shown, "\x03\x04a\n");
    assert!(command.signal_group(Signal::KILL));
    let exit = end(command, &mut shown).await;
    assert_eq!(exit.status, ExitStatus::Signal(Signal::KILL));
}
