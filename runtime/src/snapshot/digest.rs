//! What stands before the body of a snapshot file, and guards it.

use std::io::{self, Read, Write};

use crate::error::SnapshotFault;
use crate::snapshot::Key;

pub(super) const MAGIC: [u8; 8] = *b"sc-snaps";

/// Version of the format: of the file, and of the sections in it.
pub(super) const FORMAT: u32 = 1;

/// Bytes before the body: magic, version, four zeros, length, digest.
pub(super) const PREFIX_BYTES: usize = 56;

/// Most bytes of a snapshot file.
pub(super) const FILE_BYTES: u64 = 64 << 30;

/// The prefix of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) body_bytes: u64,
    pub(super) digest: [u8; 32],
}

impl Prefix {
    pub(super) fn to_bytes(&self) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        let parts: [&[u8]; 5] = [
            &MAGIC,
            &FORMAT.to_le_bytes(),
            &[0; 4],
            &self.body_bytes.to_le_bytes(),
            &self.digest,
        ];
        for (to, from) in bytes.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        bytes
    }

    /// Reads a prefix: what it is, then its version, then its length.
    pub(super) fn read(input: &mut impl Read, file_bytes: u64) -> Result<Self, SnapshotFault> {
        let mut bytes = [0; PREFIX_BYTES];
        input
            .read_exact(&mut bytes)
            .map_err(|_| SnapshotFault::NotASnapshot)?;
        let (magic, rest) = bytes.split_at(8);
        if magic != MAGIC {
            return Err(SnapshotFault::NotASnapshot);
        }
        let (version, rest) = rest.split_at(4);
        let found = version.try_into().map_or(0, u32::from_le_bytes);
        if found != FORMAT {
            return Err(SnapshotFault::Format {
                found,
                expected: FORMAT,
            });
        }
        let (zeros, rest) = rest.split_at(4);
        let (length, digest) = rest.split_at(8);
        let body_bytes = length.try_into().map_or(0, u64::from_le_bytes);
        if zeros != [0; 4] || body_bytes.checked_add(PREFIX_BYTES as u64) != Some(file_bytes) {
            return Err(SnapshotFault::NotASnapshot);
        }
        let digest = digest.try_into().map_err(|_| SnapshotFault::NotASnapshot)?;
        Ok(Self { body_bytes, digest })
    }
}

/// Passes bytes on and remembers what they were.
pub(super) struct Digested<T> {
    inner: T,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<T> Digested<T> {
    pub(super) fn new(inner: T, key: &Key) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new_keyed(key.bytes()),
            bytes: 0,
        }
    }

    /// The inner part, and the prefix of all that passed.
    pub(super) fn finish(self) -> (T, Prefix) {
        let prefix = Prefix {
            body_bytes: self.bytes,
            digest: *self.hasher.finalize().as_bytes(),
        };
        (self.inner, prefix)
    }
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The prefix that the body which `input` holds ought to have.
pub(super) fn prefix_of(input: &mut impl Read, key: &Key) -> io::Result<Prefix> {
    let mut digested = Digested::new(io::sink(), key);
    io::copy(input, &mut digested)?;
    Ok(digested.finish().1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_comes_back_and_others_are_refused() {
        let prefix = Prefix {
            body_bytes: 5,
            digest: [7; 32],
        };
        let bytes = prefix.to_bytes();
        let read = |bytes: &[u8], len| Prefix::read(&mut &*bytes, len);
        assert_eq!(read(&bytes, 61), Ok(prefix));
        assert_eq!(read(&bytes, 60), Err(SnapshotFault::NotASnapshot));
        assert_eq!(read(&bytes[..55], 61), Err(SnapshotFault::NotASnapshot));
        let mut other = bytes;
        other[8] = 2;
        assert_eq!(
            read(&other, 61),
            Err(SnapshotFault::Format {
                found: 2,
                expected: 1
            })
        );
        let mut endless = bytes;
        endless[16..24].fill(0xff);
        assert_eq!(read(&endless, 61), Err(SnapshotFault::NotASnapshot));
    }
}
