//! The tree by path, for the host: the same files, the same limits and the same
//! errors as the guest has. Paths are absolute, and `..` stops at the root.

use std::collections::BTreeMap;

use super::directory::Directory;
use super::error::FileError;
use super::node::{Body, Kind, NodeId, Stat};
use super::quota::PATH_BYTES;
use super::tree::{Entry, Tree};
use super::walk::{Follow, Last, Walked};

/// The most bytes that [`Tree::read`] returns; a file of holes may be larger
/// than any memory.
pub const READ_BYTES: u64 = 1 << 30;

impl Tree {
    fn walk_from_root<'p>(&self, path: &'p str, follow: Follow) -> Result<Walked<'p>, FileError> {
        if !path.starts_with('/') {
            return Err(FileError::NotAbsolute);
        }
        self.walk(NodeId::ROOT, path, follow)
    }

    fn find_from_root(&self, path: &str, follow: Follow) -> Result<(NodeId, Kind), FileError> {
        self.walk_from_root(path, follow)?.existing()
    }

    /// The attributes of what `path` leads to, links followed.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::NotADirectory`] on the way,
    /// [`FileError::TooManyLinks`], [`FileError::PathTooLong`],
    /// [`FileError::NameTooLong`], [`FileError::NotAbsolute`],
    /// [`FileError::InvalidName`]: what every path can meet.
    pub fn stat(&self, path: &str) -> Result<Stat, FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        self.stat_of(id)
    }

    /// As [`Tree::stat`], of a link itself.
    ///
    /// # Errors
    /// As [`Tree::stat`].
    pub fn stat_link(&self, path: &str) -> Result<Stat, FileError> {
        let (id, _) = self.find_from_root(path, Follow::NotLast)?;
        self.stat_of(id)
    }

    /// Whether `path` leads to something.
    ///
    /// # Errors
    /// As [`Tree::stat`], but for what it answers.
    pub fn exists(&self, path: &str) -> Result<bool, FileError> {
        match self.stat(path) {
            Ok(_) => Ok(true),
            Err(FileError::NotFound | FileError::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All of a file.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::IsADirectory`];
    /// [`FileError::FileTooLarge`] above [`READ_BYTES`].
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let size = self.stat(path)?.size;
        if size > READ_BYTES {
            return Err(FileError::FileTooLarge {
                size,
                limit: READ_BYTES,
            });
        }
        self.read_range(path, 0, READ_BYTES)
    }

    /// At most `length` bytes of a file from `offset` on; empty at the end.
    /// More than [`READ_BYTES`] are never returned.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::IsADirectory`];
    /// [`FileError::Invalid`] for a device.
    pub fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, FileError> {
        let stat = self.stat(path)?;
        match stat.kind {
            Kind::File => {}
            Kind::Directory => return Err(FileError::IsADirectory),
            Kind::SymbolicLink | Kind::Device(_) | Kind::Other => return Err(FileError::Invalid),
        }
        let there = stat.size.saturating_sub(offset).min(length).min(READ_BYTES);
        let mut bytes = vec![0; usize::try_from(there).unwrap_or(0)];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let more = self.read_at(stat.id, offset + read as u64, rest)?;
            if more == 0 {
                break;
            }
            read += more;
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Make a file or replace what it holds, as a whole or not at all. The
    /// directory must exist; links are followed.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::IsADirectory`], [`FileError::NoSpace`],
    /// [`FileError::TooManyEntries`], [`FileError::FileTooLarge`],
    /// [`FileError::ReadOnly`], [`FileError::Denied`], [`FileError::Spill`].
    pub fn write(&mut self, path: &str, data: &[u8], now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Always)?;
        if let Some((id, kind)) = walked.found {
            walked.existing()?;
            if kind == Kind::Directory {
                return Err(FileError::IsADirectory);
            }
            self.check_write(id, 0, 0)?;
            return self.replace_contents(id, data, now_ns);
        }
        let name = Self::new_file_name(&walked)?;
        let limit = &self.limits;
        // A file that does not fit must not be left behind empty.
        if data.len() as u64 > limit.file_bytes {
            return Err(FileError::FileTooLarge {
                size: data.len() as u64,
                limit: limit.file_bytes,
            });
        }
        if walked.directory.mount == 0 {
            self.usage.check_bytes(limit, data.len() as u64)?;
        }
        let id = self.make_file_in(walked.directory, name, now_ns)?;
        if let Err(error) = self.replace_contents(id, data, now_ns) {
            self.remove_file_in(walked.directory, name, now_ns)?;
            return Err(error);
        }
        Ok(())
    }

    /// The name for a new file; a slash behind it asks for a directory.
    fn new_file_name<'w>(walked: &'w Walked<'_>) -> Result<&'w str, FileError> {
        if walked.slash {
            return Err(FileError::IsADirectory);
        }
        walked.new_name()
    }

    /// Add to the end of a file, which is made if it does not exist; as a whole
    /// or not at all unless the disk fails.
    ///
    /// # Errors
    /// As [`Tree::write`].
    pub fn append(&mut self, path: &str, data: &[u8], now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Always)?;
        if walked.found.is_none() {
            return self.write(path, data, now_ns);
        }
        let (id, _) = walked.existing()?;
        let mut rest = data;
        while !rest.is_empty() {
            let end = self.stat_of(id)?.size;
            let written = self.write_at(id, end, rest, now_ns)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// The entries of a directory, sorted by name, without `.` and `..`.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::NotADirectory`] for anything else.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, FileError> {
        let (id, kind) = self.find_from_root(path, Follow::Always)?;
        if kind != Kind::Directory {
            return Err(FileError::NotADirectory);
        }
        let mut entries = Vec::new();
        let mut cookie = 0;
        while let Some(listing) = self.entry_from(id, cookie)? {
            cookie = listing.cookie + 1;
            entries.push(listing.entry);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Make a directory in one that exists.
    ///
    /// # Errors
    /// As [`Tree::write`]; [`FileError::Exists`], [`FileError::TooDeep`].
    pub fn make_dir(&mut self, path: &str, now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Never)?;
        let name = walked.new_directory_name()?;
        self.make_directory_in(walked.directory, name, now_ns)?;
        Ok(())
    }

    /// Make a directory and those above it. Fine if it exists. On an error those
    /// made so far stay.
    ///
    /// # Errors
    /// As [`Tree::make_dir`]; [`FileError::Exists`] when it is something else.
    pub fn make_dirs(&mut self, path: &str, now_ns: u64) -> Result<(), FileError> {
        if path.len() > PATH_BYTES {
            return Err(FileError::PathTooLong {
                length: path.len(),
                limit: PATH_BYTES,
            });
        }
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        for end in ends.chain([path.len()]) {
            let part = path.get(..end).unwrap_or_default();
            let walked = self.walk_from_root(part, Follow::Always)?;
            match walked.found {
                Some((_, Kind::Directory)) => {}
                Some(_) if end == path.len() => return Err(FileError::Exists),
                Some(_) => return Err(FileError::NotADirectory),
                None => {
                    let name = walked.new_directory_name()?;
                    self.make_directory_in(walked.directory, name, now_ns)?;
                }
            }
        }
        Ok(())
    }

    /// Make a symbolic link at `path` to `target`, which need not exist.
    ///
    /// # Errors
    /// As [`Tree::write`]; [`FileError::Exists`].
    pub fn symlink(&mut self, target: &str, path: &str, now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Never)?;
        let name = walked.new_name()?;
        self.make_link_in(walked.directory, name, target, now_ns)?;
        Ok(())
    }

    /// The target of the symbolic link at `path`.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::Invalid`] when it is no link.
    pub fn read_link(&self, path: &str) -> Result<String, FileError> {
        let (id, _) = self.find_from_root(path, Follow::NotLast)?;
        Ok(self.read_link_of(id)?.to_string())
    }

    /// Give what is at `from` the path `to`. What is there goes, if it is of the
    /// same sort, and empty if a directory. Links are moved, not followed.
    ///
    /// # Errors
    /// As [`Tree::write`]; [`FileError::NotEmpty`], [`FileError::NotADirectory`],
    /// [`FileError::CrossDevice`], [`FileError::Busy`], [`FileError::TooDeep`],
    /// [`FileError::Invalid`] for a directory moved into itself.
    pub fn rename(&mut self, from: &str, to: &str, now_ns: u64) -> Result<(), FileError> {
        let from = self.walk_from_root(from, Follow::Never)?;
        let to = self.walk_from_root(to, Follow::Never)?;
        self.rename_walked(&from, &to, now_ns)
    }

    /// Rename from one walked path to another.
    pub(crate) fn rename_walked(
        &mut self,
        from: &Walked<'_>,
        to: &Walked<'_>,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let (Last::Name(from_name), Last::Name(to_name)) = (&from.last, &to.last) else {
            return Err(FileError::Busy);
        };
        let (_, kind) = from.existing()?;
        if to.slash && kind != Kind::Directory {
            return Err(FileError::NotADirectory);
        }
        self.rename_in(
            (from.directory, from_name.as_str()),
            (to.directory, to_name.as_str()),
            now_ns,
        )
    }

    /// Remove a file, a link or an empty directory.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::NotEmpty`], [`FileError::ReadOnly`],
    /// [`FileError::Denied`], [`FileError::Busy`].
    pub fn remove(&mut self, path: &str, now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Never)?;
        let (_, kind) = walked.existing()?;
        let Last::Name(name) = &walked.last else {
            return Err(FileError::Busy);
        };
        if kind == Kind::Directory {
            self.remove_directory_in(walked.directory, name.as_str(), now_ns)
        } else {
            self.remove_file_in(walked.directory, name.as_str(), now_ns)
        }
    }

    /// Remove a file or a directory with all it holds. Links in it are removed,
    /// not followed. On an error what was removed so far is gone.
    ///
    /// # Errors
    /// As [`Tree::remove`], but for [`FileError::NotEmpty`].
    pub fn remove_all(&mut self, path: &str, now_ns: u64) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Never)?;
        let (id, kind) = walked.existing()?;
        let Last::Name(name) = &walked.last else {
            return Err(FileError::Busy);
        };
        if kind != Kind::Directory {
            return self.remove_file_in(walked.directory, name.as_str(), now_ns);
        }
        if walked.directory.mount != 0 {
            let (backing, above) = (self.mount_of(walked.directory)?, walked.directory.inode);
            return backing.remove_all(above, name.as_str());
        }
        self.empty_directory(id, now_ns)?;
        self.remove_directory_in(walked.directory, name.as_str(), now_ns)
    }

    /// Remove all that a directory holds, deepest first, without recursion: go
    /// down while there is something to go down to, and up by the parents.
    fn empty_directory(&mut self, top: NodeId, now_ns: u64) -> Result<(), FileError> {
        let mut at = top;
        let mut names: Vec<std::sync::Arc<str>> = Vec::new();
        loop {
            match self.entry_from(at, 0)? {
                Some(listing) if listing.entry.kind == Kind::Directory => {
                    if listing.entry.id.mount != top.mount {
                        return Err(FileError::Busy);
                    }
                    at = listing.entry.id;
                    names.push(listing.entry.name);
                }
                Some(listing) => self.remove_file_in(at, &listing.entry.name, now_ns)?,
                None => {
                    let Some(name) = names.pop() else {
                        return Ok(());
                    };
                    at = self.parent(at)?;
                    self.remove_directory_in(at, &name, now_ns)?;
                }
            }
        }
    }

    /// Set the permission bits of what `path` leads to.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::ReadOnly`], [`FileError::Denied`].
    pub fn set_mode(&mut self, path: &str, mode: u32, now_ns: u64) -> Result<(), FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        self.set_mode_of(id, mode, now_ns)
    }

    /// Set the user and group of what `path` leads to.
    ///
    /// # Errors
    /// As [`Tree::set_mode`].
    pub fn set_owner(
        &mut self,
        path: &str,
        owner: u32,
        group: u32,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        self.set_owner_of(id, owner, group, now_ns)
    }

    /// Set the times of what `path` leads to; `None` leaves one as it is.
    ///
    /// # Errors
    /// As [`Tree::set_mode`].
    pub fn set_times(
        &mut self,
        path: &str,
        accessed_ns: Option<u64>,
        modified_ns: Option<u64>,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        self.set_times_of(id, accessed_ns, modified_ns, now_ns)
    }

    /// What the host noted at a file; empty by default. The guest does not see it.
    ///
    /// # Errors
    /// As [`Tree::stat`].
    pub fn metadata(&self, path: &str) -> Result<BTreeMap<String, String>, FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        if id.mount != 0 {
            return Ok(BTreeMap::new());
        }
        let notes = self.node(id.inode)?.notes.as_deref();
        Ok(notes.cloned().unwrap_or_default())
    }

    /// Note something at a file; replaces what was noted. Counts as bytes.
    ///
    /// # Errors
    /// As [`Tree::set_mode`]; [`FileError::NoSpace`].
    pub fn set_metadata(
        &mut self,
        path: &str,
        metadata: BTreeMap<String, String>,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let (id, _) = self.find_from_root(path, Follow::Always)?;
        self.set_notes_of(id, metadata, now_ns)
    }

    /// Replace what a file of the runtime's own holds, such as the boot id,
    /// which the guest reads and cannot change. The file must exist.
    ///
    /// # Errors
    /// As [`Tree::write`].
    pub fn publish(&mut self, path: &str, data: &[u8], now_ns: u64) -> Result<(), FileError> {
        let (id, kind) = self.find_from_root(path, Follow::Always)?;
        if kind == Kind::Directory {
            return Err(FileError::IsADirectory);
        }
        self.replace_contents(id, data, now_ns)
    }

    /// Make a directory with given attributes, or leave the one that is there.
    pub(super) fn lay_directory(
        &mut self,
        path: &str,
        attributes: super::node::Attributes,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let walked = self.walk_from_root(path, Follow::Never)?;
        let name = walked.new_directory_name()?;
        let body = Body::Directory(Directory::default());
        self.make(walked.directory, name, body, attributes, now_ns)?;
        Ok(())
    }
}
