//! Preview 1 as compiled programs meet it: our own C programs, built by the
//! compiler that builds the guests, and the public test suite if it is there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects has failed"
)]

mod programs;
mod suite;

use sandcell::conformance::{Ended, run_program};
use sandcell::files::{FileLimits, Storage, Tree};

/// Runs a program of the bytes `wasm` over `tree`.
async fn run(wasm: &[u8], arguments: &[&str], environment: &[(&str, &str)], tree: Tree) -> Ended {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let environment: Vec<(String, String)> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let ended = run_program(wasm, &arguments, &environment, tree).await;
    ended.expect("the program is taken")
}

fn empty_tree() -> Tree {
    Tree::new(FileLimits::default(), Storage::new(std::env::temp_dir()), 1)
}
