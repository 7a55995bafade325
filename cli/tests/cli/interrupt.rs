//! Ctrl-C.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Ended, command, image, signal, start_unread};

/// Runs code that prints a line when it is ready, and presses Ctrl-C then.
#[track_caller]
fn interrupted(code: &str) -> Ended {
    image();
    let words = ["run", "--timeout", "none", "-c", code];
    let (running, stdout) = start_unread(command(&words));
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    signal(running.child.id(), Signal::INT);
    let drain = std::thread::spawn(move || reader.lines().count());
    let ended = running.end();
    drain.join().unwrap();
    ended
}

#[test]
fn a_busy_program_gets_a_keyboard_interrupt() {
    interrupted("print('ready')\nwhile True: pass")
        .exits(1)
        .says("KeyboardInterrupt")
        .says("error: interrupted\n");
}

#[test]
fn a_sleeping_program_gets_a_keyboard_interrupt() {
    interrupted("import time; print('ready'); time.sleep(1000)")
        .exits(1)
        .says("KeyboardInterrupt");
}

#[test]
fn a_program_may_clean_up() {
    interrupted("print('ready')\ntry:\n while True: pass\nexcept KeyboardInterrupt: pass").exits(0);
}

#[test]
fn a_program_that_will_not_stop_is_stopped_by_force() {
    let code =
        "print('ready')\nwhile True:\n try:\n  while True: pass\n except BaseException: pass";
    interrupted(code).exits(1).says("error: interrupted\n");
}

#[test]
fn a_second_press_ends_everything_even_when_nobody_reads() {
    image();
    let code = "while True: print('x' * 1000)";
    let words = ["run", "--timeout", "none", "-c", code];
    let (mut running, stdout) = start_unread(command(&words));
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    // From here on nobody reads: the command is stuck in its pipe before long.
    // A press that has not been seen yet swallows the next one, so press on.
    let (_held, never) = std::sync::mpsc::channel::<()>();
    for _press in 0..100 {
        if running.child.try_wait().unwrap().is_some() {
            break;
        }
        signal(running.child.id(), Signal::INT);
        let _pause = never.recv_timeout(Duration::from_millis(200));
    }
    running
        .end()
        .exits(1)
        .says("error: interrupted twice, so it ends at once\n");
    drop(reader);
}
