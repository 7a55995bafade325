//! The server as a process, and requests through its door.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of our own.
#[derive(Debug)]
pub(crate) struct Door {
    child: Child,
    client: Client,
}

/// Who asks it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: String,
    key: String,
}

/// The connection broke before the answer was whole.
#[derive(Debug)]
pub(crate) struct Broken;

/// Status and body.
pub(crate) type Answer = (u16, Vec<u8>);

impl Door {
    /// Starts a server over this state.
    pub(crate) fn open(state: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandcell"))
            .args(["serve", "--port", "0", "--image", "python", "--state-dir"])
            .arg(state)
            .env("TMPDIR", state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://");
        let key = std::fs::read_to_string(state.join("key")).expect("the key");
        let client = Client {
            address: address.expect(&line).to_owned(),
            key: key.trim().to_owned(),
        };
        Self { child, client }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("its end");
    }

    /// Ends it as its owner would.
    pub(crate) fn end(&mut self) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told to end");
        assert!(self.child.wait().expect("its end").success());
    }

    fn ask_for(&self, path: &str) -> Answer {
        self.client.ask("GET", path, &[], b"").expect("an answer")
    }

    fn listed(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for state in ["running", "paused"] {
            let (status, body) = self.ask_for(&format!("/v2/sandboxes?state={state}&limit=100"));
            assert_eq!(status, 200);
            let page: Vec<Value> = serde_json::from_slice(&body).expect("a list");
            all.extend(page);
        }
        all
    }

    /// How many sandboxes run, by the server's own count.
    pub(crate) fn running(&self) -> usize {
        let (status, body) = self.ask_for("/sandboxes");
        assert_eq!(status, 200);
        let all: Vec<Value> = serde_json::from_slice(&body).expect("a list");
        all.len()
    }

    /// Ends all sandboxes, paused ones as well, and deletes all snapshots.
    pub(crate) fn clear(&self) {
        loop {
            let (status, body) = self.ask_for("/snapshots");
            assert_eq!(status, 200);
            let saved: Vec<Value> = serde_json::from_slice(&body).expect("a list");
            if saved.is_empty() {
                break;
            }
            for one in saved {
                let id = one["snapshotID"].as_str().expect("an id");
                self.client.forget(id).expect("deleted");
            }
        }
        loop {
            let listed = self.listed();
            if listed.is_empty() {
                return;
            }
            for one in listed {
                let id = one["sandboxID"].as_str().expect("an id");
                self.client.end(id).expect("ended");
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _over = self.child.kill();
        let _over = self.child.wait();
    }
}

impl Client {
    /// One request on a connection of its own.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Broken> {
        let mut stream = self.send(method, path, headers, body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(|_| Broken)?;
        parse(&answer).ok_or(Broken)
    }

    /// Sends a request, and leaves the answer to who wants it.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<TcpStream, Broken> {
        let mut stream = TcpStream::connect(&self.address).map_err(|_| Broken)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(|_| Broken)?;
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nX-API-KEY: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            self.key,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let bytes = [text.as_bytes(), body].concat();
        stream.write_all(&bytes).map_err(|_| Broken)?;
        Ok(stream)
    }

    /// A request of the control plane.
    pub(crate) fn order(&self, path: &str, body: &Value) -> Result<(u16, Value), Broken> {
        let (status, body) = self.ask("POST", path, &[], body.to_string().as_bytes())?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Makes a sandbox out of a template: its id and token.
    pub(crate) fn make(&self, template: &str) -> Result<(String, String), Broken> {
        let order = json!({"templateID": template, "timeout": 86_400});
        let (status, made) = self.order("/v2/sandboxes", &order)?;
        assert_eq!(status, 201, "{made}");
        let field = |name: &str| made[name].as_str().expect(name).to_owned();
        Ok((field("sandboxID"), field("envdAccessToken")))
    }

    /// Deletes a snapshot.
    pub(crate) fn forget(&self, id: &str) -> Result<(), Broken> {
        let path = format!("/templates/{}", id.replace(':', "%3A"));
        let (status, body) = self.ask("DELETE", &path, &[], b"")?;
        assert_eq!(status, 204, "{}", String::from_utf8_lossy(&body));
        Ok(())
    }

    /// Ends a sandbox, or removes a paused one.
    pub(crate) fn end(&self, id: &str) -> Result<(), Broken> {
        let (status, body) = self.ask("DELETE", &format!("/sandboxes/{id}"), &[], b"")?;
        assert_eq!(status, 204, "{}", String::from_utf8_lossy(&body));
        Ok(())
    }
}

/// Status and body of an answer that is whole.
fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    if head.contains("transfer-encoding: chunked") {
        return Some((status, chunks(body)?));
    }
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    (length.unwrap_or(0) == body.len()).then(|| (status, body.to_vec()))
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(all);
        }
        all.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 4 + size..)?;
    }
}
