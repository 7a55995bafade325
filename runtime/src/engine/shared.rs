//! A saved state as an image, which guests map instead of copying its pages.
//!
//! Mapping takes the same time whatever is in it, and guests over one image share
//! the pages that none of them changes. There are two ways to get there:
//! * Long runs of pages are mapped from where they were saved, as layers over the
//!   image below: at once, whatever their size. Each costs every guest a mapping
//!   or two, so there are few of them, and short runs are still copied.
//! * A state that is restored again and again becomes a sealed memory file of its
//!   own, with all its pages in place.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sandcell_sys::{Layer, MemoryImage, PAGE_BYTES, PageRun, Sealing, page_count};

use crate::engine::pages::{SavedPages, SavedPiece, joined};
use crate::engine::saved::GuestState;
use crate::error::{Error, Result};
use crate::files::Stash;

/// Restores of one state after which the next is worth an image of its own.
const RESTORES: u32 = 16;

/// Pages that are worth a layer, and most layers of a state.
const LONG_RUN: usize = 32;
const LAYERS: usize = 8;

/// Most mappings of one memory beyond the usual ones: a copy of a copy of a copy
/// has the layers of all.
const MORE_MAPPINGS: usize = 64;

/// Bytes of hidden layers that are never too many.
const HIDDEN_BYTES: u64 = 16 << 20;

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
    /// Where it has layers, of which the image below may have some, too.
    pub(super) layers: Vec<PageRun>,
    /// Bytes of all those layers, also where one hides another.
    layer_bytes: u64,
    /// What those stand in.
    stashes: Vec<Arc<Stash>>,
    /// What the lowest of them is over, when that is not the language's image.
    pub(super) base: Option<Arc<Self>>,
    /// Bytes of memory that it takes.
    bytes: u64,
}

impl SharedImage {
    /// What its layers stand in.
    pub(crate) fn stashes(&self) -> &[Arc<Stash>] {
        &self.stashes
    }

    /// Whether its layers take too much room for one more: too many mappings, or
    /// too many bytes that are hidden.
    pub(super) fn is_crowded(&self) -> bool {
        let seen = page_count(&self.layers) * PAGE_BYTES as u64;
        let mappings = self.memory.more_mappings() + 1 + 2 * LAYERS;
        !self.layers.is_empty()
            && (mappings > MORE_MAPPINGS || self.layer_bytes > 2 * seen + HIDDEN_BYTES)
    }
}

