//! What the sandbox's files have and preview 1 does not know: modes, owners,
//! and how much room there is.

use crate::files::NodeId;

use super::abi::Errno;
use super::attributes::fill;
use super::call::Call;
use super::descriptors::Descriptors;
use super::memory;
use super::path::follow;

/// Bytes of the record of mode, owner and group.
const OWNERSHIP_BYTES: usize = 12;
/// Bytes of the record of room and entries.
const ROOM_BYTES: usize = 32;

/// Which of the values of [`Descriptors::set_attributes`] are meant.
mod which {
    pub(super) const MODE: u32 = 1;
    pub(super) const OWNER: u32 = 2;
    pub(super) const GROUP: u32 = 4;
    pub(super) const ALL: u32 = 7;
}

/// The bits of a mode that can be set.
const MODE_BITS: u32 = 0o7777;

impl Descriptors {
    /// Tell the mode, owner and group of the file at a path; of the one behind
    /// the descriptor when the path is empty.
    ///
    /// # Errors
    /// As [`Descriptors::path_filestat_get`]; `EBADF` also for a stream.
    pub(crate) fn attributes(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        out: u32,
    ) -> Result<(), Errno> {
        let id = self.target(call, fd, flags, path, path_len)?;
        let stat = call.tree.stat_of(id)?;
        let mut record = [0; OWNERSHIP_BYTES];
        fill(&mut record, 0, &stat.mode.to_le_bytes());
        fill(&mut record, 4, &stat.owner.to_le_bytes());
        fill(&mut record, 8, &stat.group.to_le_bytes());
        memory::put(call.memory, out, record)
    }

    /// Set those of mode, owner and group that `which` names; the rest stays.
    ///
    /// # Errors
    /// As [`Descriptors::attributes`]; `EINVAL` for an unknown bit of `which` or
    /// of the mode; `EROFS`, `EACCES`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a call of the ABI, in one with the others"
    )]
    pub(crate) fn set_attributes(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        which: u32,
        mode: u32,
        owner: u32,
        group: u32,
    ) -> Result<(), Errno> {
        if which & !which::ALL != 0 || (which & which::MODE != 0 && mode & !MODE_BITS != 0) {
            return Err(Errno::Inval);
        }
        let id = self.target(call, fd, flags, path, path_len)?;
        let now_ns = call.now.realtime_ns;
        if which & which::MODE != 0 {
            call.tree.set_mode_of(id, mode, now_ns)?;
        }
        if which & (which::OWNER | which::GROUP) != 0 {
            let stat = call.tree.stat_of(id)?;
            let pick = |bit: u32, new: u32, old: u32| if which & bit == 0 { old } else { new };
            let owner = pick(which::OWNER, owner, stat.owner);
            let group = pick(which::GROUP, group, stat.group);
            call.tree.set_owner_of(id, owner, group, now_ns)?;
        }
        Ok(())
    }

    /// Tell how much the sandbox's files may hold and how much they hold: bytes
    /// in all, bytes used, entries in all, entries used.
    ///
    /// # Errors
    /// `EFAULT`.
    #[expect(clippy::unused_self, reason = "called as the others are")]
    pub(crate) fn room(&mut self, call: &mut Call<'_>, out: u32) -> Result<(), Errno> {
        let (limits, usage) = (call.tree.limits(), call.tree.usage());
        let mut record = [0; ROOM_BYTES];
        let values = [limits.bytes, usage.bytes, limits.entries, usage.entries];
        for (at, value) in values.into_iter().enumerate() {
            fill(&mut record, 8 * at, &value.to_le_bytes());
        }
        memory::put(call.memory, out, record)
    }

    /// The node that a descriptor and a path lead to.
    fn target(
        &self,
        call: &Call<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
    ) -> Result<NodeId, Errno> {
        let follow = follow(flags)?;
        if path_len == 0 {
            return self.node(fd);
        }
        let start = self.directory(fd)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let (id, _) = call.tree.find(start, path, follow)?;
        Ok(id)
    }
}
