//! The server: a new sandbox over HTTP, and the real SDK against it and against
//! a stub that answers the same two requests with fixed bytes.
//!
//! `cargo bench --bench server`

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use sandcell_server::{Server, new_key};
use tokio::net::TcpListener;

mod support;
use support::{Series, head, row, row_of, runtime_with_programs};

const ROUNDS: usize = 300;

/// Sandboxes that are made at once, each with its first result.
const BURST: usize = 50;
const BURSTS: usize = 20;

/// Sandboxes that live at once, and streams that are open at once.
const LIVE: usize = 1000;
const STREAMS: usize = 200;

/// Reads one answer with a length; answers its status.
fn read_answer(reader: &mut BufReader<TcpStream>) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).context("a status")?.parse()?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((status, body))
}

/// One request on a connection that is kept.
fn ask(
    reader: &mut BufReader<TcpStream>,
    method: &str,
    path: &str,
    key: &str,
) -> anyhow::Result<(u16, Vec<u8>)> {
    let body = if method == "POST" { "{}" } else { "" };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    reader.get_mut().write_all(request.as_bytes())?;
    read_answer(reader)
}

/// `POST /sandboxes` to its answer; the sandbox is ended outside of the time.
fn create(address: SocketAddr, key: &str) -> anyhow::Result<Series> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut series = Series::default();
    for _ in 0..ROUNDS {
        let (status, body) = series.time(|| ask(&mut reader, "POST", "/sandboxes", key))?;
        anyhow::ensure!(status == 201, "status {status}");
        let made: serde_json::Value = serde_json::from_slice(&body)?;
        let id = made.get("sandboxID").and_then(|id| id.as_str());
        let id = id.context("an id")?;
        ask(&mut reader, "DELETE", &format!("/sandboxes/{id}"), key)?;
        // Guests that are kept ready are made anew meanwhile.
        std::thread::park_timeout(Duration::from_millis(5));
    }
    Ok(series)
}

/// A connection that is kept.
fn connect(address: SocketAddr) -> anyhow::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

/// Makes a sandbox and answers its id and token.
fn make(reader: &mut BufReader<TcpStream>, key: &str) -> anyhow::Result<(String, String)> {
    let (status, body) = ask(reader, "POST", "/sandboxes", key)?;
    anyhow::ensure!(status == 201, "status {status}");
    let made: serde_json::Value = serde_json::from_slice(&body)?;
    let text = |name: &str| {
        let text = made.get(name).and_then(|text| text.as_str());
        text.map(str::to_owned).context("an answer that is whole")
    };
    Ok((text("sandboxID")?, text("envdAccessToken")?))
}

/// Starts an execution; its answer is a stream in chunks.
fn execute(
    reader: &mut BufReader<TcpStream>,
    made: &(String, String),
    code: &str,
) -> anyhow::Result<()> {
    let body = serde_json::json!({"code": code}).to_string();
    let length = body.len();
    let (id, token) = made;
    let request = format!(
        "POST /execute HTTP/1.1\r\nHost: 127.0.0.1\r\nE2b-Sandbox-Id: {id}\r\nX-Access-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    reader.get_mut().write_all(request.as_bytes())?;
    Ok(())
}

/// Reads a stream up to a line that has these words.
fn read_to(reader: &mut BufReader<TcpStream>, words: &str) -> anyhow::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(reader.read_line(&mut line)? > 0, "the stream ended early");
        if line.contains(words) {
            return Ok(());
        }
    }
}

/// Reads a stream in chunks to its end.
fn read_rest(reader: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
    read_to(reader, "end_of_execution")?;
    let mut line = String::new();
    while line.trim() != "0" {
        line.clear();
        anyhow::ensure!(reader.read_line(&mut line)? > 0, "the stream ended early");
    }
    reader.read_line(&mut line)?;
    Ok(())
}

/// One sandbox and its first result, on a connection of its own; the sandbox is
/// left to its end.
fn first_result(address: SocketAddr, key: &str) -> anyhow::Result<()> {
    let mut reader = connect(address)?;
    let made = make(&mut reader, key)?;
    execute(&mut reader, &made, "1+1")?;
    read_to(&mut reader, "\"text\":\"2\"")?;
    read_rest(&mut reader)?;
    let path = format!("/sandboxes/{}", made.0);
    ask(&mut reader, "DELETE", &path, key)?;
    Ok(())
}

