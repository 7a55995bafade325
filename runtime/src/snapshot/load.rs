//! A snapshot out of a file.
//!
//! The file is hostile until its digest was checked, and what was authentic is
//! still parsed strictly: a key may be known to somebody else.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sandcell_sys::{PAGE_BYTES, PageRun, PrivateFile, PrivateFileError};

use crate::engine::{GlobalValue, GuestState, SavedPages, Sharing};
use crate::error::{Error, Result, SnapshotFault};
use crate::files::{Backing, FileLimits, LIBRARY_PATH, SavedError, StashWriter, Storage, Tree};
use crate::id::{ContextId, SandboxId, SnapshotId};
use crate::image::Image;
use crate::limits::Limits;
use crate::snapshot::digest::{FILE_BYTES, PREFIX_BYTES, Prefix, prefix_of};
use crate::snapshot::head::{HEAD_BYTES, Head, SavedState, at};
use crate::snapshot::{Inner, Key, MountPlan, Snapshot};
use crate::wasi::Descriptors;
use crate::worker::Start;

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Most bytes of a linear memory.
const MEMORY_BYTES: u64 = 1 << 32;

type Fallible<T> = std::result::Result<T, SnapshotFault>;

/// What is needed to read a snapshot.
#[derive(Debug)]
pub(crate) struct Loading<'a> {
    pub(crate) key: &'a Key,
    pub(crate) storage: &'a Storage,
    pub(crate) mounts: &'a [MountPlan],
    /// What stands in every sandbox beside the library.
    pub(crate) programs: &'a [(&'static str, Arc<dyn Backing>)],
}

/// Reads and checks a snapshot. `image` finds the image of a name.
pub(crate) fn load(
    path: &Path,
    loading: &Loading<'_>,
    image: impl Fn(&str) -> Result<Image>,
) -> Result<Snapshot> {
    let bad = |reason| Error::BadSnapshot {
        path: path.to_owned(),
        reason,
    };
    let file = PrivateFile::open(path).map_err(|error| match error {
        PrivateFileError::Open { source, .. } => Error::io("open", path)(source),
        other => bad(not_taken(&other)),
    })?;
    let file_bytes = file.stamp().bytes;
    if file_bytes > FILE_BYTES {
        return Err(bad(SnapshotFault::TooLarge {
            bytes: file_bytes,
            allowed: FILE_BYTES,
        }));
    }
    let mut file = file.into_file();
    let prefix = Prefix::read(&mut file, file_bytes).map_err(bad)?;
    let found = prefix_of(&mut (&mut file).take(prefix.body_bytes), loading.key);
    // Compared as a whole; who can read our answers can read the file.
    if found.map_err(Error::io("read", path))? != prefix {
        return Err(bad(SnapshotFault::Digest));
    }
    file.seek(SeekFrom::Start(PREFIX_BYTES as u64))
        .map_err(Error::io("read", path))?;
    let mut body = Body {
        input: BufReader::with_capacity(BUFFER_BYTES, file.take(prefix.body_bytes)),
    };
    let head = body.head().map_err(bad)?;
    let image = |name: &str, id: &str| {
        let image = image(name)?;
        if image.id() == id {
            return Ok(image);
        }
        Err(bad(SnapshotFault::OtherImage {
            name: name.to_owned(),
            found: id.to_owned(),
            expected: image.id().to_owned(),
        }))
    };
    let grounds = Grounds {
        own: Ground::of(&image(&head.image, &head.image_id)?),
        others: head
            .contexts
            .iter()
            .map(|saved| saved.image.as_ref())
            .map(|other| other.map(|(name, id)| image(name, id)).transpose())
            .map(|other| other.map(|other| other.map(|image| (Ground::of(&image), image))))
            .collect::<Result<_>>()?,
    };
    body.rest(head, grounds, loading)
        .map_err(|error| match error {
            Unloaded::Fault(fault) => bad(fault),
            Unloaded::Other(error) => error,
        })
}

/// Why a file is not even opened.
pub(super) fn not_taken(error: &PrivateFileError) -> SnapshotFault {
    SnapshotFault::NotPrivate {
        detail: error.to_string(),
    }
}

/// What the contexts of a snapshot stand on.
pub(super) struct Grounds {
    pub(super) own: Ground,
    /// Of each context, where it is not that one, with its image.
    pub(super) others: Vec<Option<(Ground, Image)>>,
}

