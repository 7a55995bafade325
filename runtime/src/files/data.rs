//! Contents and attributes of files, by number.

use std::sync::Arc;

use super::contents::{Contents, Residence};
use super::error::FileError;
use super::node::{Body, Device, Node, NodeId, Notes, notes_bytes};
use super::spill::CHUNK_BYTES;
use super::tree::Tree;
use super::watch::ChangeKind;

impl Tree {
    /// Read from `offset` on; returns how many bytes there were, 0 at the end.
    /// A read changes nothing, the time of access included.
    pub(crate) fn read_at(
        &self,
        id: NodeId,
        offset: u64,
        into: &mut [u8],
    ) -> Result<usize, FileError> {
        if id.mount != 0 {
            return self.mount_of(id)?.read(id.inode, offset, into);
        }
        match &self.node(id.inode)?.body {
            Body::File(contents) => contents.read(offset, into),
            Body::Directory(_) => Err(FileError::IsADirectory),
            Body::Device(Device::Null) => Ok(0),
            Body::Device(Device::Zero) => {
                into.fill(0);
                Ok(into.len())
            }
            // Where randomness comes from is the engine's business.
            Body::Device(Device::Random) | Body::SymbolicLink(_) => Err(FileError::Invalid),
        }
    }

    /// Refuse a write that would not fit as a whole.
    pub(crate) fn check_write(
        &self,
        id: NodeId,
        offset: u64,
        length: u64,
    ) -> Result<(), FileError> {
        if id.mount != 0 {
            self.check_size(offset.saturating_add(length))?;
            return self.mount_of(id)?.check_write(id.inode, length);
        }
        let node = self.node(id.inode)?;
        match &node.body {
            Body::File(_) if node.sealed => Err(FileError::Denied),
            Body::File(contents) => {
                self.check_size(offset.saturating_add(length))?;
                // At least this much; the exact number takes a look at each chunk,
                // which a range of terabytes must not cost.
                let least = length.saturating_sub(contents.allocated());
                self.usage.check_bytes(&self.limits, least)?;
                let wanted = contents.growth(offset, length);
                self.usage.check_bytes(&self.limits, wanted)
            }
            Body::Directory(_) => Err(FileError::IsADirectory),
            Body::Device(_) => Ok(()),
            Body::SymbolicLink(_) => Err(FileError::Invalid),
        }
    }

    fn check_size(&self, size: u64) -> Result<(), FileError> {
        if size > self.limits.file_bytes {
            return Err(FileError::FileTooLarge {
                size,
                limit: self.limits.file_bytes,
            });
        }
        Ok(())
    }

    /// Write at `offset`. Refused as a whole when it does not fit. Returns the
    /// bytes written, fewer than given only when the disk fails in the middle.
    pub(crate) fn write_at(
        &mut self,
        id: NodeId,
        offset: u64,
        data: &[u8],
        now_ns: u64,
    ) -> Result<usize, FileError> {
        self.check_write(id, offset, data.len() as u64)?;
        if id.mount != 0 {
            return self.mount_of(id)?.write(id.inode, offset, data);
        }
        if data.is_empty() || matches!(self.node(id.inode)?.body, Body::Device(_)) {
            return Ok(data.len());
        }
        self.change_contents(id.inode, now_ns, |contents, residence| {
            contents.write(offset, data, residence)
        })
    }

    /// Cut or extend a file; what is added is a hole.
    pub(crate) fn set_size_of(
        &mut self,
        id: NodeId,
        size: u64,
        now_ns: u64,
    ) -> Result<(), FileError> {
        self.check_write(id, 0, 0)?;
        self.check_size(size)?;
        if id.mount != 0 {
            return self.mount_of(id)?.set_size(id.inode, size);
        }
        self.change_contents(id.inode, now_ns, |contents, _| {
            contents.set_size(size);
            Ok(())
        })
    }

    /// Make room for the range, so that writing there cannot run out of it.
    pub(crate) fn allocate_in(
        &mut self,
        id: NodeId,
        offset: u64,
        length: u64,
        now_ns: u64,
    ) -> Result<(), FileError> {
        self.check_write(id, offset, length)?;
        if id.mount != 0 {
            // What is added counts against the mount; it may be a hole on the host.
            let end = offset.saturating_add(length);
            let backing = self.mount_of(id)?;
            if backing.stat(id.inode)?.size < end {
                backing.set_size(id.inode, end)?;
            }
            return Ok(());
        }
        self.change_contents(id.inode, now_ns, |contents, residence| {
            contents.allocate(offset, length, residence)
        })
    }

    /// Replace all of a file at once, or change nothing.
    pub(super) fn replace_contents(
        &mut self,
        id: NodeId,
        data: &[u8],
        now_ns: u64,
    ) -> Result<(), FileError> {
        if id.mount != 0 {
            return self.replace_mounted(id, data);
        }
        let inode = id.inode;
        self.check_size(data.len() as u64)?;
        let Body::File(old) = &self.node(inode)?.body else {
            return Err(FileError::Invalid);
        };
        // Contents without holes count their size.
        let wanted = (data.len() as u64).saturating_sub(old.allocated());
        self.usage.check_bytes(&self.limits, wanted)?;
        let old_resident = old.resident();
        let mut fresh = Contents::default();
        let mut rest = data;
        while !rest.is_empty() {
            // A short write means that the disk failed; asked again it says why.
            let offset = (data.len() - rest.len()) as u64;
            let written = fresh.write(offset, rest, self.residence(old_resident))?;
            rest = rest.get(written..).unwrap_or_default();
        }
        self.change_contents(inode, now_ns, |contents, _| {
            *contents = fresh;
            Ok(())
        })
    }

