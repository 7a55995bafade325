//! Open files of the sandbox's tree, as processes share them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rand::RngExt;

use crate::files::{Device, FileError, Follow, Kind, Last, NodeId, Tree};

use super::descriptor::StreamError;
use super::offset::Offset;

/// What time it is for the sandbox, in nanoseconds since 1970.
pub(crate) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The most bytes of one read.
const READ_BYTES: usize = 1 << 20;

/// How a file is opened. Default: nothing; at least one of `read` and `write` is
/// needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct FileOptions {
    read: bool,
    write: bool,
    append: bool,
    create: bool,
    truncate: bool,
    exclusive: bool,
}

impl FileOptions {
    /// To read.
    pub const fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// To write.
    pub const fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// Each write goes to the end.
    pub const fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    /// A file that is missing is made.
    pub const fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// A file that is there is emptied.
    pub const fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// A file that is there is an error, when one is to be made.
    pub const fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }
}

/// An open file or device. Clones share its offset, as duplicates of a
/// descriptor do; the file is held until the last is gone.
#[derive(Clone)]
pub struct OpenFile {
    inner: Arc<Inner>,
}

struct Inner {
    tree: Arc<Mutex<Tree>>,
    clock: Clock,
    opened: Opened,
}

/// An open file without what is needed to use it.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) node: NodeId,
    pub(crate) offset: Offset,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) device: Option<Device>,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("opened", &self.inner.opened)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.opened.node != NodeId::ROOT {
            let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
            tree.unpin(self.opened.node);
        }
    }
}

impl OpenFile {
    /// Opens the file at an absolute path.
    pub(crate) fn open(
        tree: &Arc<Mutex<Tree>>,
        clock: &Clock,
        path: &str,
        options: FileOptions,
    ) -> Result<Self, FileError> {
        if !(options.read || options.write) {
            return Err(FileError::Invalid);
        }
        let mut guard = tree.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ns = clock();
        let (node, kind) = find_or_make(&mut guard, path, options, now_ns)?;
        if options.write {
            guard.check_write(node, 0, 0)?;
        }
        if options.truncate && options.write && kind == Kind::File {
            guard.set_size_of(node, 0, now_ns)?;
        }
        let opened = Opened {
            node,
            offset: Offset::default(),
            read: options.read,
            write: options.write,
            append: options.append,
            device: match kind {
                Kind::Device(device) => Some(device),
                _ => None,
            },
        };
        guard.pin(node)?;
        drop(guard);
        Ok(Self::held(tree, clock, opened))
    }

    /// An open file that is pinned in the tree already.
    pub(crate) fn held(tree: &Arc<Mutex<Tree>>, clock: &Clock, opened: Opened) -> Self {
        Self {
            inner: Arc::new(Inner {
                tree: Arc::clone(tree),
                clock: Arc::clone(clock),
                opened,
            }),
        }
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.inner.opened
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.inner
            .tree
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads at most `limit` bytes, and at most 1 MiB; empty at the end.
    ///
    /// # Errors
    /// It is not open for reading, or why its bytes cannot be had.
    pub fn read(&self, limit: usize) -> Result<Bytes, StreamError> {
        let opened = self.opened();
        if !opened.read {
            return Err(StreamError::NotReadable);
        }
        let mut bytes = vec![0; limit.min(READ_BYTES)];
        if opened.device == Some(Device::Random) {
            rand::rng().fill(&mut bytes[..]);
            return Ok(bytes.into());
        }
        let tree = self.tree();
        let place = opened.offset.get();
        let count = tree.read_at(opened.node, place, &mut bytes)?;
        opened.offset.set(place.saturating_add(count as u64));
        drop(tree);
        bytes.truncate(count);
        Ok(bytes.into())
    }

    /// Writes `bytes`, all of them or none.
    ///
    /// # Errors
    /// It is not open for writing, or a quota.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        let opened = self.opened();
        if !opened.write {
            return Err(StreamError::NotWritable);
        }
        let mut tree = self.tree();
        let place = if opened.append {
            tree.stat_of(opened.node)?.size
        } else {
            opened.offset.get()
        };
        tree.check_write(opened.node, place, bytes.len() as u64)?;
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let at = place.saturating_add(done as u64);
            let count = tree.write_at(opened.node, at, rest, (self.inner.clock)())?;
            if count == 0 {
                break;
            }
            done += count;
        }
        opened.offset.set(place.saturating_add(done as u64));
        Ok(done)
    }

    /// Where it is read and written next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.opened().offset.get()
    }

    /// Moves that place, for all who share it.
    pub fn seek(&self, position: u64) {
        self.opened().offset.set(position);
    }
}

fn find_or_make(
    tree: &mut Tree,
    path: &str,
    options: FileOptions,
    now_ns: u64,
) -> Result<(NodeId, Kind), FileError> {
    if !path.starts_with('/') {
        return Err(FileError::NotAbsolute);
    }
    let walked = tree.walk(NodeId::ROOT, path, Follow::Always)?;
    match walked.found {
        Some(_) if options.create && options.exclusive => Err(FileError::Exists),
        Some((_, Kind::Directory)) => Err(FileError::IsADirectory),
        Some((_, Kind::Other)) => Err(FileError::Denied),
        Some(_) if walked.slash => Err(FileError::NotADirectory),
        Some(found) => Ok(found),
        None if !(options.create && options.write) => Err(FileError::NotFound),
        None => match &walked.last {
            Last::Name(name) if !walked.slash => {
                let name = name.as_str();
                let node = tree.make_file_in(walked.directory, name, now_ns)?;
                Ok((node, Kind::File))
            }
            _ => Err(FileError::IsADirectory),
        },
    }
}
