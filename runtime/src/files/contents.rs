//! The bytes of one file: 64 KiB chunks that copies of a tree share.
//!
//! A chunk holds its bytes up to the last one written; what is missing, within
//! a chunk or as a whole chunk, reads as zeros. The first chunks of a file stay
//! in memory, later ones and those that are too many go to the spill file.

use std::sync::Arc;

use super::error::{FileError, SpillError};
use super::spill::{CHUNK_BYTES, Slot, Storage};
use super::table::Table;

/// Chunks shorter than this stay in memory: on disk they would take a block
/// and save next to nothing.
const SPILL_LEAST: usize = 512;

static ZEROS: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];

/// The bytes of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    size: u64,
    /// Bytes of all chunks: what the quota counts.
    allocated: u64,
    /// Bytes of the chunks in memory.
    resident: u64,
    chunks: Table<Chunk>,
}

#[derive(Debug, Clone)]
enum Chunk {
    Resident(Arc<Vec<u8>>),
    Spilled { slot: Arc<Slot>, length: usize },
}

/// Which chunks of a file may stay in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residence<'a> {
    /// Where the others go.
    pub(super) storage: &'a Storage,
    /// Chunks from this number on are spilled.
    pub(super) chunks: u64,
    /// Bytes that the whole file may keep in memory.
    pub(super) bytes: u64,
}

impl Chunk {
    fn len(&self) -> usize {
        match self {
            Self::Resident(bytes) => bytes.len(),
            Self::Spilled { length, .. } => *length,
        }
    }

    /// Copy from byte `within` on; what lies behind the end reads as zeros.
    fn read(&self, within: usize, into: &mut [u8]) -> Result<(), SpillError> {
        let there = self.len().saturating_sub(within).min(into.len());
        let (data, hole) = into.split_at_mut(there);
        match self {
            Self::Resident(bytes) => {
                if let Some(bytes) = bytes.get(within..within + there) {
                    data.copy_from_slice(bytes);
                }
            }
            Self::Spilled { slot, .. } if there > 0 => slot.read(within, data)?,
            Self::Spilled { .. } => {}
        }
        hole.fill(0);
        Ok(())
    }

    /// The chunk as it is after `data` was written at `within`, in memory.
    fn merged(&self, within: usize, data: &[u8]) -> Result<Vec<u8>, SpillError> {
        let mut bytes = vec![0; self.len().max(within + data.len())];
        self.read(0, &mut bytes)?;
        put(&mut bytes, within, data);
        Ok(bytes)
    }
}

/// Write `data` at `within`, extending with zeros where needed.
fn put(bytes: &mut Vec<u8>, within: usize, data: &[u8]) {
    let end = within + data.len();
    if within >= bytes.len() {
        bytes.resize(within, 0);
        bytes.extend_from_slice(data);
        return;
    }
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(place) = bytes.get_mut(within..end) {
        place.copy_from_slice(data);
    }
}

/// One piece of a range of a file: within one chunk.
#[derive(Debug, Clone, Copy)]
struct Piece {
    chunk: u64,
    within: usize,
    length: usize,
}

/// The pieces of `length` bytes from `offset` on.
fn pieces(offset: u64, length: u64) -> impl Iterator<Item = Piece> {
    let mut at = offset;
    let mut left = length;
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let chunk = at / CHUNK_BYTES as u64;
        let within = small(at % CHUNK_BYTES as u64);
        let length = (CHUNK_BYTES - within).min(small(left));
        at += length as u64;
        left -= length as u64;
        Some(Piece {
            chunk,
            within,
            length,
        })
    })
}

/// A number that is at most a chunk's size where it matters.
fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(CHUNK_BYTES)
}

impl Contents {
    /// Bytes from the start to the end of the file, holes included.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that count against the quota.
    pub(super) const fn allocated(&self) -> u64 {
        self.allocated
    }

    /// Bytes in memory.
    pub(super) const fn resident(&self) -> u64 {
        self.resident
    }

    /// The numbers and lengths of the chunks that are there, from `first` on.
    pub(super) fn chunk_lengths(&self, first: u64) -> impl Iterator<Item = (u64, usize)> {
        std::iter::successors(self.chunks.first_from(first), |(at, _)| {
            self.chunks.first_from(at + 1)
        })
        .map(|(at, chunk)| (at, chunk.len()))
    }

    /// Copy a chunk, which has the length of `into`.
    pub(super) fn read_chunk(&self, index: u64, into: &mut [u8]) -> Result<(), SpillError> {
        match self.chunks.get(index) {
            Some(chunk) => chunk.read(0, into),
            None => Ok(()),
        }
    }

