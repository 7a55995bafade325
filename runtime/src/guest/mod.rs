//! What the runtime and a guest say to each other (docs/guest-abi.md), and what
//! a language must supply. Names no language.

pub(crate) mod frame;
mod language;
pub(crate) mod order;

pub use language::{GuestFolder, Language, Progress, Step};

/// Version of the guest ABI that this runtime speaks.
pub const ABI_VERSION: u32 = 1;
