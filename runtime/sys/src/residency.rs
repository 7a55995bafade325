//! Which pages of a guest are its own, see [`crate::pagemap`].

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::mm::Advice;
use wasmtime::{AsContextMut, Memory, Store};

use crate::birth::Housed;
use crate::image::MemoryImage;
use crate::page::{PAGE_BYTES, PageRun, add_page, page_count};
use crate::pagemap::{own_pages, resident_pages};

/// The pages of `memory` that differ, or may differ, from its image.
///
/// # Errors
/// `/proc/self/pagemap` cannot be read.
pub fn private_pages<D>(store: &Store<Housed<D>>, memory: &Memory) -> io::Result<Vec<PageRun>> {
    let base = memory.data_ptr(store) as usize;
    own_pages(base, memory.data_size(store))
}

/// The pages of a memory that differ, or may differ, from its image, remembered
/// from one look to the next.
///
/// This relies on all writes to the memory being made in calls of the guest
/// ([`crate::call`]), in [`write_counted`], or in the functions of this module. The
/// one exception is the guest's stop word, which the ticker's thread writes: its
/// page is always taken for an own one.
#[derive(Debug, Default)]
pub struct OwnPages {
    seen: Option<(u64, Vec<PageRun>)>,
}

impl OwnPages {
    /// Looks again, if anything can have changed since the last time.
    ///
    /// # Errors
    /// As [`private_pages`].
    pub fn of<D>(
        &mut self,
        store: &Store<Housed<D>>,
        memory: &Memory,
        stop_word: u32,
    ) -> io::Result<&[PageRun]> {
        let faults = store.data().stack().faults.so_far();
        if self.seen.as_ref().is_none_or(|(at, _)| *at != faults) {
            let mut runs = private_pages(store, memory)?;
            let page = stop_word as usize / PAGE_BYTES;
            if page < memory.data_size(store) / PAGE_BYTES
                && let Ok(page) = u32::try_from(page)
            {
                add_page(&mut runs, page);
            }
            self.seen = Some((faults, runs));
        }
        Ok(self.seen.as_ref().map_or(&[], |(_, runs)| runs))
    }

    /// Forgets: the memory was changed otherwise.
    pub fn forget(&mut self) {
        self.seen = None;
    }
}

/// Writes `bytes` to `start` of a memory. False when they do not fit, and nothing
/// was written.
pub fn write_counted<D: 'static>(
    store: &mut Store<Housed<D>>,
    memory: &Memory,
    start: usize,
    bytes: &[u8],
) -> bool {
    let record = Arc::clone(store.data().stack());
    let _counted = record.faults.count();
    let target = start
        .checked_add(bytes.len())
        .and_then(|end| memory.data_mut(store).get_mut(start..end));
    target.is_some_and(|target| {
        target.copy_from_slice(bytes);
        true
    })
}

/// Makes own copies of the hot pages of `image`, which `memory` was made over,
/// unless it has them.
///
/// # Errors
/// As [`own_copies`].
pub fn warm<D: 'static>(
    store: &mut Store<Housed<D>>,
    memory: &Memory,
    image: &MemoryImage,
) -> io::Result<()> {
    if store.data().stack().warm.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    for run in image.hot_pages() {
        let range = run.start_byte()..run.start_byte() + run.byte_len();
        own_copies(&mut *store, memory, range)?;
    }
    Ok(())
}

/// Makes own copies of whole pages now, which is cheaper than one by one when
/// they are written to. The part of the range that is outside of the memory, or
/// no whole page, is left alone.
///
/// # Errors
/// The system refuses, or has no memory left.
pub fn own_copies<D: 'static>(
    store: impl AsContextMut<Data = Housed<D>>,
    memory: &Memory,
    range: Range<usize>,
) -> io::Result<()> {
    advise(store, memory, range, Advice::LinuxPopulateWrite).map(|_| ())
}

/// Takes the own copies of whole pages away from a guest, on its word that they
/// hold nothing: they read as the image again, or as zeros behind it. The part of
/// the range that is outside of the memory, or no whole page, is left alone.
///
/// # Errors
/// The system refuses.
pub fn discard_pages<D: 'static>(
    store: impl AsContextMut<Data = Housed<D>>,
    memory: &Memory,
    range: Range<usize>,
) -> io::Result<()> {
    let record = Arc::clone(store.as_context().data().stack());
    let run = advise(store, memory, range, Advice::LinuxDontNeed)?;
    if let Some(run) = run {
        record.watch.discarded(run);
    }
    Ok(())
}

/// Answers which pages it was.
fn advise<D: 'static>(
    mut store: impl AsContextMut<Data = Housed<D>>,
    memory: &Memory,
    range: Range<usize>,
    advice: Advice,
) -> io::Result<Option<PageRun>> {
    let bytes = memory.data_mut(&mut store);
    let start = range.start.next_multiple_of(PAGE_BYTES);
    let end = range.end.min(bytes.len()) / PAGE_BYTES * PAGE_BYTES;
    let Some(span) = bytes.get_mut(start..end).filter(|span| !span.is_empty()) else {
        return Ok(None);
    };
    // SAFETY: the span is accessible memory that we hold mutably, so that nobody
    // looks at it meanwhile. The two callers above give the only advices there
    // are: populating changes no byte; and since all memories are private mappings
    // of an image or of nothing, initialised bytes are there after a discard,
    // while a guest's memory may hold any bytes.
    unsafe { rustix::mm::madvise(span.as_mut_ptr().cast(), span.len(), advice) }?;
    let first = u32::try_from(start / PAGE_BYTES).map_err(io::Error::other)?;
    let count = u32::try_from((end - start) / PAGE_BYTES).map_err(io::Error::other)?;
    Ok(Some(PageRun { first, count }))
}

/// Resident bytes that are the guest's own.
///
/// # Errors
/// `/proc/self/pagemap` cannot be read.
pub fn memory_resident_bytes<D>(store: &Store<Housed<D>>, memory: &Memory) -> io::Result<u64> {
    let base = memory.data_ptr(store) as usize;
    let runs = resident_pages(base, memory.data_size(store))?;
    Ok(page_count(&runs) * PAGE_BYTES as u64)
}

/// Resident bytes of the store's stack.
///
/// # Errors
/// `/proc/self/pagemap` cannot be read.
pub fn stack_resident_bytes<D>(store: &Store<Housed<D>>) -> io::Result<u64> {
    let runs = store
        .data()
        .stack()
        .with_range(|range| resident_pages(range.start, range.len()))
        .unwrap_or_else(|| Ok(Vec::new()))?;
    Ok(page_count(&runs) * PAGE_BYTES as u64)
}
