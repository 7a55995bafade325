//! Paths of guests: `cargo fuzz run paths`.
#![no_main]

#[path = "../bodies/paths.rs"]
mod paths;

libfuzzer_sys::fuzz_target!(|input: &[u8]| paths::body(input));
