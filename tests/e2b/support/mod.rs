//! What the tests of the server share: a server of the test's own, requests byte
//! by byte, and real SDKs in environments of their own.

mod http;
mod sdk;
pub(crate) mod server;

pub(crate) use http::{Answer, Request, read_to_end, send};
pub(crate) use sdk::{Generation, javascript, python};
pub(crate) use server::TestServer;
