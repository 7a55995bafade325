//! A file without a name that memories map parts of.
//!
//! Saved pages stand in such a file. A memory that goes on from them maps them
//! instead of copying them, so they must not change any more: a part that is
//! mapped is frozen, and every write of this process looks for frozen parts
//! first. No other process can reach the file, but for those of the same user
//! that go through `/proc`; they could as well write to our memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use rustix::fs::{FallocateFlags, Mode, OFlags};

use crate::page::PAGE_BYTES;

/// A file for reading and writing that has no name, so that it is gone with its
/// last handle, however the process ends.
#[derive(Debug)]
pub struct UnnamedFile {
    file: File,
    /// Ends of the frozen parts by their starts; they lie apart. Held for reading
    /// by whoever writes to the file.
    frozen: RwLock<BTreeMap<u64, u64>>,
}

impl UnnamedFile {
    /// A new one in `directory`, which nobody else may open.
    ///
    /// # Errors
    /// It cannot be made there.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let unnamed = rustix::fs::open(
            directory,
            OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC,
            Mode::RUSR | Mode::WUSR,
        );
        let file = match unnamed {
            Ok(descriptor) => File::from(descriptor),
            // Not every file system knows unnamed files.
            Err(
                rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL,
            ) => make_and_unlink(directory)?,
            Err(errno) => return Err(errno.into()),
        };
        Ok(Self {
            file,
            frozen: RwLock::default(),
        })
    }

    /// Fills `into` with the bytes at `offset`.
    ///
    /// # Errors
    /// Reading fails, or the file ends before.
    pub fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(into, offset)
    }

    /// Writes all of `bytes` to `offset`.
    ///
    /// # Errors
    /// A part of the range is frozen, and nothing was written; or writing fails.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let range = offset..offset.saturating_add(bytes.len() as u64);
        self.unless_frozen(range, |file| file.write_all_at(bytes, offset))
    }

    /// Gives the disk blocks of a range back; it reads as zeros then.
    ///
    /// # Errors
    /// As [`Self::write_all_at`], and where the file system cannot do it.
    pub fn discard(&self, range: Range<u64>) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let (start, len) = (range.start, range.end.saturating_sub(range.start));
        self.unless_frozen(range, |file| {
            rustix::fs::fallocate(file, flags, start, len).map_err(io::Error::from)
        })
    }

    /// Freezes a range of whole pages, which has to be within the file. `None`
    /// where a part of it is frozen already, or it is not of whole pages.
    ///
    /// `owner` is kept as long as the part is: whoever says what else may be
    /// written there.
    #[must_use]
    pub fn freeze(
        self: &Arc<Self>,
        range: Range<u64>,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Option<FrozenPart> {
        let page = PAGE_BYTES as u64;
        let whole = range.start.is_multiple_of(page) && range.end.is_multiple_of(page);
        let mut frozen = self.frozen.write().unwrap_or_else(PoisonError::into_inner);
        let is_inside = self.file.metadata().is_ok_and(|it| range.end <= it.len());
        if !whole || range.is_empty() || !is_inside || touches(&frozen, &range) {
            return None;
        }
        frozen.insert(range.start, range.end);
        let held = Arc::new(Held {
            file: Arc::clone(self),
            range: range.clone(),
            _owner: owner,
        });
        Some(FrozenPart { held, range })
    }

    fn unless_frozen(
        &self,
        range: Range<u64>,
        write: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let frozen = self.frozen.read().unwrap_or_else(PoisonError::into_inner);
        if touches(&frozen, &range) {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "that part of the file is mapped",
            ));
        }
        write(&self.file)
    }
}

/// Whether a part that is frozen overlaps `range`.
fn touches(frozen: &BTreeMap<u64, u64>, range: &Range<u64>) -> bool {
    let before = frozen.range(..range.end).next_back();
    before.is_some_and(|(_, end)| *end > range.start)
}

/// A part of an [`UnnamedFile`] that keeps its bytes as long as this lives, or
/// another that is a part of the same.
#[derive(Clone)]
pub struct FrozenPart {
    held: Arc<Held>,
    range: Range<u64>,
}

/// What was frozen at once.
struct Held {
    file: Arc<UnnamedFile>,
    range: Range<u64>,
    /// Let go when the part is no longer frozen.
    _owner: Arc<dyn Any + Send + Sync>,
}

/// A frozen part that one may come back to as long as somebody uses it.
#[derive(Clone)]
pub struct WeakFrozenPart(Weak<Held>);

impl std::fmt::Debug for FrozenPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FrozenPart").field(&self.range).finish()
    }
}

