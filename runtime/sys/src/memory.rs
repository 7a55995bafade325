//! Linear memories that start as a copy-on-write view of an image.
//!
//! ```text
//!  base                 image          size               4 GiB     + guard
//!   | image, private map | zero pages   | inaccessible ...  | ... guard |
//!   |<-- shared until written --->|<- committed by grow ->|
//! ```
//! wasmtime elides bounds checks by relying on the reservation and the guard, so
//! both are always there. Where the documentation of
//! [`wasmtime::MemoryCreator`] asks for zeroed memory, ours holds the image
//! instead: the modules of this project carry no data segments (they were moved
//! into the image), so nothing depends on the zeros.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use crate::birth;
use crate::image::MemoryImage;
use crate::page::{PAGE_BYTES, PageRun, round_up};
use crate::reservation::Reservation;
use crate::residency::own_pages;

/// Kernel mappings of one memory: image, zero pages behind it, the rest.
const MAPPINGS_OF_A_MEMORY: usize = 3;

/// Bytes that the memory of a guest reserves, which is as much as it can address.
/// A memory that reserves something else (wasmtime asks for one to keep exceptions
/// in) is no guest's, and never starts as an image.
pub const GUEST_MEMORY_BYTES: u64 = 4 << 30;

/// Free slots kept for reuse.
const FREE_SLOTS: usize = 64;

/// Free slots whose hot pages stay resident, about half a MiB each; the others
/// hold no private page.
const HOT_SLOTS: usize = 16;

/// Makes the linear memories of an engine.
///
/// A memory that is made inside of [`crate::instantiate`] with an image starts
/// as that image; every other one starts as zeros. A dropped memory's address
/// range is reused by the next memory over the same image.
#[derive(Debug, Clone)]
pub struct CowMemories {
    free: Arc<Mutex<Vec<Slot>>>,
}

impl CowMemories {
    /// # Errors
    /// The system's pages are not of 4 KiB.
    pub fn new() -> Result<Self, String> {
        let page = rustix::param::page_size();
        if page != PAGE_BYTES {
            return Err(format!(
                "pages of {page} bytes are not supported, only 4096"
            ));
        }
        Ok(Self {
            free: Arc::default(),
        })
    }

    fn slot(&self, len: usize, image: Option<Arc<MemoryImage>>) -> Result<Slot, String> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = free
            .iter()
            .rposition(|slot| slot.serves(len, image.as_ref()))
        {
            return Ok(free.swap_remove(index));
        }
        drop(free);
        Slot::new(len, image)
    }
}

// SAFETY: `new_memory` answers a memory whose reservation and guard have the
// asked sizes (`Slot::new` reserves `reserved + guard` bytes that are
// inaccessible beyond the current size) and which never moves.
unsafe impl MemoryCreator for CowMemories {
    fn new_memory(
        &self,
        ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let overflow = || "the size of a memory overflows".to_owned();
        let guests = reserved.is_some_and(|bytes| bytes as u64 == GUEST_MEMORY_BYTES);
        let image = if guests && !ty.is_64() && !ty.is_shared() {
            birth::take_image(minimum)
        } else {
            None
        };
        let size = minimum.max(image.as_ref().map_or(0, |image| image.byte_len()));
        let capacity = reserved
            .unwrap_or(0)
            .max(round_up(size).ok_or_else(overflow)?);
        let len = capacity.checked_add(guard).ok_or_else(overflow)?;
        let mut slot = self.slot(len, image)?;
        slot.commit(size)?;
        slot.warm()?;
        Ok(Box::new(CowMemory {
            slot: Some(slot),
            size,
            capacity,
            free: Arc::clone(&self.free),
        }))
    }
}

/// Address space of one memory, with the image that is mapped into it.
#[derive(Debug)]
struct Slot {
    reservation: Reservation,
    image: Option<Arc<MemoryImage>>,
    /// Bytes from the base that may be touched, whole pages.
    committed: usize,
    /// All hot pages of the image are private copies already.
    hot: bool,
}

impl Slot {
    fn new(len: usize, image: Option<Arc<MemoryImage>>) -> Result<Self, String> {
        let mut reservation = Reservation::new(len, MAPPINGS_OF_A_MEMORY)?;
        let mut committed = 0;
        if let Some(image) = &image {
            reservation.map_private(image.file(), image.byte_len())?;
            committed = image.byte_len();
        }
        Ok(Self {
            reservation,
            image,
            committed,
            hot: false,
        })
    }

