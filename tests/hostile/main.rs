//! Programs that mean harm, each in a sandbox of its own beside a neighbour:
//! every one ends in the exception or the typed end that it must, its sandbox
//! goes on, the neighbour notices nothing, and the process lives.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod bystander;
mod bytecode;
mod calls;
mod kernel;
mod memory;
mod output;
mod recursion;
mod source;
mod time;
