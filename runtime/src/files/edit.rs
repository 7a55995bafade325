//! Making, moving and removing names. Everything is checked before anything is
//! changed, so an error leaves the tree as it was.

use std::sync::Arc;

use super::directory::Directory;
use super::error::FileError;
use super::node::{Attributes, Body, Home, Kind, Node, NodeId};
use super::quota::{HARD_LINKS, PATH_BYTES};
use super::tree::Tree;
use super::watch::{Change, ChangeKind};

impl Tree {
    /// A directory in which names may be made and removed.
    fn editable(&self, directory: NodeId) -> Result<(u64, &Directory), FileError> {
        let inode = Self::writable(directory)?;
        let node = self.node(inode)?;
        let entries = node.directory().ok_or(FileError::NotADirectory)?;
        if node.links == 0 {
            return Err(FileError::NotFound);
        }
        if node.sealed {
            return Err(FileError::Denied);
        }
        Ok((inode, entries))
    }

    /// Put a new node under `name`, which must not exist yet.
    pub(super) fn make(
        &mut self,
        directory: NodeId,
        name: &str,
        body: Body,
        attributes: Attributes,
        now_ns: u64,
    ) -> Result<NodeId, FileError> {
        let (parent, entries) = self.editable(directory)?;
        if entries.get(name).is_some() {
            return Err(FileError::Exists);
        }
        self.usage.check_entry(&self.limits)?;
        let is_directory = matches!(body, Body::Directory(_));
        if is_directory {
            self.check_depth(self.depth(parent)?.saturating_add(1))?;
        }
        let name: Arc<str> = Arc::from(name);
        let home = Home {
            directory: parent,
            name: Arc::clone(&name),
        };
        let node = Node::new(body, attributes, home, now_ns);
        self.usage.check_bytes(&self.limits, node.bytes())?;
        let inode = self.next_inode;
        self.next_inode += 1;
        self.usage.bytes += node.bytes();
        self.usage.resident_bytes += node.resident();
        self.nodes.insert(inode, Arc::new(node));
        self.enter(parent, Arc::clone(&name), inode, is_directory, now_ns)?;
        self.tell_at(ChangeKind::Create, parent, &name);
        Ok(NodeId::own(inode))
    }

    /// Make an empty file.
    pub(crate) fn make_file_in(
        &mut self,
        directory: NodeId,
        name: &str,
        now_ns: u64,
    ) -> Result<NodeId, FileError> {
        if directory.mount != 0 {
            let inode = self.mount_of(directory)?.make_file(directory.inode, name)?;
            return Ok(NodeId { inode, ..directory });
        }
        let body = Body::File(super::contents::Contents::default());
        self.make(directory, name, body, Attributes::FILE, now_ns)
    }

    /// Make an empty directory.
    pub(crate) fn make_directory_in(
        &mut self,
        directory: NodeId,
        name: &str,
        now_ns: u64,
    ) -> Result<NodeId, FileError> {
        if directory.mount != 0 {
            let backing = self.mount_of(directory)?;
            let inode = backing.make_directory(directory.inode, name)?;
            return Ok(NodeId { inode, ..directory });
        }
        let body = Body::Directory(Directory::default());
        self.make(directory, name, body, Attributes::DIRECTORY, now_ns)
    }

    /// Make a symbolic link. Its target need not exist.
    pub(crate) fn make_link_in(
        &mut self,
        directory: NodeId,
        name: &str,
        target: &str,
        now_ns: u64,
    ) -> Result<NodeId, FileError> {
        if target.is_empty() {
            return Err(FileError::NotFound);
        }
        if target.len() > PATH_BYTES {
            return Err(FileError::PathTooLong {
                length: target.len(),
                limit: PATH_BYTES,
            });
        }
        if target.as_bytes().contains(&0) {
            return Err(FileError::InvalidName);
        }
        if directory.mount != 0 {
            let backing = self.mount_of(directory)?;
            let inode = backing.make_link(directory.inode, name, target)?;
            return Ok(NodeId { inode, ..directory });
        }
        let body = Body::SymbolicLink(Arc::from(target));
        self.make(directory, name, body, Attributes::LINK, now_ns)
    }

