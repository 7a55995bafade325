//! Changing what is in a mounted folder.

use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};
use std::time::{Duration, UNIX_EPOCH};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, SystemTimeSpec};
use cap_std::fs::OpenOptions;

use super::look::{host_id, kind_of};
use super::numbers::ROOT;
use super::{HostFolder, refused};
use crate::files::error::FileError;
use crate::files::node::Kind;

impl HostFolder {
    pub(super) fn new_file(&self, directory: u64, name: &str) -> Result<u64, FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        self.budget.take_make()?;
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .follow(FollowSymlinks::No);
        let file = self.root.open_with(path, &options);
        let made = file.and_then(|file| file.metadata());
        let made = made.map_err(|error| refused(&error))?;
        self.numbers().number(directory, name, host_id(&made))
    }

    pub(super) fn new_directory(&self, directory: u64, name: &str) -> Result<u64, FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        self.budget.take_make()?;
        let made = self.root.create_dir(path);
        made.map_err(|error| refused(&error))?;
        Ok(self.look_up(directory, name)?.0)
    }

    /// Make a link whose target stays in the folder, as it is written: programs
    /// of the host that follow it must not be led elsewhere.
    pub(super) fn new_link(
        &self,
        directory: u64,
        name: &str,
        target: &str,
    ) -> Result<u64, FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        let depth = path
            .components()
            .filter(|part| matches!(part, Component::Normal(_)));
        if !stays_inside(Path::new(target), depth.count() - 1) {
            return Err(FileError::NotPermitted);
        }
        self.budget.take_make()?;
        let made = self.root.symlink_contents(target, path);
        made.map_err(|error| refused(&error))?;
        Ok(self.look_up(directory, name)?.0)
    }

    pub(super) fn new_name(&self, file: u64, directory: u64, name: &str) -> Result<(), FileError> {
        self.writable()?;
        let (old, new) = (self.path(file)?, self.path_in(directory, name)?);
        // A link would lead elsewhere from another place.
        let found = self.root.symlink_metadata(&old);
        if kind_of(&found.map_err(|error| refused(&error))?) != Kind::File {
            return Err(FileError::NotPermitted);
        }
        self.budget.take_make()?;
        let made = self.root.hard_link(old, &self.root, new);
        made.map_err(|error| refused(&error))
    }

    pub(super) fn unlink(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        let done = self.root.remove_file(path);
        done.map_err(|error| refused(&error))?;
        self.numbers().removed(directory, name);
        Ok(())
    }

    pub(super) fn remove_empty(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        let done = self.root.remove_dir(path);
        done.map_err(|error| refused(&error))?;
        self.numbers().removed(directory, name);
        Ok(())
    }

    pub(super) fn remove_below(&self, directory: u64, name: &str) -> Result<(), FileError> {
        self.writable()?;
        let path = self.path_in(directory, name)?;
        let done = self.root.remove_dir_all(path);
        done.map_err(|error| refused(&error))?;
        self.numbers().removed(directory, name);
        Ok(())
    }

    pub(super) fn move_name(&self, from: (u64, &str), to: (u64, &str)) -> Result<(), FileError> {
        self.writable()?;
        let (old, new) = (self.path_in(from.0, from.1)?, self.path_in(to.0, to.1)?);
        let found = self.root.symlink_metadata(&old);
        let found = found.map_err(|error| refused(&error))?;
        if kind_of(&found) == Kind::SymbolicLink {
            let target = self.root.read_link_contents(&old);
            let target = target.map_err(|error| refused(&error))?;
            let depth = new
                .components()
                .filter(|part| matches!(part, Component::Normal(_)));
            if !stays_inside(&target, depth.count() - 1) {
                return Err(FileError::NotPermitted);
            }
        }
        let done = self.root.rename(old, &self.root, new);
        done.map_err(|error| refused(&error))?;
        self.numbers().moved(from, to);
        Ok(())
    }

    pub(super) fn may_write(&self, inode: u64, length: u64) -> Result<(), FileError> {
        self.writable()?;
        self.budget.check_bytes(length)?;
        self.opened(inode)?.to_write().map(|_| ())
    }

    pub(super) fn write_bytes(
        &self,
        inode: u64,
        offset: u64,
        data: &[u8],
    ) -> Result<usize, FileError> {
        self.writable()?;
        let open = self.opened(inode)?;
        let file = open.to_write()?;
        // A hole in front of it grows the file as well.
        let size = file.metadata().map_err(|error| refused(&error))?.len();
        let gap = offset.saturating_sub(size);
        let wanted = gap.saturating_add(data.len() as u64);
        self.budget.take_bytes(wanted)?;
        let written = loop {
            match file.write_at(data, offset) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => break done,
            }
        };
        match written {
            Ok(written) => {
                self.budget.give_bytes((data.len() - written) as u64);
                Ok(written)
            }
            Err(error) => {
                self.budget.give_bytes(wanted);
                Err(refused(&error))
            }
        }
    }

    pub(super) fn resize(&self, inode: u64, size: u64) -> Result<(), FileError> {
        self.writable()?;
        let open = self.opened(inode)?;
        let file = open.to_write()?;
        let before = file.metadata().map_err(|error| refused(&error))?.len();
        let grown = size.saturating_sub(before);
        self.budget.take_bytes(grown)?;
        file.set_len(size).map_err(|error| {
            self.budget.give_bytes(grown);
            refused(&error)
        })
    }

    pub(super) fn change_times(
        &self,
        inode: u64,
        accessed_ns: Option<u64>,
        modified_ns: Option<u64>,
    ) -> Result<(), FileError> {
        self.writable()?;
        if inode == ROOT {
            return Err(FileError::Denied);
        }
        let time = |ns: Option<u64>| {
            ns.map(|ns| {
                let time = UNIX_EPOCH + Duration::from_nanos(ns);
                SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time))
            })
        };
        let path = self.path(inode)?;
        // Of a link the link itself.
        let done = self
            .root
            .set_symlink_times(path, time(accessed_ns), time(modified_ns));
        done.map_err(|error| refused(&error))
    }
}

/// Whether a target, from a directory `depth` levels below the folder, names no
/// place outside of the folder on its way: steps up come first, and not too many.
fn stays_inside(target: &Path, depth: usize) -> bool {
    let (mut up, mut names) = (0, 0);
    for part in target.components() {
        match part {
            Component::Normal(_) => names += 1,
            Component::CurDir => {}
            // Behind a name, which may be a link, nobody knows where it leads.
            Component::ParentDir if names > 0 => return false,
            Component::ParentDir => up += 1,
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    up <= depth
}
