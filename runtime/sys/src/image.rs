//! The frozen memory of a booted guest, as a file that many memories map.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags};

use crate::page::{PAGE_BYTES, PageRun};
use crate::private_file::PrivateFile;
use crate::reservation::Reservation;

/// A page-aligned file of guest memory whose bytes do not change any more:
/// either a file of the user's private cache or a sealed memory file.
///
/// Guests map it copy-on-write, so its pages are shared by all of them.
#[derive(Debug)]
pub struct MemoryImage {
    file: OwnedFd,
    len: usize,
    hot: Vec<PageRun>,
    /// The same bytes, mapped once for reading.
    pristine: Reservation,
}

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

    /// Copies `bytes` into a sealed memory file; runs of zero pages stay holes.
    ///
    /// # Errors
    /// The length is not one that [`Self::from_private_file`] takes, or the
    /// system has no memory for it.
    pub fn sealed(bytes: &[u8]) -> Result<Self, String> {
        let len = checked_len(bytes.len() as u64)?;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create("sandcell-image", flags)
            .map_err(|error| format!("cannot make a memory file: {error}"))?;
        let file = std::fs::File::from(descriptor);
        file.set_len(len as u64)
            .map_err(|error| format!("cannot size a memory file: {error}"))?;
        for (index, page) in bytes.chunks(PAGE_BYTES).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                file.write_all_at(page, (index * PAGE_BYTES) as u64)
                    .map_err(|error| format!("cannot fill a memory file: {error}"))?;
            }
        }
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)
            .map_err(|error| format!("cannot seal a memory file: {error}"))?;
        Self::of(file.into(), len)
    }

    fn of(file: OwnedFd, len: usize) -> Result<Self, String> {
        let mut pristine = Reservation::new(len, 1)?;
        pristine.map_for_reading(file.as_fd(), len)?;
        Ok(Self {
            file,
            len,
            hot: Vec::new(),
            pristine,
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

    /// The image's own bytes, which no guest changes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes from the base are mapped for reading as long as
        // this value lives, and nothing in this process writes to them. The file
        // is sealed or in the private cache, where it is replaced, never changed.
        unsafe { std::slice::from_raw_parts(self.pristine.base().as_ptr(), self.len) }
    }

    pub(crate) fn hot_pages(&self) -> &[PageRun] {
        &self.hot
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

fn checked_len(bytes: u64) -> Result<usize, String> {
    if bytes == 0 || !bytes.is_multiple_of(65_536) || bytes > 1 << 32 {
        return Err(format!(
            "an image of {bytes} bytes is not 1 to 65,536 WebAssembly pages"
        ));
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}
