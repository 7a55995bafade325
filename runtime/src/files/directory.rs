//! The entries of one directory.
//!
//! Names are kept sorted in blocks that copies share, so that a lookup is a
//! binary search and a change copies one block. Beside that each entry has a
//! number, its cookie, given in the order of creation and never used again: a
//! listing that is read in parts goes by cookies, and so shows every entry that
//! was there all the time exactly once, whatever else changes meanwhile.

use std::sync::Arc;

use super::table::Table;

/// The most entries of a block.
const BLOCK: usize = 64;

/// Cookies below this belong to `.` and `..`.
pub(super) const FIRST_COOKIE: u64 = 2;

/// The entries of one directory, without `.` and `..`.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// Sorted by name; no block is empty.
    blocks: Vec<Arc<Vec<Listed>>>,
    order: Table<Arc<str>>,
    next_cookie: u64,
    length: usize,
    /// Entries that are directories.
    pub(super) subdirectories: u32,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) name: Arc<str>,
    pub(super) inode: u64,
    pub(super) cookie: u64,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            order: Table::default(),
            next_cookie: FIRST_COOKIE,
            length: 0,
            subdirectories: 0,
        }
    }
}

impl Directory {
    /// A directory without entries whose next one gets `next_cookie`.
    pub(super) fn empty_from(next_cookie: u64) -> Self {
        Self {
            next_cookie,
            ..Self::default()
        }
    }

    /// Add an entry with its cookie behind all others by name, which the caller
    /// has checked. False when the cookie is another one's.
    pub(super) fn push(&mut self, listed: Listed) -> bool {
        let name = Arc::clone(&listed.name);
        if self.order.insert(listed.cookie, name).is_some() {
            return false;
        }
        match self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
            Some(block) => Arc::make_mut(block).push(listed),
            None => self.blocks.push(Arc::new(vec![listed])),
        }
        self.length += 1;
        true
    }

    /// How many entries there are.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// True without entries.
    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The cookie that the next new entry will get.
    pub(super) const fn next_cookie(&self) -> u64 {
        self.next_cookie
    }

    /// The block in which `name` is or belongs.
    fn block(&self, name: &str) -> usize {
        self.blocks
            .partition_point(|block| block.first().is_some_and(|first| &*first.name <= name))
            .saturating_sub(1)
    }

    /// The entry called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Listed> {
        let block = self.blocks.get(self.block(name))?;
        let at = find(block, name).ok()?;
        block.get(at)
    }

    /// All entries, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// The entry with the least cookie that is `from` or greater.
    pub(super) fn first_from(&self, from: u64) -> Option<&Listed> {
        let (_, name) = self.order.first_from(from)?;
        self.get(name)
    }

    /// Add an entry. An entry of that name is replaced and keeps its cookie.
    pub(super) fn insert(&mut self, name: Arc<str>, inode: u64) {
        let cookie = self.next_cookie;
        let at_block = self.block(&name);
        let Some(block) = self.blocks.get_mut(at_block) else {
            self.order.insert(cookie, Arc::clone(&name));
            self.blocks.push(Arc::new(vec![Listed {
                name,
                inode,
                cookie,
            }]));
            self.next_cookie += 1;
            self.length += 1;
            return;
        };
        let block = Arc::make_mut(block);
        match find(block, &name) {
            Ok(at) => {
                if let Some(listed) = block.get_mut(at) {
                    listed.inode = inode;
                }
                return;
            }
            Err(at) => {
                self.order.insert(cookie, Arc::clone(&name));
                block.insert(
                    at,
                    Listed {
                        name,
                        inode,
                        cookie,
                    },
                );
            }
        }
        self.next_cookie += 1;
        self.length += 1;
        if block.len() > BLOCK {
            let second = block.split_off(BLOCK / 2);
            self.blocks.insert(at_block + 1, Arc::new(second));
        }
    }

    /// Take the entry called `name` out.
    pub(super) fn remove(&mut self, name: &str) -> Option<Listed> {
        let at_block = self.block(name);
        let block = self.blocks.get_mut(at_block)?;
        let at = find(block, name).ok()?;
        let listed = Arc::make_mut(block).remove(at);
        self.order.remove(listed.cookie);
        self.length -= 1;
        self.shrink(at_block);
        Some(listed)
    }

    /// Drop an empty block; join a small one with the next.
    fn shrink(&mut self, at: usize) {
        let length = self.blocks.get(at).map_or(0, |block| block.len());
        if length == 0 {
            self.blocks.remove(at);
            return;
        }
        let next = self.blocks.get(at + 1).map_or(BLOCK, |block| block.len());
        if length + next <= BLOCK / 2 {
            let next = self.blocks.remove(at + 1);
            if let Some(block) = self.blocks.get_mut(at) {
                Arc::make_mut(block).extend(next.iter().cloned());
            }
        }
    }
}

fn find(block: &[Listed], name: &str) -> Result<usize, usize> {
    block.binary_search_by(|listed| (*listed.name).cmp(name))
}
