//! Which pages of a memory were written to since it was looked at last.
//!
//! A guest with many own pages changes few of them from one checkpoint to the next.
//! Write-protecting all of them and noting the faults tells which: Linux does both
//! by itself, with `userfaultfd` in its asynchronous mode (6.7 and newer), and lists
//! the pages that are not protected any more with `PAGEMAP_SCAN`. The first write to
//! a page after each look costs a fault of some 0.7 microseconds.

use std::ffi::c_ulong;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::mm::UserfaultfdFlags;
use wasmtime::{Memory, Store};

use crate::birth::Housed;
use crate::budget::Share;
use crate::memory::GUEST_MEMORY_BYTES;
use crate::page::{PageRun, joined, push_run};
use crate::pagemap::{own_pages, protect_written, written_pages};

/// Kernel mappings that a watch cuts a memory into, beyond the usual ones.
const MAPPINGS_OF_A_WATCH: usize = 3;

/// Runs of so many pages are looked into: pages that were mapped or given back count
/// as written.
const LONG_RUN: u32 = 64;

/// Pages that are passed over faster than the kernel is asked once more.
const LITTLE: u32 = 1024;

/// Given back parts that are remembered between two looks.
const DISCARDED: usize = 4096;

/// The watch of a store's memory.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Option<Watched>>);

#[derive(Debug)]
struct Watched {
    /// Pages given back since the last look.
    discarded: Vec<PageRun>,
    /// Those are too many, or a look failed: nothing is known about what was written.
    is_lost: bool,
    _share: Share,
}

impl Watch {
    /// Whether mappings of the memory are marked.
    pub(crate) fn is_on(&self) -> bool {
        self.lock().is_some()
    }

