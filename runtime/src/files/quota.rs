//! How much a tree may hold, and how much it holds.

use super::error::FileError;

/// The most bytes one name may have.
pub const NAME_BYTES: usize = 255;
/// The most bytes a path, or the target of a symbolic link, may have.
pub const PATH_BYTES: usize = 4096;
/// The most symbolic links one path may lead through.
pub const LINK_HOPS: u32 = 40;
/// The most names one file may have.
pub const HARD_LINKS: u32 = 65_000;

/// What one tree may hold. Every bound is exact: the operation that would pass
/// it fails and changes nothing.
///
/// Defaults: 1 GiB of contents, 200,000 entries, 1,024 levels of directories,
/// files of at most 1 TiB (holes cost nothing), 1 MiB of a file and 64 MiB of a
/// tree in memory, the rest on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of contents, targets of links and user metadata. Contents count
    /// from the start of each 64 KiB chunk to the last byte written in it, so
    /// that holes of whole chunks are free. Contents shared with a fork count
    /// in both trees.
    pub bytes: u64,
    /// Names in directories. The standard layout uses about 40 of them.
    pub entries: u64,
    /// Directories between the root and a file.
    pub depth: u32,
    /// The largest size of one file, holes included.
    pub file_bytes: u64,
    /// Bytes of one file that stay in memory, rounded up to whole chunks; what
    /// lies behind them goes to the spill file.
    pub resident_file_bytes: u64,
    /// Bytes of all files that stay in memory. What would not fit goes to the
    /// spill file when it is written, but for chunks of less than 512 bytes.
    pub resident_bytes: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            entries: 200_000,
            depth: 1024,
            file_bytes: 1 << 40,
            resident_file_bytes: 1 << 20,
            resident_bytes: 64 << 20,
        }
    }
}

/// What one tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileUsage {
    /// Bytes counted against [`FileLimits::bytes`].
    pub bytes: u64,
    /// Names counted against [`FileLimits::entries`].
    pub entries: u64,
    /// Bytes of contents in memory. Shared pages of forks count in each.
    pub resident_bytes: u64,
}

impl FileUsage {
    /// Refuse `wanted` more bytes when they do not fit.
    pub(super) fn check_bytes(&self, limits: &FileLimits, wanted: u64) -> Result<(), FileError> {
        // A limit lowered below the usage must not refuse operations that add nothing.
        if wanted > 0 && self.bytes.saturating_add(wanted) > limits.bytes {
            return Err(FileError::NoSpace {
                wanted,
                limit: limits.bytes,
            });
        }
        Ok(())
    }

    /// Refuse one more entry when there are enough.
    pub(super) fn check_entry(&self, limits: &FileLimits) -> Result<(), FileError> {
        if self.entries >= limits.entries {
            return Err(FileError::TooManyEntries {
                limit: limits.entries,
            });
        }
        Ok(())
    }
}
