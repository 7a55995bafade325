//! Requests byte by byte, so that they can be as wrong as a test wants them.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{KEY, Made, TestServer};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            line: format!("{method} {path} HTTP/1.1"),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the key of the control plane.
    pub(crate) fn key(self) -> Self {
        self.header("X-API-KEY", KEY)
    }

    /// For a sandbox, with its token.
    pub(crate) fn of(self, made: &Made) -> Self {
        self.header("E2b-Sandbox-Id", &made.id)
            .header("X-Access-Token", &made.token)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.header("Content-Type", "application/json").body(body)
    }

    /// The one message of a call that is answered by a stream.
    pub(crate) fn envelope(self, message: &Value) -> Self {
        let message = message.to_string();
        let mut body = vec![0];
        let length = u32::try_from(message.len()).expect("a short message");
        body.extend(length.to_be_bytes());
        body.extend(message.into_bytes());
        self.header("Content-Type", "application/connect+json")
            .body(body)
    }

    /// As it goes over the wire; asks for the connection to be closed.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\nConnection: close\r\n", self.line);
        let named = |wanted: &str| {
            let mut names = self.headers.iter().map(|(name, _)| name);
            names.any(|name| name.eq_ignore_ascii_case(wanted))
        };
        if !named("host") {
            text.push_str("Host: 127.0.0.1\r\n");
        }
        if !named("content-length") && !named("transfer-encoding") && !self.line.starts_with("GET")
        {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The connection ended where the answer did.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON in {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = Self {
            status,
            head,
            body: bytes[end + 4..].to_vec(),
            whole: true,
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            (answer.body, answer.whole) = unchunk(&answer.body);
        } else if let Some(length) = answer.header("content-length") {
            answer.whole = length.parse() == Ok(answer.body.len());
        }
        Some(answer)
    }
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            break;
        };
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    (body, false)
}

/// Sends a request and reads all of its answer.
pub(crate) async fn send(server: &TestServer, request: &Request) -> Answer {
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    // A server may refuse before it has read everything.
    let _unread = stream.write_all(&request.to_bytes()).await;
    read_to_end(stream)
        .await
        .unwrap_or_else(|| panic!("no answer to {request:?}"))
}

/// Reads an answer until the connection ends; `None` when there is none.
pub(crate) async fn read_to_end(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let reading = async {
        // A connection that is reset has answered before that, or not at all.
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            bytes.extend_from_slice(&piece[..read]);
        }
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.expect("the connection ends");
    Answer::parse(&bytes)
}
