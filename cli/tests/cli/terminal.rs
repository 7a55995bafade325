//! What a terminal gets. Python's `pty` module, which is there wherever images
//! are built, plays the terminal.

use std::process::{Command, Stdio};

use crate::support::{Ended, command, image, start};

const TERMINAL: &str = "\
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// Runs `sandcell` with these words on a terminal.
#[track_caller]
fn on_terminal(words: &[&str], no_color: &str) -> Ended {
    image();
    let inner = command(words);
    let mut outer = Command::new("python3");
    outer
        .args(["-c", TERMINAL])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("TERM", "xterm")
        .env("NO_COLOR", no_color)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    start(outer, Vec::new()).end()
}

#[test]
fn escapes_of_a_guest_become_visible() {
    let code = r"print('\x1b[2J\x9b31m\x07'); '\x1b'";
    on_terminal(&["run", "-c", code], "")
        .exits(0)
        .prints("\\x1b[2J\\x9b31m\\x07\r\n'\\x1b'\r\n");
    on_terminal(&["run", "-c", r"raise ValueError('\x1b[2J')"], "1")
        .exits(1)
        .shows("ValueError: \\x1b[2J\r\n");
    on_terminal(
        &[
            "run",
            "-c",
            r"import sys; n = sys.stderr.write('\x1b]0;title\x07\n')",
        ],
        "",
    )
    .exits(0)
    .prints("\\x1b]0;title\\x07\r\n");
}

#[test]
fn escapes_pass_when_the_user_asks_for_it() {
    on_terminal(
        &["run", "--raw", "-c", r"print('\x1b[32mgreen\x1b[0m')"],
        "",
    )
    .exits(0)
    .prints("\x1b[32mgreen\x1b[0m\r\n");
}

#[test]
fn json_has_no_escapes_either() {
    let ended = on_terminal(&["run", "--json", "-c", r"print('\x1b[2J\x9b')"], "").exits(0);
    assert!(!ended.text().contains(['\u{1b}', '\u{9b}']), "{ended:?}");
}

#[test]
fn our_own_words_are_coloured_unless_the_user_objects() {
    let words = ["run", "-c", "1 / 0"];
    on_terminal(&words, "")
        .exits(1)
        .shows("\x1b[31mZeroDivisionError\x1b[0m: division by zero");
    let ended = on_terminal(&words, "1").exits(1);
    assert!(!ended.text().contains('\x1b'), "{ended:?}");
}

#[test]
fn a_terminal_is_no_data() {
    on_terminal(&["run", "-c", "input()"], "1")
        .exits(1)
        .shows("StdinNotImplementedError");
}

#[test]
fn a_prompt_never_hangs_on_the_last_line() {
    on_terminal(&["run", "-c", "print('half', end='')"], "")
        .exits(0)
        .prints("half\r\n");
}