    /// Give a file a further name.
    pub(crate) fn link_in(
        &mut self,
        file: NodeId,
        directory: NodeId,
        name: &str,
        now_ns: u64,
    ) -> Result<(), FileError> {
        if file.mount != directory.mount {
            return Err(FileError::CrossDevice);
        }
        if directory.mount != 0 {
            let backing = self.mount_of(directory)?;
            return backing.link(file.inode, directory.inode, name);
        }
        let (parent, entries) = self.editable(directory)?;
        if entries.get(name).is_some() {
            return Err(FileError::Exists);
        }
        let node = self.node(file.inode)?;
        if node.directory().is_some() {
            return Err(FileError::NotPermitted);
        }
        if node.sealed {
            return Err(FileError::Denied);
        }
        if node.links == 0 {
            return Err(FileError::NotFound);
        }
        if node.links >= HARD_LINKS {
            return Err(FileError::TooManyHardLinks { limit: HARD_LINKS });
        }
        self.usage.check_entry(&self.limits)?;
        let name: Arc<str> = Arc::from(name);
        let node = self.node_mut(file.inode)?;
        node.links += 1;
        node.changed_ns = now_ns;
        node.home = Home {
            directory: parent,
            name: Arc::clone(&name),
        };
        self.enter(parent, Arc::clone(&name), file.inode, false, now_ns)?;
        self.tell_at(ChangeKind::Create, parent, &name);
        Ok(())
    }

    /// Remove the name of a file, link or device.
    pub(crate) fn remove_file_in(
        &mut self,
        directory: NodeId,
        name: &str,
        now_ns: u64,
    ) -> Result<(), FileError> {
        if directory.mount != 0 {
            return self.mount_of(directory)?.remove_file(directory.inode, name);
        }
        let (parent, entries) = self.editable(directory)?;
        let inode = entries.get(name).ok_or(FileError::NotFound)?.inode;
        let node = self.node(inode)?;
        if node.directory().is_some() {
            return Err(FileError::IsADirectory);
        }
        if node.sealed {
            return Err(FileError::Denied);
        }
        self.leave(parent, name, false, now_ns)?;
        self.usage.entries -= 1;
        self.detach(inode, now_ns)?;
        self.tell_at(ChangeKind::Remove, parent, name);
        Ok(())
    }

    /// Remove an empty directory.
    pub(crate) fn remove_directory_in(
        &mut self,
        directory: NodeId,
        name: &str,
        now_ns: u64,
    ) -> Result<(), FileError> {
        if directory.mount != 0 {
            let backing = self.mount_of(directory)?;
            return backing.remove_directory(directory.inode, name);
        }
        let (parent, entries) = self.editable(directory)?;
        let inode = entries.get(name).ok_or(FileError::NotFound)?.inode;
        self.check_replaceable(inode, Kind::Directory)?;
        self.leave(parent, name, true, now_ns)?;
        self.usage.entries -= 1;
        self.detach(inode, now_ns)?;
        self.tell_at(ChangeKind::Remove, parent, name);
        Ok(())
    }

    /// Refuse what cannot be removed, or replaced by something of `kind`.
    fn check_replaceable(&self, inode: u64, kind: Kind) -> Result<(), FileError> {
        let node = self.node(inode)?;
        match (kind, node.directory()) {
            (Kind::Directory, None) => return Err(FileError::NotADirectory),
            (Kind::Directory, Some(_)) if self.mounted_at(inode).is_some() => {
                return Err(FileError::Busy);
            }
            (Kind::Directory, Some(entries)) if !entries.is_empty() => {
                return Err(FileError::NotEmpty);
            }
            (Kind::Directory, Some(_)) | (_, None) => {}
            (_, Some(_)) => return Err(FileError::IsADirectory),
        }
        if node.sealed {
            return Err(FileError::Denied);
        }
        Ok(())
    }

    /// Give a file or directory another name and place. What has that name goes
    /// if it is of the same sort, and empty if a directory.
    pub(crate) fn rename_in(
        &mut self,
        from: (NodeId, &str),
        to: (NodeId, &str),
        now_ns: u64,
    ) -> Result<(), FileError> {
        let ((from_directory, from_name), (to_directory, to_name)) = (from, to);
        if from_directory.mount != to_directory.mount {
            return Err(FileError::CrossDevice);
        }
        if from_directory.mount != 0 {
            let backing = self.mount_of(from_directory)?;
            let (from, to) = (from_directory.inode, to_directory.inode);
            return backing.rename((from, from_name), (to, to_name));
        }
        let (source, entries) = self.editable(from_directory)?;
        let inode = entries.get(from_name).ok_or(FileError::NotFound)?.inode;
        let (target, entries) = self.editable(to_directory)?;
        let replaced = entries.get(to_name).map(|listed| listed.inode);
        let node = self.node(inode)?;
        let is_directory = node.directory().is_some();
        let kind = node.body.kind();
        if node.sealed {
            return Err(FileError::Denied);
        }
        if is_directory {
            self.check_move(inode, source, target)?;
        }
        if replaced == Some(inode) {
            return Ok(());
        }
        if let Some(replaced) = replaced {
            self.check_replaceable(replaced, kind)?;
        }

        let before = self.path_for_watchers(source, from_name);
        let name: Arc<str> = Arc::from(to_name);
        self.leave(source, from_name, is_directory, now_ns)?;
        self.usage.entries -= 1;
        if let Some(replaced) = replaced {
            let entries = self.node_mut(target)?.directory_mut();
            let entries = entries.ok_or(FileError::NotADirectory)?;
            if is_directory {
                entries.subdirectories -= 1;
            }
            self.usage.entries -= 1;
            self.detach(replaced, now_ns)?;
        }
        self.enter(target, Arc::clone(&name), inode, is_directory, now_ns)?;
        let node = self.node_mut(inode)?;
        node.changed_ns = now_ns;
        node.home = Home {
            directory: target,
            name,
        };
        self.tell(|tree| {
            Some(Change {
                kind: ChangeKind::Rename,
                path: before?,
                to: Some(tree.path_in(target, to_name)?),
            })
        });
        Ok(())
    }

