//! Sandboxes that outlive the command that made them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Ended, Running, command, image, signal, start, start_unread};

/// A state folder of a test's own.
struct State(tempfile::TempDir);

impl State {
    fn new() -> Self {
        image();
        Self(tempfile::tempdir().unwrap())
    }

    /// Another command than `sandbox`.
    fn other(&self, words: &[&str]) -> Ended {
        let mut command = command(words);
        command.env("SANDCELL_STATE", self.0.path());
        start(command, Vec::new()).end()
    }

    fn begin(&self, words: &[&str]) -> Running {
        start(self.command(words), Vec::new())
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let words: Vec<&str> = ["sandbox"].iter().chain(words).copied().collect();
        let mut command = command(&words);
        command.env("SANDCELL_STATE", self.0.path());
        command
    }

    #[track_caller]
    fn run(&self, words: &[&str]) -> Ended {
        self.begin(words).end()
    }

    #[track_caller]
    fn create(&self, words: &[&str]) -> String {
        let words: Vec<&str> = ["create"].iter().chain(words).copied().collect();
        let made = self.run(&words).exits(0);
        let id = made.text().strip_suffix('\n').unwrap().to_owned();
        assert!(id.len() == 32 && !id.contains('\n'), "{id}");
        id
    }

    /// What is in the folder of sandboxes.
    fn names(&self) -> Vec<String> {
        let listed = std::fs::read_dir(self.0.path().join("local")).unwrap();
        let names = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn a_sandbox_lives_from_command_to_command() {
    let state = State::new();
    let id = state.create(&["--env", "A=1", "--memory", "200M"]);
    let code = "import os; x = [1]; n = open('notes', 'w').write('kept'); os.environ['A']";
    state
        .run(&["exec", &id, "-c", code])
        .exits(0)
        .prints("'1'\n");
    let code = "x.append(2); x, open('notes').read()";
    state
        .run(&["exec", &id[..8], "-c", code])
        .exits(0)
        .prints("([1, 2], 'kept')\n");
    // What fails keeps what it did.
    state.run(&["exec", &id, "-c", "x.append(3); 1/0"]).exits(1);
    state
        .run(&["exec", &id, "-c", "x"])
        .exits(0)
        .prints("[1, 2, 3]\n");
    let rows = state.run(&["list", "--json"]).exits(0).json();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], id.as_str());
    assert_eq!(rows[0]["state"], "paused");
    assert_eq!(rows[0]["image"], "python");
    assert!(rows[0]["bytes"].as_u64().unwrap() > 4096);
    state.run(&["list"]).exits(0).shows(&id);
    state.run(&["rm", &id]).exits(0);
    state.run(&["list"]).exits(0).prints("");
    assert!(state.names().is_empty());
    state
        .run(&["exec", &id, "-c", "1"])
        .exits(2)
        .says("there is no sandbox");
}

#[test]
fn copies_are_sandboxes_of_their_own() {
    let state = State::new();
    let id = state.create(&[]);
    state
        .run(&["exec", &id, "-c", "import random; random.seed(1); x = [1]"])
        .exits(0);
    let forked = state.run(&["fork", &id, "2"]).exits(0);
    let ids: Vec<&str> = forked.text().lines().collect();
    assert_eq!(ids.len(), 2);
    let code = "x.append(2); x";
    for copy in &ids {
        state
            .run(&["exec", copy, "-c", code])
            .exits(0)
            .prints("[1, 2]\n");
    }
    state
        .run(&["exec", &id, "-c", "x"])
        .exits(0)
        .prints("[1]\n");
    let numbers = ids.iter().map(|id| {
        let ended = state.run(&["exec", id, "-c", "random.random()"]).exits(0);
        ended.text().to_owned()
    });
    let numbers: Vec<String> = numbers.collect();
    assert_ne!(numbers[0], numbers[1]);
    let file = state.file("prepared");
    state.run(&["snapshot", &id, &file]).exits(0);
    let other = state.create(&["--snapshot", &file]);
    state
        .run(&["exec", &other, "-c", "x"])
        .exits(0)
        .prints("[1]\n");
    let rows = state.run(&["list", "--json"]).exits(0).json();
    let parents: Vec<_> = rows
        .iter()
        .filter(|row| row["parent"] == id.as_str())
        .collect();
    assert_eq!((rows.len(), parents.len()), (4, 2));
    let all: Vec<&str> = [id.as_str(), &other].into_iter().chain(ids).collect();
    state.run(&[&["rm"], &all[..]].concat()).exits(0);
    assert!(state.names().is_empty());
}

