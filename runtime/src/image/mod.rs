//! Images: interpreters that were booted once and are shared from then on.
//!
//! [`boot`] makes one out of a built guest, [`Cache`] keeps them on disk,
//! [`archive`] moves them between machines.

mod archive;
mod boot;
mod cache;
mod compiled;
mod folder;
mod inspect;
mod loaded;
mod manifest;
mod pool;

pub use cache::Cache;
pub use inspect::{Finding, ImageSummary};
pub(crate) use loaded::Image;

/// What compiled code of these bytes is kept under.
pub(crate) fn digest(wasm: &[u8]) -> String {
    folder::record(wasm).digest
}
