//! `sandcell serve` and `sandcell env`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ChildStdout;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Ended, Running, command, image, sandcell, signal, start_unread};

/// A server with a state folder of its own.
struct Serving {
    state: TempDir,
    running: Running,
    _stdout: BufReader<ChildStdout>,
    address: String,
}

impl Serving {
    fn start(words: &[&str]) -> Self {
        image();
        Self::start_in(tempfile::tempdir().expect("a folder"), words)
    }

    /// A server that goes on with a state folder.
    fn start_in(state: TempDir, words: &[&str]) -> Self {
        let mut command = command(&["serve", "--port", "0"]);
        command.args(words).arg("--state-dir").arg(state.path());
        let (running, stdout) = start_unread(command);
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self {
            state,
            running,
            _stdout: stdout,
            address,
        }
    }

    fn folder(&self) -> &str {
        self.state.path().to_str().expect("UTF-8")
    }

    fn post(&self, key: &str) -> String {
        self.post_to("/sandboxes", key)
    }

    fn post_to(&self, path: &str, key: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nX-API-KEY: {key}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}",
            self.address
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn end(self) -> Ended {
        signal(self.running.child.id(), Signal::TERM);
        self.running.end()
    }

    /// Ends it, and starts another one over the same state.
    fn again(self, words: &[&str]) -> Self {
        signal(self.running.child.id(), Signal::TERM);
        self.running.end().exits(0);
        Self::start_in(self.state, words)
    }
}

/// A field of an answer.
fn field(answer: &str, name: &str) -> String {
    let rest = answer.split(&format!("\"{name}\":\"")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {name} in {answer}"));
    rest.split('"').next().expect("its value").to_owned()
}

/// A field of every thread of a process, as the system tells it.
fn of_all_threads(process: u32, field: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("its threads");
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            Some(line.trim().to_owned())
        })
        .collect()
}

#[test]
fn the_help_names_the_wall_and_what_it_needs() {
    let help = sandcell(&["serve", "--help"]).exits(0);
    let help = help.shows("--harden").shows("Landlock");
    assert!(!help.text().contains("--prepare"));
}

#[test]
fn a_hardened_server_works_behind_its_wall() {
    let server = Serving::start(&["--harden", "--tls", "--tls-port", "0"]);
    let process = server.running.child.id();
    for (field, expected) in [("Seccomp:", "2"), ("NoNewPrivs:", "1")] {
        let found = of_all_threads(process, field);
        assert!(found.len() > 2, "{found:?}");
        assert!(found.iter().all(|one| one == expected), "{field} {found:?}");
    }
    let key = std::fs::read_to_string(server.state.path().join("key")).expect("the key");
    let made = server.post(key.trim());
    assert!(made.starts_with("HTTP/1.1 201 "), "{made}");
    let field = |name: &str| {
        let rest = made.split(&format!("\"{name}\":\"")).nth(1);
        let rest = rest.expect("a field");
        rest.split('"').next().expect("its value").to_owned()
    };
    let ask = |path: &str, body: &str, kind: &str| {
        let mut stream = TcpStream::connect(&server.address).expect("connected");
        let (token, key) = (field("envdAccessToken"), key.trim());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Access-Token: {token}\r\nX-API-KEY: {key}\r\nContent-Type: {kind}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    };
    let json = "application/json";
    // What spills to disk, commands of the tools, and a second language.
    let spill = "{\"code\":\"open('big', 'wb').write(bytes(3000000)); x = 5\"}";
    assert!(ask("/execute", spill, json).contains("end_of_execution"));
    let script = "{\"code\":\"[1, 2].map((n) => n * 21)\",\"language\":\"js\"}";
    assert!(ask("/execute", script, json).contains("[ 21, 42 ]"));
    let order = "{\"process\":{\"cmd\":\"/bin/bash\",\"args\":[\"-c\",\"wc -c < big; python -c 'print(6 * 7)'\"]}}";
    let length = u8::try_from(order.len()).expect("a short order");
    let envelope = format!("\0\0\0\0{}{order}", char::from(length));
    let told = ask(
        "/process.Process/Start",
        &envelope,
        "application/connect+json",
    );
    assert!(
        told.contains("\"exitCode\":0") || told.contains("exited"),
        "{told}"
    );
    // Pausing writes to the state folder, and going on reads from it.
    let at = |end: &str| format!("/sandboxes/{}/{end}", field("sandboxID"));
    assert!(ask(&at("pause"), "{}", json).starts_with("HTTP/1.1 204 "));
    assert!(ask(&at("connect"), "{\"timeout\":60}", json).starts_with("HTTP/1.1 201 "));
    assert!(ask("/execute", "{\"code\":\"x + 2\"}", json).contains("\"text\":\"7\""));
    assert!(ask(&at("snapshots"), "{}", json).starts_with("HTTP/1.1 201 "));
    server.end().exits(0);
}