impl FrozenPart {
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.held.file.file.as_fd()
    }

    /// Remembers it without keeping it.
    #[must_use]
    pub fn downgrade(&self) -> WeakFrozenPart {
        WeakFrozenPart(Arc::downgrade(&self.held))
    }

    pub(crate) fn offset(&self) -> u64 {
        self.range.start
    }

    /// Length in bytes, whole pages.
    #[must_use]
    pub fn byte_len(&self) -> u64 {
        self.range.end - self.range.start
    }
}

impl WeakFrozenPart {
    /// The pages `range` of the file, if they are frozen with it.
    #[must_use]
    pub fn part(&self, range: Range<u64>) -> Option<FrozenPart> {
        let page = PAGE_BYTES as u64;
        let whole = range.start.is_multiple_of(page) && range.end.is_multiple_of(page);
        let held = self.0.upgrade()?;
        let inside = held.range.start <= range.start && range.end <= held.range.end;
        (whole && inside && !range.is_empty()).then_some(FrozenPart { held, range })
    }

    /// Whether nobody uses it any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl std::fmt::Debug for WeakFrozenPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeakFrozenPart").finish_non_exhaustive()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let frozen = self.file.frozen.write();
        frozen
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.range.start);
    }
}

/// Makes a new file under a name that nobody uses, and takes the name away.
fn make_and_unlink(directory: &Path) -> io::Result<File> {
    let process = std::process::id();
    for attempt in 0_u32..1000 {
        let path = directory.join(format!(".sandcell-unnamed-{process}-{attempt}"));
        let made = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = PAGE_BYTES as u64;

    fn file(pages: usize) -> Arc<UnnamedFile> {
        let file = UnnamedFile::create(&std::env::temp_dir()).unwrap();
        file.write_all_at(&vec![7; pages * PAGE_BYTES], 0).unwrap();
        Arc::new(file)
    }

    #[test]
    fn frozen_parts_do_not_change() {
        let file = file(4);
        let frozen = file.freeze(PAGE..3 * PAGE, Arc::new(())).unwrap();
        assert_eq!(frozen.byte_len(), 2 * PAGE);
        for offset in [PAGE - 1, PAGE, 2 * PAGE, 3 * PAGE - 1] {
            let error = file.write_all_at(&[1, 1], offset).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy, "{offset}");
        }
        assert!(file.discard(0..2 * PAGE).is_err());
        file.write_all_at(&[1; 8], PAGE - 8).unwrap();
        file.write_all_at(&[1; 8], 3 * PAGE).unwrap();
        let mut read = vec![0; 2 * PAGE_BYTES];
        file.read_exact_at(&mut read, PAGE).unwrap();
        assert!(read.iter().all(|byte| *byte == 7));
        drop(frozen);
        file.write_all_at(&[1], PAGE).unwrap();
        file.discard(PAGE..2 * PAGE).unwrap();
    }

    #[test]
    fn only_whole_pages_of_the_file_are_frozen_and_once() {
        let file = file(4);
        for bad in [1..PAGE, 0..PAGE + 1, 0..5 * PAGE, PAGE..PAGE] {
            assert!(file.freeze(bad.clone(), Arc::new(())).is_none(), "{bad:?}");
        }
        let _one = file.freeze(PAGE..2 * PAGE, Arc::new(())).unwrap();
        let _other = file.freeze(2 * PAGE..3 * PAGE, Arc::new(())).unwrap();
        for taken in [PAGE..2 * PAGE, 0..4 * PAGE, 2 * PAGE..4 * PAGE] {
            assert!(
                file.freeze(taken.clone(), Arc::new(())).is_none(),
                "{taken:?}"
            );
        }
        assert!(file.freeze(3 * PAGE..4 * PAGE, Arc::new(())).is_some());
    }

    #[test]
    fn parts_of_a_frozen_part_hold_all_of_it() {
        let file = file(4);
        let all = file.freeze(PAGE..4 * PAGE, Arc::new(())).unwrap();
        let weak = all.downgrade();
        let part = weak.part(2 * PAGE..3 * PAGE).unwrap();
        assert_eq!((part.offset(), part.byte_len()), (2 * PAGE, PAGE));
        for bad in [0..2 * PAGE, 3 * PAGE..5 * PAGE, PAGE..PAGE, PAGE..PAGE + 1] {
            assert!(weak.part(bad.clone()).is_none(), "{bad:?}");
        }
        drop(all);
        assert!(file.write_all_at(&[1], PAGE).is_err(), "a part is there");
        drop(part);
        assert!(weak.is_gone());
        assert!(weak.part(PAGE..2 * PAGE).is_none());
        file.write_all_at(&[1], PAGE).unwrap();
    }
}
