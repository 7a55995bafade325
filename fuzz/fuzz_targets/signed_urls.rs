//! Signed URLs: `cargo fuzz run signed_urls`.
#![no_main]

#[path = "../bodies/signed_urls.rs"]
#[expect(dead_code, reason = "the seeds are made by the tests on stable")]
mod signed_urls;

libfuzzer_sys::fuzz_target!(|input: &[u8]| signed_urls::body(input));
