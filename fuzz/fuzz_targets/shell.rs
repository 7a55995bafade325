//! Scripts of the shell: `cargo fuzz run shell`.
#![no_main]

#[path = "../bodies/shell.rs"]
mod shell;

libfuzzer_sys::fuzz_target!(|input: &[u8]| shell::body(input));
