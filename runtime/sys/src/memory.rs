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
use crate::page::{PAGE_BYTES, round_up};
use crate::reservation::Reservation;

/// Kernel mappings of one memory: image, zero pages behind it, the rest.
const MAPPINGS_OF_A_MEMORY: usize = 3;

/// Free slots kept for reuse; a slot in waiting holds no private page.
const FREE_SLOTS: usize = 64;

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
            return Err(format!("pages of {page} bytes are not supported, only 4096"));
        }
        Ok(Self {
            free: Arc::default(),
        })
    }

    fn slot(&self, len: usize, image: Option<Arc<MemoryImage>>) -> Result<Slot, String> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = free.iter().rposition(|slot| slot.serves(len, image.as_ref())) {
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
        let image = if ty.is_64() || ty.is_shared() {
            None
        } else {
            birth::take_image(minimum)
        };
        let size = minimum.max(image.as_ref().map_or(0, |image| image.byte_len()));
        let capacity = reserved.unwrap_or(0).max(round_up(size).ok_or_else(overflow)?);
        let len = capacity.checked_add(guard).ok_or_else(overflow)?;
        let mut slot = self.slot(len, image)?;
        slot.commit(size)?;
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
        })
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

    /// Back to the pristine image: no byte of the last guest is left.
    fn reset(&mut self) -> Result<(), String> {
        self.reservation.discard(0..self.committed)?;
        let image_len = self.image_len();
        if self.committed > image_len {
            self.reservation.protect(image_len..self.committed, false)?;
            self.committed = image_len;
        }
        Ok(())
    }
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
            return Err(wasmtime::Error::msg("a memory cannot grow past its reservation"));
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
        // A slot that cannot be wiped is unmapped instead of being reused.
        if slot.reset().is_err() {
            return;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < FREE_SLOTS {
            free.push(slot);
        }
    }
}
