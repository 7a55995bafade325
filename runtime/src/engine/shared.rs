//! A saved state as one sealed image, for states that many guests start from.
//!
//! Restoring copies the pages that differ; that is right for one guest or two.
//! Mapping an image takes the same time whatever is in it, and guests over it
//! share the pages that none of them changes. So a state that is restored again
//! and again becomes one: a memory file of the language's image with the state's
//! pages over it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sandcell_sys::{MemoryImage, PAGE_BYTES, PageRun, Sealing, page_count};

use crate::engine::saved::GuestState;
use crate::error::{Error, Result};

/// Restores of one state after which the next is worth an image, and how many
/// bytes of pages make it one restore.
const RESTORES: u32 = 16;
const LARGE_BYTES: u64 = 1 << 20;

/// Most bytes of images that are made without being asked for.
const UNASKED_BYTES: u64 = 1 << 30;

/// Bytes of all such images of this process.
static BYTES: AtomicU64 = AtomicU64::new(0);

/// An image that holds a saved state.
#[derive(Debug)]
pub(crate) struct SharedImage {
    pub(crate) memory: Arc<MemoryImage>,
    /// The pages that differ from the language's image.
    pub(crate) runs: Vec<PageRun>,
    bytes: u64,
}

impl Drop for SharedImage {
    fn drop(&mut self) {
        BYTES.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The image of a state, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    image: OnceLock<Arc<SharedImage>>,
    restores: AtomicU32,
    /// Somebody makes it, or it could not be made.
    tried: AtomicBool,
}

impl Sharing {
    /// The image, if it is there.
    pub(crate) fn image(&self) -> Option<&Arc<SharedImage>> {
        self.image.get()
    }
}

impl GuestState {
    /// Counts a restore; answers whether the caller should now have the image
    /// made. It says so once.
    pub(crate) fn restored_again(&self) -> bool {
        let restores = self.sharing.restores.fetch_add(1, Ordering::Relaxed) + 1;
        let enough = restores >= RESTORES || self.page_bytes() >= LARGE_BYTES;
        enough
            && self.sharing.image().is_none()
            && BYTES.load(Ordering::Relaxed) < UNASKED_BYTES
            && !self.sharing.tried.swap(true, Ordering::Relaxed)
    }

    /// Makes the image of this state, unless it is there. Copies megabytes:
    /// nothing for a thread that drives tasks. `language` is the image that the
    /// guest's language starts from.
    ///
    /// # Errors
    /// [`Error::Create`] when the system has no memory left; [`Error::Spill`].
    pub(crate) fn share(&self, language: &MemoryImage) -> Result<()> {
        if self.sharing.image().is_some() {
            return Ok(());
        }
        self.sharing.tried.store(true, Ordering::Relaxed);
        let made = self.sealed(language)?;
        // Whoever was faster has made the same.
        let _ours = self.sharing.image.set(Arc::new(made));
        Ok(())
    }

    fn sealed(&self, language: &MemoryImage) -> Result<SharedImage> {
        let create = |reason| Error::Create { reason };
        let base = self.over.as_ref().map_or(language, |over| &*over.memory);
        let sealing = Sealing::new(self.memory_bytes).map_err(create)?;
        let mut bytes = 0;
        for range in base.data_ranges() {
            let data = base.bytes().get(range.clone()).unwrap_or_default();
            sealing.copy(range.start, data).map_err(create)?;
            bytes += range.len() as u64;
        }
        let mut buffer = vec![0; 256 << 10];
        let mut start = 0;
        for run in &self.runs {
            let (mut to, end) = (run.start_byte(), run.start_byte() + run.byte_len());
            while to < end {
                let len = buffer.len().min(end - to);
                let part = buffer.get_mut(..len).unwrap_or_default();
                self.pages.read(start, part)?;
                sealing.put(to, part).map_err(create)?;
                start += len;
                to += len;
            }
        }
        bytes += page_count(&self.runs) * PAGE_BYTES as u64;
        let memory = sealing.finish().map_err(create)?;
        let memory = memory.with_hot_pages(language.hot_pages()).warmed_later();
        BYTES.fetch_add(bytes, Ordering::Relaxed);
        Ok(SharedImage {
            memory: Arc::new(memory),
            runs: self.saved_runs(),
            bytes,
        })
    }
}
