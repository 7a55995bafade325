//! From a tree to bytes.

use std::io::Write;

use super::error::SavedError;
use super::sink::Sink;
use super::{MAGIC, VERSION, flag, kind};
use crate::files::node::{Body, Device, Node};
use crate::files::tree::Tree;

impl Tree {
    /// Write all of the tree: what has a name and what is only held open, with
    /// numbers, times, metadata and limits. What is mounted is only named. Not
    /// written: who holds what open, which is in the tables of descriptors, and
    /// who watches.
    ///
    /// Equal trees give equal bytes, wherever their contents are. Spilled
    /// contents are read piece by piece. The writer is called with 64 KiB or
    /// more at a time and not flushed.
    ///
    /// # Errors
    /// [`SavedError::Write`], [`SavedError::Spill`]. What was written until then
    /// is of no use.
    pub fn save(&self, out: &mut impl Write) -> Result<(), SavedError> {
        let mut sink = Sink::new(out, super::load::SECTION, MAGIC, VERSION);
        let limits = &self.limits;
        sink.u64(limits.bytes)?;
        sink.u64(limits.entries)?;
        sink.u32(limits.depth)?;
        sink.u64(limits.file_bytes)?;
        sink.u64(limits.resident_file_bytes)?;
        sink.u64(limits.resident_bytes)?;
        sink.u64(self.usage.bytes)?;
        sink.u64(self.usage.entries)?;
        sink.u64(self.next_inode)?;
        sink.u32(u32::try_from(self.mounts.len()).unwrap_or(u32::MAX))?;
        for mount in self.mounts.iter() {
            sink.u64(mount.point)?;
            sink.text(&mount.path)?;
            sink.text(&mount.backing.identity())?;
        }
        let all = || {
            std::iter::successors(self.nodes.first_from(0), |(at, _)| {
                self.nodes.first_from(at + 1)
            })
        };
        sink.u64(all().count() as u64)?;
        for (inode, node) in all() {
            save_node(&mut sink, inode, node)?;
        }
        sink.finish()
    }
}

fn save_node(sink: &mut Sink<'_>, inode: u64, node: &Node) -> Result<(), SavedError> {
    let (sealed, noted) = (node.sealed, node.notes.is_some());
    let flags = if sealed { flag::SEALED } else { 0 } | if noted { flag::NOTES } else { 0 };
    sink.u64(inode)?;
    sink.u8(match &node.body {
        Body::File(_) => kind::FILE,
        Body::Directory(_) => kind::DIRECTORY,
        Body::SymbolicLink(_) => kind::LINK,
        Body::Device(_) => kind::DEVICE,
    })?;
    sink.u8(flags)?;
    sink.u32(node.attributes.mode)?;
    sink.u32(node.attributes.owner)?;
    sink.u32(node.attributes.group)?;
    sink.u32(node.links)?;
    sink.u64(node.accessed_ns)?;
    sink.u64(node.modified_ns)?;
    sink.u64(node.changed_ns)?;
    sink.u64(node.home.directory)?;
    sink.text(&node.home.name)?;
    if let Some(notes) = &node.notes {
        sink.u32(u32::try_from(notes.len()).unwrap_or(u32::MAX))?;
        for (name, value) in notes.iter() {
            sink.long_text(name)?;
            sink.long_text(value)?;
        }
    }
    match &node.body {
        Body::File(contents) => contents.save(sink),
        Body::Directory(directory) => {
            sink.u64(directory.next_cookie())?;
            sink.u64(directory.len() as u64)?;
            for listed in directory.iter() {
                sink.u64(listed.inode)?;
                sink.u64(listed.cookie)?;
                sink.text(&listed.name)?;
            }
            Ok(())
        }
        Body::SymbolicLink(target) => sink.text(target),
        Body::Device(device) => sink.u8(device_code(*device)),
    }
}

/// The number of a device in saved bytes.
pub(crate) const fn device_code(device: Device) -> u8 {
    match device {
        Device::Null => 1,
        Device::Zero => 2,
        Device::Random => 3,
    }
}

/// The device of a number.
pub(crate) const fn device_of(code: u8) -> Option<Device> {
    match code {
        1 => Some(Device::Null),
        2 => Some(Device::Zero),
        3 => Some(Device::Random),
        _ => None,
    }
}