    /// Refuse to move a directory into itself, too deep, or off its mount.
    fn check_move(&self, inode: u64, source: u64, target: u64) -> Result<(), FileError> {
        if self.mounted_at(inode).is_some() {
            return Err(FileError::Busy);
        }
        let mut above = target;
        while above != NodeId::ROOT.inode {
            if above == inode {
                return Err(FileError::Invalid);
            }
            above = self.node(above)?.home.directory;
        }
        let depth = self.depth(target)?;
        if depth > self.depth(source)? {
            let height = self.height(inode)?;
            self.check_depth(depth.saturating_add(1).saturating_add(height))?;
        }
        Ok(())
    }

    fn check_depth(&self, depth: u32) -> Result<(), FileError> {
        if depth > self.limits.depth {
            return Err(FileError::TooDeep {
                limit: self.limits.depth,
            });
        }
        Ok(())
    }

    /// Directories from the root down to `inode`, itself included; the root is 0.
    fn depth(&self, inode: u64) -> Result<u32, FileError> {
        let mut depth: u32 = 0;
        let mut at = inode;
        while at != NodeId::ROOT.inode {
            depth = depth.saturating_add(1);
            at = self.node(at)?.home.directory;
        }
        Ok(depth)
    }

    /// Levels of directories below `inode`. Looks at all entries of directories
    /// that have subdirectories.
    fn height(&self, inode: u64) -> Result<u32, FileError> {
        let mut most = 0;
        let mut open = vec![(inode, 0_u32)];
        while let Some((at, level)) = open.pop() {
            most = most.max(level);
            let Some(entries) = self.node(at)?.directory() else {
                continue;
            };
            if entries.subdirectories == 0 {
                continue;
            }
            for listed in entries.iter() {
                if self.node(listed.inode)?.directory().is_some() {
                    open.push((listed.inode, level + 1));
                }
            }
        }
        Ok(most)
    }

    /// Add an entry to a directory that has no entry of that name, or replace it.
    fn enter(
        &mut self,
        parent: u64,
        name: Arc<str>,
        inode: u64,
        is_directory: bool,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let node = self.node_mut(parent)?;
        node.touch(now_ns);
        let entries = node.directory_mut().ok_or(FileError::NotADirectory)?;
        entries.insert(name, inode);
        if is_directory {
            entries.subdirectories += 1;
        }
        self.usage.entries += 1;
        Ok(())
    }

    /// Take an entry out of a directory.
    fn leave(
        &mut self,
        parent: u64,
        name: &str,
        is_directory: bool,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let node = self.node_mut(parent)?;
        node.touch(now_ns);
        let entries = node.directory_mut().ok_or(FileError::NotADirectory)?;
        entries.remove(name);
        if is_directory {
            entries.subdirectories -= 1;
        }
        Ok(())
    }

    /// Note that one name of a node is gone, and the node with the last.
    fn detach(&mut self, inode: u64, now_ns: u64) -> Result<(), FileError> {
        let node = self.node_mut(inode)?;
        node.links -= 1;
        node.changed_ns = now_ns;
        self.drop_unused(inode);
        Ok(())
    }

    /// A path that a change will make unknown, if anybody wants to know it.
    fn path_for_watchers(&mut self, directory: u64, name: &str) -> Option<String> {
        let mut path = None;
        self.tell(|tree| {
            path = tree.path_in(directory, name);
            None
        });
        path
    }

    pub(super) fn tell_at(&mut self, kind: ChangeKind, directory: u64, name: &str) {
        self.tell(|tree| {
            Some(Change {
                kind,
                path: tree.path_in(directory, name)?,
                to: None,
            })
        });
    }

    pub(super) fn tell_of(&mut self, kind: ChangeKind, inode: u64) {
        self.tell(|tree| {
            Some(Change {
                kind,
                path: tree.path_of(inode)?,
                to: None,
            })
        });
    }
}
