//! Tools over the Model Context Protocol, and the gateways of E2B's SDKs.

use serde_json::{Value, json};

use crate::support::server::{MCP_TOKEN, Made};
use crate::support::{Answer, Request, TestServer, mcp_javascript, mcp_python, send};

#[tokio::test(flavor = "multi_thread")]
async fn the_python_clients() {
    let server = TestServer::start().await;
    mcp_python(&server, "one").await;
    mcp_python(&server, "two").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client() {
    let server = TestServer::start().await;
    mcp_javascript(&server).await;
    server.end().await;
}

/// The first request of a client.
fn initialize() -> Request {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    Request::post("/mcp")
        .header("Accept", "application/json, text/event-stream")
        .json(&message.to_string())
}

fn with_token(request: Request, token: &str) -> Request {
    request.header("Authorization", &format!("Bearer {token}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_shows_the_token_gets_tools() {
    let server = TestServer::start().await;
    let status = async |request: Request| send(&server, &request).await.status;
    assert_eq!(status(with_token(initialize(), MCP_TOKEN)).await, 200);
    assert_eq!(status(initialize()).await, 401);
    assert_eq!(status(initialize().key()).await, 401);
    assert_eq!(status(with_token(initialize(), "mcp_wrong")).await, 401);
    let page = with_token(initialize(), MCP_TOKEN).header("Origin", "http://evil.example");
    assert_eq!(status(page).await, 403);
    let name = with_token(initialize(), MCP_TOKEN).header("Host", "evil.example");
    assert_eq!(status(name).await, 403);
    for broken in [
        "",
        "{",
        "[]",
        "[1]",
        "{\"jsonrpc\": \"2.0\"}",
        "null",
        "\u{0}",
    ] {
        let request = Request::post("/mcp")
            .header("Accept", "application/json, text/event-stream")
            .json(broken);
        let answer = send(&server, &with_token(request, MCP_TOKEN)).await;
        assert!(
            (400..500).contains(&answer.status),
            "{broken:?}: {answer:?}"
        );
    }
    server.end().await;
}

/// Runs a command as the SDKs do; answers its exit code and what it said.
async fn command(server: &TestServer, made: &Made, command: &str, token: &str) -> (i64, String) {
    let message = json!({"process": {
        "cmd": "/bin/bash",
        "args": ["-l", "-c", command],
        "envs": {"GATEWAY_ACCESS_TOKEN": token},
    }});
    let request = Request::post("/process.Process/Start")
        .of(made)
        .envelope(&message);
    let answer = send(server, &request).await;
    let events = envelopes(&answer);
    let end = events.iter().find_map(|event| event.pointer("/event/end"));
    let end = end.unwrap_or_else(|| panic!("no end in {events:?}"));
    let said = events
        .iter()
        .filter_map(|event| event.pointer("/event/data/stderr")?.as_str())
        .collect();
    (end["exitCode"].as_i64().unwrap_or(0), said)
}

fn envelopes(answer: &Answer) -> Vec<Value> {
    let mut rest = answer.body.as_slice();
    let mut found = Vec::new();
    while let [_, a, b, c, d, after @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        found.push(serde_json::from_slice(&after[..length]).expect("JSON"));
        rest = &after[length..];
    }
    found
}

fn at_gateway(request: Request, made: &Made) -> Request {
    request
        .header("E2b-Sandbox-Id", &made.id)
        .header("E2b-Sandbox-Port", "50005")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_starts_without_a_shell_and_answers_to_its_token() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let asks = |token: &str| at_gateway(with_token(initialize(), token), &made);
    assert_eq!(send(&server, &asks("t0ken")).await.status, 502);
    let started = command(
        &server,
        &made,
        "mcp-gateway --config '{\"sandcell\": {}}'",
        "t0ken",
    );
    assert_eq!(started.await, (0, String::new()));
    assert_eq!(send(&server, &asks("t0ken")).await.status, 200);
    assert_eq!(send(&server, &asks("other")).await.status, 401);
    assert_eq!(send(&server, &asks(MCP_TOKEN)).await.status, 401);
    for wrong in [
        "mcp-gateway",
        "mcp-gateway --config",
        "mcp-gateway --config '{'",
        "mcp-gateway --config '{\"github\": {}}'",
    ] {
        let (code, said) = command(&server, &made, wrong, "t0ken").await;
        assert_eq!(code, 1, "{wrong}");
        assert!(!said.is_empty(), "{wrong}");
    }
    let path = format!("/sandboxes/{}", made.id);
    let unsaid = command(&server, &made, "mcp-gateway --config '{}'", "").await;
    assert_eq!(unsaid.0, 1);
    send(&server, &Request::new("DELETE", &path).key()).await;
    assert_eq!(send(&server, &asks("t0ken")).await.status, 502);
    server.end().await;
}
