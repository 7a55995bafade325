//! JavaScript and TypeScript cells, in the guest that people get.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod beside;
mod builtins;
mod cells;
mod display;
mod errors;
mod forgery;
mod guest;
mod hostile;
mod intl;
mod language;
mod large;
mod modules;
mod options;
mod packages;
mod typescript;
mod waiting;
mod web;
