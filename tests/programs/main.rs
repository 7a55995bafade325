//! Random programs, valid and not: whatever they are, the process lives, each ends
//! in a typed outcome within its limits, its context goes on, and a sandbox beside
//! them notices nothing. Those with a meaning print what the host's own interpreter
//! prints.
//!
//! `SANDCELL_PROGRAMS_COUNT` says how many of each language (300; 0: until stopped),
//! `SANDCELL_PROGRAMS_SEED` where chance starts (1).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../e2b/support/packages.rs"]
#[expect(dead_code, reason = "these tests use a part of it")]
mod packages;

mod generator;
mod host;
mod javascript;
mod oracle;
mod python;

use futures::{StreamExt, stream};

use generator::Batch;

/// Programs that run at once.
const AT_ONCE: usize = 4;

/// Programs of one batch: a run without end needs no more memory than a short one.
const BATCH: u64 = 300;

/// A number that whoever runs the tests may set.
fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).unwrap_or_default();
    if text.is_empty() {
        return default;
    }
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// Calls `run` for all batches that this run asks for.
async fn batches(mut run: impl AsyncFnMut(Batch)) {
    let wanted = setting("SANDCELL_PROGRAMS_COUNT", BATCH);
    let first = setting("SANDCELL_PROGRAMS_SEED", 1);
    let mut left = if wanted == 0 { u64::MAX } else { wanted };
    let mut seed = first;
    while left > 0 {
        let count = left.min(BATCH);
        run(Batch { seed, count }).await;
        println!("seed {seed}: {count} programs");
        left -= count;
        seed += 1;
    }
}

/// Runs `body` over all programs, some at once.
async fn each<T, F: Future<Output = ()>>(programs: Vec<T>, body: impl Fn(T) -> F) {
    stream::iter(programs)
        .map(body)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}
