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

use crate::engine::saved::{GuestState, OwnPiece};
use crate::error::{Error, Result};

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
    /// What the lowest of them is over, when that is not the language's image.
    pub(super) base: Option<Arc<Self>>,
    /// Bytes of memory that it takes.
    bytes: u64,
}

impl SharedImage {
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
    pub(super) rest: Vec<OwnPiece>,
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
        for OwnPiece { run, at } in &long {
            let part = self.pages.freeze(&(*at..*at + run.byte_len()))?;
            layers.push(Layer::new(run.first, part));
        }
        if layers.is_empty() {
            return None;
        }
        let memory = MemoryImage::layered(Arc::clone(below), layers, self.memory_bytes).ok()?;
        let memory = memory.with_hot_pages(language.hot_pages());
        let mapped: Vec<PageRun> = long.iter().map(|piece| piece.run).collect();
        let rest = without(&self.own_pieces(), &mapped);
        let mapped_bytes = page_count(&mapped) * PAGE_BYTES as u64;
        let over = self.over.as_ref();
        let image = match over.filter(|over| !over.layers.is_empty()) {
            Some(over) => SharedImage {
                runs: joined(&mapped, &over.runs),
                layers: joined(&mapped, &over.layers),
                layer_bytes: mapped_bytes + over.layer_bytes,
                base: over.base.clone(),
                memory: Arc::new(memory),
                bytes: 0,
            },
            None => SharedImage {
                runs: joined(&mapped, over.map_or(&[], |over| &over.runs)),
                layers: mapped,
                layer_bytes: mapped_bytes,
                base: over.cloned(),
                memory: Arc::new(memory),
                bytes: 0,
            },
        };
        let image = Arc::new(image);
        Some(Layered { image, rest })
    }

    /// Parts of runs that stand in one piece and are to become layers.
    fn long_pieces(&self) -> Vec<OwnPiece> {
        let mut long = Vec::new();
        for OwnPiece { run, at } in self.own_pieces() {
            for part in self.pages.together(&(at..at + run.byte_len())) {
                let pages = |bytes: usize| u32::try_from(bytes / PAGE_BYTES).unwrap_or(u32::MAX);
                let first = run.first + pages(part.start - at);
                let count = pages(part.len());
                let run = PageRun { first, count };
                let at = part.start;
                let piece = OwnPiece { run, at };
                if part.len() >= LONG_RUN * PAGE_BYTES || self.must_be_layer(&piece) {
                    long.push(piece);
                }
            }
        }
        long
    }

    fn must_be_layer(&self, piece: &OwnPiece) -> bool {
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
            layers: Vec::new(),
            layer_bytes: 0,
            base: None,
            bytes,
        })
    }
}

/// The pages of sorted runs, or of others, as sorted runs.
pub(super) fn joined(runs: &[PageRun], others: &[PageRun]) -> Vec<PageRun> {
    let mut all: Vec<PageRun> = runs.iter().chain(others).copied().collect();
    all.sort_unstable();
    let mut joined: Vec<PageRun> = Vec::with_capacity(all.len());
    for run in all {
        match joined.last_mut() {
            Some(last) if last.first + last.count >= run.first => {
                let end = (run.first + run.count).max(last.first + last.count);
                last.count = end - last.first;
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// What is left of `pieces` without the pages of `taken`; both are sorted, and
/// each of `taken` is a part of one piece.
fn without(pieces: &[OwnPiece], taken: &[PageRun]) -> Vec<OwnPiece> {
    let mut left = Vec::new();
    let mut taken = taken.iter().copied().peekable();
    for piece in pieces {
        let (mut first, end) = (piece.run.first, piece.run.first + piece.run.count);
        let mut keep = |first: u32, stop: u32| {
            if first < stop {
                let at = piece.at + (first - piece.run.first) as usize * PAGE_BYTES;
                let count = stop - first;
                let run = PageRun { first, count };
                left.push(OwnPiece { run, at });
            }
        };
        while let Some(run) = taken.next_if(|run| run.first < end) {
            keep(first, run.first);
            first = run.first + run.count;
        }
        keep(first, end);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first: u32, count: u32) -> PageRun {
        PageRun { first, count }
    }

    #[test]
    fn mapped_pages_are_not_copied() {
        let piece = |first, count, at: usize| OwnPiece {
            run: run(first, count),
            at: at * PAGE_BYTES,
        };
        let pieces = [piece(2, 3, 0), piece(10, 10, 3), piece(30, 4, 13)];
        let taken = [run(12, 2), run(15, 5), run(30, 4)];
        let left = [piece(2, 3, 0), piece(10, 2, 3), piece(14, 1, 7)];
        assert_eq!(without(&pieces, &taken), left);
        assert_eq!(without(&pieces, &[]), pieces);
    }

    #[test]
    fn runs_over_others_are_joined() {
        let (mapped, below) = ([run(5, 5), run(20, 2)], [run(0, 6), run(22, 1), run(30, 2)]);
        let expected = [run(0, 10), run(20, 3), run(30, 2)];
        assert_eq!(joined(&mapped, &below), expected);
    }
}
