//! A tree as bytes, for snapshots on disk.
//!
//! `docs/snapshot-format.md` has the table. Equal trees give equal bytes, and
//! reading believes nothing: what it makes is a tree that calls could have made,
//! within the bounds given, or an error that says what is wrong. It recurses
//! nowhere, and takes memory only as bytes arrive.

mod contents;
mod error;
mod load;
mod node;
mod save;
mod shape;
mod sink;
mod source;

pub use error::SavedError;
pub use load::Mounts;
pub(crate) use save::{device_code, device_of};
pub(crate) use sink::Sink;
pub(crate) use source::Source;

/// The first bytes of the section, and its version.
const MAGIC: [u8; 8] = *b"sc-files";
const VERSION: u32 = 1;

/// Where numbers of nodes and cookies end, so that the next ones never overflow.
const NUMBERS: u64 = 1 << 62;

/// Files without a name, kept because they were open, that a section may hold.
const UNNAMED: u64 = 1 << 20;

/// Bits of the byte of flags of a node.
mod flag {
    pub(super) const SEALED: u8 = 1;
    pub(super) const NOTES: u8 = 2;
    pub(super) const ALL: u8 = SEALED | NOTES;
}

/// What a node is.
mod kind {
    pub(super) const FILE: u8 = 1;
    pub(super) const DIRECTORY: u8 = 2;
    pub(super) const LINK: u8 = 3;
    pub(super) const DEVICE: u8 = 4;
}
