//! CPython as a Sandcell guest.
//!
//! [`build`] makes the guest: the interpreter compiled to WebAssembly, linked
//! with the kernel of the folder `kernel`, and its library. [`Python`] offers that
//! to the runtime, which boots it into an image.

#![forbid(unsafe_code)]

pub mod build;
mod language;
pub mod packages;

pub use language::Python;
