//! The frozen memory of a booted guest, as a file that many memories map.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::fs::{MemfdFlags, SealFlags};

use crate::page::{PAGE_BYTES, PageRun};
use crate::private_file::PrivateFile;
use crate::reservation::Reservation;
use crate::slot::FreeSlots;

/// A page-aligned file of guest memory whose bytes do not change any more:
/// either a file of the user's private cache or a sealed memory file.
///
/// Guests map it copy-on-write, so its pages are shared by all of them.
#[derive(Debug)]
pub struct MemoryImage {
    id: ImageId,
    file: OwnedFd,
    len: usize,
    hot: Vec<PageRun>,
    warms_new_memories: bool,
    /// The same bytes, mapped once for reading.
    pristine: Reservation,
    /// Where wiped slots over this image may be waiting.
    reusers: Mutex<Vec<Weak<FreeSlots>>>,
}

/// Tells the images of this process apart; no number comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageId(u64);

impl MemoryImage {
    /// Takes a file of the private cache as it is, without reading it.
    ///
    /// # Errors
    /// The length is no multiple of a WebAssembly page (64 KiB), is zero, or
    /// more than 4 GiB.
    pub fn from_private_file(file: PrivateFile) -> Result<Self, String> {
        let len = checked_len(file.stamp().bytes)?;
        Self::of(file.into_file().into(), len)
    }

    /// Copies `bytes` into a sealed memory file; zero pages stay holes.
    ///
    /// # Errors
    /// The length is not one that [`Self::from_private_file`] takes, or the
    /// system has no memory for it.
    pub fn sealed(bytes: &[u8]) -> Result<Self, String> {
        let sealing = Sealing::new(bytes.len() as u64)?;
        sealing.copy(0, bytes)?;
        sealing.finish()
    }

    fn of(file: OwnedFd, len: usize) -> Result<Self, String> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let mut pristine = Reservation::new(len, 1)?;
        pristine.map_for_reading(file.as_fd(), len)?;
        Ok(Self {
            id: ImageId(IDS.fetch_add(1, Ordering::Relaxed)),
            file,
            len,
            hot: Vec::new(),
            warms_new_memories: true,
            pristine,
            reusers: Mutex::default(),
        })
    }

    /// Says which pages a guest writes to first: they are copied when a memory is
    /// made, not one by one when the guest gets there. Runs beyond the image are
    /// left out.
    #[must_use]
    pub fn with_hot_pages(mut self, runs: &[PageRun]) -> Self {
        let inside = |run: &&PageRun| {
            run.count > 0 && run.start_byte().saturating_add(run.byte_len()) <= self.len
        };
        self.hot = runs.iter().filter(inside).copied().collect();
        self.hot.sort_unstable();
        self
    }

    /// Has hot pages copied when [`crate::warm`] is called and not when a memory is
    /// made: for memories that may never be used.
    #[must_use]
    pub fn warmed_later(mut self) -> Self {
        self.warms_new_memories = false;
        self
    }

    pub(crate) fn warms_new_memories(&self) -> bool {
        self.warms_new_memories
    }

    /// The image's own bytes, which no guest changes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes from the base are mapped for reading as long as
        // this value lives, and nothing in this process writes to them. The file
        // is sealed or in the private cache, where it is replaced, never changed.
        unsafe { std::slice::from_raw_parts(self.pristine.base().as_ptr(), self.len) }
    }

    /// The byte ranges of the file that are no holes, in order. What lies between
    /// them reads as zeros.
    #[must_use]
    pub fn data_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut ranges = Vec::new();
        let mut at = 0;
        while at < self.len {
            let find = |from| rustix::fs::seek(&self.file, from);
            let data = match find(rustix::fs::SeekFrom::Data(at as u64)) {
                Ok(data) => data,
                Err(rustix::io::Errno::NXIO) => break,
                // Not every file system tells.
                Err(_) => at as u64,
            };
            let hole = find(rustix::fs::SeekFrom::Hole(data)).unwrap_or(self.len as u64);
            let bounded =
                |offset: u64| usize::try_from(offset).map_or(self.len, |o| o.min(self.len));
            let (start, end) = (bounded(data), bounded(hole));
            if end <= at {
                break;
            }
            ranges.push(start..end);
            at = end;
        }
        ranges
    }

    /// The pages that [`Self::with_hot_pages`] was told of.
    #[must_use]
    pub fn hot_pages(&self) -> &[PageRun] {
        &self.hot
    }

    pub(crate) fn id(&self) -> ImageId {
        self.id
    }

    /// Notes that wiped slots over this image may wait in `slots`.
    pub(crate) fn reused_by(&self, slots: &Arc<FreeSlots>) {
        let mut reusers = self.reusers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |reuser: &Weak<FreeSlots>| std::ptr::eq(reuser.as_ptr(), Arc::as_ptr(slots));
        if !reusers.iter().any(known) {
            reusers.push(Arc::downgrade(slots));
        }
    }

    pub(crate) fn pristine(&self) -> &Reservation {
        &self.pristine
    }

    /// Length in bytes, a multiple of 64 KiB.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.len
    }

    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for MemoryImage {
    fn drop(&mut self) {
        let reusers = self
            .reusers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for slots in reusers.drain(..).filter_map(|slots| slots.upgrade()) {
            slots.forget(self.id);
        }
    }
}

