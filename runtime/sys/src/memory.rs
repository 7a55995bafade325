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
use std::sync::Arc;

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use crate::birth;
use crate::image::MemoryImage;
use crate::page::{PAGE_BYTES, round_up};
use crate::slot::{FreeSlots, Slot};
use crate::stack::StackRecord;

/// Bytes that the memory of a guest reserves, which is as much as it can address.
/// A memory that reserves something else (wasmtime asks for one to keep exceptions
/// in) is no guest's, and never starts as an image.
pub const GUEST_MEMORY_BYTES: u64 = 4 << 30;

/// Makes the linear memories of an engine.
///
/// A memory that is made inside of [`crate::instantiate`] with an image starts
/// as that image; every other one starts as zeros. A dropped memory's address
/// range is reused by the next memory over the same image.
#[derive(Debug, Clone)]
pub struct CowMemories {
    free: Arc<FreeSlots>,
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
        crate::watch::prepare();
        Ok(Self {
            free: Arc::default(),
        })
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
        if let Some(image) = &image {
            image.reused_by(&self.free);
        }
        let mut slot = self.free.take(len, image.as_deref())?;
        slot.commit(size)?;
        if let Some(image) = &image {
            if image.warms_new_memories() {
                slot.warm(image)?;
            }
            birth::note_warmth(slot.is_hot());
        }
        let record = birth::current_stack().filter(|_| image.is_some());
        if let Some(record) = &record {
            record.laid.expect();
        }
        Ok(Box::new(CowMemory {
            slot: Some(slot),
            image,
            size,
            capacity,
            record,
            free: Arc::clone(&self.free),
        }))
    }
}

struct CowMemory {
    /// Always there until `drop` takes it.
    slot: Option<Slot>,
    /// What is mapped into the slot: it stays as long as the memory does.
    image: Option<Arc<MemoryImage>>,
    /// Of the store that it belongs to, when it is a guest's.
    record: Option<Arc<StackRecord>>,
    size: usize,
    capacity: usize,
    free: Arc<FreeSlots>,
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
        let Some(slot) = self.slot.take() else {
            return;
        };
        let record = self.record.as_ref();
        // The image that is laid over it goes after the mappings.
        match record.and_then(|record| record.laid.take()) {
            Some(_laid) => drop(slot),
            // Its marks go with the mappings, too.
            None if record.is_some_and(|record| record.watch.is_on()) => drop(slot),
            None => self.free.put(slot, self.image.as_deref()),
        }
    }
}
