//! A sparse array from `u64` to values that copies in O(1).
//!
//! A radix tree of 32-way branches that are shared between copies and copied
//! one path at a time when written (`Arc::make_mut`). Branches hold only what
//! is present, so that a table of one value costs one small allocation and a
//! hole costs nothing. It is at most 13 levels deep, so dropping and searching
//! it recurse no deeper than that.

use std::sync::Arc;

const BITS: u32 = 5;
const SLOTS: u32 = 1 << BITS;
const MASK: u64 = (1 << BITS) - 1;

/// A persistent sparse array. See the module for its costs.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    root: Option<Arc<Branch<T>>>,
    /// Levels of branches; a table of height `h` holds keys below `32^h`.
    height: u32,
}

#[derive(Debug, Clone)]
enum Branch<T> {
    Inner(Sparse<Arc<Self>>),
    Leaf(Sparse<T>),
}

/// Up to 32 values under slot numbers, stored densely.
#[derive(Debug, Clone)]
struct Sparse<V> {
    present: u32,
    values: Vec<V>,
}

impl<V> Sparse<V> {
    const fn new() -> Self {
        Self {
            present: 0,
            values: Vec::new(),
        }
    }

    const fn has(&self, slot: u32) -> bool {
        self.present & (1 << slot) != 0
    }

    /// Where the value of `slot` is, or would be, in `values`.
    const fn rank(&self, slot: u32) -> usize {
        (self.present & ((1 << slot) - 1)).count_ones() as usize
    }

    fn get(&self, slot: u32) -> Option<&V> {
        if !self.has(slot) {
            return None;
        }
        self.values.get(self.rank(slot))
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut V> {
        if !self.has(slot) {
            return None;
        }
        let rank = self.rank(slot);
        self.values.get_mut(rank)
    }

    fn insert(&mut self, slot: u32, value: V) -> Option<V> {
        if let Some(old) = self.get_mut(slot) {
            return Some(std::mem::replace(old, value));
        }
        let rank = self.rank(slot);
        // Most tables hold one to a few values; doubling from four would waste them.
        if self.values.len() < 4 {
            self.values.reserve_exact(1);
        }
        self.values.insert(rank, value);
        self.present |= 1 << slot;
        None
    }

    fn remove(&mut self, slot: u32) -> Option<V> {
        if !self.has(slot) {
            return None;
        }
        let rank = self.rank(slot);
        self.present &= !(1 << slot);
        Some(self.values.remove(rank))
    }
}

impl<T> Branch<T> {
    const fn empty(height: u32) -> Self {
        if height > 1 {
            Self::Inner(Sparse::new())
        } else {
            Self::Leaf(Sparse::new())
        }
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::Inner(children) => children.present == 0,
            Self::Leaf(values) => values.present == 0,
        }
    }
}

const fn slot(key: u64, shift: u32) -> u32 {
    // Five bits remain after the mask.
    ((key >> shift) & MASK) as u32
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            root: None,
            height: 0,
        }
    }
}

impl<T> Table<T> {
    /// Whether `key` lies behind everything the present height can hold.
    const fn beyond(&self, key: u64) -> bool {
        let bits = self.height * BITS;
        bits < u64::BITS && (key >> bits) != 0
    }

    /// The value under `key`.
    pub(super) fn get(&self, key: u64) -> Option<&T> {
        if self.beyond(key) {
            return None;
        }
        let mut branch = self.root.as_deref()?;
        let mut shift = self.height.saturating_sub(1) * BITS;
        loop {
            match branch {
                Branch::Inner(children) => {
                    branch = children.get(slot(key, shift))?;
                    shift = shift.saturating_sub(BITS);
                }
                Branch::Leaf(values) => return values.get(slot(key, 0)),
            }
        }
    }

    /// The least key that is `from` or greater, with its value.
    pub(super) fn first_from(&self, from: u64) -> Option<(u64, &T)> {
        if self.beyond(from) {
            return None;
        }
        let shift = self.height.saturating_sub(1) * BITS;
        Self::search(self.root.as_deref()?, shift, 0, from)
    }

    /// Recurses once a level, 13 times at the most.
    fn search(branch: &Branch<T>, shift: u32, base: u64, from: u64) -> Option<(u64, &T)> {
        let first = from.saturating_sub(base) >> shift;
        let first = u32::try_from(first).unwrap_or(SLOTS);
        for at in first..SLOTS {
            let key = base | (u64::from(at) << shift);
            match branch {
                Branch::Leaf(values) => {
                    if let Some(value) = values.get(at) {
                        return Some((key, value));
                    }
                }
                Branch::Inner(children) => {
                    let found = children
                        .get(at)
                        .and_then(|child| Self::search(child, shift - BITS, key, from));
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }
}

impl<T: Clone> Table<T> {
    /// The value under `key`, for change. Copies the path to it where shared.
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        if self.beyond(key) {
            return None;
        }
        let mut branch = Arc::make_mut(self.root.as_mut()?);
        let mut shift = self.height.saturating_sub(1) * BITS;
        loop {
            match branch {
                Branch::Inner(children) => {
                    branch = Arc::make_mut(children.get_mut(slot(key, shift))?);
                    shift = shift.saturating_sub(BITS);
                }
                Branch::Leaf(values) => return values.get_mut(slot(key, 0)),
            }
        }
    }

    /// Put `value` under `key`; the value that was there comes back.
    pub(super) fn insert(&mut self, key: u64, value: T) -> Option<T> {
        self.grow(key);
        let height = self.height;
        let root = self
            .root
            .get_or_insert_with(|| Arc::new(Branch::empty(height)));
        let mut branch = Arc::make_mut(root);
        let mut level = height;
        loop {
            level -= 1;
            match branch {
                Branch::Inner(children) => {
                    let at = slot(key, level * BITS);
                    if !children.has(at) {
                        children.insert(at, Arc::new(Branch::empty(level)));
                    }
                    branch = Arc::make_mut(children.get_mut(at)?);
                }
                Branch::Leaf(values) => return values.insert(slot(key, 0), value),
            }
        }
    }

    /// Add levels until `key` fits.
    fn grow(&mut self, key: u64) {
        if self.root.is_none() {
            self.height = self.height.max(1);
            while self.beyond(key) {
                self.height += 1;
            }
        }
        while self.beyond(key) {
            self.height += 1;
            let mut children = Sparse::new();
            children.values.extend(self.root.take());
            children.present = 1;
            self.root = Some(Arc::new(Branch::Inner(children)));
        }
    }

    /// Take out the value under `key`. Branches left empty go with it.
    pub(super) fn remove(&mut self, key: u64) -> Option<T> {
        // Looking first keeps shared branches shared when there is nothing to remove.
        self.get(key)?;
        let shift = self.height.saturating_sub(1) * BITS;
        let root = self.root.as_mut()?;
        let removed = Self::remove_below(root, shift, key);
        if root.is_empty() {
            *self = Self::default();
        }
        removed
    }

    /// Recurses once a level, 13 times at the most.
    fn remove_below(branch: &mut Arc<Branch<T>>, shift: u32, key: u64) -> Option<T> {
        match Arc::make_mut(branch) {
            Branch::Leaf(values) => values.remove(slot(key, 0)),
            Branch::Inner(children) => {
                let at = slot(key, shift);
                let child = children.get_mut(at)?;
                let removed = Self::remove_below(child, shift - BITS, key);
                if child.is_empty() {
                    children.remove(at);
                }
                removed
            }
        }
    }
}
