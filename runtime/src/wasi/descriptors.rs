//! The table of open descriptors of one context: plain data, so that it can be
//! copied and stored with the rest of the context.

use serde::{Deserialize, Serialize};

use crate::files::{Device, FileError, Kind, NodeId, Tree};
use crate::stream::{self, Offset, Opened, PipeReader, PipeWriter};

use super::abi::{Errno, fdflags};
use super::call::Output;

/// The least limit of a table: the streams and the root.
const LEAST: u32 = 4;

/// The number of the directory `/`.
const ROOT: u32 = 3;

/// What another process can be given of a descriptor.
#[derive(Debug)]
pub(crate) enum Shared {
    /// A pipe's end, or nothing.
    Stream(stream::Descriptor),
    /// An open file, held in the tree.
    File(Opened),
    /// The standard input of a cell.
    Stdin,
    /// An output of a cell.
    Output(Output),
}

/// The open descriptors of one context: 0, 1 and 2 are its streams, 3 is the
/// directory `/`.
///
/// What is open is held in the tree by count. Cloning tree and descriptors
/// together keeps the counts right; for other copies there are
/// [`Descriptors::retain`] and [`Descriptors::release`].
///
/// A clone is the table as it can be saved: offsets go their own ways, and ends
/// of pipes are ends of broken ones.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Descriptors {
    limit: u32,
    slots: Vec<Option<Descriptor>>,
}

/// What one descriptor stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Descriptor {
    Stdin,
    Output(Output),
    File(OpenFile),
    Directory(OpenDirectory),
    Pipe(PipeEnd),
    /// Reads as empty, swallows what is written.
    Null,
}

/// An end of a pipe.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PipeEnd {
    pub(super) side: PipeSide,
    /// `fdflags` of the guest; only not to block has an effect.
    pub(super) flags: u16,
}

/// Which end of a pipe.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PipeSide {
    #[serde(skip)]
    Reader(PipeReader),
    #[serde(skip)]
    Writer(PipeWriter),
    /// An end of a pipe that was lost when the table was saved: nothing more
    /// comes out of it, and nobody reads what is written.
    Broken,
}

impl PipeEnd {
    pub(super) const fn new(side: PipeSide) -> Self {
        Self { side, flags: 0 }
    }

    /// Whether it is the end of a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        match &self.side {
            PipeSide::Reader(reader) => reader.is_terminal(),
            PipeSide::Writer(writer) => writer.is_terminal(),
            PipeSide::Broken => false,
        }
    }

    pub(super) const fn blocks(&self) -> bool {
        self.flags & fdflags::NONBLOCK == 0
    }
}

/// An open file or device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OpenFile {
    pub(super) node: NodeId,
    pub(super) offset: Offset,
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
            Self::Stdin | Self::Output(_) | Self::Pipe(_) | Self::Null => None,
        }
    }

    /// The descriptor as it can be saved.
    fn saved(&self) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            Self::Output(output) => Self::Output(*output),
            Self::File(file) => Self::File(OpenFile {
                offset: file.offset.detached(),
                ..file.clone()
            }),
            Self::Directory(directory) => Self::Directory(*directory),
            Self::Pipe(end) => Self::Pipe(PipeEnd {
                side: PipeSide::Broken,
                flags: end.flags,
            }),
            Self::Null => Self::Null,
        }
    }
}