/// The value of a variable that `sandcell env` prints.
fn variable(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| {
        let rest = line.strip_prefix("export ")?.strip_prefix(name)?;
        rest.strip_prefix('=')
    });
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

#[test]
fn env_points_to_the_running_server_and_knows_its_key() {
    let server = Serving::start(&[]);
    let env = sandcell(&["env", "--state-dir", server.folder()]).exits(0);
    let url = format!("http://{}", server.address);
    assert_eq!(variable(env.text(), "E2B_API_URL"), url);
    assert_eq!(variable(env.text(), "E2B_SANDBOX_URL"), url);
    assert!(!env.text().contains("E2B_DEBUG"));
    let key = variable(env.text(), "E2B_API_KEY");
    assert!(server.post(&key).starts_with("HTTP/1.1 201 "));
    assert!(server.post("e2b_wrong").starts_with("HTTP/1.1 401 "));
    let legacy = sandcell(&["env", "--legacy", "--state-dir", server.folder()]).exits(0);
    assert_eq!(variable(legacy.text(), "E2B_DEBUG"), "true");
    let ended = server.end().exits(0);
    assert!(!ended.stderr.contains(&key), "the key is in the log");
    assert!(ended.stderr.contains("sandbox created"), "{}", ended.stderr);
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let server = Serving::start(&[]);
    let key = std::fs::read_to_string(server.state.path().join("key")).expect("the key");
    let made = server.post(key.trim());
    let field = |name: &str| {
        let rest = made
            .split(&format!("\"{name}\":\""))
            .nth(1)
            .expect("a field");
        rest.split('"').next().expect("its value").to_owned()
    };
    let code = "{\"code\":\"print(1)\\nwhile True: pass\"}";
    let mut busy = TcpStream::connect(&server.address).expect("connected");
    let request = format!(
        "POST /execute HTTP/1.1\r\nHost: localhost\r\nX-Access-Token: {}\r\nContent-Length: {}\r\n\r\n{code}",
        field("envdAccessToken"),
        code.len()
    );
    busy.write_all(request.as_bytes()).expect("sent");
    let mut busy = BufReader::new(busy);
    let mut line = String::new();
    while !line.contains("stdout") {
        line.clear();
        assert_ne!(busy.read_line(&mut line).expect("a line"), 0);
    }
    signal(server.running.child.id(), Signal::INT);
    // The first one is seen before the second: new connections are refused.
    while TcpStream::connect(&server.address).is_ok() {}
    server.end().exits(0).says("told twice to end");
}

/// The events of a cell that a new sandbox of the server runs.
fn cell(server: &Serving, code: &str) -> String {
    let made = server.post(&key(server));
    cell_in(server, &field(&made, "envdAccessToken"), code)
}

fn key(server: &Serving) -> String {
    let key = std::fs::read_to_string(server.state.path().join("key")).expect("the key");
    key.trim().to_owned()
}

