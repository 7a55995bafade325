//! From bytes to a tree.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use super::error::SavedError;
use super::node::{Room, load_node};
use super::shape::check_shape;
use super::source::Source;
use super::{MAGIC, NUMBERS, UNNAMED, VERSION};
use crate::files::mount::{Backing, Mount};
use crate::files::node::NodeId;
use crate::files::quota::{FileLimits, FileUsage, PATH_BYTES};
use crate::files::spill::Storage;
use crate::files::table::Table;
use crate::files::tree::{MOUNTS, Tree};

/// What the section is called in errors.
pub(super) const SECTION: &str = "saved files";

/// The most bytes of what a backing says it is.
const IDENTITY_BYTES: usize = 255;

/// What to mount where, by the paths given to [`Tree::mount`].
pub type Mounts<'a> = [(&'a str, Arc<dyn Backing>)];

impl Tree {
    /// Read a tree that [`Tree::save`] wrote. Reads exactly its bytes, many
    /// small ones at a time: hand in a slice or a buffered reader.
    ///
    /// `bounds` is the most that it may hold, now and later: the limits of the
    /// tree are the saved ones, but none above `bounds`. Contents stay in memory
    /// as these limits say; the rest goes to `storage`. `mounts` must hold
    /// everything that was mounted, and the same of its kind
    /// ([`Backing::identity`]); what is more is not mounted.
    ///
    /// Files that only open descriptors held are there without a name. When the
    /// tables of descriptors are read as well, [`Tree::drop_unheld`] removes
    /// those that nobody holds.
    ///
    /// # Errors
    /// What is wrong with the bytes, with the number of the node; nothing is
    /// left behind.
    pub fn load(
        input: &mut impl Read,
        bounds: &FileLimits,
        storage: Storage,
        mounts: &Mounts<'_>,
    ) -> Result<Self, SavedError> {
        let mut source = Source::new(input, SECTION, MAGIC, VERSION)?;
        let limits = FileLimits {
            bytes: source.u64()?.min(bounds.bytes),
            entries: source.u64()?.min(bounds.entries),
            depth: source.u32()?.min(bounds.depth),
            file_bytes: source.u64()?.min(bounds.file_bytes),
            resident_file_bytes: source.u64()?.min(bounds.resident_file_bytes),
            resident_bytes: source.u64()?.min(bounds.resident_bytes),
        };
        let (bytes, entries) = (source.u64()?, source.u64()?);
        SavedError::check("bytes of contents", bytes, bounds.bytes)?;
        SavedError::check("entries", entries, bounds.entries)?;
        let next_inode = source.u64()?;
        SavedError::check("numbers of nodes", next_inode, NUMBERS)?;
        let mounts = load_mounts(&mut source, mounts)?;
        // What is there may pass limits that were lowered later, not the bounds.
        let reading = FileLimits {
            resident_file_bytes: limits.resident_file_bytes,
            resident_bytes: limits.resident_bytes,
            ..bounds.clone()
        };
        let mut room = Room {
            limits: &reading,
            storage: &storage,
            used: FileUsage::default(),
            next_inode,
        };
        let nodes = load_nodes(&mut source, entries, &mut room)?;
        let used = room.used;
        if (used.bytes, used.entries) != (bytes, entries) {
            return Err(SavedError::malformed(
                "usage",
                used.entries,
                "it is not the sum of what is there",
            ));
        }
        let mut tree = Self::new(limits, storage, 0);
        tree.nodes = nodes;
        tree.next_inode = next_inode;
        tree.usage = used;
        tree.mounts = Arc::new(mounts);
        check_shape(&mut tree, bounds.depth)?;
        Ok(tree)
    }

    /// Whether there are files that have no name.
    pub(crate) fn has_unnamed(&self) -> bool {
        let mut next = self.nodes.first_from(0);
        while let Some((inode, node)) = next {
            if node.links == 0 {
                return true;
            }
            next = self.nodes.first_from(inode + 1);
        }
        false
    }

    /// Remove the files that have no name and that nobody holds open. After
    /// [`Tree::load`], when all tables of descriptors were read.
    pub fn drop_unheld(&mut self) {
        let mut unnamed = Vec::new();
        let mut next = self.nodes.first_from(0);
        while let Some((inode, node)) = next {
            if node.links == 0 {
                unnamed.push(inode);
            }
            next = self.nodes.first_from(inode + 1);
        }
        for inode in unnamed {
            self.drop_unused(inode);
        }
    }
}

fn load_mounts(source: &mut Source<'_>, given: &Mounts<'_>) -> Result<Vec<Mount>, SavedError> {
    source.part("mounts", 0);
    let count = source.u32()?;
    SavedError::check("mounts", u64::from(count), MOUNTS as u64)?;
    let mut mounts = Vec::new();
    let mut points = BTreeSet::new();
    for number in 0..count {
        source.part("mount", u64::from(number) + 1);
        let point = source.u64()?;
        let path = source.text(PATH_BYTES)?;
        let expected = source.text(IDENTITY_BYTES)?;
        if !points.insert(point) {
            return Err(source.wrong("its place has a mount already"));
        }
        let given = given.iter().find(|(given, _)| *given == path);
        let Some((_, backing)) = given else {
            return Err(SavedError::MissingMount { path });
        };
        let found = backing.identity();
        if found != expected {
            return Err(SavedError::WrongMount {
                path,
                expected,
                found,
            });
        }
        mounts.push(Mount {
            point,
            path: Arc::from(path),
            backing: Arc::clone(backing),
        });
    }
    Ok(mounts)
}

fn load_nodes(
    source: &mut Source<'_>,
    entries: u64,
    room: &mut Room<'_>,
) -> Result<Table<Arc<crate::files::node::Node>>, SavedError> {
    source.part("nodes", 0);
    let count = source.u64()?;
    let most = entries.saturating_add(1).saturating_add(UNNAMED);
    SavedError::check("nodes", count, most)?;
    let mut nodes = Table::default();
    let mut least = NodeId::ROOT.inode();
    for _ in 0..count {
        let inode = source.u64()?;
        source.part("node", inode);
        if inode < least || inode >= room.next_inode {
            return Err(source.wrong("its number is out of order"));
        }
        least = inode + 1;
        let node = load_node(source, inode, room)?;
        nodes.insert(inode, Arc::new(node));
    }
    Ok(nodes)
}
