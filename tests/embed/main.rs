//! The embedding API as a program uses it, by noun.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod asynchronous;
mod calls;
mod cells;
mod contexts;
mod crashes;
mod disks;
mod display;
mod events;
mod files;
mod forks;
mod fuel;
mod images;
mod interrupt;
mod isolation;
mod library;
mod limits;
mod magics;
mod mappings;
mod mounts;
mod options;
mod pauses;
mod pip;
mod settling;
mod snapshots;
mod streams;
mod tracebacks;