/// A memory file that is being filled, to become an image.
#[derive(Debug)]
pub struct Sealing {
    file: File,
    len: usize,
}

impl Sealing {
    /// A memory file of `bytes` zeros, which take no memory yet.
    ///
    /// # Errors
    /// As [`MemoryImage::sealed`].
    pub fn new(bytes: u64) -> Result<Self, String> {
        let len = checked_len(bytes)?;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create("sandcell-image", flags)
            .map_err(|error| format!("cannot make a memory file: {error}"))?;
        let file = File::from(descriptor);
        file.set_len(len as u64)
            .map_err(|error| format!("cannot size a memory file: {error}"))?;
        Ok(Self { file, len })
    }

    /// Copies `bytes` to `start`, both of whole pages but at the end; pages of
    /// zeros are left out.
    ///
    /// # Errors
    /// They do not fit, or the system has no memory left.
    pub fn copy(&self, start: usize, bytes: &[u8]) -> Result<(), String> {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        let mut rest = bytes;
        let mut at = start;
        while !rest.is_empty() {
            let is_data = |page: &&[u8]| ZEROS.get(..page.len()) != Some(*page);
            let pages = |wanted: bool| {
                let same = rest
                    .chunks(PAGE_BYTES)
                    .take_while(|page| is_data(page) == wanted);
                same.map(<[u8]>::len).sum::<usize>()
            };
            let zeros = pages(false);
            let data = if zeros == 0 { pages(true) } else { 0 };
            if data > 0 {
                self.put(at, rest.get(..data).unwrap_or_default())?;
            }
            rest = rest.get(zeros + data..).unwrap_or_default();
            at += zeros + data;
        }
        Ok(())
    }

    /// Copies `bytes` to `start`, zeros included.
    ///
    /// # Errors
    /// As [`Self::copy`].
    pub fn put(&self, start: usize, bytes: &[u8]) -> Result<(), String> {
        if start
            .checked_add(bytes.len())
            .is_none_or(|end| end > self.len)
        {
            return Err(format!(
                "{} bytes at {start} are outside of an image",
                bytes.len()
            ));
        }
        self.file
            .write_all_at(bytes, start as u64)
            .map_err(|error| format!("cannot fill a memory file: {error}"))
    }

    /// Seals the file: its bytes do not change any more.
    ///
    /// # Errors
    /// The system refuses.
    pub fn finish(self) -> Result<MemoryImage, String> {
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&self.file, seals)
            .map_err(|error| format!("cannot seal a memory file: {error}"))?;
        MemoryImage::of(self.file.into(), self.len)
    }
}

fn checked_len(bytes: u64) -> Result<usize, String> {
    if bytes == 0 || !bytes.is_multiple_of(65_536) || bytes > 1 << 32 {
        return Err(format!(
            "an image of {bytes} bytes is not 1 to 65,536 WebAssembly pages"
        ));
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}
