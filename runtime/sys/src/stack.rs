//! The stacks that guests run on.
//!
//! Every store that ever ran a guest keeps a stack of many megabytes of address
//! space. What a deep recursion once touched would stay resident for the life of
//! its sandbox, so [`trim_stack`] gives it back after a call, and a dropped
//! store's stack is wiped and reused.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{StackCreator, StackMemory, Store};

use crate::birth::{self, Housed};
use crate::faults::Faults;
use crate::laid::Laid;
use crate::page::{PAGE_BYTES, round_up};
use crate::reservation::Reservation;
use crate::watch::Watch;

/// Inaccessible bytes below each stack: more than any frame that is entered
/// without a stack probe.
const GUARD_BYTES: usize = 64 * 1024;

/// A stack's mappings are counted with the memory of its store.
const MAPPINGS_OF_A_STACK: usize = 0;

/// A stack that was not trimmed since it is there.
const NEVER: u64 = u64::MAX;

/// Free stacks kept for reuse; a stack in waiting holds no page.
const FREE_STACKS: usize = 64;

/// Makes the fiber stacks of an engine.
#[derive(Debug, Clone, Default)]
pub struct Stacks {
    free: Arc<Mutex<Vec<Reservation>>>,
}

impl Stacks {
    fn reservation(&self, len: usize) -> Result<Reservation, String> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = free.iter().rposition(|stack| stack.len() == len) {
            return Ok(free.swap_remove(index));
        }
        drop(free);
        let mut reservation = Reservation::new(len, MAPPINGS_OF_A_STACK)?;
        reservation.protect(GUARD_BYTES..len, true)?;
        Ok(reservation)
    }
}

// SAFETY: each stack is page aligned, of at least the asked size, zero filled
// (fresh or discarded pages) and has a guard below it.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let len = round_up(size)
            .and_then(|size| size.checked_add(GUARD_BYTES))
            .ok_or_else(|| wasmtime::Error::msg("the size of a stack overflows"))?;
        let reservation = self.reservation(len).map_err(wasmtime::Error::msg)?;
        let record = birth::current_stack();
        if let Some(record) = &record {
            let base = reservation.base().as_ptr() as usize;
            record.set(Some(base + GUARD_BYTES..base + len));
        }
        Ok(Box::new(Stack {
            reservation: Some(reservation),
            record,
            free: Arc::clone(&self.free),
        }))
    }
}

struct Stack {
    /// Always there until `drop` takes it.
    reservation: Option<Reservation>,
    record: Option<Arc<StackRecord>>,
    free: Arc<Mutex<Vec<Reservation>>>,
}

impl Stack {
    fn address_range(&self) -> Range<usize> {
        self.reservation.as_ref().map_or(0..0, |reservation| {
            let base = reservation.base().as_ptr() as usize;
            base..base + reservation.len()
        })
    }
}

// SAFETY: `top`, `range` and `guard_range` describe the reservation that this
// value owns until it is dropped.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        self.address_range().end as *mut u8
    }

    fn range(&self) -> Range<usize> {
        let all = self.address_range();
        all.start + GUARD_BYTES..all.end
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let base = self.address_range().start;
        base as *mut u8..(base + GUARD_BYTES) as *mut u8
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(record) = &self.record {
            record.set(None);
        }
        let Some(reservation) = self.reservation.take() else {
            return;
        };
        if reservation.discard(GUARD_BYTES..reservation.len()).is_err() {
            return;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < FREE_STACKS {
            free.push(reservation);
        }
    }
}

/// Where the stack of one store is, and whether a guest is on it.
#[derive(Debug, Default)]
pub(crate) struct StackRecord {
    range: Mutex<Option<Range<usize>>>,
    /// The faults when it was trimmed last, and what was kept then.
    trimmed_at: AtomicU64,
    kept: AtomicUsize,
    /// True from the first poll of a call to its end: frames may be on the stack.
    pub(crate) busy: AtomicBool,
    /// Not of the stack: the store's memory has its image's hot pages.
    pub(crate) warm: AtomicBool,
    /// Not of the stack either: what the store's owner did to its memory.
    pub(crate) faults: Faults,
    /// Nor this: what was mapped into its memory later.
    pub(crate) laid: Laid,
    /// Nor this: what is known of writes to its memory.
    pub(crate) watch: Watch,
}

impl StackRecord {
    fn set(&self, range: Option<Range<usize>>) {
        *self.range.lock().unwrap_or_else(PoisonError::into_inner) = range;
        self.trimmed_at.store(NEVER, Ordering::Release);
    }

    /// Runs `visit` on the range while it cannot be unmapped.
    pub(crate) fn with_range<R>(&self, visit: impl FnOnce(Range<usize>) -> R) -> Option<R> {
        let range = self.range.lock().unwrap_or_else(PoisonError::into_inner);
        range.clone().map(visit)
    }
}

/// Gives back the pages of the store's idle stack but for the `keep` bytes that
/// the next call will touch first. Does nothing while a call is under way.
pub fn trim_stack<D>(store: &mut Store<Housed<D>>, keep: usize) {
    let record = store.data().stack();
    if record.busy.load(Ordering::Acquire) {
        return;
    }
    // Without a fault since, nothing was touched that is not kept.
    let faults = record.faults.so_far();
    if record.trimmed_at.load(Ordering::Acquire) == faults
        && record.kept.load(Ordering::Acquire) <= keep
    {
        return;
    }
    record.trimmed_at.store(faults, Ordering::Release);
    record.kept.store(keep, Ordering::Release);
    record.with_range(|range| {
        let keep = keep.next_multiple_of(PAGE_BYTES).min(range.len());
        let len = range.len() - keep;
        // SAFETY: the range is a live stack (its record is cleared before it is
        // unmapped, under the lock that is held here), and no frame is on it: no
        // call is under way in this store, which we hold mutably.
        let discarded = unsafe {
            rustix::mm::madvise(
                range.start as *mut std::ffi::c_void,
                len,
                rustix::mm::Advice::LinuxDontNeed,
            )
        };
        debug_assert!(
            discarded.is_ok(),
            "madvise of an own stack failed: {discarded:?}"
        );
    });
}
