//! Lines of executions: `cargo fuzz run lines`.
#![no_main]

#[path = "../bodies/lines.rs"]
mod lines;

libfuzzer_sys::fuzz_target!(|input: &[u8]| lines::body(input));