    /// Read from `offset` on; returns how many bytes there were.
    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let there = self.size.saturating_sub(offset).min(into.len() as u64);
        let mut rest = into;
        let mut read = 0;
        for piece in pieces(offset, there) {
            let (now, later) = rest.split_at_mut(piece.length);
            match self.chunks.get(piece.chunk) {
                Some(chunk) => chunk.read(piece.within, now)?,
                None => now.fill(0),
            }
            read += piece.length;
            rest = later;
        }
        Ok(read)
    }

    /// Bytes that writing `length` bytes at `offset` would add to the quota.
    pub(super) fn growth(&self, offset: u64, length: u64) -> u64 {
        pieces(offset, length)
            .map(|piece| {
                let before = self.chunks.get(piece.chunk).map_or(0, Chunk::len);
                (piece.within + piece.length).saturating_sub(before) as u64
            })
            .sum()
    }

    /// Write `data` at `offset`. Returns how many bytes were written: fewer
    /// than given only when the spill file fails after the first chunk.
    pub(super) fn write(
        &mut self,
        offset: u64,
        data: &[u8],
        residence: Residence<'_>,
    ) -> Result<usize, FileError> {
        let mut rest = data;
        let mut written = 0;
        for piece in pieces(offset, data.len() as u64) {
            let (now, later) = rest.split_at(piece.length);
            if let Err(error) = self.write_piece(piece, now, residence) {
                if written == 0 {
                    return Err(error.into());
                }
                break;
            }
            written += piece.length;
            rest = later;
            self.size = self.size.max(offset + written as u64);
        }
        Ok(written)
    }

    fn write_piece(
        &mut self,
        piece: Piece,
        data: &[u8],
        residence: Residence<'_>,
    ) -> Result<(), SpillError> {
        let before = self.chunks.get(piece.chunk).map_or(0, Chunk::len);
        let after = before.max(piece.within + data.len());
        let grown = (after - before) as u64;
        let over = piece.chunk >= residence.chunks || self.resident + grown > residence.bytes;
        match self.chunks.get_mut(piece.chunk) {
            Some(chunk @ Chunk::Resident(_)) if over && after >= SPILL_LEAST => {
                let merged = chunk.merged(piece.within, data)?;
                *chunk = spill(&merged, residence.storage)?;
                self.resident -= before as u64;
            }
            Some(Chunk::Resident(bytes)) => {
                put(Arc::make_mut(bytes), piece.within, data);
                self.resident += grown;
            }
            Some(Chunk::Spilled { slot, length }) if Arc::strong_count(slot) == 1 => {
                // Bytes behind the length are left from an earlier use of the slot.
                if let Some(gap) = ZEROS.get(..piece.within.saturating_sub(*length)) {
                    slot.write(*length, gap)?;
                }
                slot.write(piece.within, data)?;
                *length = after;
            }
            Some(shared @ Chunk::Spilled { .. }) => {
                let merged = shared.merged(piece.within, data)?;
                *shared = spill(&merged, residence.storage)?;
            }
            None => {
                let mut bytes = Vec::with_capacity(after);
                put(&mut bytes, piece.within, data);
                let chunk = if over && after >= SPILL_LEAST {
                    spill(&bytes, residence.storage)?
                } else {
                    self.resident += after as u64;
                    Chunk::Resident(Arc::new(bytes))
                };
                self.chunks.insert(piece.chunk, chunk);
            }
        }
        self.allocated += grown;
        Ok(())
    }

    /// Make the bytes of the range present as zeros where they are holes, so
    /// that a later write needs no more room. Extends the size when needed.
    pub(super) fn allocate(
        &mut self,
        offset: u64,
        length: u64,
        residence: Residence<'_>,
    ) -> Result<(), FileError> {
        for piece in pieces(offset, length) {
            let there = self.chunks.get(piece.chunk).map_or(0, Chunk::len);
            let end = piece.within + piece.length;
            let zeros = ZEROS.get(..end.saturating_sub(there)).unwrap_or_default();
            if !zeros.is_empty() {
                let missing = Piece {
                    within: there,
                    length: zeros.len(),
                    ..piece
                };
                if let Err(error) = self.write_piece(missing, zeros, residence) {
                    // Nothing may be left behind the end of the file.
                    let size = self.size;
                    self.size = size.max(offset + length);
                    self.set_size(size);
                    return Err(error.into());
                }
            }
        }
        self.size = self.size.max(offset + length);
        Ok(())
    }

    /// Cut or extend to `size` bytes. What is added is a hole.
    pub(super) fn set_size(&mut self, size: u64) {
        if size < self.size {
            let last = size / CHUNK_BYTES as u64;
            let within = small(size % CHUNK_BYTES as u64);
            let cut = if within > 0 { last + 1 } else { last };
            while let Some((index, chunk)) = self.chunks.first_from(cut) {
                let length = chunk.len() as u64;
                self.allocated -= length;
                if matches!(chunk, Chunk::Resident(_)) {
                    self.resident -= length;
                }
                self.chunks.remove(index);
            }
            if within > 0 {
                self.cut_chunk(last, within);
            }
        }
        self.size = size;
    }

    /// Forget the bytes of a chunk from `within` on.
    fn cut_chunk(&mut self, index: u64, within: usize) {
        let Some(chunk) = self.chunks.get(index) else {
            return;
        };
        let gone = chunk.len().saturating_sub(within) as u64;
        if gone == 0 {
            return;
        }
        self.allocated -= gone;
        match self.chunks.get_mut(index) {
            Some(Chunk::Resident(bytes)) => {
                // A copy of its own: the room of the old one must not stay in use.
                *bytes = Arc::new(bytes.get(..within).unwrap_or_default().to_vec());
                self.resident -= gone;
            }
            Some(Chunk::Spilled { length, .. }) => *length = within,
            None => {}
        }
    }
}

/// Put the bytes of a chunk into a slot of their own.
fn spill(bytes: &[u8], storage: &Storage) -> Result<Chunk, SpillError> {
    let slot = storage.take_slot()?;
    slot.write(0, bytes)?;
    Ok(Chunk::Spilled {
        slot: Arc::new(slot),
        length: bytes.len(),
    })
}
