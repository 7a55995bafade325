//! Calls on the attributes of descriptors and of the files behind them.

use crate::files::Stat;

use super::abi::{Errno, fdflags, filetype, filetype_of, fstflags, rights};
use super::call::{Call, Now};
use super::descriptors::{Descriptor, Descriptors, PipeSide};
use super::memory;

/// Bytes of the record that describes a descriptor.
const FDSTAT_BYTES: usize = 24;
/// Bytes of the record that describes a file.
const FILESTAT_BYTES: usize = 64;

impl Descriptors {
    /// Describe a descriptor: type, flags, rights.
    ///
    /// # Errors
    /// `EBADF`, `EFAULT`.
    pub(crate) fn fd_fdstat_get(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        out: u32,
    ) -> Result<(), Errno> {
        let (filetype, flags, base, inheriting) = match self.get(fd)? {
            Descriptor::Stdin => (filetype::UNKNOWN, 0, rights::FD_READ, rights::FD_READ),
            Descriptor::Output(_) => (filetype::UNKNOWN, 0, rights::FD_WRITE, rights::FD_WRITE),
            Descriptor::Pipe(end) => {
                let way = match end.side {
                    PipeSide::Reader(_) => rights::FD_READ,
                    PipeSide::Writer(_) => rights::FD_WRITE,
                    PipeSide::Broken => rights::FD_READ | rights::FD_WRITE,
                };
                let base = way | rights::FD_FDSTAT_SET_FLAGS | rights::POLL_FD_READWRITE;
                // A device that cannot be sought is what C libraries take for a
                // terminal.
                let filetype = if end.is_terminal() {
                    filetype::CHARACTER_DEVICE
                } else {
                    filetype::UNKNOWN
                };
                (filetype, end.flags, base, base)
            }
            Descriptor::Null => {
                let base = rights::FD_READ | rights::FD_WRITE;
                (filetype::CHARACTER_DEVICE, 0, base | rights::FILE, base)
            }
            Descriptor::Directory(directory) => {
                let inheriting =
                    rights::DIRECTORY | rights::FILE | rights::FD_READ | rights::FD_WRITE;
                (
                    filetype::DIRECTORY,
                    directory.flags,
                    rights::DIRECTORY,
                    inheriting,
                )
            }
            Descriptor::File(file) => {
                let read = if file.read { rights::FD_READ } else { 0 };
                let write = if file.write { rights::FD_WRITE } else { 0 };
                let filetype = if file.device.is_some() {
                    filetype::CHARACTER_DEVICE
                } else {
                    filetype::REGULAR_FILE
                };
                let base = rights::FILE | read | write;
                (filetype, file.flags, base, base)
            }
        };
        let mut record = [0; FDSTAT_BYTES];
        fill(&mut record, 0, &[filetype]);
        fill(&mut record, 2, &flags.to_le_bytes());
        fill(&mut record, 8, &base.to_le_bytes());
        fill(&mut record, 16, &inheriting.to_le_bytes());
        memory::put(call.memory, out, record)
    }

    /// Set the flags of an open file. Appending takes effect; the rest is shown.
    ///
    /// # Errors
    /// `EBADF`; `EINVAL` for an unknown flag; `ENOTSUP` for a stream.
    pub(crate) fn fd_fdstat_set_flags(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        flags: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.get_mut(fd)?;
        let flags = known_fdflags(flags)?;
        match descriptor {
            Descriptor::File(file) => file.flags = flags,
            Descriptor::Directory(directory) => directory.flags = flags,
            Descriptor::Pipe(end) => end.flags = flags,
            Descriptor::Null => {}
            Descriptor::Stdin | Descriptor::Output(_) => return Err(Errno::Notsup),
        }
        Ok(())
    }

    /// Rights are not taken away: nothing is guarded by them.
    ///
    /// # Errors
    /// `EBADF`, else always `ENOTSUP`.
    pub(crate) fn fd_fdstat_set_rights(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        _base: u64,
        _inheriting: u64,
    ) -> Result<(), Errno> {
        self.get(fd)?;
        Err(Errno::Notsup)
    }

    /// Describe the file behind a descriptor. Of a stream nothing is known.
    ///
    /// # Errors
    /// `EBADF`, `EFAULT`, `ESTALE`.
    pub(crate) fn fd_filestat_get(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        out: u32,
    ) -> Result<(), Errno> {
        match self.get(fd)? {
            Descriptor::Stdin | Descriptor::Output(_) | Descriptor::Pipe(_) | Descriptor::Null => {
                memory::put(call.memory, out, [0; FILESTAT_BYTES])
            }
            Descriptor::File(_) | Descriptor::Directory(_) => {
                let stat = call.tree.stat_of(self.node(fd)?)?;
                memory::put(call.memory, out, filestat(&stat))
            }
        }
    }

    /// Set times of the file behind a descriptor.
    ///
    /// # Errors
    /// `EBADF` also for a stream; `EINVAL` for contradictory flags; `EROFS`,
    /// `EACCES`.
    pub(crate) fn fd_filestat_set_times(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        atim: u64,
        mtim: u64,
        flags: u32,
    ) -> Result<(), Errno> {
        let node = self.node(fd)?;
        let (accessed, modified) = times(call.now, atim, mtim, flags)?;
        let now_ns = call.now.realtime_ns;
        call.tree.set_times_of(node, accessed, modified, now_ns)?;
        Ok(())
    }
}

/// The flags of an open file, all known.
pub(super) fn known_fdflags(flags: u32) -> Result<u16, Errno> {
    let flags = u16::try_from(flags).map_err(|_| Errno::Inval)?;
    if flags & !fdflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    Ok(flags)
}

/// The times of access and of change that a call sets; none stays as it is.
pub(super) fn times(
    now: Now,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result<(Option<u64>, Option<u64>), Errno> {
    if flags & !fstflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    let time = |given: u32, at_once: u32, value: u64| match (flags & given, flags & at_once) {
        (0, 0) => Ok(None),
        (_, 0) => Ok(Some(value)),
        (0, _) => Ok(Some(now.realtime_ns)),
        _ => Err(Errno::Inval),
    };
    Ok((
        time(fstflags::ATIM, fstflags::ATIM_NOW, atim)?,
        time(fstflags::MTIM, fstflags::MTIM_NOW, mtim)?,
    ))
}

/// The record that describes a file.
pub(super) fn filestat(stat: &Stat) -> [u8; FILESTAT_BYTES] {
    let mut record = [0; FILESTAT_BYTES];
    fill(&mut record, 0, &stat.id.device().to_le_bytes());
    fill(&mut record, 8, &stat.id.inode().to_le_bytes());
    fill(&mut record, 16, &[filetype_of(stat.kind)]);
    fill(&mut record, 24, &u64::from(stat.links).to_le_bytes());
    fill(&mut record, 32, &stat.size.to_le_bytes());
    fill(&mut record, 40, &stat.accessed_ns.to_le_bytes());
    fill(&mut record, 48, &stat.modified_ns.to_le_bytes());
    fill(&mut record, 56, &stat.changed_ns.to_le_bytes());
    record
}

/// Put a field into a record at its place, which is within the record.
pub(super) fn fill(record: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = record.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}