    /// Notes whole pages that hold nothing any more: the kernel may take those that
    /// were protected for protected.
    pub(crate) fn discarded(&self, run: PageRun) {
        if let Some(watched) = &mut *self.lock() {
            watched.is_lost |= watched.discarded.len() >= DISCARDED;
            if !watched.is_lost {
                watched.discarded.push(run);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the pages of a watched part since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Pages that may hold something else than before. Sorted and apart.
    pub stale: Vec<PageRun>,
    /// Those of them that are the guest's own, or may be. Sorted and apart.
    pub own: Vec<PageRun>,
}

/// Watches the memory of a guest from now on. False, and it is not watched, where that
/// cannot be done: the system does not offer it, the memory was not made over an
/// image, or there are too many mappings.
///
/// When something is mapped into the memory later, it has to be watched anew.
pub fn watch<D: 'static>(store: &mut Store<Housed<D>>, memory: &Memory) -> bool {
    let record = Arc::clone(store.data().stack());
    let span = memory.data_mut(&mut *store);
    let (base, len) = (span.as_mut_ptr() as usize, span.len());
    let mut watched = record.watch.lock();
    let share = watched.take().map(|before| before._share);
    let share = share.or_else(|| Share::take(MAPPINGS_OF_A_WATCH).ok());
    let expected = record.laid.is_expected();
    let (Some(share), Some(descriptor), true) = (share, descriptor(), expected) else {
        return false;
    };
    // The marks stay until the memory is unmapped: from here on it counts as watched,
    // so that its address range is not used again.
    *watched = Some(Watched {
        discarded: Vec::new(),
        is_lost: true,
        _share: share,
    });
    let done = mark(descriptor, base as u64, GUEST_MEMORY_BYTES)
        .and_then(|()| protect(descriptor, base, len));
    if let Some(watched) = &mut *watched {
        watched.is_lost = done.is_err();
    }
    done.is_ok()
}

/// What was written to since the last look, or since the memory is watched. This
/// starts the next look.
///
/// # Errors
/// The memory is not watched, or that failed, also earlier: nothing is known, and it
/// has to be watched anew.
pub fn written<D>(store: &mut Store<Housed<D>>, memory: &Memory) -> io::Result<Written> {
    let record = Arc::clone(store.data().stack());
    let base = memory.data_ptr(&*store) as usize;
    let len = memory.data_size(&*store);
    let mut watched = record.watch.lock();
    let watched = watched.as_mut().filter(|watched| !watched.is_lost);
    let watched = watched.ok_or(io::ErrorKind::NotFound)?;
    watched.is_lost = true;
    let mut own = Vec::new();
    let mut stale = std::mem::take(&mut watched.discarded);
    let found = written_pages(base, len)?;
    for run in &found {
        if run.count < LONG_RUN {
            push_run(&mut own, run.first, run.count);
            continue;
        }
        for part in own_pages(base + run.start_byte(), run.byte_len())? {
            push_run(&mut own, run.first + part.first, part.count);
        }
    }
    for run in clusters(&found) {
        protect_written(base + run.start_byte(), run.byte_len())?;
    }
    stale.extend(found);
    watched.is_lost = false;
    Ok(Written {
        stale: joined(stale),
        own,
    })
}

/// Joins sorted runs with little between them.
fn clusters(runs: &[PageRun]) -> Vec<PageRun> {
    let mut clusters: Vec<PageRun> = Vec::new();
    for run in runs {
        match clusters.last_mut() {
            Some(last) if last.first + last.count + LITTLE >= run.first => {
                last.count = run.first + run.count - last.first;
            }
            _ => clusters.push(*run),
        }
    }
    clusters
}

/// Opens what watches are made with, before the process gives up the right to.
pub(crate) fn prepare() {
    let _there = descriptor();
}

/// The process's handle for watches; `None` where the system has none.
fn descriptor() -> Option<&'static OwnedFd> {
    static DESCRIPTOR: OnceLock<Option<OwnedFd>> = OnceLock::new();
    DESCRIPTOR.get_or_init(|| open().ok()).as_ref()
}

/// `struct uffdio_api` of `linux/userfaultfd.h`.
#[repr(C)]
struct Api {
    api: u64,
    features: u64,
    ioctls: u64,
}

/// `struct uffdio_register`.
#[repr(C)]
struct Register {
    start: u64,
    len: u64,
    mode: u64,
    ioctls: u64,
}

/// `struct uffdio_writeprotect`.
#[repr(C)]
struct WriteProtect {
    start: u64,
    len: u64,
    mode: u64,
}

const UFFD_API: u64 = 0xaa;
/// Pages that are not there yet can be protected, too.
const UFFD_FEATURE_WP_UNPOPULATED: u64 = 1 << 13;
/// Faults are resolved by the kernel, nobody is asked.
const UFFD_FEATURE_WP_ASYNC: u64 = 1 << 15;
const UFFDIO_REGISTER_MODE_WP: u64 = 1 << 1;
const UFFDIO_WRITEPROTECT_MODE_WP: u64 = 1 << 0;
/// `_IOWR(0xAA, n, ...)` of the three above.
const UFFDIO_API: c_ulong = 0xc018_aa3f;
const UFFDIO_REGISTER: c_ulong = 0xc020_aa00;
const UFFDIO_WRITEPROTECT: c_ulong = 0xc018_aa06;

fn open() -> io::Result<OwnedFd> {
    // This mode is open to everybody: no fault of the kernel's own waits for us.
    let flags = UserfaultfdFlags::CLOEXEC | UserfaultfdFlags::from_bits_retain(USER_MODE_ONLY);
    // SAFETY: the handle touches no memory by itself; the functions of this module
    // are the only ones that use it.
    let descriptor = unsafe { rustix::mm::userfaultfd(flags) }?;
    let mut api = Api {
        api: UFFD_API,
        features: UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED,
        ioctls: 0,
    };
    ask(&descriptor, UFFDIO_API, &mut api)?;
    Ok(descriptor)
}

/// `UFFD_USER_MODE_ONLY`.
const USER_MODE_ONLY: u32 = 1;

/// Lets pages of a range be protected, those that it has and those that it gets.
fn mark(descriptor: &OwnedFd, start: u64, len: u64) -> io::Result<()> {
    let mut register = Register {
        start,
        len,
        mode: UFFDIO_REGISTER_MODE_WP,
        ioctls: 0,
    };
    ask(descriptor, UFFDIO_REGISTER, &mut register)
}

fn protect(descriptor: &OwnedFd, start: usize, len: usize) -> io::Result<()> {
    let mut range = WriteProtect {
        start: start as u64,
        len: len as u64,
        mode: UFFDIO_WRITEPROTECT_MODE_WP,
    };
    ask(descriptor, UFFDIO_WRITEPROTECT, &mut range)
}

/// One of the calls above, with its structure.
fn ask<T>(descriptor: &OwnedFd, call: c_ulong, argument: &mut T) -> io::Result<()> {
    debug_assert!(size_of::<T>() as u64 == (call >> 16) & 0x3fff);
    // SAFETY: the kernel reads and writes the bytes of the structure, whose size is
    // part of the call's number (checked above), and which outlives the call. In the
    // asynchronous mode a protected page is copied, counted and handed to the writer
    // by the kernel: nobody ever waits, or reads something else than before.
    let failed = unsafe { libc::ioctl(descriptor.as_raw_fd(), call, std::ptr::from_mut(argument)) };
    if failed == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PAGE_BYTES;
    use crate::reservation::Reservation;

    fn run(first: u32, count: u32) -> PageRun {
        PageRun { first, count }
    }

    #[test]
    fn runs_with_little_between_them_are_one_cluster() {
        let far = run(20 + 1 + LITTLE + 1, 2);
        let runs = [run(3, 1), run(20, 1), far, run(far.first + 5, 1)];
        assert_eq!(clusters(&runs), [run(3, 18), run(far.first, 6)]);
        assert_eq!(clusters(&[]), []);
    }

    #[test]
    fn first_writes_after_each_look_are_found() {
        let Some(descriptor) = descriptor() else {
            eprintln!("this system cannot watch memories");
            return;
        };
        let len = 256 * PAGE_BYTES;
        let mut reservation = Reservation::new(2 * len, 1).unwrap();
        reservation.protect(0..len, true).unwrap();
        let start = reservation.base().as_ptr();
        let (base, page) = (start as usize, |page: usize| {
            // SAFETY: the page lies in the reservation; the tests below touch
            // accessible ones only, and nobody else uses them.
            unsafe { start.add(page * PAGE_BYTES) }
        });
        let take = |len| {
            let runs = written_pages(base, len).unwrap();
            protect_written(base, len).unwrap();
            runs
        };
        // SAFETY: see `page`.
        let write = |at: usize| unsafe { page(at).write_volatile(7) };
        // SAFETY: see `page`.
        let read = |at: usize| unsafe { page(at).read_volatile() };
        write(1);
        write(2);
        mark(descriptor, base as u64, 2 * len as u64).unwrap();
        protect(descriptor, base, len).unwrap();
        assert_eq!(take(len), []);
        // Of its own, fresh, and only read.
        write(2);
        write(100);
        assert_eq!((read(1), read(50)), (7, 0));
        assert_eq!(take(len), [run(2, 1), run(100, 1)]);
        assert_eq!(take(len), []);
        for at in [1, 2, 2, 50, 100] {
            write(at);
        }
        let expected = [run(1, 2), run(50, 1), run(100, 1)];
        assert_eq!(take(len), expected);
        // What becomes accessible later is as if written.
        reservation.protect(len..len + PAGE_BYTES, true).unwrap();
        assert_eq!(take(len + PAGE_BYTES), [run(256, 1)]);
        assert_eq!(take(len + PAGE_BYTES), []);
        // A range that is not watched is refused.
        let other = Reservation::new(len, 1).unwrap();
        let error = written_pages(other.base().as_ptr() as usize, len).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{error}");
    }
}
