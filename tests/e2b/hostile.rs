//! Requests that no client would send. Each is refused with its own status; none
//! is the server's fault, and the server goes on.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::server::Made;
use crate::support::{Request, TestServer, read_to_end, send};

const STREAM: &str = "application/connect+json";

async fn check(server: &TestServer, request: Request, expected: u16) {
    let answer = send(server, &request).await;
    assert_eq!(answer.status, expected, "{request:.300?}: {answer:?}");
}

async fn still_works(server: &TestServer) {
    let made = server.sandbox().await;
    let execute = Request::post("/execute")
        .of(&made)
        .json("{\"code\":\"20 + 22\"}");
    let answer = send(server, &execute).await;
    assert!(answer.text().contains("\"42\""), "{answer:?}");
}

#[tokio::test]
async fn bodies_that_are_no_requests() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let long = "x".repeat(2 << 20);
    for body in [
        "{",
        "[]",
        "null",
        "1",
        "\"x\"",
        "{\"timeout\":\"x\"}",
        "{\"timeout\":-1}",
        "{\"timeout\":1e99}",
        "{\"timeout\":99999999999}",
        "{\"metadata\":[1]}",
        "{\"metadata\":{\"a\":1}}",
        "{\"envVars\":{\"a=b\":\"1\"}}",
        "{\"envVars\":{\"\":\"1\"}}",
        "{\"envVars\":{\"a\":\"\\u0000\"}}",
        "\u{0}",
        "{\"templateID\":5}",
        &"[".repeat(100_000),
    ] {
        check(&server, Request::post("/sandboxes").key().json(body), 400).await;
        let execute = Request::post("/execute").of(&made).json(body);
        check(&server, execute, 400).await;
    }
    check(&server, Request::post("/sandboxes").key().json(&long), 413).await;
    let unknown = "{\"templateID\":\"../../etc\"}";
    check(
        &server,
        Request::post("/sandboxes").key().json(unknown),
        404,
    )
    .await;
    // Fields of other versions are passed over.
    check(
        &server,
        Request::post("/sandboxes").key().json("{\"newField\":[1]}"),
        201,
    )
    .await;
    let huge = json!({"code": "x".repeat(16 << 20)}).to_string();
    check(
        &server,
        Request::post("/execute").of(&made).json(&huge),
        413,
    )
    .await;
    still_works(&server).await;
}

#[tokio::test]
async fn ids_and_queries_that_lead_nowhere() {
    let server = TestServer::start().await;
    for (path, expected) in [
        ("/sandboxes/..%2f..%2fetc", 400),
        ("/sandboxes/a%0d%0aX-Evil:%201", 400),
        ("/sandboxes/%ff", 400),
        ("/sandboxes/a%00", 400),
        (&format!("/sandboxes/{}", "a".repeat(1000)), 400),
        ("/sandboxes/unknown", 404),
        ("/v2/sandboxes?limit=0", 400),
        ("/v2/sandboxes?limit=-1", 400),
        ("/v2/sandboxes?limit=x", 400),
        ("/v2/sandboxes?nextToken=%21", 400),
        ("/v2/sandboxes?nextToken=eHh4", 400),
        ("/v2/sandboxes?order=up", 400),
        ("/v2/sandboxes?state=asleep", 400),
        ("/v2/sandboxes?startedAfter=yesterday", 400),
        ("/v2/sandboxes?metadata=%25%25%26%3d%3d", 200),
        ("/sandboxes/unknown/metrics?start=x", 400),
        ("/sandboxes/metrics?sandbox_ids=..,%00,x", 200),
    ] {
        check(&server, Request::get(path).key(), expected).await;
    }
    still_works(&server).await;
}

