//! The real command, as a user types it. The image `python` is built first if it
//! is missing, which takes minutes and needs a network.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod add;
mod doctor;
mod exec;
mod exit_codes;
mod image;
mod input;
mod interrupt;
mod javascript;
mod json;
mod limits;
mod mcp;
mod output;
#[path = "../../../tests/e2b/support/packages.rs"]
mod packages;
mod repl;
mod sandbox;
mod saving;
mod serve;
mod settings;
mod support;
mod terminal;
mod usage;