/// A program that says that it began, and goes on until it is stopped.
const ENDLESS: &str = "x = 'begun'; print('go', flush=True)\nwhile True: pass";

/// Starts an endless program in a sandbox and waits until it runs.
fn endless(state: &State, id: &str) -> Running {
    use std::io::Read;
    let (running, mut stdout) = start_unread(state.command(&["exec", id, "-c", ENDLESS]));
    let mut line = [0; 3];
    stdout.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"go\n");
    running
}

#[test]
fn a_sandbox_in_use_is_refused_and_pause_ends_that() {
    let state = State::new();
    let id = state.create(&[]);
    let running = endless(&state, &id);
    let process = running.child.id();
    state
        .run(&["exec", &id, "-c", "1"])
        .exits(3)
        .says(&format!("is in use by process {process}"));
    state.run(&["rm", &id]).exits(3).says("is in use");
    let rows = state.run(&["list", "--json"]).exits(0).json();
    assert_eq!(rows[0]["state"], "running");
    assert_eq!(rows[0]["process"], process);
    state.run(&["pause", &id]).exits(0);
    assert_eq!(running.end().code, Some(1));
    state
        .run(&["exec", &id, "-c", "x"])
        .exits(0)
        .prints("'begun'\n");
    // Nobody uses it: nothing to do.
    state.run(&["pause", &id]).exits(0);
}

#[test]
fn who_is_killed_leaves_the_state_before_and_no_lock() {
    let state = State::new();
    let id = state.create(&[]);
    state.run(&["exec", &id, "-c", "x = 'before'"]).exits(0);
    let running = endless(&state, &id);
    signal(running.child.id(), Signal::KILL);
    assert_eq!(running.end().code, None);
    let rows = state.run(&["list", "--json"]).exits(0).json();
    assert_eq!(rows[0]["state"], "paused");
    state
        .run(&["exec", &id, "-c", "x"])
        .exits(0)
        .prints("'before'\n");
}

#[test]
fn folders_of_the_host_stay_mounted() {
    let state = State::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "one").unwrap();
    let mount = format!("{}:/mnt/data", folder.path().display());
    let id = state.create(&["--mount", &mount]);
    let read = "open('/mnt/data/data').read()";
    state
        .run(&["exec", &id, "-c", read])
        .exits(0)
        .prints("'one'\n");
    let file = state.file("saved");
    state.run(&["snapshot", &id, &file]).exits(0);
    state
        .run(&["create", "--snapshot", &file])
        .exits(3)
        .says("a folder was mounted at /mnt/data");
    let copy = state.create(&["--snapshot", &file, "--mount", &mount]);
    state
        .run(&["exec", &copy, "-c", read])
        .exits(0)
        .prints("'one'\n");
    drop(folder);
    state
        .run(&["exec", &id, "-c", "1"])
        .exits(3)
        .says("cannot open");
}

