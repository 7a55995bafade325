//! The tree itself: a table of numbered nodes, what is mounted where, what it
//! may hold. Nodes refer to each other by number, so nothing here recurses
//! however deep the directories are nested, and dropping a tree does not either.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::{Directory, FIRST_COOKIE};
use super::error::FileError;
use super::mount::{Backing, Held, Mount};
use super::node::{Attributes, Body, Home, Kind, Node, NodeId, Stat};
use super::quota::{FileLimits, FileUsage};
use super::spill::Storage;
use super::table::Table;
use super::watch::{Change, ChangeKind, Watch, Watcher, watch};

/// The most mounts of one tree.
pub(super) const MOUNTS: usize = 256;

/// The files of one sandbox.
///
/// A value: `clone` costs the same whatever the tree holds, and the copies share
/// what neither changes. Every change says at what time it happens
/// (nanoseconds since 1970), so that equal calls make equal trees.
#[derive(Debug)]
pub struct Tree {
    pub(super) nodes: Table<Arc<Node>>,
    pub(super) next_inode: u64,
    /// `NodeId::mount` n is element n - 1.
    pub(super) mounts: Arc<Vec<Mount>>,
    pub(super) limits: FileLimits,
    pub(super) usage: FileUsage,
    /// How often nodes are held open, by number.
    pub(super) pins: Arc<BTreeMap<u64, u32>>,
    /// The same for files of mounts, with what keeps them there.
    holds: Arc<BTreeMap<NodeId, (u32, Option<Held>)>>,
    pub(super) storage: Storage,
    watches: Vec<Watch>,
}

/// The copy is not watched by those who watch the original.
impl Clone for Tree {
    fn clone(&self) -> Self {
        Self {
            nodes: self.nodes.clone(),
            next_inode: self.next_inode,
            mounts: Arc::clone(&self.mounts),
            limits: self.limits.clone(),
            usage: self.usage,
            pins: Arc::clone(&self.pins),
            holds: Arc::clone(&self.holds),
            storage: self.storage.clone(),
            watches: Vec::new(),
        }
    }
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Arc<str>,
    /// Which file it is.
    pub id: NodeId,
    /// What it is.
    pub kind: Kind,
}

/// An entry and where a listing goes on after it.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) entry: Entry,
    pub(crate) cookie: u64,
}

impl Tree {
    /// An empty tree: `/`, owned by root.
    #[must_use]
    pub fn new(limits: FileLimits, storage: Storage, now_ns: u64) -> Self {
        let root = NodeId::ROOT.inode;
        let home = Home {
            directory: root,
            name: Arc::from(""),
        };
        let body = Body::Directory(Directory::default());
        let node = Node::new(body, Attributes::of_root(0o755), home, now_ns);
        let mut nodes = Table::default();
        nodes.insert(root, Arc::new(node));
        Self {
            nodes,
            next_inode: root + 1,
            mounts: Arc::new(Vec::new()),
            limits,
            usage: FileUsage::default(),
            pins: Arc::new(BTreeMap::new()),
            holds: Arc::new(BTreeMap::new()),
            storage,
            watches: Vec::new(),
        }
    }

    /// What the tree may hold.
    #[must_use]
    pub const fn limits(&self) -> &FileLimits {
        &self.limits
    }

    /// Set what the tree may hold. A limit below what it holds refuses whatever
    /// would add more.
    pub fn set_limits(&mut self, limits: FileLimits) {
        self.limits = limits;
    }

    /// What the tree holds.
    #[must_use]
    pub const fn usage(&self) -> FileUsage {
        self.usage
    }