/// The events of a cell in the sandbox of a token.
fn cell_in(server: &Serving, token: &str, code: &str) -> String {
    let body = serde_json::json!({ "code": code }).to_string();
    let mut stream = TcpStream::connect(&server.address).expect("connected");
    let request = format!(
        "POST /execute HTTP/1.1\r\nHost: localhost\r\nX-Access-Token: {token}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn packages_by_name_are_for_servers_that_allow_them() {
    let code = "%pip install humanize==4.9.0\nimport humanize\nprint(humanize.ordinal(21))";
    let server = Serving::start(&[]);
    let answer = cell(&server, code);
    assert!(
        answer.contains("cannot be installed at run time"),
        "{answer}"
    );
    server.end().exits(0);
    let server = Serving::start(&["--allow-pip"]);
    let answer = cell(&server, code);
    assert!(answer.contains("21st"), "{answer}");
    server.end().exits(0).says("asks its package index");
    sandcell(&["serve", "--image", "javascript", "--allow-pip"])
        .exits(2)
        .says("has no pip");
}

#[test]
fn a_paused_sandbox_goes_on_over_the_image_that_it_was_made_from() {
    image();
    let name = format!("test-served-{}", std::process::id());
    let added = ["image", "add", "humanize==4.9.0", "--name", &name];
    sandcell(&added).exits(0);
    let words = [["--image", "python"], ["--image", &name]];
    // From the one to the other, and the other way round.
    for (first, then) in [(0, 1), (1, 0)] {
        let server = Serving::start(&words[first]);
        let made = server.post(&key(&server));
        let id = field(&made, "sandboxID");
        let token = field(&made, "envdAccessToken");
        let there = "import sys; there = 'humanize' in sys.modules";
        assert!(cell_in(&server, &token, there).contains("end_of_execution"));
        let paused = server.post_to(&format!("/sandboxes/{id}/pause"), &key(&server));
        assert!(paused.starts_with("HTTP/1.1 204 "), "{paused}");
        let server = server.again(&words[then]);
        let resumed = server.post_to(&format!("/sandboxes/{id}/resume"), &key(&server));
        assert!(resumed.starts_with("HTTP/1.1 201 "), "{resumed}");
        let answer = cell_in(&server, &token, "print(there, 'humanize' in sys.modules)");
        let expected = ["False False", "True True"][first];
        assert!(answer.contains(expected), "{answer}");
        // New ones are made from the new one.
        let answer = cell(&server, "import sys; print('humanize' in sys.modules)");
        assert!(answer.contains(["False", "True"][then]), "{answer}");
        server.end().exits(0);
    }
    sandcell(&["image", "remove", &name]).exits(0);
}

#[test]
fn any_key_is_taken_if_that_was_asked_for() {
    let server = Serving::start(&["--any-key"]);
    assert!(server.post("whatever").starts_with("HTTP/1.1 201 "));
    assert!(server.post("").starts_with("HTTP/1.1 401 "));
    server.end().exits(0);
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let state = tempfile::tempdir().expect("a folder");
    let folder = state.path().to_str().expect("UTF-8");
    sandcell(&["serve", "--port", &port, "--state-dir", folder])
        .exits(3)
        .says(&format!("port {port} of 127.0.0.1 is taken"))
        .says("--port N");
}

#[test]
fn two_servers_do_not_share_a_state_folder() {
    let server = Serving::start(&[]);
    sandcell(&["serve", "--port", "0", "--state-dir", server.folder()])
        .exits(3)
        .says(&server.address)
        .says("--state-dir DIR");
    server.end().exits(0);
}

#[test]
fn env_without_a_server_says_so_and_makes_the_key() {
    let state = tempfile::tempdir().expect("a folder");
    let folder = state.path().to_str().expect("UTF-8");
    let env = sandcell(&["env", "--state-dir", folder])
        .exits(0)
        .says("sandcell serve");
    assert_eq!(
        variable(env.text(), "E2B_API_URL"),
        "http://127.0.0.1:49980"
    );
    let again = sandcell(&["env", "--port", "5", "--state-dir", folder]).exits(0);
    assert_eq!(variable(again.text(), "E2B_API_URL"), "http://127.0.0.1:5");
    let key = variable(env.text(), "E2B_API_KEY");
    assert_eq!(variable(again.text(), "E2B_API_KEY"), key);
}
