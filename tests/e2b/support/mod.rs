//! What the tests of the server share: a server of the test's own, requests byte
//! by byte, and real SDKs in environments of their own.

mod http;
mod mcp;
mod packages;
mod sdk;
pub(crate) mod server;

pub(crate) use http::{Answer, Request, read_to_end, send};
pub(crate) use mcp::{mcp_javascript, mcp_python};
pub(crate) use sdk::{Generation, javascript, python};
pub(crate) use server::TestServer;
