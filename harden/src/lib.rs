//! A second wall around a process that runs sandboxes: what a guest that got out
//! of WebAssembly could still do with the rights of the process.
//!
//! Two steps, in this order:
//!
//! 1. [`Wall::confine_files`], by Landlock, while the process has one thread: from
//!    then on it and all threads that it starts reach the folders that were named,
//!    and no other file. Nothing can be executed, no port be opened, and (from
//!    Linux 6.12 on) no signal leave.
//! 2. [`confine_calls`], by seccomp, when everything is set up: all threads lose the
//!    calls that a server needs only while it starts.
//!
//! Neither can be undone by the process. Neither hides what the process holds
//! already: its memory, its open files, the folders that were named.

#![forbid(unsafe_code)]

mod calls;
mod error;
mod files;

pub use calls::confine_calls;
pub use error::HardenError;
pub use files::Wall;