    /// Show `backing` at the directory `path` in this tree and in
    /// the copies made from now on. What the directory holds is covered.
    ///
    /// # Errors
    /// As [`Tree::stat`]; [`FileError::NotADirectory`]; [`FileError::Busy`] for
    /// the root, for a place that is mounted already, and for the 257th mount.
    pub fn mount(&mut self, path: &str, backing: Arc<dyn Backing>) -> Result<(), FileError> {
        let stat = self.stat(path)?;
        if stat.kind != Kind::Directory {
            return Err(FileError::NotADirectory);
        }
        let full = self.mounts.len() >= MOUNTS;
        if full || stat.id.mount != 0 || stat.id == NodeId::ROOT {
            return Err(FileError::Busy);
        }
        Arc::make_mut(&mut self.mounts).push(Mount {
            point: stat.id.inode,
            path: Arc::from(path),
            backing,
        });
        Ok(())
    }

    /// What is mounted where, by the paths given to [`Tree::mount`]: for a tree
    /// that is loaded in place of this one.
    #[must_use]
    pub fn mounted(&self) -> Vec<(Arc<str>, Arc<dyn Backing>)> {
        let all = self.mounts.iter();
        all.map(|mount| (Arc::clone(&mount.path), Arc::clone(&mount.backing)))
            .collect()
    }

    /// Watch this tree. At most `capacity` changes (at least 1) wait for the
    /// reader; what is more is told as [`ChangeKind::Missed`].
    pub fn watch(&mut self, capacity: usize) -> Watcher {
        let (end, watcher) = watch(capacity);
        self.watches.push(end);
        watcher
    }

    /// Take over the watchers of `other`, which this tree replaces, as a
    /// rollback does. They are told that they missed something.
    pub fn adopt_watchers(&mut self, other: &mut Self) {
        self.watches.append(&mut other.watches);
        self.tell(|_| {
            Some(Change {
                kind: ChangeKind::Missed,
                path: "/".to_owned(),
                to: None,
            })
        });
    }

    /// Where something is mounted.
    pub(crate) fn mount_paths(&self) -> Vec<String> {
        let mounts = self.mounts.iter();
        mounts.map(|mount| mount.path.to_string()).collect()
    }

    /// Forget who holds which files, in a copy whose holders are counted anew.
    /// Then [`Tree::drop_unheld`] removes what nobody holds.
    pub(crate) fn forget_holders(&mut self) {
        self.pins = Arc::new(BTreeMap::new());
    }

    pub(super) fn mount_of(&self, id: NodeId) -> Result<&Arc<dyn Backing>, FileError> {
        let index = (id.mount as usize).wrapping_sub(1);
        let mount = self.mounts.get(index).ok_or(FileError::Stale)?;
        Ok(&mount.backing)
    }

    /// What the file belongs to, if that is mounted.
    pub(crate) fn backing_of(&self, id: NodeId) -> Option<&Arc<dyn Backing>> {
        self.mount_of(id).ok()
    }

    /// The root of what is mounted at the directory `inode`, if anything is.
    pub(super) fn mounted_at(&self, inode: u64) -> Option<NodeId> {
        let mut numbered = (1..).zip(self.mounts.iter());
        let (mount, found) = numbered.find(|(_, mount)| mount.point == inode)?;
        let inode = found.backing.root();
        Some(NodeId { mount, inode })
    }

    /// A node of the tree itself.
    pub(super) fn node(&self, inode: u64) -> Result<&Node, FileError> {
        self.nodes
            .get(inode)
            .map(|node| &**node)
            .ok_or(FileError::Stale)
    }

    /// A node of the tree itself, for change.
    pub(super) fn node_mut(&mut self, inode: u64) -> Result<&mut Node, FileError> {
        let node = self.nodes.get_mut(inode).ok_or(FileError::Stale)?;
        Ok(Arc::make_mut(node))
    }

    /// The number of a node of the tree itself; a mount is read-only.
    pub(super) const fn writable(id: NodeId) -> Result<u64, FileError> {
        if id.mount == 0 {
            Ok(id.inode)
        } else {
            Err(FileError::ReadOnly)
        }
    }

    /// The attributes of a file.
    pub(crate) fn stat_of(&self, id: NodeId) -> Result<Stat, FileError> {
        if id.mount == 0 {
            return Ok(self.node(id.inode)?.stat(id.inode));
        }
        let stat = self.mount_of(id)?.stat(id.inode)?;
        Ok(Stat { id, ..stat })
    }

