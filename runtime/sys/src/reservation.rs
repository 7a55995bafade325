//! A range of address space that belongs to one owner.

use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

use crate::budget::Share;

/// Reserved address space, unmapped when dropped. All of it is inaccessible
/// until a part is committed or has a file mapped over it.
///
/// Offsets are bytes from the base and must be multiples of the page size.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
    share: Share,
}

/// What may be done with mapped pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Reads, and writes that nobody else sees.
    CopyOnWrite,
}

impl Access {
    fn of_mapping(self) -> ProtFlags {
        match self {
            Self::Read => ProtFlags::READ,
            Self::CopyOnWrite => ProtFlags::READ | ProtFlags::WRITE,
        }
    }
}

// SAFETY: a reservation is a plain address range with one owner; nothing in it
// is bound to the thread that made it.
unsafe impl Send for Reservation {}
// SAFETY: all methods that change the mapping take `&mut self`.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `len` bytes that may not be touched yet. `mappings` is how many
    /// kernel mappings the owner will split it into at most.
    pub(crate) fn new(len: usize, mappings: usize) -> Result<Self, String> {
        let share = Share::take(mappings)?;
        // SAFETY: an anonymous mapping at an address of the kernel's choice
        // touches no existing memory.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                len,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }
        .map_err(|error| format!("cannot reserve {len} bytes of address space: {error}"))?;
        let base = NonNull::new(base.cast::<u8>())
            .ok_or_else(|| "the kernel mapped address zero".to_owned())?;
        Ok(Self { base, len, share })
    }

    /// Says that the owner splits it further.
    pub(crate) fn share_more(&mut self, mappings: usize) -> Result<(), String> {
        self.share.grow(mappings)
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Address of `range.start`, after checking that `range` is ours.
    fn address(&self, range: &Range<usize>) -> Result<*mut std::ffi::c_void, String> {
        if range.start > range.end || range.end > self.len {
            return Err(format!(
                "range {range:?} is outside of a reservation of {} bytes",
                self.len
            ));
        }
        // SAFETY: `range.start <= len`, so the result stays within (or one past)
        // the reservation.
        let address = unsafe { self.base.as_ptr().add(range.start) };
        Ok(address.cast())
    }

    /// Makes `range` readable and writable (`true`) or inaccessible (`false`).
    pub(crate) fn protect(&mut self, range: Range<usize>, accessible: bool) -> Result<(), String> {
        let flags = if accessible {
            MprotectFlags::READ | MprotectFlags::WRITE
        } else {
            MprotectFlags::empty()
        };
        self.set_protection(&range, flags)
    }

    fn set_protection(&mut self, range: &Range<usize>, flags: MprotectFlags) -> Result<(), String> {
        let address = self.address(range)?;
        // SAFETY: the range lies in our own reservation and `&mut self` means
        // that no one else changes it; guest code is not running meanwhile,
        // because wasmtime calls us with the store borrowed mutably.
        unsafe { rustix::mm::mprotect(address, range.len(), flags) }
            .map_err(|error| format!("cannot change the protection of {range:?}: {error}"))
    }

    /// Maps the bytes of `file` from `offset` on over `range`.
    pub(crate) fn map_file(
        &mut self,
        range: Range<usize>,
        file: BorrowedFd<'_>,
        offset: u64,
        access: Access,
    ) -> Result<(), String> {
        let address = self.address(&range)?;
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: `MAP_FIXED` replaces pages of our own reservation only (checked
        // just above); the file cannot change under the mapping, see
        // `MemoryImage`.
        let mapped = unsafe {
            rustix::mm::mmap(
                address,
                range.len(),
                access.of_mapping(),
                flags,
                file,
                offset,
            )
        };
        mapped
            .map(|_| ())
            .map_err(|error| format!("cannot map {} bytes of an image: {error}", range.len()))
    }

    /// Lets `range` be touched.
    pub(crate) fn allow(&mut self, range: Range<usize>, access: Access) -> Result<(), String> {
        if range.is_empty() {
            return Ok(());
        }
        let flags = match access {
            Access::Read => MprotectFlags::READ,
            Access::CopyOnWrite => MprotectFlags::READ | MprotectFlags::WRITE,
        };
        self.set_protection(&range, flags)
    }

    /// Copies `range` of `source` to the same place here. Both must be
    /// accessible there: the source is an image's pristine mapping, the target a
    /// slot over that image.
    pub(crate) fn copy_from(&mut self, source: &Self, range: Range<usize>) -> Result<(), String> {
        let to = self.address(&range)?;
        let from = source.address(&range)?;
        // SAFETY: both ranges were checked to lie in their reservations, which do
        // not overlap, and are mapped (see above); nobody else uses the target:
        // its guest is gone and we hold it mutably.
        unsafe {
            std::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), range.len());
        }
        Ok(())
    }

    /// Makes private copies of the pages in `range` now.
    pub(crate) fn populate(&mut self, range: Range<usize>) -> Result<(), String> {
        let address = self.address(&range)?;
        // SAFETY: populating writable pages of our own mapping changes no byte of
        // them.
        unsafe { rustix::mm::madvise(address, range.len(), Advice::LinuxPopulateWrite) }
            .map_err(|error| format!("cannot populate {range:?}: {error}"))
    }

    /// Throws away the private copies in `range`: anonymous memory reads as
    /// zero again, mapped images as their file.
    pub(crate) fn discard(&self, range: Range<usize>) -> Result<(), String> {
        let address = self.address(&range)?;
        // SAFETY: the range is ours; whoever calls this owns the contents and
        // gives them up (the memory's guest is gone, or the stack holds no
        // frame there).
        unsafe { rustix::mm::madvise(address, range.len(), Advice::LinuxDontNeed) }
            .map_err(|error| format!("cannot discard {range:?}: {error}"))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `new` and nothing refers to it any
        // more: the owner is being dropped.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(
            unmapped.is_ok(),
            "munmap of an own range failed: {unmapped:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PAGE_BYTES;

    #[test]
    fn ranges_outside_are_refused_before_any_system_call() {
        let mut reservation = Reservation::new(4 * PAGE_BYTES, 2).unwrap();
        assert!(reservation.protect(0..5 * PAGE_BYTES, true).is_err());
        assert!(reservation.discard(usize::MAX - 10..usize::MAX).is_err());
        assert!(reservation.protect(0..4 * PAGE_BYTES, true).is_ok());
    }
}