/// Processor time of this process, client and server together.
fn cpu() -> Duration {
    // Of all its threads: each has a file of its own.
    let all = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let mut nanoseconds = 0_u64;
    for task in all.flatten() {
        let text = std::fs::read_to_string(task.path().join("schedstat"));
        let text = text.unwrap_or_default();
        let first = text
            .split(' ')
            .next()
            .and_then(|word| word.parse::<u64>().ok());
        nanoseconds += first.unwrap_or(0);
    }
    Duration::from_nanos(nanoseconds)
}

/// Fifty at once, beside fifty one after the other: wall time and processor time,
/// round by round.
fn bursts(address: SocketAddr, key: &str) -> anyhow::Result<(Series, Series)> {
    let (mut walls, mut serials) = (Series::default(), Series::default());
    for _ in 0..BURSTS {
        let (wall, serial) = burst(address, key)?;
        walls.add(wall);
        serials.add(serial);
    }
    Ok((walls, serials))
}

fn burst(address: SocketAddr, key: &str) -> anyhow::Result<(Duration, Duration)> {
    let before = cpu();
    for _ in 0..BURST {
        first_result(address, key)?;
    }
    let serial = cpu().saturating_sub(before);
    let start = std::time::Instant::now();
    let results: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..BURST)
            .map(|_| scope.spawn(|| first_result(address, key)))
            .collect();
        let all = all.into_iter().map(|one| one.join());
        all.map(|one| one.unwrap_or_else(|_| Err(anyhow::anyhow!("a client broke"))))
            .collect()
    });
    let wall = start.elapsed();
    results.into_iter().collect::<anyhow::Result<()>>()?;
    Ok((wall, serial))
}

/// A thousand that live, then streams in two hundred of them at once: all have
/// said something before the first may end.
fn many(address: SocketAddr, key: &str) -> anyhow::Result<(Duration, Duration)> {
    let mut reader = connect(address)?;
    let start = std::time::Instant::now();
    let mut made = Vec::with_capacity(LIVE);
    for _ in 0..LIVE {
        made.push(make(&mut reader, key)?);
    }
    let live = start.elapsed();
    let start = std::time::Instant::now();
    let mut streams = Vec::with_capacity(STREAMS);
    for one in made.iter().take(STREAMS) {
        let mut reader = connect(address)?;
        let code =
            "import os, time\nprint('up')\nwhile not os.path.exists('/tmp/go'): time.sleep(0.05)";
        execute(&mut reader, one, code)?;
        streams.push(reader);
    }
    for stream in &mut streams {
        read_to(stream, "up")?;
    }
    let open = start.elapsed();
    // They end with their sandboxes.
    for (id, _) in &made {
        ask(&mut reader, "DELETE", &format!("/sandboxes/{id}"), key)?;
    }
    Ok((live, open))
}

/// A server with fixed answers to the two requests of the SDK.
fn stub() -> anyhow::Result<SocketAddr> {
    let listener = StdListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _gone = answer_fixed(stream);
            });
        }
    });
    Ok(address)
}

fn answer_fixed(stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let execute = line.contains("/execute");
        let kill = line.starts_with("DELETE");
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (status, body) = if kill {
            ("204 No Content", "")
        } else if execute {
            (
                "200 OK",
                "{\"type\":\"number_of_executions\",\"execution_count\":1}\n{\"type\":\"result\",\"is_main_result\":true,\"text\":\"2\"}\n{\"type\":\"end_of_execution\"}\n",
            )
        } else {
            (
                "201 Created",
                "{\"templateID\":\"base\",\"sandboxID\":\"stub\",\"clientID\":\"c\",\"envdVersion\":\"0.6.4\",\"envdAccessToken\":\"e\",\"trafficAccessToken\":\"t\",\"domain\":\"x\"}",
            )
        };
        let length = if kill {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{length}\r\n{body}");
        reader.get_mut().write_all(answer.as_bytes())?;
    }
}