impl Clone for Descriptors {
    fn clone(&self) -> Self {
        let saved = |slot: &Option<Descriptor>| slot.as_ref().map(Descriptor::saved);
        Self {
            limit: self.limit,
            slots: self.slots.iter().map(saved).collect(),
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

    /// The table of a new process: what it is given under its numbers, and the
    /// directory `/` under 3, whatever was given there. Files are
    /// held anew in the tree; what is gone or beyond the limit is not there.
    pub(crate) fn of_process(
        limit: u32,
        given: &[(u32, stream::Descriptor)],
        tree: &mut Tree,
    ) -> Self {
        let mut table = Self::new(limit);
        for slot in table.slots.iter_mut().take(ROOT as usize) {
            *slot = None;
        }
        for (number, descriptor) in given.iter().filter(|(number, _)| *number != ROOT) {
            // A descriptor that cannot be used answers as one that is not open.
            let _missing = table.adopt(*number, descriptor, tree);
        }
        table
    }

    /// Puts a duplicate of a process's descriptor under a number.
    pub(crate) fn adopt(
        &mut self,
        number: u32,
        descriptor: &stream::Descriptor,
        tree: &mut Tree,
    ) -> Result<(), Errno> {
        let ours = match descriptor {
            stream::Descriptor::Null => Descriptor::Null,
            stream::Descriptor::Reader(reader) => {
                Descriptor::Pipe(PipeEnd::new(PipeSide::Reader(reader.clone())))
            }
            stream::Descriptor::Writer(writer) => {
                Descriptor::Pipe(PipeEnd::new(PipeSide::Writer(writer.clone())))
            }
            stream::Descriptor::File(file) => {
                let opened = file.opened();
                tree.pin(opened.node)?;
                Descriptor::File(OpenFile {
                    node: opened.node,
                    offset: opened.offset.clone(),
                    read: opened.read,
                    write: opened.write,
                    flags: if opened.append { fdflags::APPEND } else { 0 },
                    device: opened.device,
                })
            }
        };
        self.place(Some(number), ours, tree).map(|_| ())
    }

    /// Puts a duplicate of a process's descriptor under the lowest free number.
    pub(crate) fn adopt_lowest(
        &mut self,
        descriptor: &stream::Descriptor,
        tree: &mut Tree,
    ) -> Result<u32, Errno> {
        let number = self.free_number()?;
        self.adopt(number, descriptor, tree)?;
        Ok(number)
    }

    /// What another process can be given of a descriptor. A file is held in the
    /// tree for it; the streams of a cell and directories cannot be given.
    pub(crate) fn share(&self, fd: u32, tree: &mut Tree) -> Result<Shared, Errno> {
        Ok(match self.get(fd)? {
            Descriptor::Stdin => Shared::Stdin,
            Descriptor::Output(output) => Shared::Output(*output),
            Descriptor::Null => Shared::Stream(stream::Descriptor::Null),
            Descriptor::Directory(_) => return Err(Errno::Notsup),
            Descriptor::Pipe(end) => match &end.side {
                PipeSide::Reader(reader) => Shared::Stream(reader.clone().into()),
                PipeSide::Writer(writer) => Shared::Stream(writer.clone().into()),
                PipeSide::Broken => Shared::Stream(stream::pipe().0.into()),
            },
            Descriptor::File(file) => {
                tree.pin(file.node)?;
                Shared::File(Opened {
                    node: file.node,
                    offset: file.offset.clone(),
                    read: file.read,
                    write: file.write,
                    append: file.appends(),
                    device: file.device,
                })
            }
        })
    }

    /// Makes `to` a duplicate of `fd`: the lowest free number without one, else
    /// that number, which is closed before.
    ///
    /// # Errors
    /// `EBADF`, `EMFILE`; `ENOTSUP` for a directory.
    pub(crate) fn duplicate(
        &mut self,
        fd: u32,
        to: Option<u32>,
        tree: &mut Tree,
    ) -> Result<u32, Errno> {
        if to == Some(fd) {
            return self.get(fd).map(|_| fd);
        }
        let copy = match self.get(fd)? {
            Descriptor::Stdin => Descriptor::Stdin,
            Descriptor::Output(output) => Descriptor::Output(*output),
            Descriptor::Null => Descriptor::Null,
            Descriptor::Directory(_) => return Err(Errno::Notsup),
            Descriptor::Pipe(end) => Descriptor::Pipe(PipeEnd {
                side: match &end.side {
                    PipeSide::Reader(reader) => PipeSide::Reader(reader.clone()),
                    PipeSide::Writer(writer) => PipeSide::Writer(writer.clone()),
                    PipeSide::Broken => PipeSide::Broken,
                },
                flags: end.flags,
            }),
            Descriptor::File(file) => {
                tree.pin(file.node)?;
                Descriptor::File(file.clone())
            }
        };
        self.place(to, copy, tree)
    }

    /// Puts a descriptor under a number, or under the lowest free one. What was
    /// there is closed.
    fn place(
        &mut self,
        to: Option<u32>,
        descriptor: Descriptor,
        tree: &mut Tree,
    ) -> Result<u32, Errno> {
        let number = match to {
            None => self.free_number(),
            Some(number) if number < self.limit && number != ROOT => Ok(number),
            Some(_) => Err(Errno::Badf),
        };
        let number = match number {
            Ok(number) => number,
            Err(errno) => {
                if let Some(node) = descriptor.node() {
                    tree.unpin(node);
                }
                return Err(errno);
            }
        };
        // A number that is free is closed already.
        let _closed = self.close(tree, number);
        while self.slots.len() <= number as usize {
            self.slots.push(None);
        }
        self.put(number, descriptor);
        Ok(number)
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
            _ => Err(Errno::Spipe),
        }
    }

    pub(super) fn file_mut(&mut self, fd: u32) -> Result<&mut OpenFile, Errno> {
        match self.get_mut(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::Isdir),
            _ => Err(Errno::Spipe),
        }
    }

    /// The directory that paths given with `fd` start at.
    pub(super) fn directory(&self, fd: u32) -> Result<NodeId, Errno> {
        match self.get(fd)? {
            Descriptor::Directory(directory) => Ok(directory.node),
            Descriptor::File(_) => Err(Errno::Notdir),
            _ => Err(Errno::Badf),
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
    pub(crate) fn close(&mut self, tree: &mut Tree, fd: u32) -> Result<(), Errno> {
        let descriptor = self.take(fd)?;
        if let Some(node) = descriptor.node().filter(|node| *node != NodeId::ROOT) {
            tree.unpin(node);
        }
        Ok(())
    }
}
