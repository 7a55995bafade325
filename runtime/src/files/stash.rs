//! Bytes that stand in the spill file for a while, such as the pages of a
//! checkpoint.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use sandcell_sys::{FrozenPart, WeakFrozenPart};

use super::error::SpillError;
use super::spill::{self, CHUNK_BYTES, Slot, Storage};

/// Bytes in the spill file; its space is free again when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Stash {
    slots: Vec<Slot>,
    len: usize,
    /// Parts that memories map, or did: they are frozen once.
    frozen: Mutex<Vec<WeakFrozenPart>>,
}

/// Fills a [`Stash`] from its start to its end.
#[derive(Debug)]
pub(crate) struct StashWriter {
    storage: Storage,
    stash: Stash,
    /// What does not fill a slot yet.
    pending: Vec<u8>,
}

impl StashWriter {
    pub(crate) fn new(storage: &Storage) -> Self {
        Self {
            storage: storage.clone(),
            stash: Stash::default(),
            pending: Vec::new(),
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// The disk is full, the storage's capacity is spent, or writing fails.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), SpillError> {
        while !bytes.is_empty() {
            if self.pending.capacity() == 0 {
                self.pending.reserve_exact(CHUNK_BYTES);
            }
            let room = CHUNK_BYTES - self.pending.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == CHUNK_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// What was written.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn finish(mut self) -> Result<Stash, SpillError> {
        self.flush()?;
        Ok(self.stash)
    }

    fn flush(&mut self) -> Result<(), SpillError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let slot = self.storage.take_slot_behind(self.stash.slots.last())?;
        slot.write(0, &self.pending)?;
        self.stash.slots.push(slot);
        self.stash.len += self.pending.len();
        self.pending.clear();
        Ok(())
    }
}

impl Stash {
    /// Bytes in it.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Cuts a range into parts that stand in one piece of the spill file.
    pub(crate) fn together(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        spill::together(&self.slots, range)
    }

    /// Has one of those parts stay as it is, so that memories can map it. `None`
    /// where it is not of whole pages, or only a part of it is frozen already.
    pub(crate) fn freeze(self: &Arc<Self>, part: &Range<usize>) -> Option<FrozenPart> {
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        frozen.retain(|known| !known.is_gone());
        let place = spill::place(&self.slots, part)?;
        if let Some(known) = frozen.iter().find_map(|known| known.part(place.clone())) {
            return Some(known);
        }
        let owner: Arc<Self> = Arc::clone(self);
        let made = spill::freeze(&self.slots, part, owner)?;
        frozen.push(made.downgrade());
        Some(made)
    }

    /// Fills `into` with the bytes from `start`.
    ///
    /// # Errors
    /// Reading fails. Bytes beyond the end are an error of the caller, and
    /// answered as such.
    pub(crate) fn read(&self, mut start: usize, mut into: &mut [u8]) -> Result<(), SpillError> {
        while !into.is_empty() {
            let within = start % CHUNK_BYTES;
            let room = (CHUNK_BYTES - within).min(into.len());
            let (now, later) = into.split_at_mut(room);
            let slot = self
                .slots
                .get(start / CHUNK_BYTES)
                .filter(|_| start + now.len() <= self.len)
                .ok_or_else(SpillError::out_of_range)?;
            slot.read(within, now)?;
            start += now.len();
            into = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_is_read_in_others() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::new(folder.path());
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut writer = StashWriter::new(&storage);
        for piece in bytes.chunks(7_001) {
            writer.write(piece).unwrap();
        }
        let stash = writer.finish().unwrap();
        assert_eq!(stash.len(), bytes.len());
        for (start, len) in [(0, 200_000), (65_535, 2), (131_000, 69_000), (9, 0)] {
            let mut read = vec![0; len];
            stash.read(start, &mut read).unwrap();
            assert_eq!(read, bytes[start..start + len], "{start} {len}");
        }
        assert!(stash.read(199_999, &mut [0; 2]).is_err());
        assert!(storage.used_bytes() >= 200_000);
        drop(stash);
        assert_eq!(storage.used_bytes(), 0);
    }
}