#[tokio::test]
async fn keys_and_tokens_of_others() {
    let server = TestServer::start().await;
    let (mine, other) = (server.sandbox().await, server.sandbox().await);
    let code = "{\"code\":\"1\"}";
    let execute = |id: &str, name: &str, token: &str| {
        let request = Request::post("/execute").header("E2b-Sandbox-Id", id);
        request.header(name, token).json(code)
    };
    check(&server, Request::post("/sandboxes").json("{}"), 401).await;
    check(
        &server,
        Request::post("/sandboxes")
            .header("X-API-KEY", "")
            .json("{}"),
        401,
    )
    .await;
    check(
        &server,
        Request::post("/sandboxes")
            .header("X-API-KEY", "wrong")
            .json("{}"),
        401,
    )
    .await;
    let bearer = "Bearer e2b_wrong";
    check(
        &server,
        Request::get("/sandboxes").header("Authorization", bearer),
        401,
    )
    .await;
    for (name, token) in [
        ("X-Access-Token", other.token.as_str()),
        ("X-Access-Token", other.traffic.as_str()),
        ("X-Access-Token", mine.traffic.as_str()),
        ("X-Access-Token", ""),
        ("E2B-Traffic-Access-Token", &other.traffic),
        ("E2B-Traffic-Access-Token", &mine.token),
        ("X-Nothing", "x"),
    ] {
        check(&server, execute(&mine.id, name, token), 403).await;
    }
    // A right token does not excuse a wrong one.
    let both = execute(&mine.id, "X-Access-Token", &mine.token);
    let both = both.header("E2B-Traffic-Access-Token", &other.traffic);
    check(&server, both, 403).await;
    for path in ["/envs", "/metrics", "/files?path=a"] {
        let request = Request::get(path).header("E2b-Sandbox-Id", &mine.id);
        check(&server, request.clone(), 401).await;
        check(&server, request.header("X-Access-Token", &other.token), 401).await;
    }
    let stat = Request::post("/filesystem.Filesystem/Stat").header("E2b-Sandbox-Id", &mine.id);
    let stat = stat
        .header("X-Access-Token", &other.token)
        .json("{\"path\":\"/\"}");
    check(&server, stat, 401).await;
    check(&server, Request::post("/execute").json(code), 401).await;
    // The key of the server opens no sandbox.
    check(
        &server,
        Request::get("/envs")
            .header("E2b-Sandbox-Id", &mine.id)
            .key(),
        401,
    )
    .await;
}

#[tokio::test]
async fn names_that_are_not_ours() {
    let server = TestServer::start().await;
    for host in [
        "evil.example",
        "127.0.0.1.evil.example:1",
        "localhost.evil.example",
        "-",
        "",
    ] {
        let request = Request::post("/sandboxes")
            .key()
            .header("Host", host)
            .json("{}");
        check(&server, request, 403).await;
    }
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:3000",
        "http://127.0.0.1",
    ] {
        let request = Request::post("/sandboxes").key().header("Origin", origin);
        check(&server, request.json("{}"), 403).await;
    }
}

fn envelope(flags: u8, length: u32, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flags];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message);
    bytes
}

