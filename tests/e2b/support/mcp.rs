//! The real clients of the Model Context Protocol.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages::{check, node_with, python_with};
use super::server::{MCP_TOKEN, TestServer};

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/mcp")
        .join(folder)
}

/// Runs all checks with a generation of the Python client, `one` or `two`.
pub(crate) async fn mcp_python(server: &TestServer, generation: &'static str) {
    let url = server.url();
    run(move || {
        let folder = sources("python");
        let list = folder.join(format!("{generation}.txt"));
        let mut command = Command::new(python_with(&format!("mcp-{generation}"), &list));
        command.arg(folder.join("tools.py"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        over_http(&mut command, &url);
        check(&mut command);
    })
    .await;
}

/// Runs all checks with the TypeScript client.
pub(crate) async fn mcp_javascript(server: &TestServer) {
    let url = server.url();
    run(move || {
        let mut command = node_with("mcp-javascript", &sources("javascript"), "tools.mjs");
        over_http(&mut command, &url);
        check(&mut command);
    })
    .await;
}

fn over_http(command: &mut Command, url: &str) {
    command
        .env("MCP_URL", format!("{url}/mcp"))
        .env("MCP_TOKEN", MCP_TOKEN);
}

async fn run(checks: impl FnOnce() + Send + 'static) {
    let ran = tokio::task::spawn_blocking(checks).await;
    ran.expect("the checks hold");
}
