//! Forms with files: `cargo fuzz run forms`.
#![no_main]

#[path = "../bodies/forms.rs"]
mod forms;

libfuzzer_sys::fuzz_target!(|input: &[u8]| forms::body(input));
