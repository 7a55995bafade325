//! Address space that memories over one image use one after the other.
//!
//! A slot that waits for its next memory does not keep its image alive: when the
//! image goes, its waiting slots go with it, since their mappings would hold the
//! image's bytes for ever.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::budget::MAPPINGS_OF_A_MEMORY;
use crate::image::{ImageId, MemoryImage};
use crate::page::{PageRun, page_count, round_up};
use crate::pagemap::own_pages;
use crate::reservation::Reservation;

/// Free slots kept for reuse.
const FREE_SLOTS: usize = 64;

/// Free slots whose hot pages stay resident, about half a MiB each, of the data
/// image two; the others hold no private page.
const HOT_SLOTS: usize = 16;

/// Wiped slots in waiting.
#[derive(Debug, Default)]
pub(crate) struct FreeSlots {
    slots: Mutex<Vec<Slot>>,
}

impl FreeSlots {
    /// A slot for a memory over `image`, reused or new.
    pub(crate) fn take(&self, len: usize, image: Option<&MemoryImage>) -> Result<Slot, String> {
        if let Some(slot) = self.waiting_for(len, image) {
            return Ok(slot);
        }
        // One that has the hot pages of what is below needs the layers only.
        if let Some(image) = image
            && let Some(below) = image.below()
            && let Some(mut slot) = self.waiting_for(len, Some(below))
        {
            slot.lay(image)?;
            return Ok(slot);
        }
        Slot::new(len, image)
    }

    fn waiting_for(&self, len: usize, image: Option<&MemoryImage>) -> Option<Slot> {
        let mut slots = self.lock();
        let index = slots.iter().rposition(|slot| slot.serves(len, image))?;
        Some(slots.swap_remove(index))
    }

    /// Wipes a slot and keeps it, unless enough are there. `image` is the one that
    /// it was taken for, which the caller holds until this returns: so whatever is
    /// here when an image goes is found by [`Self::forget`].
    pub(crate) fn put(&self, mut slot: Slot, image: Option<&MemoryImage>) {
        let waiting = self.lock().len();
        // A slot that cannot be wiped is unmapped instead of being reused.
        if waiting >= FREE_SLOTS || slot.reset(image, waiting < HOT_SLOTS).is_err() {
            return;
        }
        self.lock().push(slot);
    }

    /// Unmaps the slots over an image that is going away.
    pub(crate) fn forget(&self, image: ImageId) {
        let gone: Vec<Slot> = self
            .lock()
            .extract_if(.., |slot| slot.image == Some(image))
            .collect();
        // Unmapped while nobody has to wait for the list.
        drop(gone);
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Address space of one memory, with the image that is mapped into it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) reservation: Reservation,
    /// Which image is mapped at the start. Whoever uses the slot holds the image.
    image: Option<ImageId>,
    image_len: usize,
    /// Bytes from the base that may be touched, whole pages.
    committed: usize,
    /// All hot pages of the image are private copies already.
    hot: bool,
}

impl Slot {
    fn new(len: usize, image: Option<&MemoryImage>) -> Result<Self, String> {
        let more = image.map_or(0, MemoryImage::more_mappings);
        let mut reservation = Reservation::new(len, MAPPINGS_OF_A_MEMORY + more)?;
        let image_len = image.map_or(0, MemoryImage::byte_len);
        if let Some(image) = image {
            image.map_private(&mut reservation)?;
        }
        Ok(Self {
            reservation,
            image: image.map(MemoryImage::id),
            image_len,
            committed: image_len,
            hot: false,
        })
    }

    /// Makes a wiped slot over an image one over another with layers on it.
    fn lay(&mut self, image: &MemoryImage) -> Result<(), String> {
        image.lay(&mut self.reservation)?;
        self.image = Some(image.id());
        self.image_len = image.byte_len();
        self.committed = image.byte_len();
        // A layer may have taken the place of hot pages.
        self.hot &= image.layers_leave_hot_pages();
        Ok(())
    }

    /// Whether all hot pages are private copies already.
    pub(crate) fn is_hot(&self) -> bool {
        self.hot
    }

    /// Copies the image's hot pages, unless that was done before.
    pub(crate) fn warm(&mut self, image: &MemoryImage) -> Result<(), String> {
        if self.hot {
            return Ok(());
        }
        for run in image.hot_pages() {
            self.reservation.populate(byte_range(*run))?;
        }
        self.hot = true;
        Ok(())
    }