    pub(super) fn require_directory(&self, id: NodeId) -> Result<(), FileError> {
        match self.stat_of(id)?.kind {
            Kind::Directory => Ok(()),
            _ => Err(FileError::NotADirectory),
        }
    }

    /// What `name` is in a directory. Mount points give what is mounted.
    pub(crate) fn lookup(
        &self,
        directory: NodeId,
        name: &str,
    ) -> Result<Option<(NodeId, Kind)>, FileError> {
        if directory.mount != 0 {
            return match self.mount_of(directory)?.lookup(directory.inode, name) {
                Ok((inode, kind)) => Ok(Some((NodeId { inode, ..directory }, kind))),
                Err(FileError::NotFound) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let entries = self.node(directory.inode)?.directory();
        let entries = entries.ok_or(FileError::NotADirectory)?;
        let Some(listed) = entries.get(name) else {
            return Ok(None);
        };
        let kind = self.node(listed.inode)?.body.kind();
        Ok(Some((self.covered(listed.inode, kind), kind)))
    }

    /// The node itself, or the root of what covers it.
    fn covered(&self, inode: u64, kind: Kind) -> NodeId {
        let own = NodeId::own(inode);
        if kind != Kind::Directory {
            return own;
        }
        self.mounted_at(inode).unwrap_or(own)
    }

    /// The directory above a directory. The root is above itself.
    pub(crate) fn parent(&self, directory: NodeId) -> Result<NodeId, FileError> {
        let mut inode = directory.inode;
        if directory.mount != 0 {
            let backing = self.mount_of(directory)?;
            if inode != backing.root() {
                let inode = backing.parent(inode)?;
                return Ok(NodeId { inode, ..directory });
            }
            let index = directory.mount as usize - 1;
            inode = self.mounts.get(index).ok_or(FileError::Stale)?.point;
        }
        let node = self.node(inode)?;
        if node.links == 0 {
            return Err(FileError::NotFound);
        }
        Ok(NodeId::own(node.home.directory))
    }

    /// Whether there is a mount of that number.
    pub(crate) fn has_mount(&self, mount: u32) -> bool {
        self.mounts.len() >= mount as usize && mount > 0
    }

    /// The path of a file within its mount; none of the tree's own, and of one
    /// that has no name any more.
    pub(crate) fn path_in_mount(&self, id: NodeId) -> Option<String> {
        self.mount_of(id).ok()?.path_of(id.inode)
    }

    /// The file at a path within a mount as [`Tree::path_in_mount`] gives it.
    /// Links are not followed.
    pub(crate) fn find_in_mount(&self, mount: u32, path: &str) -> Result<NodeId, FileError> {
        let root = NodeId { mount, inode: 0 };
        let backing = self.mount_of(root)?;
        let mut inode = backing.root();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            inode = backing.lookup(inode, name)?.0;
        }
        Ok(NodeId { mount, inode })
    }

    pub(crate) fn read_link_of(&self, id: NodeId) -> Result<Arc<str>, FileError> {
        if id.mount != 0 {
            return self.mount_of(id)?.read_link(id.inode);
        }
        match &self.node(id.inode)?.body {
            Body::SymbolicLink(target) => Ok(Arc::clone(target)),
            _ => Err(FileError::Invalid),
        }
    }

    /// The entry of a directory with the least cookie from `from` on.
    /// Cookies below 2 are the caller's, for `.` and `..`.
    pub(crate) fn entry_from(
        &self,
        directory: NodeId,
        from: u64,
    ) -> Result<Option<Listing>, FileError> {
        if directory.mount != 0 {
            let next = self
                .mount_of(directory)?
                .entry_from(directory.inode, from)?;
            return Ok(next.map(|next| Listing {
                cookie: next.cookie,
                entry: Entry {
                    name: next.name,
                    id: NodeId {
                        inode: next.inode,
                        ..directory
                    },
                    kind: next.kind,
                },
            }));
        }
        let node = self.node(directory.inode)?;
        if node.links == 0 {
            return Err(FileError::NotFound);
        }
        let entries = node.directory().ok_or(FileError::NotADirectory)?;
        let Some(listed) = entries.first_from(from) else {
            return Ok(None);
        };
        Ok(Some(Listing {
            cookie: listed.cookie,
            entry: self.entry(&listed.name, listed.inode)?,
        }))
    }

    pub(super) fn entry(&self, name: &Arc<str>, inode: u64) -> Result<Entry, FileError> {
        let kind = self.node(inode)?.body.kind();
        Ok(Entry {
            name: Arc::clone(name),
            id: self.covered(inode, kind),
            kind,
        })
    }

    /// The cookie behind all present entries of a directory.
    pub(crate) fn end_cookie(&self, directory: NodeId) -> Result<u64, FileError> {
        if directory.mount != 0 {
            return Ok(u64::MAX);
        }
        let entries = self.node(directory.inode)?.directory();
        Ok(entries.map_or(FIRST_COOKIE, Directory::next_cookie))
    }

    /// Keep a file from vanishing while it is open, though its names may go.
    pub(crate) fn pin(&mut self, id: NodeId) -> Result<(), FileError> {
        if id.mount != 0 {
            let held = self.mount_of(id)?.hold(id.inode)?;
            let holds = Arc::make_mut(&mut self.holds);
            holds.entry(id).or_insert((0, held)).0 += 1;
            return Ok(());
        }
        self.node(id.inode)?;
        *Arc::make_mut(&mut self.pins).entry(id.inode).or_insert(0) += 1;
        Ok(())
    }

    /// The reverse of [`Tree::pin`]. A file without names goes with its last pin.
    pub(crate) fn unpin(&mut self, id: NodeId) {
        if id.mount != 0 {
            let holds = Arc::make_mut(&mut self.holds);
            if let Some((count, _)) = holds.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    holds.remove(&id);
                }
            }
            return;
        }
        let pins = Arc::make_mut(&mut self.pins);
        match pins.get_mut(&id.inode) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                pins.remove(&id.inode);
                self.drop_unused(id.inode);
            }
            None => {}
        }
    }

    /// Take a node without names out of the table unless it is open.
    pub(super) fn drop_unused(&mut self, inode: u64) {
        let unused = self.node(inode).is_ok_and(|node| node.links == 0);
        if !unused || self.pins.contains_key(&inode) {
            return;
        }
        if let Some(node) = self.nodes.remove(inode) {
            self.usage.bytes -= node.bytes();
            self.usage.resident_bytes -= node.resident();
        }
    }

    /// Tell those who watch. The change is only made up when somebody does.
    pub(super) fn tell(&mut self, change: impl FnOnce(&Self) -> Option<Change>) {
        if self.watches.is_empty() {
            return;
        }
        if let Some(change) = change(self) {
            self.watches.retain(|watch| watch.tell(&change));
        }
    }

    /// The absolute path of `name` in a directory; none in a removed one.
    pub(super) fn path_in(&self, directory: u64, name: &str) -> Option<String> {
        let mut names: Vec<&str> = vec![name];
        let mut inode = directory;
        while inode != NodeId::ROOT.inode {
            let node = self.node(inode).ok()?;
            if node.links == 0 {
                return None;
            }
            names.push(&node.home.name);
            inode = node.home.directory;
        }
        let mut path = String::new();
        for name in names.into_iter().rev() {
            path.push('/');
            path.push_str(name);
        }
        Some(path)
    }

    /// A path of a file. None when the name it is remembered under is gone.
    pub(super) fn path_of(&self, inode: u64) -> Option<String> {
        if inode == NodeId::ROOT.inode {
            return Some("/".to_owned());
        }
        let home = &self.node(inode).ok()?.home;
        let entries = self.node(home.directory).ok()?.directory()?;
        if entries.get(&home.name)?.inode != inode {
            return None;
        }
        self.path_in(home.directory, &home.name)
    }
}
