//! Calls that list directories and close or renumber descriptors.

use super::abi::{Errno, filetype, filetype_of};
use super::attributes::fill;
use super::call::Call;
use super::descriptors::{Descriptor, Descriptors};
use super::memory;

/// The name of the preopened directory.
const PREOPEN: &[u8] = b"/";

/// Bytes of the record before each name.
const DIRENT_BYTES: usize = 24;

/// Cookies: 0 stands before `.`, 1 before `..`, 2 before everything else.
const AFTER_DOT: u64 = 1;
const AFTER_DOT_DOT: u64 = 2;

/// The buffer of a listing and how far it is filled.
struct Buffer<'m> {
    place: &'m mut [u8],
    used: usize,
}

impl Buffer<'_> {
    /// Put as much of `bytes` as fits. False when that was not all.
    fn put(&mut self, bytes: &[u8]) -> bool {
        let rest = self.place.get_mut(self.used..).unwrap_or_default();
        let fits = bytes.len().min(rest.len());
        if let (Some(to), Some(from)) = (rest.get_mut(..fits), bytes.get(..fits)) {
            to.copy_from_slice(from);
        }
        self.used += fits;
        fits == bytes.len()
    }

    /// Put an entry. False when it was cut, and so the buffer is full.
    fn entry(&mut self, next: u64, inode: u64, filetype: u8, name: &str) -> bool {
        let mut record = [0; DIRENT_BYTES];
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        fill(&mut record, 0, &next.to_le_bytes());
        fill(&mut record, 8, &inode.to_le_bytes());
        fill(&mut record, 16, &length.to_le_bytes());
        fill(&mut record, 20, &[filetype]);
        self.put(&record) && self.put(name.as_bytes())
    }
}

impl Descriptors {
    /// List a directory into a buffer from `cookie` on, `.` and `..` first. The
    /// last entry may be cut; a buffer that is not full means the end.
    ///
    /// What was there when the listing began, at cookie 0, is shown once if it
    /// stays; what is made meanwhile is not, so that a loop over a directory
    /// ends whatever it does there.
    ///
    /// # Errors
    /// `EBADF`, `ENOTDIR`, `EFAULT`, `ENOENT` for a removed directory.
    pub(crate) fn fd_readdir(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        nused: u32,
    ) -> Result<(), Errno> {
        memory::check(call.memory, nused, 4)?;
        let directory = match self.get_mut(fd)? {
            Descriptor::Directory(directory) => directory,
            Descriptor::File(_) => return Err(Errno::Notdir),
            _ => return Err(Errno::Badf),
        };
        let node = directory.node;
        let tree = &*call.tree;
        let mut next = tree.entry_from(node, cookie.max(AFTER_DOT_DOT))?;
        if cookie == 0 || directory.listing_end == 0 {
            directory.listing_end = tree.end_cookie(node)?;
        }
        let mut buffer = Buffer {
            place: memory::bytes_mut(call.memory, buf, buf_len)?,
            used: 0,
        };
        let kind = filetype::DIRECTORY;
        let mut room = true;
        if cookie < AFTER_DOT {
            room = buffer.entry(AFTER_DOT, node.inode(), kind, ".");
        }
        if room && cookie < AFTER_DOT_DOT {
            let parent = tree.parent(node)?;
            room = buffer.entry(AFTER_DOT_DOT, parent.inode(), kind, "..");
        }
        while room {
            let Some(listing) = next.filter(|next| next.cookie < directory.listing_end) else {
                break;
            };
            let entry = &listing.entry;
            let after = listing.cookie + 1;
            let kind = filetype_of(entry.kind);
            room = buffer.entry(after, entry.id.inode(), kind, &entry.name);
            next = tree.entry_from(node, after)?;
        }
        let used = u32::try_from(buffer.used).map_err(|_| Errno::Overflow)?;
        memory::put_u32(call.memory, nused, used)
    }

    /// Describe a preopened directory: the length of its name.
    ///
    /// # Errors
    /// `EBADF` for everything else, `EFAULT`.
    pub(crate) fn fd_prestat_get(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        out: u32,
    ) -> Result<(), Errno> {
        match self.get(fd)? {
            Descriptor::Directory(directory) if directory.preopened => {
                // Tag 0 is a directory; the length follows at 4.
                let length = u32::try_from(PREOPEN.len()).unwrap_or(u32::MAX);
                let mut record = [0; 8];
                fill(&mut record, 4, &length.to_le_bytes());
                memory::put(call.memory, out, record)
            }
            _ => Err(Errno::Badf),
        }
    }

    /// The name of a preopened directory.
    ///
    /// # Errors
    /// `EBADF`, `ENOTDIR` for everything else, `ENAMETOOLONG` when the buffer is
    /// too small, `EFAULT`.
    pub(crate) fn fd_prestat_dir_name(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        match self.get(fd)? {
            Descriptor::Directory(directory) if directory.preopened => {
                let place = memory::bytes_mut(call.memory, path, path_len)?;
                let place = place.get_mut(..PREOPEN.len()).ok_or(Errno::Nametoolong)?;
                place.copy_from_slice(PREOPEN);
                Ok(())
            }
            _ => Err(Errno::Notdir),
        }
    }

    /// Close a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub(crate) fn fd_close(&mut self, call: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
        self.close(call.tree, fd)
    }

    /// Give the descriptor `from` the number of `to`, which is closed.
    ///
    /// # Errors
    /// `EBADF` unless both are open.
    pub(crate) fn fd_renumber(
        &mut self,
        call: &mut Call<'_>,
        from: u32,
        to: u32,
    ) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let moved = self.take(from)?;
            self.close(call.tree, to)?;
            self.put(to, moved);
        }
        Ok(())
    }
}
