//! What is bounded, and what those see who meet the bound.

use sandcell::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Request, TestServer, send};

#[tokio::test]
async fn sandboxes_are_counted() {
    let server = TestServer::start_with(|server| server.sandboxes(2), &[]).await;
    let made = server.sandbox().await;
    server.sandbox().await;
    let create = Request::post("/sandboxes").key().json("{}");
    let refused = send(&server, &create).await;
    assert_eq!(
        (refused.status, refused.header("should-retry")),
        (429, Some("false"))
    );
    send(
        &server,
        &Request::new("DELETE", &format!("/sandboxes/{}", made.id)).key(),
    )
    .await;
    server.sandbox().await;
}

#[tokio::test]
async fn streams_are_counted() {
    let server = TestServer::start_with(|server| server.streams(1), &[]).await;
    let made = server.sandbox().await;
    let execute = |code: &str| {
        let body = json!({"code": code}).to_string();
        Request::post("/execute").of(&made).json(&body)
    };
    let mut taken = TcpStream::connect(server.address).await.unwrap();
    let busy = execute("print('up')\nimport time; time.sleep(600)");
    taken.write_all(&busy.to_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("up") {
        assert_ne!(taken.read_buf(&mut seen).await.unwrap(), 0);
    }
    assert_eq!(send(&server, &execute("1")).await.status, 429);
    // A client that goes away gives its place back, and its code is interrupted.
    drop(taken);
    while send(&server, &execute("1")).await.status == 429 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn files_meet_their_quota() {
    let mut limits = Limits::default();
    limits.file_bytes = 8 << 20;
    let server = TestServer::start_with(|server| server.limits(limits), &[]).await;
    let made = server.sandbox().await;
    let write = |bytes: Vec<u8>| {
        let request = Request::post("/files?path=big").of(&made);
        request
            .header("Content-Type", "application/octet-stream")
            .body(bytes)
    };
    assert_eq!(send(&server, &write(vec![1; 7 << 20])).await.status, 200);
    let full = send(&server, &write(vec![1; 9 << 20])).await;
    assert_eq!(full.status, 507, "{full:?}");
    // Nothing is left of a part of a file.
    assert_eq!(
        send(&server, &Request::get("/files?path=big").of(&made))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_bomb_meets_the_quota() {
    use std::io::Write as _;
    let mut limits = Limits::default();
    limits.file_bytes = 64 << 20;
    let server = TestServer::start_with(|server| server.limits(limits), &[]).await;
    let made = server.sandbox().await;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..512 {
        packer.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    let request = Request::post("/files?path=bomb").of(&made);
    let request = request
        .header("Content-Type", "application/octet-stream")
        .header("Content-Encoding", "gzip")
        .body(bomb);
    let answer = send(&server, &request).await;
    assert_eq!(answer.status, 507, "{answer:?}");
}

#[tokio::test]
async fn idle_and_slow_connections_keep_nobody_waiting() {
    let server = TestServer::start().await;
    let mut held = Vec::new();
    for n in 0..1000 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        match n % 3 {
            0 => {}
            1 => stream
                .write_all(b"POST /execute HTTP/1.1\r\nHo")
                .await
                .unwrap(),
            _ => {
                let head =
                    b"POST /sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{";
                stream.write_all(head).await.unwrap();
            }
        }
        held.push(stream);
    }
    server.sandbox().await;
    drop(held);
    server.sandbox().await;
}

#[tokio::test]
async fn two_hundred_streams_at_once() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let watch = || {
        let message = b"{\"path\":\"/home/user\"}";
        let mut body = vec![0, 0, 0, 0, u8::try_from(message.len()).unwrap()];
        body.extend_from_slice(message);
        let request = Request::post("/filesystem.Filesystem/WatchDir").of(&made);
        request
            .header("Content-Type", "application/connect+json")
            .body(body)
    };
    let mut streams = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&watch().to_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("start") {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
        }
        streams.push(stream);
    }
    let write = Request::post("/files?path=f").of(&made);
    let write = write
        .header("Content-Type", "application/octet-stream")
        .body("x");
    assert_eq!(send(&server, &write).await.status, 200);
    for mut stream in streams {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("EVENT_TYPE_WRITE") {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
        }
    }
}