#[tokio::test]
async fn envelopes_that_lie() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let path = br#"{"path":"/home/user"}"#;
    let long = "x".repeat(5000);
    let deep = format!(r#"{{"path":"{}"}}"#, "/a".repeat(5000));
    for (kind, body) in [
        (STREAM, Vec::new()),
        (STREAM, vec![0, 0, 0]),
        (STREAM, envelope(0, u32::MAX, path)),
        (STREAM, envelope(0, 22, path)),
        (STREAM, envelope(1, 21, path)),
        (STREAM, envelope(2, 21, path)),
        (STREAM, envelope(0xff, 21, path)),
        (STREAM, envelope(0, 5, b"[1,2]")),
        (STREAM, envelope(0, 4, b"\xff\xfe\xfd\xfc")),
        (STREAM, envelope(0, 11, br#"{"path":[]}"#)),
        (
            STREAM,
            envelope(0, u32::try_from(deep.len()).unwrap(), deep.as_bytes()),
        ),
        ("application/connect+proto", envelope(0, 21, path)),
        ("application/json", path.to_vec()),
        (&long, path.to_vec()),
    ] {
        let request = Request::post("/filesystem.Filesystem/WatchDir").of(&made);
        let request = request.header("Content-Type", kind).body(body);
        let answer = send(&server, &request).await;
        // A stream fails within itself: its last envelope says why.
        assert_eq!(answer.status, 200, "{request:.300?}");
        assert_eq!(answer.body[0], 2, "{request:.300?}");
        assert!(answer.text().contains("\"error\""), "{request:.300?}");
    }
    still_works(&server).await;
}

#[tokio::test]
async fn calls_that_ask_for_nonsense() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let call = |method: &str, body: &str| {
        Request::post(&format!("/filesystem.Filesystem/{method}"))
            .of(&made)
            .json(body)
    };
    for (request, expected) in [
        (call("Stat", "{"), 400),
        (call("Stat", "{\"path\":5}"), 400),
        (call("Stat", "{\"path\":\"/a\\u0000b\"}"), 400),
        (call("Stat", "{\"path\":\"/../../etc/shadow\"}"), 404),
        (call("ListDir", "{\"path\":\"/\",\"depth\":-1}"), 400),
        (
            call("ListDir", "{\"path\":\"/home\",\"depth\":4294967295}"),
            200,
        ),
        (call("ListDir", "{\"path\":\"/etc/passwd\"}"), 400),
        (call("Remove", "{\"path\":\"/\"}"), 403),
        (call("Remove", "{\"path\":\"/proc\"}"), 403),
        (call("Remove", "{\"path\":\"/no/such\"}"), 200),
        (
            call(
                "Move",
                "{\"source\":\"/etc\",\"destination\":\"/etc/below\"}",
            ),
            400,
        ),
        (
            call("Move", "{\"source\":\"/no/such\",\"destination\":\"a\"}"),
            404,
        ),
        (call("MakeDir", "{\"path\":\"/etc/passwd/x\"}"), 400),
        (call("GetWatcherEvents", "{\"watcherId\":\"../x\"}"), 404),
        (call("RemoveWatcher", "{}"), 404),
        (call("NoSuchMethod", "{}"), 404),
        (call("Stat", "{}").header("Content-Encoding", "gzip"), 400),
        (
            Request::post("/process.Process/SendSignal")
                .of(&made)
                .json("{}"),
            400,
        ),
        (
            Request::post("/process.Process/SendSignal")
                .of(&made)
                .json("{\"process\":{\"pid\":4000000},\"signal\":\"SIGNAL_SIGKILL\"}"),
            404,
        ),
        (
            Request::post("/process.Process/List").of(&made).json("{}"),
            200,
        ),
        (Request::post("/init").of(&made).json("{}"), 404),
    ] {
        check(&server, request, expected).await;
    }
    still_works(&server).await;
}

#[tokio::test]
async fn uploads_that_are_none() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let upload = |query: &str, kind: &str, body: &str| {
        let request = Request::post(&format!("/files{query}")).of(&made);
        request.header("Content-Type", kind).body(body)
    };
    let octets = "application/octet-stream";
    let form = "multipart/form-data; boundary=x";
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"";
    let nameless = format!("{part}\r\n\r\nhello\r\n--x--\r\n");
    // A head of a part that never ends is not kept for ever.
    let endless = format!("{part}; x=\"{}", "a".repeat(20 << 20));
    let cut = format!("{part}; filename=\"a\"\r\n\r\nhello");
    let two =
        format!("{part}; filename=\"a\"\r\n\r\n1\r\n{part}; filename=\"b\"\r\n\r\n2\r\n--x--\r\n");
    for (request, expected) in [
        (upload("", octets, "x"), 400),
        (upload("?path=", octets, "x"), 400),
        (upload("?path=/", octets, "x"), 400),
        (upload("?path=/tmp", octets, "x"), 400),
        (upload("?path=/usr/lib/x", octets, "x"), 403),
        (upload("?path=/proc/x", octets, "x"), 403),
        (upload("?path=/etc/passwd/x", octets, "x"), 400),
        (upload("?path=a%00b", octets, "x"), 400),
        (
            upload(&format!("?path={}", "a".repeat(300)), octets, "x"),
            400,
        ),
        (upload("?path=a&username=nobody", octets, "x"), 401),
        (upload("?path=a", "text/plain", "x"), 415),
        (
            upload("?path=a", octets, "x").header("Content-Encoding", "br"),
            415,
        ),
        (
            upload("?path=a", octets, "x").header("Content-Encoding", "gzip"),
            400,
        ),
        (upload("", "multipart/form-data", "x"), 400),
        (upload("", form, "x"), 400),
        (upload("", form, &nameless), 400),
        (upload("", form, &cut), 400),
        (upload("", form, &endless), 400),
        (upload("?path=a", form, &two), 400),
        (
            Request::get("/files?path=a&signature=v1_x&signature_expiration=y"),
            401,
        ),
        (
            Request::get("/files?path=a&signature=v1_x&signature_expiration=1"),
            401,
        ),
        (Request::get("/files?path=/dev/zero").of(&made), 400),
        (Request::get("/files?path=/").of(&made), 400),
    ] {
        check(&server, request, expected).await;
    }
    still_works(&server).await;
}

#[tokio::test]
async fn bytes_that_are_no_http() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let huge = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n",
        "a".repeat(1 << 20)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
        "A: b\r\n".repeat(1000)
    );
    let chunks = format!(
        "POST /execute HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Access-Token: {}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        made.token
    );
    let two = "POST /sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}";
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        huge.as_bytes(),
        many.as_bytes(),
        chunks.as_bytes(),
        two.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _unread = stream.write_all(bytes).await;
        let _half_closed = stream.shutdown().await;
        if let Some(answer) = read_to_end(stream).await {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    still_works(&server).await;
}

#[tokio::test]
async fn secrets_are_not_told() {
    let server = TestServer::start().await;
    let made: Made = server.sandbox().await;
    let listed = send(&server, &Request::get("/v2/sandboxes").key())
        .await
        .text();
    assert!(listed.contains(&made.id));
    assert!(!listed.contains(&made.token) && !listed.contains(&made.traffic));
}