    /// Write a file of a mount anew. An error may leave a part.
    fn replace_mounted(&self, id: NodeId, data: &[u8]) -> Result<(), FileError> {
        let backing = self.mount_of(id)?;
        backing.check_write(id.inode, data.len() as u64)?;
        backing.set_size(id.inode, 0)?;
        let mut written = 0;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            match backing.write(id.inode, written as u64, rest)? {
                0 => {
                    return Err(FileError::Host {
                        kind: std::io::ErrorKind::WriteZero,
                    });
                }
                more => written += more,
            }
        }
        Ok(())
    }

    /// Which chunks of a file that has `own` bytes in memory may stay there.
    fn residence(&self, own: u64) -> Residence<'_> {
        let others = self.usage.resident_bytes.saturating_sub(own);
        Residence {
            storage: &self.storage,
            chunks: self.limits.resident_file_bytes.div_ceil(CHUNK_BYTES as u64),
            bytes: self.limits.resident_bytes.saturating_sub(others),
        }
    }

    /// Change the contents of a file and keep the sums right, also when it fails.
    fn change_contents<R>(
        &mut self,
        inode: u64,
        now_ns: u64,
        change: impl FnOnce(&mut Contents, Residence<'_>) -> Result<R, FileError>,
    ) -> Result<R, FileError> {
        let own = self.node(inode)?.resident();
        let storage = self.storage.clone();
        let residence = Residence {
            storage: &storage,
            ..self.residence(own)
        };
        let node = self.node_mut(inode)?;
        let Body::File(contents) = &mut node.body else {
            return Err(FileError::Invalid);
        };
        let (allocated, resident) = (contents.allocated(), contents.resident());
        let result = change(contents, residence);
        let (grown, filled) = (contents.allocated(), contents.resident());
        if result.is_ok() {
            node.touch(now_ns);
        }
        self.usage.bytes = self.usage.bytes - allocated + grown;
        self.usage.resident_bytes = self.usage.resident_bytes - resident + filled;
        if result.is_ok() {
            self.tell_of(ChangeKind::Write, inode);
        }
        result
    }

    /// Change attributes of a node that the guest may change.
    fn change_node(
        &mut self,
        id: NodeId,
        now_ns: u64,
        change: impl FnOnce(&mut Node),
    ) -> Result<(), FileError> {
        let inode = Self::writable(id)?;
        let node = self.node_mut(inode)?;
        if node.sealed {
            return Err(FileError::Denied);
        }
        change(node);
        node.changed_ns = now_ns;
        self.tell_of(ChangeKind::Chmod, inode);
        Ok(())
    }

    /// Set the times that are given.
    pub(crate) fn set_times_of(
        &mut self,
        id: NodeId,
        accessed_ns: Option<u64>,
        modified_ns: Option<u64>,
        now_ns: u64,
    ) -> Result<(), FileError> {
        if id.mount != 0 {
            let backing = self.mount_of(id)?;
            return backing.set_times(id.inode, accessed_ns, modified_ns);
        }
        self.change_node(id, now_ns, |node| {
            node.accessed_ns = accessed_ns.unwrap_or(node.accessed_ns);
            node.modified_ns = modified_ns.unwrap_or(node.modified_ns);
        })
    }

    /// Set the permission bits.
    pub(crate) fn set_mode_of(
        &mut self,
        id: NodeId,
        mode: u32,
        now_ns: u64,
    ) -> Result<(), FileError> {
        if id.mount != 0 {
            // A folder of the host keeps the modes that it has. Where its files may
            // be changed, programs that copy files with their modes go on.
            return self.mount_of(id)?.set_times(id.inode, None, None);
        }
        self.change_node(id, now_ns, |node| node.attributes.mode = mode & 0o7777)
    }

    /// Set user and group.
    pub(crate) fn set_owner_of(
        &mut self,
        id: NodeId,
        owner: u32,
        group: u32,
        now_ns: u64,
    ) -> Result<(), FileError> {
        self.change_node(id, now_ns, |node| {
            node.attributes.owner = owner;
            node.attributes.group = group;
        })
    }

    pub(super) fn set_notes_of(
        &mut self,
        id: NodeId,
        notes: Notes,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let before = self.node(Self::writable(id)?)?.notes.as_deref();
        let before = before.map_or(0, notes_bytes);
        let after = notes_bytes(&notes);
        let wanted = after.saturating_sub(before);
        self.usage.check_bytes(&self.limits, wanted)?;
        self.change_node(id, now_ns, |node| {
            node.notes = (!notes.is_empty()).then(|| Arc::new(notes));
        })?;
        self.usage.bytes = self.usage.bytes - before + after;
        Ok(())
    }
}
