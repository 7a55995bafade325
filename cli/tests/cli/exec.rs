//! `sandcell exec` and `sandcell shell`.

use std::process::{Command, Stdio};

use crate::support::{Ended, command, image, sandcell, start};

#[track_caller]
fn exec(words: &[&str]) -> Ended {
    exec_with(words, b"")
}

#[track_caller]
fn exec_with(words: &[&str], input: &[u8]) -> Ended {
    image();
    let words: Vec<&str> = ["exec"].iter().chain(words).copied().collect();
    start(command(&words), input.to_vec()).end()
}

#[test]
fn a_file_of_the_shell_is_run_by_the_shell() {
    image();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("work.sh");
    let script = "cat; echo \"$1 of $#\" | tr a-z A-Z; exit 3";
    std::fs::write(&file, script).unwrap();
    let file = file.to_str().unwrap();
    let words = ["run", file, "first", "second"];
    start(command(&words), b"data\n".to_vec())
        .end()
        .exits(3)
        .prints("data\nFIRST OF 2\n");
    start(command(&["run", "--fork", "2", file]), Vec::new())
        .end()
        .exits(2)
        .says("--fork");
}

#[test]
fn a_command_runs_with_its_streams_and_its_exit_code() {
    exec(&["echo", "hi", "-n"]).exits(0).prints("hi -n\n");
    exec(&["--", "bash", "-c", "echo out; echo err >&2; exit 7"])
        .exits(7)
        .prints("out\n")
        .says("err\n");
    exec_with(&["tr", "a-z", "A-Z"], b"some input\n")
        .exits(0)
        .prints("SOME INPUT\n");
    let much = vec![b'x'; 3_000_000];
    exec_with(&["wc", "-c"], &much).exits(0).prints("3000000\n");
    exec(&["bash", "-c", "kill -9 $$; sleep 600"]).exits(137);
    exec(&[
        "--env",
        "A=b",
        "--cwd",
        "/tmp",
        "bash",
        "-c",
        "echo $A; pwd",
    ])
    .exits(0)
    .prints("b\n/tmp\n");
    exec(&["--user", "root", "bash", "-c", "echo $HOME"])
        .exits(0)
        .prints("/root\n");
}

#[test]
fn what_cannot_be_run_has_the_exit_codes_of_a_shell() {
    exec(&["no-such-command"]).exits(127).says("error");
    exec(&["/etc/passwd"]).exits(126);
    exec(&["--timeout", "100ms", "sleep", "600"])
        .exits(124)
        .says("time limit");
    exec(&["--snapshot", "/no/such/file", "true"]).exits(125);
    sandcell(&["exec"]).exits(2);
    sandcell(&["exec", "--no-such-option", "true"]).exits(2);
}

#[test]
fn json_lines_tell_everything() {
    let lines = exec(&["--json", "bash", "-c", "echo a; printf '\\377' >&2; exit 3"])
        .exits(3)
        .json();
    let find = |kind: &str| {
        let mut found = lines.iter().filter(|line| line["type"] == kind);
        found.next().expect("a line").clone()
    };
    assert_eq!(find("stdout")["text"], "a\n");
    assert_eq!(find("stderr")["base64"], "/w==");
    let exit = find("exit");
    assert_eq!(exit["code"], 3);
    assert_eq!(exit["timed_out"], false);
    let lines = exec(&["--json", "no-such-command"]).exits(127).json();
    assert_eq!(lines[0]["type"], "failure");
}

#[test]
fn folders_are_mounted_and_sandboxes_saved() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "of the host").unwrap();
    let mount = format!("{}:/project", folder.path().display());
    exec(&[
        "--mount", &mount, "--cwd", "/project", "grep", "-r", "host", ".",
    ])
    .exits(0)
    .prints("./a.txt:of the host\n");
    exec(&["--mount", &mount, "bash", "-c", "echo x > /project/b"]).exits(1);
    let saved = folder.path().join("saved");
    let saved = saved.to_str().unwrap();
    exec(&["--save", saved, "bash", "-c", "echo kept > /tmp/kept"]).exits(0);
    exec(&["--snapshot", saved, "cat", "/tmp/kept"])
        .exits(0)
        .prints("kept\n");
}

/// Types on `sandcell shell`, waits for what must be shown, and puts the state of
/// the terminal before and after on standard error.
const TYPIST: &str = r#"
import os, pty, select, subprocess, sys, termios, time
mine, theirs = pty.openpty()
termios.tcsetwinsize(theirs, (20, 60))
before = termios.tcgetattr(theirs)
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
shown = b""
def until(text):
    global shown
    end = time.time() + 300
    while text not in shown:
        assert time.time() < end and child.poll() is None, shown
        if select.select([mine], [], [], 0.1)[0]:
            shown += os.read(mine, 65536)
until(b"$ ")
os.write(mine, b"stty size; echo a$((1+1))b\r")
until(b"20 60\r\n")
until(b"\r\na2b\r\n")
os.write(mine, b"sleep 600\r")
until(b"sleep 600\r\n")
time.sleep(0.2)
os.write(mine, b"\x03")
os.write(mine, b"echo status $?\r")
until(b"status 130\r\n")
os.write(mine, b"exit 5\r")
code = child.wait(60)
assert termios.tcgetattr(theirs) == before, "the terminal is not as it was"
sys.exit(code)
"#;

#[test]
fn a_shell_on_this_terminal() {
    image();
    let inner = command(&["shell"]);
    let mut outer = Command::new("python3");
    outer
        .args(["-c", TYPIST])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    start(outer, Vec::new()).end().exits(5);
}

#[test]
fn a_shell_needs_a_terminal() {
    sandcell(&["shell"]).exits(125).says("needs a terminal");
}
