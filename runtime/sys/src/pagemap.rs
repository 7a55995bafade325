//! What the kernel tells about the pages of a range.
//!
//! A page of a copy-on-write memory belongs to the guest once it was written.
//! `PAGEMAP_SCAN` (Linux 6.7 and newer) skips what is shared with the image and the
//! zero page; older kernels give `/proc/self/pagemap`, which takes a read of the
//! zero page for an own page. Where a process may not look at either, every page may
//! be an own one: whoever asks compares them with the image anyway.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use crate::page::{PAGE_BYTES, PageRun, push_run};

/// The pages of a range that were written to since it was mapped, or may have been.
pub(crate) fn own_pages(base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    let Some(pagemap) = pagemap() else {
        return Ok(all_pages(len));
    };
    own_or_read(pagemap, base, len, &OWN)
}

/// Those of them that take memory now. (Of a watched range, the kernel gives out what
/// is not there and protected for a page that was swapped out.)
pub(crate) fn resident_pages(base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    let Some(pagemap) = pagemap() else {
        return Ok(all_pages(len));
    };
    own_or_read(pagemap, base, len, &RESIDENT)
}

/// The pages of a range, all of which is watched (see [`crate::watch`]), that are not
/// protected: those that were written to, mapped or given back since they were.
///
/// # Errors
/// A part of the range is not watched, or the kernel cannot do it.
pub(crate) fn written_pages(base: usize, len: usize) -> io::Result<Vec<PageRun>> {
    let pagemap = pagemap().ok_or(io::ErrorKind::Unsupported)?;
    scan(pagemap, base, len, &WRITTEN)
}

/// Protects them.
///
/// # Errors
/// As [`written_pages`].
pub(crate) fn protect_written(base: usize, len: usize) -> io::Result<()> {
    let pagemap = pagemap().ok_or(io::ErrorKind::Unsupported)?;
    scan(pagemap, base, len, &PROTECT).map(|_| ())
}

fn own_or_read(pagemap: &File, base: usize, len: usize, query: &Query) -> io::Result<Vec<PageRun>> {
    match scan(pagemap, base, len, query) {
        Err(error) if is_unknown(&error) => read_pagemap(pagemap, base, len),
        other => other,
    }
}

/// The process's page table. It stays open: processes may lose the right to open it.
fn pagemap() -> Option<&'static File> {
    static PAGEMAP: OnceLock<Option<File>> = OnceLock::new();
    let open = || File::open("/proc/self/pagemap").ok();
    PAGEMAP.get_or_init(open).as_ref()
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL))
}

fn all_pages(len: usize) -> Vec<PageRun> {
    let count = u32::try_from(len / PAGE_BYTES).unwrap_or(u32::MAX);
    let first = 0;
    Vec::from_iter((count > 0).then_some(PageRun { first, count }))
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

const PAGE_IS_WRITTEN: u64 = 1 << 1;
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;
const PM_SCAN_WP_MATCHING: u64 = 1 << 0;
const PM_SCAN_CHECK_WPASYNC: u64 = 1 << 1;
/// `_IOWR('f', 16, struct pm_scan_arg)` with its 96 bytes.
const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// What a scan looks for.
struct Query {
    flags: u64,
    inverted: u64,
    mask: u64,
    any_of: u64,
    answer: u64,
}

/// Pages with memory of their own.
const OWN: Query = Query {
    flags: 0,
    inverted: PAGE_IS_FILE | PAGE_IS_PFNZERO,
    mask: PAGE_IS_FILE | PAGE_IS_PFNZERO,
    any_of: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
    answer: PAGE_IS_PRESENT,
};

/// The same, but for what is swapped out.
const RESIDENT: Query = Query {
    any_of: PAGE_IS_PRESENT,
    ..OWN
};

/// Pages that are not protected. These very masks, and no others, take the kernel's
/// quick way, which is some thirty times as fast.
const WRITTEN: Query = Query {
    flags: PM_SCAN_CHECK_WPASYNC,
    inverted: 0,
    mask: PAGE_IS_WRITTEN,
    any_of: 0,
    answer: PAGE_IS_WRITTEN,
};

/// The same, and protects them.
const PROTECT: Query = Query {
    flags: PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
    ..WRITTEN
};

fn scan(pagemap: &File, base: usize, len: usize, query: &Query) -> io::Result<Vec<PageRun>> {
    let mut runs = Vec::new();
    let mut regions = [PageRegion::default(); 256];
    let end = (base + len) as u64;
    let mut start = base as u64;
    while start < end {
        let mut arguments = ScanArguments {
            size: size_of::<ScanArguments>() as u64,
            flags: query.flags,
            start,
            end,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_inverted: query.inverted,
            category_mask: query.mask,
            category_anyof_mask: query.any_of,
            return_mask: query.answer,
            ..ScanArguments::default()
        };
        // SAFETY: the kernel reads `size` bytes of the arguments and writes at
        // most `vec_len` regions to `vec`; both outlive the call. It only looks at
        // the page table of the range, and with `PROTECT` notes there which pages
        // it has told of: no query changes what anybody reads, or may write.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reservation::Reservation;

    #[test]
    fn each_way_to_look_finds_what_was_written() {
        let len = 64 * PAGE_BYTES;
        let mut reservation = Reservation::new(len, 1).unwrap();
        reservation.protect(0..len, true).unwrap();
        let base = reservation.base().as_ptr() as usize;
        for page in [3, 4, 60] {
            // SAFETY: the page lies in the reservation, which is accessible and
            // which nobody else uses.
            let at = unsafe { reservation.base().as_ptr().add(page * PAGE_BYTES) };
            // SAFETY: as above.
            unsafe { at.write_volatile(1) };
        }
        let run = |first, count| PageRun { first, count };
        let expected = [run(3, 2), run(60, 1)];
        let pagemap = pagemap().unwrap();
        match scan(pagemap, base, len, &OWN) {
            Err(error) => assert!(is_unknown(&error), "{error}"),
            Ok(runs) => assert_eq!(runs, expected),
        }
        assert_eq!(resident_pages(base, len).unwrap(), expected);
        assert_eq!(read_pagemap(pagemap, base, len).unwrap(), expected);
        assert_eq!(own_pages(base, len).unwrap(), expected);
        assert_eq!(all_pages(len), [run(0, 64)]);
        assert_eq!(all_pages(0), []);
    }
}
