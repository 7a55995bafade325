//! QuickJS as a Sandcell guest: JavaScript and TypeScript.
//!
//! [`build`] makes the guest: the engine compiled to WebAssembly, linked with the
//! kernel of the folder `kernel`, and its library. [`JavaScript`] offers that to
//! the runtime, which boots it into an image.

#![forbid(unsafe_code)]

pub mod build;
mod language;

pub use language::JavaScript;