/// Why a file with the right digest is not taken.
#[derive(Debug)]
pub(super) enum Unloaded {
    Fault(SnapshotFault),
    Other(Error),
}

impl<T: Into<SnapshotFault>> From<T> for Unloaded {
    fn from(fault: T) -> Self {
        Self::Fault(fault.into())
    }
}

fn malformed(detail: impl Into<String>) -> SnapshotFault {
    SnapshotFault::Malformed {
        detail: detail.into(),
    }
}

impl From<SavedError> for SnapshotFault {
    fn from(error: SavedError) -> Self {
        match error {
            SavedError::MissingMount { path } => Self::MissingMount { path },
            SavedError::WrongMount {
                path,
                expected,
                found,
            } => Self::WrongMount {
                path,
                expected,
                found,
            },
            other => malformed(other.to_string()),
        }
    }
}

/// What a snapshot has to fit: the parts of an image that its reader looks at.
pub(super) struct Ground {
    pub(super) memory_bytes: u64,
    pub(super) globals: Vec<GlobalValue>,
    pub(super) library: Arc<dyn Backing>,
}

impl Ground {
    fn of(image: &Image) -> Self {
        Self {
            memory_bytes: image.memory_bytes(),
            globals: image.globals().to_vec(),
            library: image.library(),
        }
    }
}

/// What follows the prefix.
pub(super) struct Body<R> {
    pub(super) input: R,
}

