//! What a run shows, and where.

use std::io::{BufRead, BufReader};

use crate::support::{command, image, run, start_unread};

#[test]
fn the_value_of_the_last_expression_is_printed() {
    run(&["-c", "'a' * 3"]).exits(0).prints("'aaa'\n");
    run(&["-c", "None"]).exits(0).prints("");
    run(&["-c", "1;"]).exits(0).prints("");
    run(&["-c", "print('x', end='')\n42"])
        .exits(0)
        .prints("x\n42\n");
}

#[test]
fn streams_stay_apart() {
    let ended = run(&[
        "-c",
        "import sys; print('out'); print('err', file=sys.stderr)",
    ])
    .exits(0);
    assert_eq!(ended.text(), "out\n");
    assert_eq!(ended.stderr, "err\n");
}

#[test]
fn bytes_in_a_pipe_are_left_alone() {
    let code = "import sys; n = sys.stdout.buffer.write(bytes(range(256)) * 300)";
    let ended = run(&["-c", code]).exits(0);
    let all: Vec<u8> = (0..=255).collect();
    assert!(
        ended.stdout == all.repeat(300),
        "{} bytes",
        ended.stdout.len()
    );
    run(&["-c", r"print('\x1b[31mred\x1b[0m \x9b2J')"])
        .exits(0)
        .prints("\x1b[31mred\x1b[0m \u{9b}2J\n");
}

#[test]
fn output_comes_while_the_program_runs() {
    image();
    let code = "print('first', flush=True)\nwhile True: pass";
    let (mut running, stdout) = start_unread(command(&["run", "--timeout", "none", "-c", code]));
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert_eq!(line, "first\n");
    assert_eq!(running.child.try_wait().unwrap(), None);
    running.child.kill().unwrap();
    running.end();
}

#[test]
fn a_reader_who_leaves_ends_the_run_quietly() {
    image();
    let code = "while True: print('more')";
    let (running, stdout) = start_unread(command(&["run", "--timeout", "none", "-c", code]));
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let ended = running.end().exits(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_a_terminal_cannot_show_is_noted() {
    let code = "class Picture:\n def _repr_png_(self): return b'\\x89PNG' * 1024\n\
                \x20def __repr__(self): return 'a picture'\ndisplay(Picture())";
    run(&["-c", code])
        .exits(0)
        .prints("a picture\n[image/png, 4 KiB]\n");
}

#[test]
fn rich_results_are_saved_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("results");
    let place = place.to_str().unwrap();
    let code = "class Page:\n def _repr_html_(self): return '<b>x</b>'\n\
                \x20def __repr__(self): return 'a page'\nPage()";
    run(&["--save-dir", place, "-c", code])
        .exits(0)
        .prints(&format!(
            "a page\n[text/html, 8 bytes: {place}/output-1.html]\n"
        ));
    assert_eq!(
        std::fs::read(format!("{place}/output-1.html")).unwrap(),
        b"<b>x</b>"
    );
}