    fn serves(&self, len: usize, image: Option<&MemoryImage>) -> bool {
        self.image == image.map(MemoryImage::id) && self.reservation.len() == len
    }

    pub(crate) fn commit(&mut self, size: usize) -> Result<(), String> {
        let needed = round_up(size).ok_or_else(|| "the size of a memory overflows".to_owned())?;
        if needed > self.committed {
            self.reservation.protect(self.committed..needed, true)?;
            self.committed = needed;
        }
        Ok(())
    }

    /// Back to the pristine image: no byte of the last guest is left. With
    /// `keep_hot`, hot pages stay private copies and get the image's bytes again;
    /// every other page that the guest wrote to is discarded.
    fn reset(&mut self, image: Option<&MemoryImage>, keep_hot: bool) -> Result<(), String> {
        match image.filter(|image| keep_hot && !image.hot_pages().is_empty()) {
            Some(image) => self.hot = self.restore(image)?,
            None => {
                self.reservation.discard(0..self.committed)?;
                self.hot = false;
            }
        }
        if self.committed > self.image_len {
            let behind = self.image_len..self.committed;
            self.reservation.protect(behind, false)?;
            self.committed = self.image_len;
        }
        Ok(())
    }

    /// Answers whether all hot pages are private copies.
    fn restore(&mut self, image: &MemoryImage) -> Result<bool, String> {
        let base = self.reservation.base().as_ptr() as usize;
        let own = own_pages(base, self.committed).map_err(|error| error.to_string())?;
        let mut missing = page_count(image.hot_pages());
        for part in split(&own, image.hot_pages()) {
            match part {
                Part::Hot(run) => {
                    missing -= u64::from(run.count);
                    self.reservation
                        .copy_from(image.pristine(), byte_range(run))?;
                }
                Part::Cold(run) => self.reservation.discard(byte_range(run))?,
            }
        }
        Ok(missing == 0)
    }
}

fn byte_range(run: PageRun) -> std::ops::Range<usize> {
    run.start_byte()..run.start_byte() + run.byte_len()
}

/// A run of own pages that are all hot, or all not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Hot(PageRun),
    Cold(PageRun),
}

