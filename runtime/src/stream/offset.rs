//! Where an open file is read and written next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The offset of an open file. Clones are one offset: descriptors that were made
/// of each other move together, also those of different processes.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(from = "u64", into = "u64")]
pub(crate) struct Offset(Arc<AtomicU64>);

impl From<u64> for Offset {
    fn from(place: u64) -> Self {
        Self::at(place)
    }
}

impl From<Offset> for u64 {
    fn from(offset: Offset) -> Self {
        offset.get()
    }
}

impl Offset {
    /// An offset at `place`, shared with nobody.
    pub(crate) fn at(place: u64) -> Self {
        Self(Arc::new(AtomicU64::new(place)))
    }

    /// Where it is.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Moves it. Whoever reads or writes does so under the lock of the tree.
    pub(crate) fn set(&self, place: u64) {
        self.0.store(place, Ordering::Relaxed);
    }

    /// Another offset at the same place.
    pub(crate) fn detached(&self) -> Self {
        Self::at(self.get())
    }
}
