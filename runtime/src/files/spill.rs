//! The unlinked file that contents go to when there is too much of them for
//! memory.
//!
//! One file of 64 KiB slots serves any number of trees. A slot is owned by the
//! chunks that refer to it and returns to the free list with the last of them.
//! The blocks of freed slots are given back to the disk in batches.

use std::any::Any;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sandcell_sys::{FrozenPart, UnnamedFile};

use super::error::{SpillAction, SpillError};

/// Bytes of one slot, and of one chunk of a file.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// Freed slots that are collected before their disk blocks are given back.
const RELEASE_BATCH: usize = 256;

/// Where contents go that do not stay in memory.
///
/// A cheap handle: clones use the same file, and so do all copies of a tree.
/// Nothing is made on disk before the first contents spill; what is made has no
/// name and is gone with the last handle, however the process ends.
#[derive(Debug, Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    capacity_slots: u64,
    file: OnceLock<Arc<UnnamedFile>>,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// Slots below this number have been handed out at some time.
    next: u64,
    /// Free slots whose blocks may still be on disk.
    fresh: BTreeSet<u64>,
    /// Free slots whose blocks were given back.
    free: BTreeSet<u64>,
}

impl Slots {
    /// Takes `wanted` if it is free, else the first that is, those with blocks on
    /// disk before the others.
    fn pop_free(&mut self, wanted: Option<u64>) -> Option<u64> {
        if let Some(wanted) = wanted {
            if self.fresh.remove(&wanted) || self.free.remove(&wanted) {
                return Some(wanted);
            }
            // Behind the last one there is room for many neighbours.
            if wanted == self.next {
                return None;
            }
        }
        self.fresh.pop_first().or_else(|| self.free.pop_first())
    }
}

/// One slot of the spill file, free again when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    storage: Storage,
    index: u64,
}

impl Storage {
    /// Spill into an unlinked file in `directory`, up to 64 GiB.
    ///
    /// The directory should be on a disk: on a `tmpfs` contents would be moved
    /// from memory to memory. It is not touched before something spills.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self::with_capacity(directory, 64 << 30)
    }

    /// As [`Storage::new`], with another bound on the bytes on disk. When it is
    /// spent, writes that need it fail as on a full disk. 0: nothing may spill.
    #[must_use]
    pub fn with_capacity(directory: impl Into<PathBuf>, capacity_bytes: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                directory: directory.into(),
                capacity_slots: capacity_bytes / CHUNK_BYTES as u64,
                file: OnceLock::new(),
                slots: Mutex::new(Slots::default()),
            }),
        }
    }

    /// Bytes of slots that hold contents now, whole slots counted.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        let slots = self.lock();
        let free = slots.fresh.len() + slots.free.len();
        slots.next.saturating_sub(free as u64) * CHUNK_BYTES as u64
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        // Every change of the lists is complete before anything can panic.
        self.inner
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<&Arc<UnnamedFile>, SpillError> {
        if let Some(file) = self.inner.file.get() {
            return Ok(file);
        }
        let made = UnnamedFile::create(&self.inner.directory)
            .map_err(|error| SpillError::new(SpillAction::Create, &error))?;
        // Another thread may have been faster: its file is kept, ours vanishes.
        Ok(self.inner.file.get_or_init(|| Arc::new(made)))
    }

    /// A free slot. What it holds is unspecified.
    pub(super) fn take_slot(&self) -> Result<Slot, SpillError> {
        self.take_slot_behind(None)
    }

    /// A free slot, the neighbour of `before` if that is free.
    pub(super) fn take_slot_behind(&self, before: Option<&Slot>) -> Result<Slot, SpillError> {
        self.file()?;
        let mut slots = self.lock();
        let index = if let Some(index) = slots.pop_free(before.map(|slot| slot.index + 1)) {
            index
        } else if slots.next < self.inner.capacity_slots {
            slots.next += 1;
            slots.next - 1
        } else {
            return Err(SpillError {
                action: SpillAction::Write,
                kind: io::ErrorKind::StorageFull,
            });
        };
        drop(slots);
        Ok(Slot {
            storage: self.clone(),
            index,
        })
    }

    fn release(&self, index: u64) {
        let batch = {
            let mut slots = self.lock();
            slots.fresh.insert(index);
            if slots.fresh.len() < RELEASE_BATCH {
                return;
            }
            std::mem::take(&mut slots.fresh)
        };
        // Taken out of both lists, the batch is ours while its blocks go.
        self.discard(&batch);
        self.lock().free.extend(batch);
    }

    /// Give the disk blocks of these slots back, neighbours together. A file
    /// system that cannot do it keeps them for the next use of the slots.
    fn discard(&self, batch: &BTreeSet<u64>) {
        let Ok(file) = self.file() else { return };
        let mut run: Option<(u64, u64)> = None;
        for index in batch.iter().copied().chain([u64::MAX]) {
            match &mut run {
                Some((_, end)) if *end == index => *end += 1,
                _ => {
                    if let Some((start, end)) = run {
                        let bytes = CHUNK_BYTES as u64;
                        if file.discard(start * bytes..end * bytes).is_err() {
                            return;
                        }
                    }
                    run = Some((index, index.saturating_add(1)));
                }
            }
        }
    }
}

impl Slot {
    fn position(&self, within: usize) -> u64 {
        self.index * CHUNK_BYTES as u64 + within as u64
    }

    /// Fill `into` from byte `within` of the slot.
    pub(super) fn read(&self, within: usize, into: &mut [u8]) -> Result<(), SpillError> {
        self.storage
            .file()?
            .read_exact_at(into, self.position(within))
            .map_err(|error| SpillError::new(SpillAction::Read, &error))
    }

    /// Write `from` at byte `within` of the slot.
    pub(super) fn write(&self, within: usize, from: &[u8]) -> Result<(), SpillError> {
        debug_assert!(
            within + from.len() <= CHUNK_BYTES,
            "a write stays in its slot"
        );
        self.storage
            .file()?
            .write_all_at(from, self.position(within))
            .map_err(|error| SpillError::new(SpillAction::Write, &error))
    }
}

/// Cuts `range`, counted in what `slots` hold one after the other, where it does
/// not go on in the neighbouring slot of the file.
pub(super) fn together(slots: &[Slot], range: &Range<usize>) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let number = start / CHUNK_BYTES;
        let end = ((number + 1) * CHUNK_BYTES).min(range.end);
        let index = |number: usize| slots.get(number).map(|slot| slot.index);
        let goes_on = number
            .checked_sub(1)
            .and_then(index)
            .is_some_and(|before| index(number) == Some(before + 1));
        match parts.last_mut() {
            Some(last) if goes_on => last.end = end,
            _ => parts.push(start..end),
        }
        start = end;
    }
    parts
}

/// Freezes one of the parts that [`together`] answers. `owner` owns the slots.
pub(super) fn freeze(
    slots: &[Slot],
    part: &Range<usize>,
    owner: Arc<dyn Any + Send + Sync>,
) -> Option<FrozenPart> {
    let file = slots.first()?.storage.file().ok()?;
    file.freeze(place(slots, part)?, owner)
}

/// Where in the spill file one of those parts is.
pub(super) fn place(slots: &[Slot], part: &Range<usize>) -> Option<Range<u64>> {
    let first = slots.get(part.start / CHUNK_BYTES)?;
    let start = first.position(part.start % CHUNK_BYTES);
    Some(start..start + part.len() as u64)
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.storage.release(self.index);
    }
}
