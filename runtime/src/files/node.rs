//! One file, directory, link or device: what an inode number stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contents::Contents;
use super::directory::Directory;

/// A file, wherever it is mounted: stable while it exists, never used for
/// another one in the same tree or its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// 0 is the tree itself, `n` the n-th mount.
    pub(crate) mount: u32,
    /// The number of the file within that.
    pub(crate) inode: u64,
}

impl NodeId {
    /// The root directory of every tree.
    pub const ROOT: Self = Self::own(1);

    /// 0 for the tree's own files, else the number of the mount.
    pub(crate) const fn mount(self) -> u32 {
        self.mount
    }

    /// A file of a mount that is not there any more: every use is stale.
    pub(crate) const fn gone(mount: u32) -> Self {
        Self { mount, inode: 0 }
    }

    /// Whether it is what [`NodeId::gone`] gives.
    pub(crate) const fn is_gone(self) -> bool {
        self.inode == 0
    }

    pub(crate) const fn own(inode: u64) -> Self {
        Self { mount: 0, inode }
    }

    /// The number of the file within its device, as `st_ino`.
    #[must_use]
    pub const fn inode(self) -> u64 {
        self.inode
    }

    /// The device of the file, as `st_dev`: 1 for the tree itself.
    #[must_use]
    pub const fn device(self) -> u64 {
        self.mount as u64 + 1
    }
}

/// What kind of thing a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    SymbolicLink,
    /// A character device.
    Device(Device),
    /// Something else in a mounted folder of the host: a pipe, a socket, a
    /// device. It is shown and cannot be opened.
    Other,
}

/// The devices of the standard layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Device {
    /// Reads as empty; swallows what is written.
    Null,
    /// Reads as zeros; swallows what is written.
    Zero,
    /// Reads as random bytes, which come from the engine; swallows what is written.
    Random,
}

/// The attributes of a file. Times are in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Which file it is.
    pub id: NodeId,
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file, holes included, or of the target of a link; else 0.
    pub size: u64,
    /// Permission bits, such as `0o644`. They are shown, not enforced.
    pub mode: u32,
    /// User id.
    pub owner: u32,
    /// Group id.
    pub group: u32,
    /// Names of a file; 2 and one for each subdirectory of a directory.
    pub links: u32,
    /// Last access as set by the guest; reading alone does not move it.
    pub accessed_ns: u64,
    /// Last change of the contents.
    pub modified_ns: u64,
    /// Last change of the contents or the attributes.
    pub changed_ns: u64,
}

/// Mode and owner of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attributes {
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) owner: u32,
    pub(super) group: u32,
}

impl Attributes {
    /// What a file made by the guest gets: `0o644`, user and group 1000.
    pub(super) const FILE: Self = Self::of_user(0o644);
    /// What a directory made by the guest gets: `0o755`, user and group 1000.
    pub(super) const DIRECTORY: Self = Self::of_user(0o755);
    /// What a link gets: `0o777`, user and group 1000.
    pub(super) const LINK: Self = Self::of_user(0o777);

    const fn of_user(mode: u32) -> Self {
        Self {
            mode,
            owner: 1000,
            group: 1000,
        }
    }

    pub(super) const fn of_root(mode: u32) -> Self {
        Self {
            mode,
            owner: 0,
            group: 0,
        }
    }
}

/// User metadata: what the host noted at a file.
pub(super) type Notes = BTreeMap<String, String>;

/// One inode.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) body: Body,
    pub(super) attributes: Attributes,
    /// Names of a file or link; of a directory 1, and 0 once it is removed.
    pub(super) links: u32,
    /// Only the host changes it, and what is in it.
    pub(super) sealed: bool,
    pub(super) accessed_ns: u64,
    pub(super) modified_ns: u64,
    pub(super) changed_ns: u64,
    /// The directory and the name it was last put under. Of a file with several
    /// names it may be one that is gone.
    pub(super) home: Home,
    pub(super) notes: Option<Arc<Notes>>,
}

/// Where a node is found.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) directory: u64,
    pub(super) name: Arc<str>,
}

/// What a node is made of.
#[derive(Debug, Clone)]
pub(super) enum Body {
    File(Contents),
    Directory(Directory),
    SymbolicLink(Arc<str>),
    Device(Device),
}

impl Body {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Directory(_) => Kind::Directory,
            Self::SymbolicLink(_) => Kind::SymbolicLink,
            Self::Device(device) => Kind::Device(*device),
        }
    }
}

impl Node {
    pub(super) fn new(body: Body, attributes: Attributes, home: Home, now_ns: u64) -> Self {
        Self {
            body,
            attributes,
            links: 1,
            sealed: false,
            accessed_ns: now_ns,
            modified_ns: now_ns,
            changed_ns: now_ns,
            home,
            notes: None,
        }
    }

    /// The entries, if it is a directory.
    pub(super) const fn directory(&self) -> Option<&Directory> {
        match &self.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    pub(super) fn directory_mut(&mut self) -> Option<&mut Directory> {
        match &mut self.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// Bytes that it counts against the quota.
    pub(super) fn bytes(&self) -> u64 {
        let body = match &self.body {
            Body::File(contents) => contents.allocated(),
            Body::SymbolicLink(target) => target.len() as u64,
            Body::Directory(_) | Body::Device(_) => 0,
        };
        body + self.notes.as_deref().map_or(0, notes_bytes)
    }

    /// Bytes of contents that it keeps in memory.
    pub(super) const fn resident(&self) -> u64 {
        match &self.body {
            Body::File(contents) => contents.resident(),
            _ => 0,
        }
    }

    /// Note a change of contents or entries.
    pub(super) const fn touch(&mut self, now_ns: u64) {
        self.modified_ns = now_ns;
        self.changed_ns = now_ns;
    }

    pub(super) fn stat(&self, inode: u64) -> Stat {
        let (size, links) = match &self.body {
            Body::File(contents) => (contents.size(), self.links),
            Body::SymbolicLink(target) => (target.len() as u64, self.links),
            Body::Directory(directory) if self.links > 0 => (0, 2 + directory.subdirectories),
            Body::Directory(_) => (0, 0),
            Body::Device(_) => (0, self.links),
        };
        Stat {
            id: NodeId::own(inode),
            kind: self.body.kind(),
            size,
            mode: self.attributes.mode,
            owner: self.attributes.owner,
            group: self.attributes.group,
            links,
            accessed_ns: self.accessed_ns,
            modified_ns: self.modified_ns,
            changed_ns: self.changed_ns,
        }
    }
}

/// Bytes of user metadata.
pub(super) fn notes_bytes(notes: &Notes) -> u64 {
    notes
        .iter()
        .map(|(name, value)| (name.len() + value.len()) as u64)
        .sum()
}
