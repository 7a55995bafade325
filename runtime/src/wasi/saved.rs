//! A table of descriptors as bytes, for snapshots on disk.
//! `docs/snapshot-format.md` has the table of bytes.

use std::io::{Read, Write};

use crate::files::{
    FileError, Kind, NodeId, PATH_BYTES, SavedError, Sink, Source, Tree, device_code, device_of,
};

use super::abi::fdflags;
use super::call::Output;
use super::descriptors::{Descriptor, Descriptors, OpenDirectory, OpenFile, PipeEnd, PipeSide};
use crate::stream::Offset;

const SECTION: &str = "saved descriptors";
const MAGIC: [u8; 8] = *b"sc-descr";
const VERSION: u32 = 1;

/// What stands under a number.
mod kind {
    pub(super) const FREE: u8 = 0;
    pub(super) const STDIN: u8 = 1;
    pub(super) const STDOUT: u8 = 2;
    pub(super) const STDERR: u8 = 3;
    pub(super) const FILE: u8 = 4;
    pub(super) const DIRECTORY: u8 = 5;
    pub(super) const PIPE: u8 = 6;
    pub(super) const NULL: u8 = 7;
}

const READ: u8 = 1;
const WRITE: u8 = 2;

impl Descriptors {
    /// Write the table. `tree` is the one it is open in. Files of the tree are
    /// named by number, those of mounts by their path in the mount.
    ///
    /// # Errors
    /// [`SavedError::Write`].
    pub(crate) fn save(&self, tree: &Tree, out: &mut impl Write) -> Result<(), SavedError> {
        let mut sink = Sink::new(out, SECTION, MAGIC, VERSION);
        let slots = self.slots();
        let used = slots
            .iter()
            .rposition(Option::is_some)
            .map_or(0, |at| at + 1);
        sink.u32(self.limit())?;
        sink.u32(u32::try_from(used).unwrap_or(u32::MAX))?;
        for slot in slots.iter().take(used) {
            save_slot(&mut sink, tree, slot.as_ref())?;
        }
        sink.finish()
    }

    /// Read a table that [`Descriptors::save`] wrote, and hold in `tree`, which
    /// was read before, what is open. Reads exactly its bytes.
    ///
    /// The limit of the table is the saved one, but not above `limit` (at least
    /// 4). A file of a mount that is gone stays open and answers `ESTALE`.
    ///
    /// # Errors
    /// What is wrong with the bytes, with the number of the descriptor; then
    /// nothing is held.
    pub(crate) fn load(
        input: &mut impl Read,
        limit: u32,
        tree: &mut Tree,
    ) -> Result<Self, SavedError> {
        let mut source = Source::new(input, SECTION, MAGIC, VERSION)?;
        let saved = source.u32()?;
        let mut table = Self::empty(saved.min(limit));
        let count = source.u32()?;
        SavedError::check("descriptors", u64::from(count), u64::from(table.limit()))?;
        for number in 0..count {
            source.part("descriptor", u64::from(number));
            let slot = load_slot(&mut source, tree)?;
            table.push(slot);
        }
        table.hold(tree)?;
        Ok(table)
    }
}

fn save_slot(
    sink: &mut Sink<'_>,
    tree: &Tree,
    slot: Option<&Descriptor>,
) -> Result<(), SavedError> {
    match slot {
        None => sink.u8(kind::FREE),
        Some(Descriptor::Stdin) => sink.u8(kind::STDIN),
        Some(Descriptor::Output(Output::Stdout)) => sink.u8(kind::STDOUT),
        Some(Descriptor::Output(Output::Stderr)) => sink.u8(kind::STDERR),
        Some(Descriptor::Pipe(_)) => sink.u8(kind::PIPE),
        Some(Descriptor::Null) => sink.u8(kind::NULL),
        Some(Descriptor::File(file)) => {
            let read = if file.read { READ } else { 0 };
            let write = if file.write { WRITE } else { 0 };
            sink.u8(kind::FILE)?;
            save_node(sink, tree, file.node)?;
            sink.u64(file.offset.get())?;
            sink.u8(read | write)?;
            sink.u16(file.flags)?;
            sink.u8(file.device.map_or(0, device_code))
        }
        Some(Descriptor::Directory(directory)) => {
            sink.u8(kind::DIRECTORY)?;
            save_node(sink, tree, directory.node)?;
            sink.u16(directory.flags)?;
            sink.u64(directory.listing_end)?;
            sink.u8(u8::from(directory.preopened))
        }
    }
}

