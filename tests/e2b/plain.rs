//! What the protocol says to the byte: statuses, headers, routing, streams.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::{Made, events};
use crate::support::{Answer, Request, TestServer, read_to_end, send};

async fn status(server: &TestServer, request: Request) -> u16 {
    send(server, &request).await.status
}

fn execute(code: &str) -> Request {
    let body = json!({"code": code, "context_id": null, "language": null, "env_vars": null});
    Request::post("/execute").json(&body.to_string())
}

fn types(answer: &Answer) -> Vec<String> {
    let types = events(answer);
    let types = types
        .iter()
        .map(|event| event["type"].as_str().expect("a type").to_owned());
    types.collect()
}

#[tokio::test]
async fn statuses_of_the_control_plane() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let at = |rest: &str| format!("/sandboxes/{}{rest}", made.id);
    for (request, expected) in [
        (Request::post("/v2/sandboxes").key().json("{}"), 201),
        (
            Request::post(&at("/connect")).key().json("{\"timeout\":1}"),
            200,
        ),
        (
            Request::post(&format!("/v2{}", at("/connect")))
                .key()
                .json("{}"),
            200,
        ),
        (Request::get(&at("")).key(), 200),
        (Request::get("/v2/sandboxes").key(), 200),
        (Request::get("/sandboxes").key(), 200),
        (
            Request::post(&at("/timeout"))
                .key()
                .json("{\"timeout\":100}"),
            204,
        ),
        (Request::post(&at("/refreshes")).key().json("{}"), 204),
        (Request::new("PUT", &at("/network")).key().json("{}"), 204),
        (Request::get(&at("/metrics")).key(), 200),
        (Request::get(&at("/logs")).key(), 200),
        (Request::get(&format!("/v2{}", at("/logs"))).key(), 200),
        (Request::get("/snapshots").key(), 200),
        (Request::get("/templates/aliases/base").key(), 200),
        (Request::get("/templates/aliases/other").key(), 404),
        (Request::post(&at("/pause")).key(), 204),
        (Request::post(&at("/pause")).key(), 409),
        (Request::get(&at("")).key(), 200),
        (Request::get(&at("/logs")).key(), 200),
        (Request::get(&at("/metrics")).key(), 404),
        (
            Request::post(&at("/timeout"))
                .key()
                .json("{\"timeout\":100}"),
            404,
        ),
        (Request::get("/health").of(&made), 502),
        (execute("1").of(&made), 502),
        (Request::get("/v2/sandboxes?state=paused").key(), 200),
        (Request::get("/v2/sandboxes?state=gone").key(), 400),
        (Request::get("/snapshots?limit=0").key(), 400),
        (Request::get("/snapshots?nextToken=x").key(), 400),
        (Request::post(&at("/snapshots")).key().json("{}"), 404),
        (Request::post(&at("/fork")).key().json("{}"), 404),
        (Request::post(&at("/resume")).key().json("{}"), 201),
        (Request::post(&at("/resume")).key().json("{}"), 409),
        (Request::post(&at("/connect")).key().json("{}"), 200),
        (execute("1").of(&made), 200),
        (Request::post(&at("/fork")).key().json("{}"), 201),
        (Request::post(&at("/snapshots")).key().json("{}"), 201),
        (Request::get("/health"), 204),
        (Request::get(&at("")), 401),
        (Request::get("/nothing").key(), 404),
        (Request::new("PATCH", "/sandboxes").key(), 405),
        (Request::new("DELETE", &at("")).key(), 204),
        (Request::new("DELETE", &at("")).key(), 404),
        (Request::post(&at("/pause")).key(), 404),
        (Request::get(&at("")).key(), 404),
        (Request::get("/health").of(&made), 502),
        (execute("1").of(&made), 502),
    ] {
        let answer = send(&server, &request).await;
        assert_eq!(answer.status, expected, "{request:?}: {answer:?}");
        if answer.status >= 300 {
            assert_eq!(answer.json()["code"], answer.status, "{answer:?}");
            assert!(answer.json()["message"].is_string(), "{answer:?}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn an_idempotency_key_makes_one_sandbox() {
    let server = TestServer::start().await;
    let request = Request::post("/v2/sandboxes").key().json("{}");
    let keyed = request.clone().header("Idempotency-Key", "abc-1");
    let (first, second) = tokio::join!(send(&server, &keyed), send(&server, &keyed));
    assert_eq!(Made::of(&first).id, Made::of(&second).id);
    let other = send(&server, &request.clone().header("Idempotency-Key", "abc-2")).await;
    assert_ne!(Made::of(&first).id, Made::of(&other).id);
    assert_eq!(
        status(&server, request.header("Idempotency-Key", "A B")).await,
        400
    );
}

#[tokio::test]
async fn a_stream_of_events_in_order() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let answer = send(&server, &execute("print('a'); 1 + 1").of(&made)).await;
    assert!(answer.whole);
    assert_eq!(
        types(&answer),
        [
            "number_of_executions",
            "stdout",
            "result",
            "end_of_execution"
        ]
    );
    let events = events(&answer);
    assert_eq!(events[0]["execution_count"], 1);
    assert_eq!(events[1]["text"], "a\n");
    assert_eq!(events[2]["is_main_result"], true);
    assert_eq!(events[2]["text"], "2");
}

#[tokio::test]
async fn signs_of_life_come_in_a_long_silence() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let code = "import time; time.sleep(5.5); print('slept')";
    let answer = send(&server, &execute(code).of(&made)).await;
    assert_eq!(
        types(&answer),
        [
            "number_of_executions",
            "keepalive",
            "stdout",
            "end_of_execution"
        ]
    );
}

