//! The files of a sandbox: a copy-on-write tree in memory, which no path of the
//! host is reachable from.
//!
//! [`Tree`] is a value: a clone is made in no time, and neither copy sees what
//! the other changes. What it may hold is bounded exactly ([`FileLimits`]);
//! contents that are too many for memory go to an unlinked file ([`Storage`]).
//! Read-only trees of other origin are mounted into it ([`Backing`]), such as
//! the [`Library`] of an interpreter.
//!
//! The host uses it by absolute paths; the guest's calls, in `wasi`, by numbers
//! of files.

mod archive;
mod contents;
mod data;
mod directory;
mod edit;
mod error;
mod folder;
mod host;
mod library;
mod mount;
mod node;
mod quota;
mod saved;
mod spill;
mod standard;
mod stash;
mod table;
mod tree;
mod walk;
mod watch;

pub use error::{FileError, SpillAction, SpillError};
pub use folder::{Access, FolderLimits, HostFolder};
pub use host::READ_BYTES;
pub use library::{Library, LibraryError, LibraryLimits};
pub use mount::{Backing, BackingEntry, Held};
pub use node::{Device, Kind, NodeId, Stat};
pub use quota::{FileLimits, FileUsage, HARD_LINKS, LINK_HOPS, NAME_BYTES, PATH_BYTES};
pub use saved::{Mounts, SavedError};
pub use spill::Storage;
pub use standard::{BOOT_ID_PATH, LIBRARY_PATH, Standard, boot_id_text};
pub use tree::{Entry, Tree};
pub use watch::{Change, ChangeKind, Watcher};

pub(crate) use saved::{Sink, Source, device_code, device_of};
pub(crate) use stash::{Stash, StashWriter};
pub(crate) use walk::{Follow, Last};

#[cfg(test)]
mod tests;