/// What the SDK needs for one sandbox and its first result, in one process, the
/// first (which imports and connects) left out. Prints seconds.
const SDK: &str = "
import time
from e2b_code_interpreter import Sandbox
for n in range(101):
    start = time.perf_counter()
    sandbox = Sandbox.create()
    assert sandbox.run_code('1+1').text == '2'
    if n: print(time.perf_counter() - start)
    sandbox.kill()
";

/// A command in a sandbox that is there, from its start to its exit code.
const COMMAND: &str = "
import time
from e2b_code_interpreter import Sandbox
sandbox = Sandbox.create()
for n in range(301):
    start = time.perf_counter()
    assert sandbox.commands.run('echo hi').stdout == 'hi\\n'
    if n: print(time.perf_counter() - start)
sandbox.kill()
";

/// The newest SDK, where the tests have installed it.
fn interpreter() -> Option<PathBuf> {
    let from = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = from("SANDCELL_TEST_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("sandcell-tests")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/sandcell-tests")))?;
    let mut folders = std::fs::read_dir(cache).ok()?.flatten();
    let newest = folders.find(|folder| {
        let name = folder.file_name();
        name.to_string_lossy().starts_with("e2b-newest-") && folder.path().is_dir()
    })?;
    Some(newest.path().join("bin/python"))
}

fn sdk(
    interpreter: &PathBuf,
    script: &str,
    address: SocketAddr,
    key: &str,
) -> anyhow::Result<Series> {
    let url = format!("http://{address}");
    let ended = Command::new(interpreter)
        .args(["-c", script])
        .env("E2B_API_KEY", key)
        .env("E2B_API_URL", &url)
        .env("E2B_SANDBOX_URL", &url)
        .stderr(Stdio::inherit())
        .output()?;
    anyhow::ensure!(ended.status.success(), "the SDK's script failed");
    let mut series = Series::default();
    for line in String::from_utf8(ended.stdout)?.lines() {
        series.add(Duration::from_secs_f64(line.parse()?));
    }
    Ok(series)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let key = new_key();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = Server::builder(runtime_with_programs(4).await?).key(&key);
    tokio::spawn(server.serve(vec![listener], std::future::pending()));
    let measured = {
        let key = key.clone();
        tokio::task::spawn_blocking(move || create(address, &key)).await??
    };
    head("Over HTTP", "cargo bench --bench server");
    row("POST /sandboxes to 201", &measured, "target: median 1 ms");
    let (walls, serials) = {
        let key = key.clone();
        tokio::task::spawn_blocking(move || bursts(address, &key)).await??
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    row(
        "50 sandboxes at once, each to its first result",
        &walls,
        &format!(
            "processor time one after the other, over {cores} cores: {:.1} ms; target: at most 1.3 times that, {:.1}",
            serials.median_ms() / cores as f64,
            serials.median_ms() / cores as f64 * 1.3
        ),
    );
    let (live, open) = {
        let key = key.clone();
        tokio::task::spawn_blocking(move || many(address, &key)).await??
    };
    row_of(
        "1,000 sandboxes that live, over one connection",
        &format!("{:.0} ms", live.as_secs_f64() * 1e3),
        "target: no error",
    );
    row_of(
        "200 streams at once, to the first line of the last",
        &format!("{:.0} ms", open.as_secs_f64() * 1e3),
        "target: no error",
    );
    let Some(interpreter) = interpreter() else {
        row_of(
            "SDK create + run_code",
            "not measured",
            "the tests install the SDK",
        );
        return Ok(());
    };
    let stub = stub()?;
    let (real, fixed, commands) = tokio::task::spawn_blocking(move || {
        let fixed = sdk(&interpreter, SDK, stub, &key)?;
        let real = sdk(&interpreter, SDK, address, &key)?;
        anyhow::Ok((real, fixed, sdk(&interpreter, COMMAND, address, &key)?))
    })
    .await??;
    let beside = format!(
        "stub: {:.2} ms; target: at most 1 ms more",
        fixed.median_ms()
    );
    row("SDK create + run_code, second and later", &real, &beside);
    row(
        "SDK commands.run('echo hi')",
        &commands,
        "target: median 5 ms",
    );
    Ok(())
}
