//! The index of a library: the table of contents of a zip file, checked and
//! turned into numbered directories and files.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, ZipArchive, ZipFileEntry};

use super::library::{LibraryError, LibraryLimits};
use super::quota::NAME_BYTES;

/// Bytes of a file's local header in the zip file before its variable parts.
const LOCAL_HEADER_BYTES: u64 = 30;
const LOCAL_HEADER_MAGIC: [u8; 4] = *b"PK\x03\x04";

const TYPE_MASK: u32 = 0o170_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_DIRECTORY: u32 = 0o040_000;

/// The index of a library and the file its contents are read from.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) file: File,
    /// Number `n` is at `n - 1`; the root is number 1.
    pub(super) nodes: Vec<ArchiveNode>,
}

/// A file or directory of a library.
#[derive(Debug)]
pub(super) struct ArchiveNode {
    pub(super) name: Arc<str>,
    pub(super) parent: u64,
    pub(super) modified_ns: u64,
    pub(super) body: ArchiveBody,
}

#[derive(Debug)]
pub(super) enum ArchiveBody {
    /// Numbers, sorted by name.
    Directory(Vec<u64>),
    File(StoredFile),
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(super) struct StoredFile {
    pub(super) size: u64,
    /// Where its local header starts in the zip file.
    header: u64,
    /// Where the next thing starts: the file must end before.
    end: u64,
    /// Where its bytes start; known once its header was read.
    data: OnceLock<u64>,
}

impl Archive {
    /// Read and check the table of contents of the zip file at `path`.
    pub(super) fn open(path: &Path, limits: &LibraryLimits) -> Result<Self, LibraryError> {
        let file = File::open(path).map_err(|error| LibraryError::Open { kind: error.kind() })?;
        let metadata = file
            .metadata()
            .map_err(|error| LibraryError::Open { kind: error.kind() })?;
        if !metadata.is_file() {
            return Err(LibraryError::Open {
                kind: ErrorKind::InvalidInput,
            });
        }
        if metadata.len() > limits.archive_bytes {
            return Err(LibraryError::TooLarge {
                bytes: metadata.len(),
                limit: limits.archive_bytes,
            });
        }
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let archive = ZipArchive::with_config(config, BufReader::new(&file)).map_err(|error| {
            LibraryError::Malformed {
                detail: error.to_string(),
            }
        })?;
        if archive.len() > limits.entries {
            return Err(LibraryError::TooManyEntries {
                count: archive.len(),
                limit: limits.entries,
            });
        }
        if archive.has_duplicate_names() {
            return Err(LibraryError::Duplicate);
        }
        let mut index = Index::new(limits);
        for number in 0..archive.len() {
            let entry = archive
                .by_index_data(number)
                .map_err(|error| LibraryError::Malformed {
                    detail: error.to_string(),
                })?;
            index.add(&entry)?;
        }
        let nodes = index.finish(archive.central_directory_start())?;
        drop(archive);
        Ok(Self { file, nodes })
    }

    pub(super) fn node(&self, number: u64) -> Option<&ArchiveNode> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.nodes.get(index)
    }

    /// Where the bytes of a file start. Reads its local header the first time,
    /// and checks that the file does not reach into its neighbour.
    pub(super) fn data_start(&self, name: &str, file: &StoredFile) -> Result<u64, LibraryError> {
        if let Some(start) = file.data.get() {
            return Ok(*start);
        }
        let mut header = [0; 30];
        self.file
            .read_exact_at(&mut header, file.header)
            .map_err(|error| LibraryError::Read { kind: error.kind() })?;
        let [a, b, c, d, .., name_low, name_high, extra_low, extra_high] = header;
        if [a, b, c, d] != LOCAL_HEADER_MAGIC {
            return Err(LibraryError::Malformed {
                detail: format!("no local header for {name}"),
            });
        }
        let variable = u64::from(u16::from_le_bytes([name_low, name_high]))
            + u64::from(u16::from_le_bytes([extra_low, extra_high]));
        let start = file.header + LOCAL_HEADER_BYTES + variable;
        if start + file.size > file.end {
            return Err(LibraryError::Overlap {
                name: name.to_owned(),
            });
        }
        Ok(*file.data.get_or_init(|| start))
    }
}

/// The index while it is built.
struct Index<'l> {
    limits: &'l LibraryLimits,
    nodes: Vec<ArchiveNode>,
    by_path: HashMap<String, u64>,
    /// Header, least end and number of each file.
    extents: Vec<(u64, u64, u64)>,
    total: u64,
}

impl<'l> Index<'l> {
    fn new(limits: &'l LibraryLimits) -> Self {
        let root = ArchiveNode {
            name: Arc::from(""),
            parent: 1,
            modified_ns: 0,
            body: ArchiveBody::Directory(Vec::new()),
        };
        Self {
            limits,
            nodes: vec![root],
            by_path: HashMap::new(),
            extents: Vec::new(),
            total: 0,
        }
    }

