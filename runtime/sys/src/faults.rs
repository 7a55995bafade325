//! Page faults of the thread that works on a store.
//!
//! A page of a copy-on-write memory becomes its own by a fault of whoever writes
//! to it first. While the threads that write to a memory take none, no page was
//! added to those that it owns, and the page table need not be walked again: for
//! an interpreter that was looked at a moment ago that is the common case.
//!
//! Linux counts the fault for the thread that takes it, also when the kernel
//! writes on its behalf.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use wasmtime::Store;

use crate::birth::Housed;
use crate::stack::StackRecord;

/// Faults taken while a store was worked on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    taken: AtomicU64,
    /// Somebody counts already: one thread at a time works on a store.
    counting: AtomicBool,
}

impl Faults {
    /// Counts the faults of this thread until the answer is dropped. Within another
    /// count it does nothing: asking costs a call of the system.
    pub(crate) fn count(&self) -> Option<Counting<'_>> {
        let first = !self.counting.swap(true, Ordering::AcqRel);
        first.then(|| Counting {
            faults: self,
            before: of_this_thread(),
        })
    }

    /// Faults so far. Equal numbers: none in between.
    pub(crate) fn so_far(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }
}

/// Counts the faults of several calls and writes as those of one.
#[derive(Debug)]
pub struct FaultCounter(Arc<StackRecord>);

impl FaultCounter {
    /// A counter for work on this store.
    pub fn of<D>(store: &Store<Housed<D>>) -> Self {
        Self(Arc::clone(store.data().stack()))
    }

    /// Counts during each poll of `future`.
    pub async fn over<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            let _counted = self.0.faults.count();
            future.as_mut().poll(context)
        })
        .await
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
        self.faults.taken.fetch_add(taken, Ordering::AcqRel);
        self.faults.counting.store(false, Ordering::Release);
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
        assert!(faults.count().is_none());
        drop(counting);
        let first = faults.so_far();
        assert!(first >= 1, "{first}");
        let counting = faults.count();
        write(2);
        drop(counting);
        assert_eq!(faults.so_far(), first);
    }
}