/// Cuts runs of own pages where the hot pages begin and end; both are sorted.
fn split(own: &[PageRun], hot: &[PageRun]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut hot = hot.iter().copied().peekable();
    for run in own {
        let (mut first, end) = (run.first, run.first + run.count);
        while first < end {
            while hot.next_if(|hot| hot.first + hot.count <= first).is_some() {}
            let (stop, is_hot) = match hot.peek() {
                Some(hot) if hot.first <= first => ((hot.first + hot.count).min(end), true),
                Some(hot) => (hot.first.min(end), false),
                None => (end, false),
            };
            let part = PageRun {
                first,
                count: stop - first,
            };
            parts.push(if is_hot {
                Part::Hot(part)
            } else {
                Part::Cold(part)
            });
            first = stop;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::page::PAGE_BYTES;

    const IMAGE_BYTES: usize = 4 * 65_536;

    fn page_number(at: usize) -> u8 {
        u8::try_from(at / PAGE_BYTES).unwrap()
    }

    fn image(hot: &[PageRun]) -> MemoryImage {
        let bytes: Vec<u8> = (0..IMAGE_BYTES).map(page_number).collect();
        MemoryImage::sealed(&bytes).unwrap().with_hot_pages(hot)
    }

    /// A slot of the size that an engine would ask for, 1 MiB for short.
    fn slot(free: &FreeSlots, image: &MemoryImage) -> Slot {
        let mut slot = free.take(1 << 20, Some(image)).unwrap();
        slot.commit(IMAGE_BYTES + 3 * PAGE_BYTES).unwrap();
        slot.warm(image).unwrap();
        slot
    }

    fn bytes(slot: &mut Slot) -> &mut [u8] {
        // SAFETY: `committed` bytes from the base are accessible and owned by the
        // slot, which is borrowed for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(slot.reservation.base().as_ptr(), slot.committed) }
    }

    fn check_pristine(slot: &mut Slot) {
        let found = bytes(slot);
        for (at, byte) in found.iter().enumerate() {
            let expected = if at < IMAGE_BYTES { page_number(at) } else { 0 };
            assert_eq!(*byte, expected, "at {at}");
        }
    }

    #[test]
    fn nothing_of_a_guest_is_left_in_a_reused_slot() {
        let hot = [
            PageRun { first: 2, count: 3 },
            PageRun {
                first: 60,
                count: 1,
            },
        ];
        for (hot, keep_hot) in [(&hot[..], true), (&hot[..], false), (&[], true)] {
            let free = FreeSlots::default();
            let image = image(hot);
            let mut used = slot(&free, &image);
            check_pristine(&mut used);
            bytes(&mut used).fill(0xAA);
            used.reset(Some(&image), keep_hot).unwrap();
            free.lock().push(used);
            let mut next = slot(&free, &image);
            assert_eq!(free.waiting(), 0, "the slot was reused");
            check_pristine(&mut next);
        }
    }

    #[test]
    fn layers_are_back_in_a_reused_slot() {
        use crate::image::Layer;
        use crate::unnamed_file::UnnamedFile;
        let file = Arc::new(UnnamedFile::create(&std::env::temp_dir()).unwrap());
        file.write_all_at(&[9; 4 * PAGE_BYTES], 0).unwrap();
        let end = 4 * PAGE_BYTES as u64;
        let layer = |first| {
            let start = u64::from(first % 2) * 2 * PAGE_BYTES as u64;
            let part = file.freeze(start..start + end / 2, Arc::new(()));
            Layer::new(first, part.unwrap())
        };
        let hot = [PageRun { first: 2, count: 3 }];
        let below = Arc::new(image(&hot));
        // One within the image below, one behind it.
        let layers = vec![layer(4), layer(71)];
        let len = (IMAGE_BYTES + 65_536) as u64;
        let image = MemoryImage::layered(Arc::clone(&below), layers, len).unwrap();
        let image = image.with_hot_pages(&hot);
        for keep_hot in [true, false] {
            let free = FreeSlots::default();
            if keep_hot {
                // One that has served the image below.
                let mut before = slot(&free, &below);
                bytes(&mut before).fill(0xBB);
                free.put(before, Some(&below));
            }
            let mut used = free.take(1 << 20, Some(&image)).unwrap();
            assert_eq!(free.waiting(), 0);
            used.commit(image.byte_len() + PAGE_BYTES).unwrap();
            used.warm(&image).unwrap();
            let found = bytes(&mut used);
            assert_eq!(found[..image.byte_len()], *image.bytes());
            assert_eq!((found[4 * PAGE_BYTES], found[71 * PAGE_BYTES]), (9, 9));
            found.fill(0xAA);
            used.reset(Some(&image), keep_hot).unwrap();
            used.commit(image.byte_len() + PAGE_BYTES).unwrap();
            let found = bytes(&mut used);
            assert_eq!(found[..image.byte_len()], *image.bytes(), "{keep_hot}");
            assert!(found[image.byte_len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_slot_serves_its_own_image_only() {
        let free = FreeSlots::default();
        let (one, other) = (image(&[]), image(&[]));
        free.put(slot(&free, &one), Some(&one));
        let mut fresh = slot(&free, &other);
        assert_eq!(free.waiting(), 1);
        check_pristine(&mut fresh);
    }

    #[test]
    fn waiting_slots_go_with_their_image() {
        let free = Arc::new(FreeSlots::default());
        let (one, other) = (image(&[]), image(&[]));
        for image in [&one, &one, &other] {
            image.reused_by(&free);
        }
        let used = [&one, &one, &other].map(|image| (slot(&free, image), image));
        for (slot, image) in used {
            free.put(slot, Some(image));
        }
        assert_eq!(free.waiting(), 3);
        drop(one);
        assert_eq!(free.waiting(), 1);
        drop(other);
        assert_eq!(free.waiting(), 0);
    }

    #[test]
    fn own_pages_are_cut_at_the_hot_ones() {
        let run = |first, count| PageRun { first, count };
        let own = [run(0, 4), run(10, 2), run(20, 10)];
        let hot = [run(2, 1), run(5, 2), run(11, 1), run(20, 3), run(28, 9)];
        let expected = [
            Part::Cold(run(0, 2)),
            Part::Hot(run(2, 1)),
            Part::Cold(run(3, 1)),
            Part::Cold(run(10, 1)),
            Part::Hot(run(11, 1)),
            Part::Hot(run(20, 3)),
            Part::Cold(run(23, 5)),
            Part::Hot(run(28, 2)),
        ];
        assert_eq!(split(&own, &hot), expected);
    }
}