#[test]
fn saved_sandboxes_have_names() {
    let state = State::new();
    state
        .other(&["snapshot", "list", "--json"])
        .exits(0)
        .prints("");
    let id = state.create(&[]);
    state.run(&["exec", &id, "-c", "x = 1"]).exits(0);
    let saved = state.run(&["snapshot", &id, "prepared"]).exits(0);
    assert!(saved.text().starts_with("saved prepared ("), "{saved:?}");
    state.run(&["exec", &id, "-c", "x = 2"]).exits(0);
    state.run(&["snapshot", &id, "later"]).exits(0);
    // They outlive the sandbox.
    state.run(&["rm", &id]).exits(0);
    for (name, value) in [("prepared", "1\n"), ("later", "2\n")] {
        let words = ["run", "--snapshot", name, "-c", "x"];
        state.other(&words).exits(0).prints(value);
        let copy = state.create(&["--snapshot", name]);
        state
            .run(&["exec", &copy, "-c", "x"])
            .exits(0)
            .prints(value);
    }
    let words = [
        "run",
        "--snapshot",
        "later",
        "--save",
        "later",
        "-c",
        "x += 5",
    ];
    state.other(&words).exits(0);
    let words = ["run", "--snapshot", "later", "-c", "x"];
    state.other(&words).exits(0).prints("7\n");
    let rows = state.other(&["snapshot", "list", "--json"]).exits(0).json();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, [Some("later"), Some("prepared")]);
    assert_eq!(rows[1]["parent"], id.as_str());
    assert_ne!(rows[0]["parent"], id.as_str(), "of the run that saved it");
    assert_eq!(rows[1]["image"], "python");
    assert!(rows[1]["bytes"].as_u64() > Some(100_000), "{rows:?}");
    let listed = state.other(&["snapshot", "list"]).exits(0);
    assert!(listed.text().contains(&format!("python  of {id}")));
    // A file in the current folder is no name.
    state
        .other(&["run", "--snapshot", "other", "-c", "1"])
        .exits(2)
        .says("there is no snapshot `other`");
    state
        .other(&["run", "--save", "no name", "-c", "print(1)"])
        .exits(2)
        .prints("")
        .says("the name of a snapshot cannot be `no name`");
    state.other(&["snapshot", "rm", "later"]).exits(0);
    state
        .other(&["snapshot", "rm", "later"])
        .exits(2)
        .says("there is no snapshot `later`");
    // One that is damaged is listed, refused and removed.
    let path = state.0.path().join("snapshots/prepared");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(5000);
    std::fs::write(&path, bytes).unwrap();
    let rows = state.other(&["snapshot", "list", "--json"]).exits(0).json();
    assert_eq!(rows[0]["fault"], "it is no snapshot, or not a whole one");
    state
        .other(&["run", "--snapshot", "prepared", "-c", "1"])
        .exits(3)
        .says("not a usable snapshot");
    state
        .other(&["snapshot", "rm", "prepared"])
        .exits(0)
        .prints("removed prepared\n");
}

#[test]
fn what_is_kept_is_private_and_half_ones_are_not_there() {
    let state = State::new();
    let id = state.create(&[]);
    let folder = state.0.path().join("local").join(&id);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["state", "record.json", "lock"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    // What a killed `create` leaves has another name.
    std::fs::create_dir(folder.with_file_name(format!(".{}", "0".repeat(32)))).unwrap();
    std::fs::create_dir(folder.with_file_name("1".repeat(32))).unwrap();
    assert_eq!(state.run(&["list", "--json"]).exits(0).json().len(), 1);
    std::fs::write(folder.join("state"), "not a state").unwrap();
    state
        .run(&["exec", &id, "-c", "1"])
        .exits(3)
        .says("is not a usable snapshot");
    state.run(&["exec", "ab", "-c", "1"]).exits(2);
    state
        .run(&["exec", "../x", "-c", "1"])
        .exits(2)
        .says("there is no sandbox");
    state.run(&["exec", &id]).exits(2);
    state.run(&["rm", &id]).exits(0);
}

#[test]
fn an_interpreter_is_resumed_and_put_back() {
    let state = State::new();
    let id = state.create(&[]);
    state.run(&["exec", &id, "-c", "x = 20"]).exits(0);
    let talk = start(state.command(&["resume", &id]), b"y = x + 1\ny\n".to_vec());
    talk.end().exits(0).shows("21");
    state
        .run(&["exec", &id, "-c", "x, y"])
        .exits(0)
        .prints("(20, 21)\n");
}

#[test]
fn a_resumed_interpreter_that_waits_is_put_back_by_pause() {
    let state = State::new();
    let id = state.create(&[]);
    let mut command = state.command(&["resume", &id]);
    command.stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"z = 7\nprint('go')\n").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"go\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stdout, &mut byte).unwrap();
        seen.push(byte[0]);
    }
    state.run(&["pause", &id]).exits(0);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
    state.run(&["exec", &id, "-c", "z"]).exits(0).prints("7\n");
}
