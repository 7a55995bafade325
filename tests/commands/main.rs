//! Commands: processes of a sandbox, run by small tools that the guests' compiler
//! builds and by programs of the embedder's.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod hostile;
mod inside;
mod lookup;
mod node;
mod pipes;
mod python;
mod runs;
mod saving;
mod signals;
mod terminals;
mod tools;
