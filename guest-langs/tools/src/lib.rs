//! The tools that shell scripts use, as programs of Sandcell: `ls`, `grep`,
//! `sed`, `awk`, `jq`, `tar` and a hundred more, built from pinned sources by the
//! recipe of this crate.
//!
//! [`Tools`] builds them below a cache folder; [`programs`] says which module each
//! name is in. A module is a command of WASI preview 1: it is run once, from
//! `_start`, and finds out by its first argument which tool it is.

#![forbid(unsafe_code)]

pub mod build;
mod programs;
mod tools;

pub use programs::{Program, programs};
pub use tools::{BuiltTools, Tools};
