//! Starting the command and waiting for it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than any command here takes, compiling an image included.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("standard output is UTF-8")
    }

    /// Each line of standard output as JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).expect("each line is JSON");
        self.text().lines().map(parse).collect()
    }

    /// Fails the test unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Fails the test unless standard error has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        self
    }

    /// Fails the test unless standard output has this text.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(self.text().contains(text), "no {text:?} in {self:#?}");
        self
    }

    /// Fails the test unless standard output is this.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert_eq!(self.text(), text, "{self:#?}");
        self
    }
}

/// A command that has not ended.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Running {
    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let (sender, receiver) = mpsc::channel();
        let pid = self.child.id();
        let waiter = std::thread::spawn(move || {
            let status = self.child.wait().expect("wait");
            let _given_up = sender.send(status);
        });
        let status: ExitStatus = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            signal(pid, rustix::process::Signal::KILL);
            panic!("the command did not end");
        });
        waiter.join().expect("the waiter");
        Ended {
            code: status.code(),
            stdout: self
                .stdout
                .map(|reader| reader.join().expect("stdout"))
                .unwrap_or_default(),
            stderr: String::from_utf8_lossy(&self.stderr.join().expect("stderr")).into_owned(),
        }
    }
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .expect("a pid");
    rustix::process::kill_process(pid, signal).expect("kill");
}

/// The command with these words, and with no standard input.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandcell"));
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a command and gives it this standard input.
pub(crate) fn start(mut command: Command, input: Vec<u8>) -> Running {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the command starts");
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A command that ends before it has read everything is all right.
            let _unread = stdin.write_all(&input);
        });
    }
    let stdout = child.stdout.take().map(collect);
    let stderr = child
        .stderr
        .take()
        .map(collect)
        .expect("standard error is a pipe");
    Running {
        child,
        stdout,
        stderr,
    }
}

/// Starts a command whose standard output the test reads itself.
pub(crate) fn start_unread(mut command: Command) -> (Running, std::process::ChildStdout) {
    let mut child = command.spawn().expect("the command starts");
    let stdout = child.stdout.take().expect("standard output is a pipe");
    let stderr = child
        .stderr
        .take()
        .map(collect)
        .expect("standard error is a pipe");
    let running = Running {
        child,
        stdout: None,
        stderr,
    };
    (running, stdout)
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("read");
        bytes
    })
}

/// The outcome of the command with these words.
#[track_caller]
pub(crate) fn sandcell(words: &[&str]) -> Ended {
    start(command(words), Vec::new()).end()
}

/// The outcome of `sandcell run` with these words, the image being there.
#[track_caller]
pub(crate) fn run(words: &[&str]) -> Ended {
    run_with(words, b"")
}

/// As [`run`], with standard input.
#[track_caller]
pub(crate) fn run_with(words: &[&str], input: &[u8]) -> Ended {
    image();
    let words: Vec<&str> = ["run"].iter().chain(words).copied().collect();
    start(command(&words), input.to_vec()).end()
}

/// Makes sure that the image `python` is in the user's cache.
#[track_caller]
pub(crate) fn image() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        sandcell(&["image", "build", "python"]).exits(0);
    });
}

/// Makes sure that the image `python` counts fuel.
#[track_caller]
pub(crate) fn fuel_image() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        sandcell(&["image", "build", "python", "--fuel"]).exits(0);
    });
}

/// A file of the repository's examples.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}