#[tokio::test]
async fn a_kill_tears_streams() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = execute("print('up')\nimport time; time.sleep(600)").of(&made);
    stream.write_all(&request.to_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("up") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    let kill = Request::new("DELETE", &format!("/sandboxes/{}", made.id)).key();
    assert_eq!(status(&server, kill).await, 204);
    let _cut = stream.read_to_end(&mut seen).await;
    assert!(
        !seen.ends_with(b"0\r\n\r\n"),
        "a clean end looks like success"
    );
    assert!(!String::from_utf8_lossy(&seen).contains("end_of_execution"));
}

/// Clients give up by their own clocks, which may be ahead of the server's.
#[tokio::test]
async fn a_command_ends_with_its_time_though_its_client_has_left() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let sleep = json!({"process": {"cmd": "sleep", "args": ["600"]}});
    let start = Request::post("/process.Process/Start")
        .of(&made)
        .envelope(&sleep)
        .header("connect-timeout-ms", "2000");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&start.to_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("pid") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    drop(stream);
    let list = Request::post("/process.Process/List").of(&made).json("{}");
    while send(&server, &list).await.text().contains("600") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An error that comes while the client still writes is an answer to it, and no
/// torn connection.
#[tokio::test]
async fn a_stream_of_input_that_is_refused_is_read_to_its_end() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let chunk = |message: &serde_json::Value| {
        let message = message.to_string();
        let length = u32::try_from(message.len()).unwrap();
        let head = format!("{:x}\r\n\0", 5 + message.len());
        let parts = [head.as_bytes(), &length.to_be_bytes(), message.as_bytes()];
        [&parts.concat()[..], b"\r\n"].concat()
    };
    let request = Request::post("/process.Process/StreamInput")
        .of(&made)
        .header("Content-Type", "application/connect+json")
        .header("Transfer-Encoding", "chunked");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&request.to_bytes()).await.unwrap();
    let start = json!({"start": {"process": {"pid": 999_999}}});
    stream.write_all(&chunk(&start)).await.unwrap();
    // Long enough for an answer that does not wait.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let data = json!({"data": {"input": {"stdin": "eA=="}}});
    for _ in 0..3 {
        stream.write_all(&chunk(&data)).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    stream.read_to_end(&mut seen).await.unwrap();
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("not_found"), "{seen}");
}

