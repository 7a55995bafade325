//! The frozen memory of a booted guest, as a file that many memories map.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags};

use crate::page::PAGE_BYTES;
use crate::private_file::PrivateFile;

/// A page-aligned file of guest memory whose bytes do not change any more:
/// either a file of the user's private cache or a sealed memory file.
///
/// Guests map it copy-on-write, so its pages are shared by all of them.
#[derive(Debug)]
pub struct MemoryImage {
    file: OwnedFd,
    len: usize,
}

impl MemoryImage {
    /// Takes a file of the private cache as it is, without reading it.
    ///
    /// # Errors
    /// The length is no multiple of a WebAssembly page (64 KiB), is zero, or
    /// more than 4 GiB.
    pub fn from_private_file(file: PrivateFile) -> Result<Self, String> {
        let len = checked_len(file.stamp().bytes)?;
        Ok(Self {
            file: file.into_file().into(),
            len,
        })
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
        Ok(Self {
            file: file.into(),
            len,
        })
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
    if bytes == 0 || bytes % 65_536 != 0 || bytes > 1 << 32 {
        return Err(format!(
            "an image of {bytes} bytes is not 1 to 65,536 WebAssembly pages"
        ));
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}