fn save_node(sink: &mut Sink<'_>, tree: &Tree, node: NodeId) -> Result<(), SavedError> {
    let mount = node.mount();
    sink.u32(mount)?;
    if mount == 0 {
        return sink.u64(node.inode());
    }
    match tree
        .path_in_mount(node)
        .filter(|path| path.len() <= PATH_BYTES)
    {
        Some(path) => {
            sink.u8(1)?;
            sink.text(&path)
        }
        None => sink.u8(0),
    }
}

fn load_slot(source: &mut Source<'_>, tree: &Tree) -> Result<Option<Descriptor>, SavedError> {
    Ok(Some(match source.u8()? {
        kind::FREE => return Ok(None),
        kind::STDIN => Descriptor::Stdin,
        kind::STDOUT => Descriptor::Output(Output::Stdout),
        kind::STDERR => Descriptor::Output(Output::Stderr),
        kind::PIPE => Descriptor::Pipe(PipeEnd::new(PipeSide::Broken)),
        kind::NULL => Descriptor::Null,
        kind::FILE => Descriptor::File(load_file(source, tree)?),
        kind::DIRECTORY => Descriptor::Directory(load_directory(source, tree)?),
        _ => return Err(source.wrong("it is of an unknown kind")),
    }))
}

fn load_file(source: &mut Source<'_>, tree: &Tree) -> Result<OpenFile, SavedError> {
    let (node, found) = load_node(source, tree)?;
    let offset = source.u64()?;
    if i64::try_from(offset).is_err() {
        return Err(source.wrong("its offset is before the start"));
    }
    let access = source.u8()?;
    if !matches!(access, READ | WRITE) && access != READ | WRITE {
        return Err(source.wrong("it is open neither for reading nor for writing"));
    }
    let flags = load_flags(source)?;
    let code = source.u8()?;
    let device = device_of(code);
    if code != 0 && device.is_none() {
        return Err(source.wrong("it is an unknown device"));
    }
    let fits = match found {
        Some(Kind::File) | None => device.is_none(),
        Some(Kind::Device(found)) => device == Some(found),
        Some(Kind::Directory | Kind::SymbolicLink | Kind::Other) => false,
    };
    if !fits {
        return Err(source.wrong("it is open as something that its node is not"));
    }
    Ok(OpenFile {
        node,
        offset: Offset::at(offset),
        read: access & READ != 0,
        write: access & WRITE != 0,
        flags,
        device,
    })
}

fn load_directory(source: &mut Source<'_>, tree: &Tree) -> Result<OpenDirectory, SavedError> {
    let (node, found) = load_node(source, tree)?;
    if found.is_some_and(|kind| kind != Kind::Directory) {
        return Err(source.wrong("it is open as something that its node is not"));
    }
    let flags = load_flags(source)?;
    let listing_end = source.u64()?;
    let preopened = match source.u8()? {
        0 => false,
        1 if node == NodeId::ROOT => true,
        1 => return Err(source.wrong("only the root is given to a guest")),
        _ => return Err(source.wrong("it is neither given nor opened")),
    };
    Ok(OpenDirectory {
        node,
        flags,
        listing_end,
        preopened,
    })
}

fn load_flags(source: &mut Source<'_>) -> Result<u16, SavedError> {
    let flags = source.u16()?;
    if flags & !fdflags::ALL != 0 {
        return Err(source.wrong("it has unknown flags"));
    }
    Ok(flags)
}

/// The node and what it is; none when it was in a mount and is gone.
fn load_node(source: &mut Source<'_>, tree: &Tree) -> Result<(NodeId, Option<Kind>), SavedError> {
    let mount = source.u32()?;
    if mount == 0 {
        let node = NodeId::own(source.u64()?);
        let stat = tree
            .stat_of(node)
            .map_err(|_| source.wrong("its node is not there"))?;
        return Ok((node, Some(stat.kind)));
    }
    if !tree.has_mount(mount) {
        return Err(source.wrong("its mount is not there"));
    }
    let path = match source.u8()? {
        0 => return Ok((NodeId::gone(mount), None)),
        1 => source.text(PATH_BYTES)?,
        _ => return Err(source.wrong("its path is neither there nor gone")),
    };
    let hidden = |name: &str| matches!(name, "" | "." | "..") || name.contains('\0');
    if !path.is_empty() && path.split('/').any(hidden) {
        return Err(source.wrong("its path in the mount is not valid"));
    }
    let found = tree.find_in_mount(mount, &path);
    let found = found.and_then(|node| Ok((node, tree.stat_of(node)?.kind)));
    match found {
        Ok((node, kind)) => Ok((node, Some(kind))),
        Err(FileError::Library(error)) => Err(FileError::Library(error).into()),
        Err(_) => Ok((NodeId::gone(mount), None)),
    }
}