impl<R: Read> Body<R> {
    pub(super) fn head(&mut self) -> Fallible<Head> {
        let mut len = [0; 4];
        self.fill(&mut len)?;
        let len = u32::from_le_bytes(len);
        if len > HEAD_BYTES {
            return Err(malformed(format!("a head of {len} bytes")));
        }
        let mut text = Vec::new();
        let read = (&mut self.input)
            .take(u64::from(len))
            .read_to_end(&mut text);
        if read.ok() != Some(len as usize) {
            return Err(malformed("it ends within its head"));
        }
        serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))
    }

    fn fill(&mut self, into: &mut [u8]) -> Fallible<()> {
        self.input
            .read_exact(into)
            .map_err(|error| malformed(error.to_string()))
    }

    pub(super) fn rest(
        mut self,
        head: Head,
        grounds: Grounds,
        loading: &Loading<'_>,
    ) -> std::result::Result<Snapshot, Unloaded> {
        let storage = loading.storage;
        let limits = Limits::from(&head.limits);
        limits
            .check()
            .map_err(|error| malformed(error.to_string()))?;
        let bounds = FileLimits {
            bytes: limits.file_bytes,
            entries: limits.file_entries,
            ..FileLimits::default()
        };
        let mut mounts = vec![(LIBRARY_PATH, Arc::clone(&grounds.own.library))];
        mounts.extend(loading.programs.iter().cloned());
        let mut folders = Vec::new();
        for plan in loading.mounts {
            let folder = plan.open(&limits).map_err(Unloaded::Other)?;
            mounts.push((&plan.guest, Arc::clone(&folder) as Arc<dyn Backing>));
            folders.push((plan, folder));
        }
        let mut tree = Tree::load(&mut self.input, &bounds, storage.clone(), &mounts)?;
        let contexts = self.contexts(&head, grounds, &limits, storage, &mut tree)?;
        tree.forget_holders();
        let there = tree.mount_paths();
        for (plan, folder) in folders {
            if !there.contains(&plan.guest) {
                plan.mount(&mut tree, folder).map_err(Unloaded::Other)?;
            }
        }
        let mut left = Vec::new();
        if (&mut self.input).take(1).read_to_end(&mut left).ok() != Some(0) {
            return Err(malformed("there is more behind its pages").into());
        }
        let first = id(&head.first)?;
        if !contexts.iter().any(|(id, _)| *id == first) {
            return Err(malformed("its first context is not in it").into());
        }
        Ok(Snapshot {
            inner: Arc::new(Inner {
                id: SnapshotId::parse(&head.id).ok_or_else(|| malformed("its id"))?,
                sandbox: SandboxId::parse(&head.sandbox).ok_or_else(|| malformed("its sandbox"))?,
                created: at(head.created_ns),
                image: (head.image, head.image_id),
                environment: head.environment,
                limits,
                determinism: head.determinism.map(Into::into),
                first,
                contexts,
                tree,
                ended_commands: Vec::new(),
                key: loading.key.clone(),
                unnamed: OnceLock::new(),
            }),
        })
    }

    fn contexts(
        &mut self,
        head: &Head,
        grounds: Grounds,
        limits: &Limits,
        storage: &Storage,
        tree: &mut Tree,
    ) -> Fallible<Vec<(ContextId, Start)>> {
        if head.contexts.len() > limits.contexts as usize {
            return Err(malformed(format!("{} contexts", head.contexts.len())));
        }
        let mut tables = Vec::new();
        for (saved, other) in head.contexts.iter().zip(&grounds.others) {
            let Some(state) = &saved.state else { continue };
            let ground = other.as_ref().map_or(&grounds.own, |(ground, _)| ground);
            check(state, ground)?;
            tables.push(Descriptors::load(
                &mut self.input,
                limits.descriptors,
                tree,
            )?);
        }
        let mut tables = tables.into_iter();
        let mut contexts: Vec<(ContextId, Start)> = Vec::new();
        for (saved, other) in head.contexts.iter().zip(grounds.others) {
            let state = match &saved.state {
                None => None,
                Some(state) => {
                    let descriptors = tables.next().ok_or_else(|| malformed("descriptors"))?;
                    Some(Arc::new(self.state(state, descriptors, storage)?))
                }
            };
            let id = id(&saved.id)?;
            if contexts.iter().any(|(known, _)| *known == id) {
                return Err(malformed("two contexts have one id"));
            }
            let after = saved.after;
            let start = Start {
                image: other.map(|(_, image)| image),
                state,
                after,
                ..Start::default()
            };
            contexts.push((id, start));
        }
        Ok(contexts)
    }

    fn state(
        &mut self,
        saved: &SavedState,
        descriptors: Descriptors,
        storage: &Storage,
    ) -> Fallible<GuestState> {
        let runs: Vec<PageRun> = saved
            .runs
            .iter()
            .map(|(first, count)| PageRun {
                first: *first,
                count: *count,
            })
            .collect();
        let mut left = sandcell_sys::page_count(&runs) * PAGE_BYTES as u64;
        let mut writer = StashWriter::new(storage);
        let unsaved = |error: crate::files::SpillError| malformed(error.to_string());
        let mut buffer = vec![0; BUFFER_BYTES];
        while left > 0 {
            let len = usize::try_from(left).map_or(BUFFER_BYTES, |left| left.min(BUFFER_BYTES));
            let chunk = buffer.get_mut(..len).unwrap_or_default();
            self.fill(chunk)?;
            writer.write(chunk).map_err(unsaved)?;
            left -= len as u64;
        }
        Ok(GuestState {
            memory_bytes: saved.memory_bytes,
            over: None,
            pages: SavedPages::new(&runs, Arc::new(writer.finish().map_err(unsaved)?)),
            hides: Vec::new(),
            globals: saved.globals.clone(),
            descriptors,
            clocks: saved.clocks(),
            random: saved.random,
            sharing: Sharing::default(),
        })
    }
}

fn id(text: &str) -> Fallible<ContextId> {
    ContextId::parse(text).ok_or_else(|| malformed("the id of a context"))
}

/// Checks what a state claims about its memory, before anything is made for it.
fn check(state: &SavedState, ground: &Ground) -> Fallible<()> {
    let bytes = state.memory_bytes;
    if !bytes.is_multiple_of(65_536) || bytes > MEMORY_BYTES || bytes < ground.memory_bytes {
        return Err(malformed(format!("a memory of {bytes} bytes")));
    }
    let kinds = state.globals.iter().map(std::mem::discriminant);
    if !kinds.eq(ground.globals.iter().map(std::mem::discriminant)) {
        return Err(malformed("its globals are not those of the image"));
    }
    let mut free_from = 0;
    for (first, count) in &state.runs {
        let (first, count) = (u64::from(*first), u64::from(*count));
        let end = first + count;
        if count == 0 || first < free_from || end * PAGE_BYTES as u64 > bytes {
            return Err(malformed(format!("a run of {count} pages from {first}")));
        }
        // A run that touches the one before would be one with it.
        free_from = end + 1;
    }
    Ok(())
}
