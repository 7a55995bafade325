//! Streams of clients: `cargo fuzz run envelopes`.
#![no_main]

#[path = "../bodies/envelopes.rs"]
mod envelopes;

libfuzzer_sys::fuzz_target!(|input: &[u8]| envelopes::body(input));
