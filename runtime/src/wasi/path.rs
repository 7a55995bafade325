//! Calls on paths, except opening. Paths start at the directory of a descriptor,
//! `..` stops at the root of the sandbox, and links are followed within it.

use crate::files::{Follow, Kind, Last};

use super::abi::{Errno, SYMLINK_FOLLOW};
use super::attributes::{filestat, times};
use super::call::Call;
use super::descriptors::Descriptors;
use super::memory;

/// Whether the last link of a path is followed.
pub(super) fn follow(flags: u32) -> Result<Follow, Errno> {
    match flags {
        0 => Ok(Follow::NotLast),
        SYMLINK_FOLLOW => Ok(Follow::Always),
        _ => Err(Errno::Inval),
    }
}

impl Descriptors {
    /// Make a directory.
    ///
    /// # Errors
    /// `EEXIST`, `ENOENT`, `ENOTDIR`, `ENOSPC`, `EROFS`, `EACCES`; `ENAMETOOLONG`
    /// also when nested too deeply; `EPERM` for a path that starts with a slash;
    /// `ELOOP`, `EILSEQ`, `EINVAL` for a NUL byte, `EBADF`, `EFAULT`.
    pub(crate) fn path_create_directory(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let walked = call.tree.walk(start, path, Follow::Never)?;
        let name = walked.new_directory_name()?;
        let now_ns = call.now.realtime_ns;
        call.tree
            .make_directory_in(walked.directory, name, now_ns)?;
        Ok(())
    }

    /// Describe the file at a path.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `ELOOP` and what every path meets, see
    /// [`Descriptors::path_create_directory`].
    pub(crate) fn path_filestat_get(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        out: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let follow = follow(flags)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let (id, _) = call.tree.find(start, path, follow)?;
        let stat = call.tree.stat_of(id)?;
        memory::put(call.memory, out, filestat(&stat))
    }

    /// Set times of the file at a path.
    ///
    /// # Errors
    /// As [`Descriptors::path_filestat_get`]; `EINVAL` for contradictory flags;
    /// `EROFS`, `EACCES`.
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn path_filestat_set_times(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let follow = follow(flags)?;
        let (accessed, modified) = times(call.now, atim, mtim, fst_flags)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let (id, _) = call.tree.find(start, path, follow)?;
        let now_ns = call.now.realtime_ns;
        call.tree.set_times_of(id, accessed, modified, now_ns)?;
        Ok(())
    }

    /// Give a file a further name.
    ///
    /// # Errors
    /// As [`Descriptors::path_create_directory`]; `EPERM` for a directory,
    /// `EXDEV` between mounts, `EMLINK`.
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn path_link(
        &mut self,
        call: &mut Call<'_>,
        old_fd: u32,
        old_flags: u32,
        old_path: u32,
        old_len: u32,
        new_fd: u32,
        new_path: u32,
        new_len: u32,
    ) -> Result<(), Errno> {
        let (old_start, new_start) = (self.directory(old_fd)?, self.directory(new_fd)?);
        let follow = follow(old_flags)?;
        let old_path = memory::relative_path(call.memory, old_path, old_len)?;
        let new_path = memory::relative_path(call.memory, new_path, new_len)?;
        let (file, kind) = call.tree.find(old_start, old_path, follow)?;
        let walked = call.tree.walk(new_start, new_path, Follow::Never)?;
        let name = walked.new_name()?;
        if kind == Kind::Directory {
            return Err(Errno::Perm);
        }
        let now_ns = call.now.realtime_ns;
        call.tree.link_in(file, walked.directory, name, now_ns)?;
        Ok(())
    }

    /// The target of a link into a buffer, cut to its length; the number of
    /// bytes goes to `nused`.
    ///
    /// # Errors
    /// As [`Descriptors::path_filestat_get`]; `EINVAL` when it is no link.
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn path_readlink(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        nused: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        memory::check(call.memory, nused, 4)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let (id, _) = call.tree.find(start, path, Follow::NotLast)?;
        let target = call.tree.read_link_of(id)?;
        let place = memory::bytes_mut(call.memory, buf, buf_len)?;
        let length = target.len().min(place.len());
        let bytes = target.as_bytes().get(..length).unwrap_or_default();
        place
            .get_mut(..length)
            .unwrap_or_default()
            .copy_from_slice(bytes);
        let length = u32::try_from(length).map_err(|_| Errno::Overflow)?;
        memory::put_u32(call.memory, nused, length)
    }

    /// Remove an empty directory.
    ///
    /// # Errors
    /// `ENOTEMPTY`, `ENOTDIR`, `EBUSY` for a mount point and the root, `EINVAL`
    /// for `.`, `EROFS`, `EACCES`, and what every path meets.
    pub(crate) fn path_remove_directory(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let walked = call.tree.walk(start, path, Follow::Never)?;
        let name = match &walked.last {
            Last::Name(name) => name.as_str(),
            Last::Dot => return Err(Errno::Inval),
            Last::DotDot => return Err(Errno::Notempty),
            Last::Root => return Err(Errno::Busy),
        };
        walked.existing()?;
        let now_ns = call.now.realtime_ns;
        call.tree
            .remove_directory_in(walked.directory, name, now_ns)?;
        Ok(())
    }

    /// Remove a name of a file or link.
    ///
    /// # Errors
    /// `EISDIR`, `ENOTDIR` for a slash behind a file, `EROFS`, `EACCES`, and
    /// what every path meets.
    pub(crate) fn path_unlink_file(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let walked = call.tree.walk(start, path, Follow::Never)?;
        let (_, kind) = walked.existing()?;
        let Last::Name(name) = &walked.last else {
            return Err(Errno::Isdir);
        };
        if kind == Kind::Directory {
            return Err(Errno::Isdir);
        }
        let now_ns = call.now.realtime_ns;
        call.tree
            .remove_file_in(walked.directory, name.as_str(), now_ns)?;
        Ok(())
    }

    /// Give a file or directory another name and place; what is there goes.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EISDIR`, `ENOTEMPTY`, `EINVAL` for a directory into
    /// itself, `EXDEV` between mounts, `EBUSY` for mount points, `.` and `..`,
    /// `EROFS`, `EACCES`, and what every path meets.
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn path_rename(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        old_path: u32,
        old_len: u32,
        new_fd: u32,
        new_path: u32,
        new_len: u32,
    ) -> Result<(), Errno> {
        let (old_start, new_start) = (self.directory(fd)?, self.directory(new_fd)?);
        let old_path = memory::relative_path(call.memory, old_path, old_len)?;
        let new_path = memory::relative_path(call.memory, new_path, new_len)?;
        let from = call.tree.walk(old_start, old_path, Follow::Never)?;
        let to = call.tree.walk(new_start, new_path, Follow::Never)?;
        let now_ns = call.now.realtime_ns;
        call.tree.rename_walked(&from, &to, now_ns)?;
        Ok(())
    }

    /// Make a symbolic link. Its target need not exist; it may be absolute,
    /// which means the root of the sandbox.
    ///
    /// # Errors
    /// `EEXIST`, and as [`Descriptors::path_create_directory`].
    pub(crate) fn path_symlink(
        &mut self,
        call: &mut Call<'_>,
        target: u32,
        target_len: u32,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let target = memory::path(call.memory, target, target_len)?;
        let path = memory::relative_path(call.memory, path, path_len)?;
        let walked = call.tree.walk(start, path, Follow::Never)?;
        let name = walked.new_name()?;
        let now_ns = call.now.realtime_ns;
        call.tree
            .make_link_in(walked.directory, name, target, now_ns)?;
        Ok(())
    }
}
