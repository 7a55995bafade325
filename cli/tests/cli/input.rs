//! Where the program, its arguments and its data come from.

use std::io::Write;

use crate::support::{command, example, image, run, run_with, start};

#[test]
fn a_file_is_a_program() {
    let ended = run(&[example("hello.py").to_str().unwrap()]).exits(0);
    assert!(
        ended.text().starts_with("Hello from Python 3."),
        "{ended:?}"
    );
    assert!(ended.text().ends_with("\n55\n"), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_dash_reads_the_program_from_standard_input() {
    run_with(&["-"], b"print('from a pipe')\n1 + 1")
        .exits(0)
        .prints("from a pipe\n2\n");
    run_with(&["-", "a"], b"import sys; sys.argv")
        .exits(0)
        .prints("['-', 'a']\n");
}

#[test]
fn standard_input_is_data_for_a_file_and_for_code() {
    run_with(&["-c", "print(input(), input())"], b"a\nb\n")
        .exits(0)
        .prints("a b\n");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"import sys\nlen(sys.stdin.buffer.read())")
        .unwrap();
    let path = file.path().to_str().unwrap();
    run_with(&[path], &[0xff; 100_000])
        .exits(0)
        .prints("100000\n");
}

#[test]
fn standard_input_that_is_empty_ends_at_once() {
    run(&["-c", "input()"]).exits(1).says("EOFError");
    run(&["-c", "import sys; sys.stdin.read()"])
        .exits(0)
        .prints("''\n");
}

#[test]
fn the_program_is_no_data() {
    run_with(&["-"], b"input()").exits(1).says("input()");
}

#[test]
fn more_data_than_is_allowed_is_refused() {
    run_with(&["-c", "1"], &vec![0; (64 << 20) + 1])
        .exits(2)
        .says("error: standard input has more than 64 MiB");
}

#[test]
fn arguments_reach_the_program() {
    run(&["-c", "import sys; sys.argv", "--json", "-x", "ä"])
        .exits(2)
        .says("unexpected argument");
    run(&["-c", "import sys; sys.argv", "a", "--json", "ä"])
        .exits(0)
        .prints("['-c', 'a', '--json', 'ä']\n");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"import sys; sys.argv[1:]").unwrap();
    run(&[file.path().to_str().unwrap(), "-c", "--json"])
        .exits(0)
        .prints("['-c', '--json']\n");
}

#[test]
fn a_traceback_names_the_file() {
    let mut file = tempfile::NamedTempFile::with_suffix(".py").unwrap();
    file.write_all(b"x = 1\nx / 0\n").unwrap();
    let path = file.path().to_str().unwrap();
    run(&[path]).exits(1).says(path).says("x / 0");
    run(&["-c", "1 / 0"]).exits(1).says("Cell In[1], line 1");
}

#[test]
fn a_program_above_the_size_limit_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![b'#'; (4 << 20) + 1]).unwrap();
    run(&[file.path().to_str().unwrap()])
        .exits(1)
        .says("has more than 4 MiB, the limit of a program");
}

#[test]
fn a_program_may_be_any_bytes() {
    for program in [&b"\xff\xfe"[..], b"x = '\xe4'", b"1\x002", &[0x80; 1000]] {
        run_with(&["-"], program).exits(1).says("SyntaxError");
    }
    run_with(&["-"], b"").exits(0).prints("");
    run_with(&["-"], b"\n\n# nothing\n").exits(0).prints("");
    run_with(&["-"], b"\xef\xbb\xbf1 + 1\r\n")
        .exits(0)
        .prints("2\n");
}

#[test]
fn a_folder_is_no_program() {
    image();
    start(command(&["run", "/"]), Vec::new())
        .end()
        .exits(2)
        .says("error: cannot read /: it is a folder");
}
