//! The table of open descriptors of one context: plain data, so that it can be
//! copied and stored with the rest of the context.

use serde::{Deserialize, Serialize};

use crate::files::{Device, FileError, Kind, NodeId, Tree};

use super::abi::{Errno, fdflags};
use super::call::Output;

/// The least limit of a table: the streams and the root.
const LEAST: u32 = 4;

/// The open descriptors of one context: 0, 1 and 2 are its streams, 3 is the
/// directory `/`.
///
/// What is open is held in the tree by count. Cloning tree and descriptors
/// together keeps the counts right; for other copies there are
/// [`Descriptors::retain`] and [`Descriptors::release`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Descriptors {
    limit: u32,
    slots: Vec<Option<Descriptor>>,
}

/// What one descriptor stands for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Descriptor {
    Stdin,
    Output(Output),
    File(OpenFile),
    Directory(OpenDirectory),
}

/// An open file or device.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct OpenFile {
    pub(super) node: NodeId,
    pub(super) offset: u64,
    pub(super) read: bool,
    pub(super) write: bool,
    /// `fdflags` of the guest; only appending has an effect.
    pub(super) flags: u16,
    pub(super) device: Option<Device>,
}

impl OpenFile {
    pub(super) const fn appends(&self) -> bool {
        self.flags & fdflags::APPEND != 0
    }
}

/// An open directory.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct OpenDirectory {
    pub(super) node: NodeId,
    pub(super) flags: u16,
    /// Entries with this cookie or a greater one came after the listing began
    /// and are not part of it; 0 before the first listing.
    pub(super) listing_end: u64,
    /// It is the root that the guest was given at its start.
    pub(super) preopened: bool,
}

impl Descriptor {
    const fn node(&self) -> Option<NodeId> {
        match self {
            Self::File(file) => Some(file.node),
            Self::Directory(directory) => Some(directory.node),
            Self::Stdin | Self::Output(_) => None,
        }
    }
}

impl Descriptors {
    /// The table of a new context. At most `limit` descriptors (at least 4) are
    /// open at once, the streams and the root among them.
    #[must_use]
    pub(crate) fn new(limit: u32) -> Self {
        let root = OpenDirectory {
            node: NodeId::ROOT,
            flags: 0,
            listing_end: 0,
            preopened: true,
        };
        Self {
            limit: limit.max(LEAST),
            slots: vec![
                Some(Descriptor::Stdin),
                Some(Descriptor::Output(Output::Stdout)),
                Some(Descriptor::Output(Output::Stderr)),
                Some(Descriptor::Directory(root)),
            ],
        }
    }

    /// A table without descriptors, of at least the room for the streams.
    pub(super) fn empty(limit: u32) -> Self {
        Self {
            limit: limit.max(LEAST),
            slots: Vec::new(),
        }
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// What stands under each number.
    pub(super) fn slots(&self) -> &[Option<Descriptor>] {
        &self.slots
    }

    /// Put what stands under the next number into a table that is read.
    pub(super) fn push(&mut self, slot: Option<Descriptor>) {
        self.slots.push(slot);
    }

    /// Hold in `tree` all that is open here and that it has, or nothing.
    pub(super) fn hold(&self, tree: &mut Tree) -> Result<(), FileError> {
        // The root is always there, and what is gone from a mount is not.
        let wanted = |node: &NodeId| *node != NodeId::ROOT && !node.is_gone();
        let open = self.slots.iter().flatten().filter_map(Descriptor::node);
        let open: Vec<NodeId> = open.filter(wanted).collect();
        for (at, node) in open.iter().enumerate() {
            if let Err(error) = tree.pin(*node) {
                for held in open.iter().take(at) {
                    tree.unpin(*held);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// How many descriptors are open.
    #[must_use]
    pub(crate) fn open_count(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Close everything, as at the end of a context: contents that only its
    /// descriptors still held go away.
    pub(crate) fn release(&mut self, tree: &mut Tree) {
        for descriptor in self.slots.drain(..).flatten() {
            if let Some(node) = descriptor.node().filter(|node| *node != NodeId::ROOT) {
                tree.unpin(node);
            }
        }
    }

    /// Hold in `tree` what is open here, for a table that came to the tree
    /// otherwise than cloned together with it. What the tree does not have is
    /// closed, as are descriptors above the limit; files of mounts that are gone
    /// stay open, and every use of them answers `ESTALE`. Returns how many were closed.
    pub(crate) fn retain(&mut self, tree: &mut Tree) -> usize {
        let before = self.open_count();
        self.slots.truncate(self.limit as usize);
        for slot in &mut self.slots {
            let Some(descriptor) = slot else { continue };
            let Some(node) = descriptor.node() else {
                continue;
            };
            let is_directory = matches!(descriptor, Descriptor::Directory(_));
            let stat = tree.stat_of(node);
            if node.mount() != 0 && matches!(stat, Err(FileError::Stale)) {
                // The guest still has the number: it must not become another file's.
                continue;
            }
            let same = stat.is_ok_and(|stat| {
                (stat.kind == Kind::Directory) == is_directory && stat.kind != Kind::SymbolicLink
            });
            let held = same && (node == NodeId::ROOT || tree.pin(node).is_ok());
            if !held {
                *slot = None;
            }
        }
        before - self.open_count()
    }

    /// What `fd` stands for.
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        match self.slots.get(fd as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(Errno::Badf),
        }
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        match self.slots.get_mut(fd as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(Errno::Badf),
        }
    }

    /// The open file `fd`: for calls that move bytes. A directory cannot be
    /// used so, a stream has no place in it.
    pub(super) fn file(&self, fd: u32) -> Result<&OpenFile, Errno> {
        match self.get(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::Isdir),
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Spipe),
        }
    }

    pub(super) fn file_mut(&mut self, fd: u32) -> Result<&mut OpenFile, Errno> {
        match self.get_mut(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::Isdir),
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Spipe),
        }
    }

    /// The directory that paths given with `fd` start at.
    pub(super) fn directory(&self, fd: u32) -> Result<NodeId, Errno> {
        match self.get(fd)? {
            Descriptor::Directory(directory) => Ok(directory.node),
            Descriptor::File(_) => Err(Errno::Notdir),
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Badf),
        }
    }

    /// The file or directory that `fd` stands for; streams have none.
    pub(super) fn node(&self, fd: u32) -> Result<NodeId, Errno> {
        self.get(fd)?.node().ok_or(Errno::Badf)
    }

    /// The number that the next opened descriptor gets: the lowest free one.
    pub(super) fn free_number(&self) -> Result<u32, Errno> {
        let free = self.slots.iter().position(Option::is_none);
        let number = free.unwrap_or(self.slots.len());
        let number = u32::try_from(number).map_err(|_| Errno::Mfile)?;
        if number >= self.limit {
            return Err(Errno::Mfile);
        }
        Ok(number)
    }

    /// Put a descriptor under a free number.
    pub(super) fn put(&mut self, number: u32, descriptor: Descriptor) {
        let at = number as usize;
        match self.slots.get_mut(at) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
    }

    /// Take a descriptor out of the table; its file is still held.
    pub(super) fn take(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = self.slots.get_mut(fd as usize);
        slot.and_then(Option::take).ok_or(Errno::Badf)
    }

    /// Close a descriptor.
    pub(super) fn close(&mut self, tree: &mut Tree, fd: u32) -> Result<(), Errno> {
        let descriptor = self.take(fd)?;
        if let Some(node) = descriptor.node().filter(|node| *node != NodeId::ROOT) {
            tree.unpin(node);
        }
        Ok(())
    }
}
