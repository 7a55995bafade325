//! The unsafe floor of Sandcell.
//!
//! Every unsafe line of the project is in this crate: copy-on-write linear
//! memories, fiber stacks, page residency and the loading of compiled modules.
//! What it offers upwards is safe to call; each block says why it may stand.
//!
//! Linux only for now: the mappings rest on `memfd`, `MADV_DONTNEED` of private
//! file mappings and `PAGEMAP_SCAN` (with a fallback to `/proc/self/pagemap`).

#![expect(
    unsafe_code,
    reason = "this crate exists to hold all of it; see the module headers"
)]

mod bell;
mod birth;
mod budget;
mod faults;
mod image;
mod laid;
mod memory;
mod module;
mod page;
mod pagemap;
mod private_file;
mod reservation;
mod residency;
mod slot;
mod stack;
mod unnamed_file;
mod watch;

pub use bell::Bells;
pub use birth::{Housed, StopWord, call, instantiate};
pub use budget::{Mappings, mappings};
pub use faults::FaultCounter;
pub use image::{Layer, MemoryImage, Sealing};
pub use laid::{NotLaid, lay};
pub use memory::{CowMemories, GUEST_MEMORY_BYTES};
pub use module::load_module;
pub use page::{PAGE_BYTES, PageRun, joined, page_count};
pub use private_file::{PrivateFile, PrivateFileError, Stamp};
pub use residency::{
    OwnPages, discard_pages, memory_resident_bytes, own_copies, private_pages,
    stack_resident_bytes, warm, write_counted,
};
pub use stack::{Stacks, trim_stack};
pub use unnamed_file::{FrozenPart, UnnamedFile, WeakFrozenPart};
pub use watch::{Written, watch, written};
