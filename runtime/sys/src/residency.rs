//! Which pages of a guest are its own.
//!
//! A page of a copy-on-write memory belongs to the guest once it was written.
//! The kernel tells: `PAGEMAP_SCAN` (Linux 6.7 and newer) skips what is shared
//! with the image and the zero page; older kernels give `/proc/self/pagemap`,
//! which takes a read of the zero page for an own page.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use rustix::mm::Advice;
use wasmtime::{AsContextMut, Memory, Store};

use crate::birth::Housed;
use crate::image::MemoryImage;
use crate::page::{PAGE_BYTES, PageRun, add_page, push_run};

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
    let record = std::sync::Arc::clone(store.data().stack());
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
    advise(store, memory, range, Advice::LinuxPopulateWrite)
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
    advise(store, memory, range, Advice::LinuxDontNeed)
}

fn advise<D: 'static>(
    mut store: impl AsContextMut<Data = Housed<D>>,
    memory: &Memory,
    range: Range<usize>,
    advice: Advice,
) -> io::Result<()> {
    let bytes = memory.data_mut(&mut store);
    let start = range.start.next_multiple_of(PAGE_BYTES);
    let end = range.end.min(bytes.len()) / PAGE_BYTES * PAGE_BYTES;
    let Some(span) = bytes.get_mut(start..end).filter(|span| !span.is_empty()) else {
        return Ok(());
    };
    // SAFETY: the span is accessible memory that we hold mutably, so that nobody
    // looks at it meanwhile. The two callers above give the only advices there
    // are: populating changes no byte; and since all memories are private mappings
    // of an image or of nothing, initialised bytes are there after a discard,
    // while a guest's memory may hold any bytes.
    unsafe { rustix::mm::madvise(span.as_mut_ptr().cast(), span.len(), advice) }
        .map_err(io::Error::from)
}

/// Resident bytes of the store's stack.
///
/// # Errors
/// `/proc/self/pagemap` cannot be read.
pub fn stack_resident_bytes<D>(store: &Store<Housed<D>>) -> io::Result<u64> {
    let runs = store
        .data()
        .stack()
        .with_range(|range| own_pages(range.start, range.len()))
        .unwrap_or_else(|| Ok(Vec::new()))?;
    Ok(crate::page::page_count(&runs) * PAGE_BYTES as u64)
}

/// The pages of a range that were written to since it was mapped.
pub(crate) fn own_pages(base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    let pagemap = pagemap()?;
    match scan(pagemap, base, len) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL)) => {
            read_pagemap(pagemap, base, len)
        }
        other => other,
    }
}

fn pagemap() -> io::Result<&'static File> {
    static PAGEMAP: OnceLock<File> = OnceLock::new();
    if let Some(file) = PAGEMAP.get() {
        return Ok(file);
    }
    let file = File::open("/proc/self/pagemap")?;
    Ok(PAGEMAP.get_or_init(|| file))
}

/// `struct page_region` of `linux/fs.h`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Default)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;
/// `_IOWR('f', 16, struct pm_scan_arg)` with its 96 bytes.
const PAGEMAP_SCAN: u64 = 0xc060_6610;

fn scan(pagemap: &File, base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    let mut runs = Vec::new();
    let mut regions = [PageRegion::default(); 256];
    let end = (base + len) as u64;
    let mut start = base as u64;
    while start < end {
        let mut arguments = ScanArguments {
            size: size_of::<ScanArguments>() as u64,
            start,
            end,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_inverted: PAGE_IS_FILE | PAGE_IS_PFNZERO,
            category_mask: PAGE_IS_FILE | PAGE_IS_PFNZERO,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_PRESENT,
            ..ScanArguments::default()
        };
        // SAFETY: the kernel reads `size` bytes of the arguments and writes at
        // most `vec_len` regions to `vec`; both outlive the call. It only looks at
        // the page table of the range: no flag asks for a change.
        let found = unsafe {
            libc::ioctl(
                pagemap.as_raw_fd(),
                PAGEMAP_SCAN,
                std::ptr::from_mut(&mut arguments),
            )
        };
        let found = usize::try_from(found).map_err(|_| io::Error::last_os_error())?;
        for region in regions.iter().take(found) {
            push_region(&mut runs, base, region.start, region.end);
        }
        if arguments.walk_end <= start {
            break;
        }
        start = arguments.walk_end;
    }
    Ok(runs)
}

fn push_region(runs: &mut Vec<PageRun>, base: usize, start: u64, end: u64) {
    let page = PAGE_BYTES as u64;
    let first = start.saturating_sub(base as u64) / page;
    let count = end.saturating_sub(start) / page;
    if let (Ok(first), Ok(count)) = (u32::try_from(first), u32::try_from(count)) {
        push_run(runs, first, count);
    }
}

fn read_pagemap(pagemap: &File, base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;
    const FILE_OR_SHARED: u64 = 1 << 61;
    const ENTRIES: usize = 4096;
    let mut runs = Vec::new();
    let mut buffer = vec![0u8; ENTRIES * 8];
    let pages = len / PAGE_BYTES;
    let mut next = 0;
    while next < pages {
        let count = ENTRIES.min(pages - next);
        let offset = (base / PAGE_BYTES + next) * 8;
        let chunk = buffer.get_mut(..count * 8).unwrap_or_default();
        pagemap.read_exact_at(chunk, offset as u64)?;
        for (index, entry) in chunk.chunks_exact(8).enumerate() {
            let bits = entry.try_into().map_or(0, u64::from_le_bytes);
            if bits & PRESENT_OR_SWAPPED != 0
                && bits & FILE_OR_SHARED == 0
                && let Ok(page) = u32::try_from(next + index)
            {
                push_run(&mut runs, page, 1);
            }
        }
        next += count;
    }
    Ok(runs)
}
