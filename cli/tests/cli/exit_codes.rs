//! 0 all well, 1 the guest, 2 usage, 3 ours; and the reason on standard error.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::support::{command, image, run, sandcell, start};

#[test]
fn a_program_that_ends_well_is_0() {
    run(&["-c", "x = 1"]).exits(0).prints("");
    run(&["-c", "import sys; sys.exit()"]).exits(0).prints("");
    run(&["-c", "import sys; sys.exit(0)"]).exits(0).prints("");
}

#[test]
fn an_exception_is_1_with_its_traceback() {
    let ended = run(&["-c", "def f():\n    return 1 / 0\nf()"]).exits(1);
    let ended = ended
        .says("Traceback (most recent call last)")
        .says("ZeroDivisionError: ");
    let ended = ended.says("return 1 / 0").prints("");
    assert!(
        !ended.stderr.contains('\x1b'),
        "no colours in a pipe: {:?}",
        ended.stderr
    );
}

#[test]
fn a_syntax_error_is_1() {
    run(&["-c", "x = = 1"]).exits(1).says("SyntaxError: ");
}

#[test]
fn an_exit_with_a_status_is_1_and_names_it() {
    let ended = run(&["-c", "import sys; sys.exit(3)"]).exits(1);
    let ended = ended.says("error: the program ended itself with status 3\n");
    assert!(!ended.stderr.contains("Traceback"), "{ended:?}");
}

#[test]
fn an_exit_with_words_says_them() {
    let ended = run(&["-c", "import sys; sys.exit('no luck')"]).exits(1);
    assert!(ended.stderr.starts_with("no luck\n"), "{ended:?}");
}

#[test]
fn a_guest_that_breaks_is_1() {
    run(&["-c", "import os; os._exit(7)"])
        .exits(1)
        .says("status 7");
    run(&["-c", "import os; os.abort()"])
        .exits(1)
        .says("error: the guest broke: ");
}

#[test]
fn a_file_that_is_missing_is_2() {
    sandcell(&["run", "no-such-file.py"])
        .exits(2)
        .says("error: cannot read no-such-file.py: No such file or directory");
}

#[test]
fn an_image_that_is_missing_is_2() {
    sandcell(&["run", "--image", "cobol", "-c", "1"])
        .exits(2)
        .says("error: there is no image `cobol`");
    sandcell(&["run", "--image", "./cobol.sandcell", "-c", "1"])
        .exits(2)
        .says("error: there is no file ./cobol.sandcell\n");
    sandcell(&["image", "inspect", "cobol"])
        .exits(2)
        .says("there is no image `cobol`");
    sandcell(&["image", "build", "cobol"])
        .exits(2)
        .says("hint: there is: python, javascript, data, tools\n");
}

#[test]
fn a_cache_that_cannot_be_is_3() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut listing = command(&["image", "list"]);
    listing.env("SANDCELL_CACHE", file.path());
    start(listing, Vec::new()).end().exits(3).says("error: ");
}

#[test]
fn output_that_cannot_be_written_is_3() {
    image();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut running = command(&["run", "-c", "print(1)"]);
    running.stdout(Stdio::from(full));
    start(running, Vec::new())
        .end()
        .exits(3)
        .says("error: cannot write the output: No space left on device");
}