    /// Copies the image's hot pages, unless that was done before.
    fn warm(&mut self) -> Result<(), String> {
        let Some(image) = self.image.clone().filter(|_| !self.hot) else {
            return Ok(());
        };
        for run in image.hot_pages() {
            self.reservation.populate(byte_range(*run))?;
        }
        self.hot = true;
        Ok(())
    }

    fn serves(&self, len: usize, image: Option<&Arc<MemoryImage>>) -> bool {
        let same = match (&self.image, image) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same && self.reservation.len() == len
    }

    fn image_len(&self) -> usize {
        self.image.as_ref().map_or(0, |image| image.byte_len())
    }

    fn commit(&mut self, size: usize) -> Result<(), String> {
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
    fn reset(&mut self, keep_hot: bool) -> Result<(), String> {
        let image = self.image.clone();
        match image.filter(|_| keep_hot && self.hot) {
            Some(image) => self.restore(&image)?,
            None => {
                self.reservation.discard(0..self.committed)?;
                self.hot = false;
            }
        }
        let image_len = self.image_len();
        if self.committed > image_len {
            self.reservation.protect(image_len..self.committed, false)?;
            self.committed = image_len;
        }
        Ok(())
    }

    fn restore(&mut self, image: &MemoryImage) -> Result<(), String> {
        let base = self.reservation.base().as_ptr() as usize;
        let own = own_pages(base, self.committed).map_err(|error| error.to_string())?;
        for part in split(&own, image.hot_pages()) {
            match part {
                Part::Hot(run) => {
                    self.reservation
                        .copy_from(image.pristine(), byte_range(run))?;
                }
                Part::Cold(run) => self.reservation.discard(byte_range(run))?,
            }
        }
        Ok(())
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

struct CowMemory {
    /// Always there until `drop` takes it.
    slot: Option<Slot>,
    size: usize,
    capacity: usize,
    free: Arc<Mutex<Vec<Slot>>>,
}

// SAFETY: the base never moves, `byte_size` bytes from it are accessible, the
// rest of the reservation and the guard are not, see `Slot`.
unsafe impl LinearMemory for CowMemory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        let Some(slot) = self.slot.as_mut() else {
            return Err(wasmtime::Error::msg("a dropped memory cannot grow"));
        };
        if new_size > self.capacity {
            return Err(wasmtime::Error::msg(
                "a memory cannot grow past its reservation",
            ));
        }
        slot.commit(new_size).map_err(wasmtime::Error::msg)?;
        self.size = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot
            .as_ref()
            .map_or(NonNull::dangling(), |slot| slot.reservation.base())
            .as_ptr()
    }
}

impl Drop for CowMemory {
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take() else {
            return;
        };
        let waiting =
            |free: &Mutex<Vec<Slot>>| free.lock().unwrap_or_else(PoisonError::into_inner).len();
        let before = waiting(&self.free);
        // A slot that cannot be wiped is unmapped instead of being reused.
        if before >= FREE_SLOTS || slot.reset(before < HOT_SLOTS).is_err() {
            return;
        }
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE_BYTES: usize = 4 * 65_536;

    fn page_number(at: usize) -> u8 {
        u8::try_from(at / PAGE_BYTES).unwrap()
    }

    fn image(hot: &[PageRun]) -> Arc<MemoryImage> {
        let bytes: Vec<u8> = (0..IMAGE_BYTES).map(page_number).collect();
        Arc::new(MemoryImage::sealed(&bytes).unwrap().with_hot_pages(hot))
    }

    /// A slot of the size that an engine would ask for, 1 MiB for short.
    fn slot(memories: &CowMemories, image: &Arc<MemoryImage>) -> Slot {
        let mut slot = memories.slot(1 << 20, Some(Arc::clone(image))).unwrap();
        slot.commit(IMAGE_BYTES + 3 * PAGE_BYTES).unwrap();
        slot.warm().unwrap();
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
            let memories = CowMemories::new().unwrap();
            let image = image(hot);
            let mut used = slot(&memories, &image);
            check_pristine(&mut used);
            bytes(&mut used).fill(0xAA);
            used.reset(keep_hot).unwrap();
            memories.free.lock().unwrap().push(used);
            let mut next = slot(&memories, &image);
            assert!(
                memories.free.lock().unwrap().is_empty(),
                "the slot was reused"
            );
            check_pristine(&mut next);
        }
    }

    #[test]
    fn a_slot_serves_its_own_image_only() {
        let memories = CowMemories::new().unwrap();
        let (one, other) = (image(&[]), image(&[]));
        let used = slot(&memories, &one);
        memories.free.lock().unwrap().push(used);
        let mut fresh = slot(&memories, &other);
        assert_eq!(memories.free.lock().unwrap().len(), 1);
        check_pristine(&mut fresh);
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
