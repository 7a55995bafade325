//! The guest's memory as the calls see it. Every address and length comes from
//! the guest and is checked here; alignment does not matter.

use std::ops::Range;

use crate::files::PATH_BYTES;

use super::abi::Errno;

/// The most buffers of one call that reads into or writes from several.
const VECTORS: u32 = 1024;

/// Buffers that need no allocation.
const FEW: usize = 8;

/// The most bytes that one call moves to or from a file. More than this comes as
/// a short read or write, so that no call holds its thread for long.
const TRANSFER_BYTES: usize = 16 << 20;

fn range(address: u32, length: u32) -> Range<usize> {
    let start = address as usize;
    // Exact where `usize` has 64 bits; where it has 32 the end saturates and is
    // out of bounds of any memory.
    start..start.saturating_add(length as usize)
}

/// Bytes of the guest, to read.
pub(super) fn bytes(memory: &[u8], address: u32, length: u32) -> Result<&[u8], Errno> {
    memory.get(range(address, length)).ok_or(Errno::Fault)
}

/// Bytes of the guest, to write.
pub(super) fn bytes_mut(memory: &mut [u8], address: u32, length: u32) -> Result<&mut [u8], Errno> {
    memory.get_mut(range(address, length)).ok_or(Errno::Fault)
}

/// A fixed number of bytes of the guest.
fn array<const N: usize>(memory: &[u8], address: u32) -> Result<[u8; N], Errno> {
    let start = address as usize;
    memory
        .get(start..)
        .and_then(|ahead| ahead.first_chunk())
        .copied()
        .ok_or(Errno::Fault)
}

/// Write a result where the guest wants it.
pub(super) fn put<const N: usize>(
    memory: &mut [u8],
    address: u32,
    value: [u8; N],
) -> Result<(), Errno> {
    let start = address as usize;
    let place = memory
        .get_mut(start..)
        .and_then(|ahead| ahead.first_chunk_mut())
        .ok_or(Errno::Fault)?;
    *place = value;
    Ok(())
}

pub(super) fn put_u32(memory: &mut [u8], address: u32, value: u32) -> Result<(), Errno> {
    put(memory, address, value.to_le_bytes())
}

pub(super) fn put_u64(memory: &mut [u8], address: u32, value: u64) -> Result<(), Errno> {
    put(memory, address, value.to_le_bytes())
}

/// Refuse a place for a result before anything is done that could not be told.
pub(super) fn check(memory: &[u8], address: u32, length: u32) -> Result<(), Errno> {
    bytes(memory, address, length).map(|_| ())
}

/// A path of the guest: UTF-8, and no longer than any path may be.
pub(super) fn path(memory: &[u8], address: u32, length: u32) -> Result<&str, Errno> {
    let bytes = bytes(memory, address, length)?;
    if bytes.len() > PATH_BYTES {
        return Err(Errno::Nametoolong);
    }
    std::str::from_utf8(bytes).map_err(|_| Errno::Ilseq)
}

/// A path that is walked from a descriptor. The C library never gives one that
/// starts with a slash, and such a path would not lead below the descriptor.
pub(super) fn relative_path(memory: &[u8], address: u32, length: u32) -> Result<&str, Errno> {
    let path = path(memory, address, length)?;
    if path.starts_with('/') {
        return Err(Errno::Perm);
    }
    Ok(path)
}

/// The buffers of one call, copied from guest memory once, all within bounds,
/// together no more than one call may move.
#[derive(Debug)]
pub(super) struct Vectors {
    few: [(u32, u32); FEW],
    many: Vec<(u32, u32)>,
    count: usize,
    total: usize,
}

impl Vectors {
    pub(super) fn read(memory: &[u8], address: u32, count: u32) -> Result<Self, Errno> {
        if count > VECTORS {
            return Err(Errno::Inval);
        }
        let mut vectors = Self {
            few: [(0, 0); FEW],
            many: Vec::new(),
            count: count as usize,
            total: 0,
        };
        if vectors.count > FEW {
            vectors.many = vec![(0, 0); vectors.count];
        }
        let table = bytes(memory, address, count * 8)?;
        let mut total: u64 = 0;
        for (place, entry) in vectors.as_mut_slice().iter_mut().zip(table.chunks_exact(8)) {
            let &[a, b, c, d, e, f, g, h] = entry else {
                return Err(Errno::Fault);
            };
            let buffer = u32::from_le_bytes([a, b, c, d]);
            let length = u32::from_le_bytes([e, f, g, h]);
            // Nothing is touched through an empty buffer, wherever it points.
            if length > 0 {
                check(memory, buffer, length)?;
            }
            total += u64::from(length);
            *place = (buffer, length);
        }
        // The result must fit the guest's signed size type.
        if total > u64::from(i32::MAX.unsigned_abs()) {
            return Err(Errno::Inval);
        }
        vectors.total = usize::try_from(total).map_err(|_| Errno::Inval)?;
        Ok(vectors)
    }

    fn as_mut_slice(&mut self) -> &mut [(u32, u32)] {
        if self.count > FEW {
            &mut self.many
        } else {
            self.few.get_mut(..self.count).unwrap_or_default()
        }
    }

    fn as_slice(&self) -> &[(u32, u32)] {
        if self.count > FEW {
            &self.many
        } else {
            self.few.get(..self.count).unwrap_or_default()
        }
    }

    /// Bytes of all buffers together.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// The buffers one after the other, at most `limit` bytes of them and never
    /// more than one call moves; without empty ones.
    pub(super) fn up_to(&self, limit: usize) -> impl Iterator<Item = (u32, u32)> {
        let mut left = limit.min(TRANSFER_BYTES);
        self.as_slice().iter().filter_map(move |(address, length)| {
            let taken = (*length as usize).min(left);
            left -= taken;
            // It is no more than `length`, which is a u32.
            let taken = u32::try_from(taken).ok()?;
            (taken > 0).then_some((*address, taken))
        })
    }
}

/// A table of fixed-size records of the guest.
pub(super) fn records<const N: usize>(
    memory: &[u8],
    address: u32,
    count: u32,
) -> Result<impl Iterator<Item = Result<[u8; N], Errno>>, Errno> {
    let size = u32::try_from(N).map_err(|_| Errno::Inval)?;
    let length = count.checked_mul(size).ok_or(Errno::Fault)?;
    check(memory, address, length)?;
    Ok((0..count).map(move |at| array(memory, address + at * size)))
}