    fn add(&mut self, entry: &ZipFileEntry<'_>) -> Result<(), LibraryError> {
        let raw = std::str::from_utf8(entry.name_raw()).map_err(|_| LibraryError::Name {
            name: String::from_utf8_lossy(entry.name_raw()).into_owned(),
        })?;
        let path = raw.strip_suffix('/').unwrap_or(raw);
        let is_directory = path.len() < raw.len();
        check_entry(entry, path, is_directory)?;
        let modified_ns = entry.last_modified().map_or(0, unix_ns);
        if is_directory {
            let number = self.directory(path)?;
            if let Some(node) = self.node_mut(number) {
                node.modified_ns = modified_ns;
            }
            return Ok(());
        }
        let size = entry.size();
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.total_bytes {
            return Err(LibraryError::TooLarge {
                bytes: self.total,
                limit: self.limits.total_bytes,
            });
        }
        let (parent, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (self.directory(parent)?, name),
            None => (1, path),
        };
        let header = entry.header_start();
        let least = (LOCAL_HEADER_BYTES + raw.len() as u64).saturating_add(size);
        let number = self.put(
            path,
            ArchiveNode {
                name: Arc::from(name),
                parent,
                modified_ns,
                body: ArchiveBody::File(StoredFile {
                    size,
                    header,
                    end: 0,
                    data: OnceLock::new(),
                }),
            },
        )?;
        self.extents
            .push((header, header.saturating_add(least), number));
        Ok(())
    }

    fn node_mut(&mut self, number: u64) -> Option<&mut ArchiveNode> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.nodes.get_mut(index)
    }

    /// The number of the directory at `path`, which is made with those above it.
    fn directory(&mut self, path: &str) -> Result<u64, LibraryError> {
        let mut number = 1;
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let part = path.get(..end).unwrap_or_default();
            number = match self.by_path.get(part).copied() {
                Some(found) => {
                    let node = self.node_mut(found);
                    if !node.is_some_and(|node| matches!(node.body, ArchiveBody::Directory(_))) {
                        return Err(LibraryError::Conflict {
                            name: part.to_owned(),
                        });
                    }
                    found
                }
                None => {
                    let name = part.rsplit_once('/').map_or(part, |(_, name)| name);
                    let node = ArchiveNode {
                        name: Arc::from(name),
                        parent: number,
                        modified_ns: 0,
                        body: ArchiveBody::Directory(Vec::new()),
                    };
                    self.put(part, node)?
                }
            };
        }
        Ok(number)
    }

    /// Number a node and enter it in its directory.
    fn put(&mut self, path: &str, node: ArchiveNode) -> Result<u64, LibraryError> {
        // Directories that are only implied by names count as well.
        if self.nodes.len() > self.limits.entries {
            return Err(LibraryError::TooManyEntries {
                count: self.nodes.len(),
                limit: self.limits.entries,
            });
        }
        let parent = node.parent;
        self.nodes.push(node);
        let number = self.nodes.len() as u64;
        if self.by_path.insert(path.to_owned(), number).is_some() {
            return Err(LibraryError::Conflict {
                name: path.to_owned(),
            });
        }
        if let Some(ArchiveBody::Directory(children)) =
            self.node_mut(parent).map(|node| &mut node.body)
        {
            children.push(number);
        }
        Ok(number)
    }

    /// Sort the directories, and find out where each file must end: where the
    /// next one, or the table of contents, starts.
    fn finish(mut self, table_start: u64) -> Result<Vec<ArchiveNode>, LibraryError> {
        let mut extents = std::mem::take(&mut self.extents);
        extents.sort_unstable();
        let starts = extents.iter().skip(1).map(|(header, _, _)| *header);
        let ends: Vec<u64> = starts.chain([table_start]).collect();
        for ((_, least, number), limit) in extents.into_iter().zip(ends) {
            let Some(node) = self.node_mut(number) else {
                continue;
            };
            if least > limit {
                return Err(LibraryError::Overlap {
                    name: node.name.to_string(),
                });
            }
            if let ArchiveBody::File(file) = &mut node.body {
                file.end = limit;
            }
        }
        let names: Vec<Arc<str>> = self.nodes.iter().map(|n| Arc::clone(&n.name)).collect();
        let name_of = |number: &u64| {
            let index = usize::try_from(*number).unwrap_or(usize::MAX);
            names.get(index.wrapping_sub(1)).cloned()
        };
        for node in &mut self.nodes {
            if let ArchiveBody::Directory(children) = &mut node.body {
                children.sort_by_cached_key(name_of);
            }
        }
        Ok(self.nodes)
    }
}

/// Refuse what a library must not hold.
fn check_entry(
    entry: &ZipFileEntry<'_>,
    path: &str,
    is_directory: bool,
) -> Result<(), LibraryError> {
    let name = || path.to_owned();
    let good = |part: &str| {
        !matches!(part, "" | "." | "..") && part.len() <= NAME_BYTES && !part.contains(['\\', '\0'])
    };
    if path.len() > super::quota::PATH_BYTES || !path.split('/').all(good) {
        return Err(LibraryError::Name { name: name() });
    }
    if entry.encrypted() {
        return Err(LibraryError::Encrypted { name: name() });
    }
    let expected = if is_directory {
        TYPE_DIRECTORY
    } else {
        TYPE_FILE
    };
    let kind = entry.unix_mode().unwrap_or(expected) & TYPE_MASK;
    if entry.is_symlink() || (kind != 0 && kind != expected) {
        return Err(LibraryError::Special { name: name() });
    }
    if is_directory {
        return Ok(());
    }
    if entry.compression() != CompressionMethod::Stored || entry.compressed_size() != entry.size() {
        return Err(LibraryError::Compressed { name: name() });
    }
    Ok(())
}

/// The time of a zip entry, taken as UTC, in nanoseconds since 1970.
fn unix_ns(time: zip::DateTime) -> u64 {
    let (year, month, day) = (
        i64::from(time.year()),
        i64::from(time.month()),
        i64::from(time.day()),
    );
    // Days of the civil calendar, with years that start in March.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400
        + i64::from(time.hour()) * 3_600
        + i64::from(time.minute()) * 60
        + i64::from(time.second());
    u64::try_from(seconds).unwrap_or(0) * 1_000_000_000
}
