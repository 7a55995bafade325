//! The JavaScript SDK under Node.

use crate::support::{TestServer, javascript};

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_sdk() {
    let server = TestServer::start().await;
    javascript(&server, "surface.mjs").await;
    server.end().await;
}
