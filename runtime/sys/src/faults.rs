//! Page faults of the thread that works on a store.
//!
//! A page of a copy-on-write memory becomes its own by a fault of whoever writes
//! to it first. While the threads that write to a memory take none, no page was
//! added to those that it owns, and the page table need not be walked again: for
//! an interpreter that was looked at a moment ago that is the common case.
//!
//! Linux counts the fault for the thread that takes it, also when the kernel
//! writes on its behalf.

use std::sync::atomic::{AtomicU64, Ordering};

/// Faults taken while a store was worked on.
#[derive(Debug, Default)]
pub(crate) struct Faults(AtomicU64);

impl Faults {
    /// Counts the faults of this thread until the answer is dropped.
    pub(crate) fn count(&self) -> Counting<'_> {
        Counting {
            faults: self,
            before: of_this_thread(),
        }
    }

    /// Faults so far. Equal numbers: none in between.
    pub(crate) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Counts until it is dropped, which has to be on the thread that made it.
pub(crate) struct Counting<'a> {
    faults: &'a Faults,
    before: u64,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let taken = of_this_thread().wrapping_sub(self.before);
        self.faults.0.fetch_add(taken, Ordering::AcqRel);
    }
}

fn of_this_thread() -> u64 {
    // SAFETY: all bytes of a `rusage` may be zero: it holds numbers only.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one `rusage` to the address, which is ours.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    if failed != 0 {
        // Not the same number twice: then nobody relies on it.
        static OTHERS: AtomicU64 = AtomicU64::new(1);
        return OTHERS.fetch_add(1, Ordering::Relaxed);
    }
    usage.ru_minflt.cast_unsigned() + usage.ru_majflt.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_writes_are_counted_and_later_ones_are_not() {
        let faults = Faults::default();
        let len = 64 * crate::PAGE_BYTES;
        let mut reservation = crate::reservation::Reservation::new(len, 1).unwrap();
        reservation.protect(0..len, true).unwrap();
        let write = |value: u8| {
            for page in 0..64 {
                // SAFETY: the page lies in the reservation, which is accessible
                // and which nobody else uses.
                let at = unsafe { reservation.base().as_ptr().add(page * crate::PAGE_BYTES) };
                // SAFETY: as above.
                unsafe { at.write_volatile(value) };
            }
        };
        let counting = faults.count();
        write(1);
        drop(counting);
        let first = faults.so_far();
        assert!(first >= 1, "{first}");
        let counting = faults.count();
        write(2);
        drop(counting);
        assert_eq!(faults.so_far(), first);
    }
}
