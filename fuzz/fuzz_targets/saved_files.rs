//! Saved trees of files: `cargo fuzz run saved_files`.
#![no_main]

#[path = "../bodies/saved_files.rs"]
mod saved_files;

libfuzzer_sys::fuzz_target!(|input: &[u8]| saved_files::body(input));
