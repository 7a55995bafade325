//! The server as E2B's clients meet it: the real SDKs of three generations, and
//! requests that no SDK would send.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod hostile;
mod javascript;
mod limits;
mod mcp;
mod openapi;
mod plain;
mod python;
mod saved;
mod support;