#[tokio::test]
async fn every_way_to_name_a_sandbox() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let (id, token, traffic) = (&made.id, &made.token, &made.traffic);
    let name = format!("49983-{id}.e2b.localhost");
    // What a client makes of `https://49983-<id>.u@127.0.0.1/`.
    let user = {
        use base64::Engine as _;
        let text = format!("49983-{id}.u:");
        let coded = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Basic {coded}")
    };
    let envs = || Request::get("/envs").header("X-Access-Token", token);
    for request in [
        envs(),
        envs().header("Host", &name),
        envs().header("Authorization", &user),
        envs()
            .header("E2b-Sandbox-Id", id)
            .header("E2b-Sandbox-Port", "49983"),
    ] {
        assert_eq!(status(&server, request.clone()).await, 200, "{request:?}");
    }
    let contexts = Request::get("/contexts").header("E2B-Traffic-Access-Token", traffic);
    assert_eq!(status(&server, contexts).await, 200);
    let answer = send(
        &server,
        &envs().header("Host", &format!("3000-{id}.e2b.localhost")),
    )
    .await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("port is not open"));
    let gone = send(
        &server,
        &Request::get("/health").header("E2b-Sandbox-Id", "gone"),
    )
    .await;
    assert_eq!(gone.json()["message"], "The sandbox was not found");
}

#[tokio::test]
async fn parts_of_files_and_compressed_files() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let write = Request::post("/files?path=a.txt").of(&made);
    let write = write.header("Content-Type", "application/octet-stream");
    assert_eq!(status(&server, write.body("0123456789")).await, 200);
    let read = || Request::get("/files?path=a.txt").of(&made);
    for (range, expected, bytes) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=-3", 206, "789"),
        ("bytes=8-", 206, "89"),
        ("bytes=9-3", 200, "0123456789"),
    ] {
        let answer = send(&server, &read().header("Range", range)).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (expected, bytes),
            "{range}"
        );
    }
    let answer = send(&server, &read().header("Range", "bytes=10-")).await;
    assert_eq!(
        (answer.status, answer.header("content-range")),
        (416, Some("bytes */10"))
    );
    let packed = send(&server, &read().header("Accept-Encoding", "gzip")).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(&packed.body[..2], b"\x1f\x8b");
    let plain = send(&server, &read().header("Accept-Encoding", "gzip, deflate")).await;
    assert_eq!(
        (plain.header("content-encoding"), plain.text().len()),
        (None, 10)
    );
}

#[tokio::test]
async fn the_debug_sandbox_is_there_only_if_it_was_asked_for() {
    let request = execute("6 * 7").header("E2b-Sandbox-Id", "debug_sandbox_id");
    let closed = TestServer::start().await;
    assert_eq!(status(&closed, request.clone()).await, 502);
    let open = TestServer::start_with(|server| server.debug_sandbox(), &[]).await;
    let answer = send(&open, &request).await;
    assert_eq!(events(&answer)[1]["text"], "42");
    let page = request.header("Origin", "http://evil.example");
    assert_eq!(status(&open, page).await, 403);
}

#[tokio::test]
async fn pages_are_let_in_one_by_one() {
    let origin = "http://localhost:3000";
    let server = TestServer::start_with(|server| server.allow_origin(origin), &[]).await;
    let asks = |origin: &str| {
        let request = Request::new("OPTIONS", "/sandboxes").header("Origin", origin);
        request.header("Access-Control-Request-Headers", "x-api-key")
    };
    let answer = send(&server, &asks(origin)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("x-api-key")
    );
    let other = send(&server, &asks("http://localhost:3001")).await;
    assert_eq!(
        (other.status, other.header("access-control-allow-origin")),
        (403, None)
    );
}

#[tokio::test]
async fn numbers_for_a_scraper() {
    let server = TestServer::start().await;
    server.sandbox().await;
    assert_eq!(status(&server, Request::get("/metrics")).await, 401);
    let answer = send(&server, &Request::get("/metrics").key()).await;
    assert!(
        answer.text().contains("\nsandcell_sandboxes 1\n"),
        "{}",
        answer.text()
    );
    assert!(
        answer
            .text()
            .contains("# TYPE sandcell_requests_total counter")
    );
}

#[tokio::test]
async fn the_end_of_the_server_lets_requests_end() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let code = "print('up')\nimport time; time.sleep(1); 'done'";
    stream
        .write_all(&execute(code).of(&made).to_bytes())
        .await
        .unwrap();
    let mut first = [0; 1];
    stream.peek(&mut first).await.unwrap();
    server.end().await;
    let answer = read_to_end(stream).await.expect("an answer");
    assert!(answer.whole);
    assert!(answer.text().contains("done"), "{answer:?}");
}