impl Drop for SharedImage {
    fn drop(&mut self) {
        BYTES.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// An image with the long runs of a state.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) image: Arc<SharedImage>,
    /// What still has to be copied.
    pub(super) rest: SavedPages,
}

/// The image of a state, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    image: OnceLock<Arc<SharedImage>>,
    layered: OnceLock<Option<Layered>>,
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
        restores >= RESTORES
            && self.sharing.image().is_none()
            && BYTES.load(Ordering::Relaxed) < UNASKED_BYTES
            && !self.sharing.tried.swap(true, Ordering::Relaxed)
    }

    /// Whether so many restores would copy more pages than an image of this state
    /// has, which is made once and copied by none of them.
    pub(crate) fn is_worth_an_image(&self, language: &Arc<MemoryImage>, restores: usize) -> bool {
        let base = self.over.as_ref().map_or(language, |over| &over.memory);
        let base: usize = base.data_ranges().iter().map(std::ops::Range::len).sum();
        let image = (base / PAGE_BYTES) as u64 + self.pages.count();
        let layered = self.layered(Some(language));
        let copied = layered.map_or(&self.pages, |layered| &layered.rest).count();
        copied.saturating_mul(restores as u64) > image
    }

    /// The long runs of this state as an image. `None` where it has none, or where
    /// the process has to be careful with mappings.
    pub(super) fn layered(&self, language: Option<&Arc<MemoryImage>>) -> Option<&Layered> {
        let made = self.sharing.layered.get_or_init(|| {
            let below = self.over.as_ref().map(|over| &over.memory).or(language)?;
            self.over_layers(below, language?)
        });
        let mappings = sandcell_sys::mappings();
        made.as_ref()
            .filter(|_| mappings.live <= mappings.bound / 2)
    }

    fn over_layers(&self, below: &Arc<MemoryImage>, language: &MemoryImage) -> Option<Layered> {
        let spare = MORE_MAPPINGS.checked_sub(below.more_mappings() + 1)?;
        let mut long = self.long_pieces();
        // Those that have to be, then the longest ones.
        long.sort_unstable_by_key(|piece| {
            (
                !self.must_be_layer(piece),
                std::cmp::Reverse(piece.run.count),
            )
        });
        let musts = long.partition_point(|piece| self.must_be_layer(piece));
        long.truncate(LAYERS.max(musts).min(spare / 2));
        if long.len() < musts {
            return None;
        }
        long.sort_unstable_by_key(|piece| piece.run.first);
        let mut layers = Vec::with_capacity(long.len());
        let mut mapped = Vec::with_capacity(long.len());
        let mut stashes = Vec::new();
        for piece in &long {
            let stash = self.pages.stash_of(piece).ok()?;
            match stash.freeze(&(piece.at..piece.at + piece.run.byte_len())) {
                Some(part) => {
                    layers.push(Layer::new(piece.run.first, part));
                    mapped.push(piece.run);
                    if !stashes.iter().any(|known| Arc::ptr_eq(known, stash)) {
                        stashes.push(Arc::clone(stash));
                    }
                }
                None if self.must_be_layer(piece) => return None,
                None => {}
            }
        }
        if layers.is_empty() {
            return None;
        }
        let memory = MemoryImage::layered(Arc::clone(below), layers, self.memory_bytes).ok()?;
        let memory = memory.with_hot_pages(language.hot_pages());
        let rest = self.pages.without(&mapped);
        let mapped_bytes = page_count(&mapped) * PAGE_BYTES as u64;
        let over = self.over.as_ref();
        stashes.extend(over.iter().flat_map(|over| over.stashes.iter().cloned()));
        let image = match over.filter(|over| !over.layers.is_empty()) {
            Some(over) => SharedImage {
                runs: joined(&mapped, &over.runs),
                layers: joined(&mapped, &over.layers),
                layer_bytes: mapped_bytes + over.layer_bytes,
                stashes,
                base: over.base.clone(),
                memory: Arc::new(memory),
                bytes: 0,
            },
            None => SharedImage {
                runs: joined(&mapped, over.map_or(&[], |over| &over.runs)),
                layers: mapped,
                layer_bytes: mapped_bytes,
                stashes,
                base: over.cloned(),
                memory: Arc::new(memory),
                bytes: 0,
            },
        };
        let image = Arc::new(image);
        Some(Layered { image, rest })
    }

    /// Parts of runs that stand in one piece and are to become layers.
    fn long_pieces(&self) -> Vec<SavedPiece> {
        let mut long = Vec::new();
        for piece in self.pages.pieces() {
            let (run, at) = (piece.run, piece.at);
            let is_long = run.byte_len() >= LONG_RUN * PAGE_BYTES;
            let Ok(stash) = self.pages.stash_of(piece) else {
                continue;
            };
            if !is_long && !self.must_be_layer(piece) {
                continue;
            }
            for part in stash.together(&(at..at + run.byte_len())) {
                let pages = |bytes: usize| u32::try_from(bytes / PAGE_BYTES).unwrap_or(u32::MAX);
                let first = run.first + pages(part.start - at);
                let piece = piece.part(first, pages(part.len()));
                if part.len() >= LONG_RUN * PAGE_BYTES || self.must_be_layer(&piece) {
                    long.push(piece);
                }
            }
        }
        long
    }

    fn must_be_layer(&self, piece: &SavedPiece) -> bool {
        let (first, end) = (piece.run.first, piece.run.first + piece.run.count);
        let touches = |run: &PageRun| run.first < end && first < run.first + run.count;
        self.hides.iter().any(touches)
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
        for piece in self.pages.pieces() {
            let mut done = 0;
            while done < piece.run.byte_len() {
                let len = buffer.len().min(piece.run.byte_len() - done);
                let part = buffer.get_mut(..len).unwrap_or_default();
                self.pages.read(piece, done, part)?;
                let to = piece.run.start_byte() + done;
                sealing.put(to, part).map_err(create)?;
                done += len;
            }
        }
        bytes += self.pages.count() * PAGE_BYTES as u64;
        let memory = sealing.finish().map_err(create)?;
        let memory = memory.with_hot_pages(language.hot_pages()).warmed_later();
        BYTES.fetch_add(bytes, Ordering::Relaxed);
        Ok(SharedImage {
            memory: Arc::new(memory),
            runs: self.saved_runs(),
            layers: Vec::new(),
            layer_bytes: 0,
            stashes: Vec::new(),
            base: None,
            bytes,
        })
    }
}
