//! Bodies of snapshot files: `cargo fuzz run snapshot`.
#![no_main]

#[path = "../bodies/snapshot.rs"]
mod snapshot;

libfuzzer_sys::fuzz_target!(|input: &[u8]| snapshot::body(input));
