//! The Python SDKs: their whole surface, as far as this server has it.

use crate::support::{Generation, TestServer, python};

/// Where the oldest generation looks for the code interpreter and for files.
const LEGACY_PORTS: [u16; 2] = [49999, 49983];

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_sdk() {
    let server = TestServer::start().await;
    python(&server, Generation::Newest, "sync_surface.py").await;
    python(&server, Generation::Newest, "async_surface.py").await;
    python(&server, Generation::Newest, "saving.py").await;
    python(&server, Generation::Newest, "commands.py").await;
    python(&server, Generation::Newest, "git.py").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_of_mid_2026() {
    let server = TestServer::start().await;
    python(&server, Generation::Middle, "sync_surface.py").await;
    python(&server, Generation::Middle, "async_surface.py").await;
    python(&server, Generation::Middle, "saving.py").await;
    python(&server, Generation::Middle, "commands.py").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_sdk_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start_with_tls(folder.path()).await;
    python(&server, Generation::Oldest, "sync_surface.py").await;
    python(&server, Generation::Oldest, "async_surface.py").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_sdk_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start_with_tls(folder.path()).await;
    python(&server, Generation::Newest, "async_surface.py").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_uses_the_sdk() {
    let server = TestServer::start().await;
    python(&server, Generation::Agent, "agent.py").await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_sdk_in_debug_mode() {
    let server = TestServer::start_with(|server| server, &LEGACY_PORTS).await;
    python(&server, Generation::Oldest, "sync_surface.py").await;
    python(&server, Generation::Oldest, "async_surface.py").await;
    python(&server, Generation::Oldest, "saving.py").await;
    python(&server, Generation::Oldest, "commands.py").await;
    server.end().await;
}
