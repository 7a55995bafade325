//! What may still be done in a mounted folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::FolderLimits;
use crate::files::error::FileError;

#[derive(Debug)]
pub(super) struct Budget {
    limits: FolderLimits,
    written: AtomicU64,
    made: AtomicU64,
    open: Arc<AtomicUsize>,
}

/// One open file of the host, counted while it lives.
#[derive(Debug)]
pub(super) struct Ticket {
    open: Arc<AtomicUsize>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Budget {
    pub(super) fn new(limits: FolderLimits) -> Self {
        Self {
            limits,
            written: AtomicU64::new(0),
            made: AtomicU64::new(0),
            open: Arc::new(AtomicUsize::new(0)),
        }
    }

    pub(super) fn bytes_left(&self) -> u64 {
        let written = self.written.load(Ordering::Relaxed);
        self.limits.write_bytes.saturating_sub(written)
    }

    pub(super) fn check_bytes(&self, wanted: u64) -> Result<(), FileError> {
        if wanted > self.bytes_left() {
            return Err(self.no_space(wanted));
        }
        Ok(())
    }

    const fn no_space(&self, wanted: u64) -> FileError {
        FileError::NoSpace {
            wanted,
            limit: self.limits.write_bytes,
        }
    }

    /// Take bytes before they are written.
    pub(super) fn take_bytes(&self, wanted: u64) -> Result<(), FileError> {
        take(&self.written, wanted, self.limits.write_bytes).ok_or_else(|| self.no_space(wanted))
    }

    /// Give back what was taken and not written.
    pub(super) fn give_bytes(&self, bytes: u64) {
        self.written.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Take the making of one name. One that fails counts: it is no matter.
    pub(super) fn take_make(&self) -> Result<(), FileError> {
        let limit = self.limits.makes;
        take(&self.made, 1, limit).ok_or(FileError::TooManyEntries { limit })
    }

    pub(super) fn take_open(&self) -> Result<Ticket, FileError> {
        let limit = self.limits.open_files;
        let taken = self
            .open
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                (open < limit).then_some(open + 1)
            });
        if taken.is_err() {
            return Err(FileError::TooManyOpen { limit });
        }
        Ok(Ticket {
            open: Arc::clone(&self.open),
        })
    }
}

fn take(spent: &AtomicU64, wanted: u64, limit: u64) -> Option<()> {
    spent
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |spent| {
            spent.checked_add(wanted).filter(|sum| *sum <= limit)
        })
        .ok()
        .map(|_| ())
}
