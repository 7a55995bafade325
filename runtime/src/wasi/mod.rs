//! WASI preview 1 for files, descriptors and waiting, over the sandbox's own
//! files.
//!
//! [`Descriptors`] has one method for each call, with the arguments as the guest
//! gives them and its memory as bytes ([`Call`]). Nothing here waits, locks or
//! knows the engine: what has to be waited for comes back as an [`Effect`], which
//! the engine carries out and completes.
//!
//! The semantics are those of the C library over POSIX. Where preview 1 leaves
//! room: `..` stops at the root; rights are shown and not enforced, but for
//! reading and writing; a refused subscription of `poll_oneoff` is an event with
//! an error; a time of access moves only when it is set.

mod abi;
mod attributes;
mod call;
mod descriptors;
mod directory;
mod fd;
mod memory;
mod open;
mod ownership;
mod path;
mod poll;
mod saved;
mod sock;

pub(crate) use abi::{Errno, raw};
pub(crate) use call::{Call, Effect, Input, Now, Output};
pub(crate) use descriptors::{Descriptors, Shared};
pub(crate) use poll::{Wait, Woken};

#[cfg(test)]
mod tests;
