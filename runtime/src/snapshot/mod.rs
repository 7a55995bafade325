//! A whole sandbox at one moment.
//!
//! [`save`] writes one to a file, [`load`] reads it back; `docs/snapshot-format.md`
//! has the table of bytes.

mod digest;
mod head;
mod key;
mod load;
mod mount;
mod save;
mod store;
mod trial;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use sandcell_sys::{PAGE_BYTES, page_count};

pub(crate) use key::Key;
pub(crate) use load::{Loading, load};
pub(crate) use mount::MountPlan;
pub use store::{AboutSnapshot, NamedSnapshot, SnapshotStore};
pub use trial::reread;

use crate::determinism::Determinism;
use crate::error::Result;
use crate::files::Tree;
use crate::id::{ContextId, SandboxId, SnapshotId};
use crate::limits::Limits;
use crate::worker::Start;

/// A sandbox at one moment: the variables of its contexts, their open files, its
/// files, environment and limits. Any number of sandboxes can start from it, see
/// [`crate::SandboxBuilder::snapshot`]. Cheap to clone; the bytes are in an
/// unlinked file on disk until the last handle is dropped or [`Self::save`] gives
/// them a name.
///
/// Not part of it: host functions (they are given anew), cells and host calls
/// that were under way, commands.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) id: SnapshotId,
    pub(crate) sandbox: SandboxId,
    pub(crate) created: SystemTime,
    /// Name and id of the image.
    pub(crate) image: (String, String),
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) limits: Limits,
    pub(crate) determinism: Option<Determinism>,
    pub(crate) first: ContextId,
    pub(crate) contexts: Vec<(ContextId, Start)>,
    /// Nobody holds files in it; who starts from it does so in a copy.
    pub(crate) tree: Tree,
    /// The processes that were ended so that it could be taken.
    pub(crate) ended_commands: Vec<EndedCommand>,
    pub(crate) key: Key,
    /// Whether the tree has files without a name; looked for once.
    pub(crate) unnamed: OnceLock<bool>,
}

impl Inner {
    /// Whether its files include some that were removed while they were open.
    pub(crate) fn has_unnamed(&self) -> bool {
        *self.unnamed.get_or_init(|| self.tree.has_unnamed())
    }
}

/// A process that was ended so that a snapshot could be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedCommand {
    /// Its number.
    pub pid: u32,
    /// Its arguments, the program's name first.
    pub argv: Vec<Vec<u8>>,
}

/// When the bytes of a saved snapshot are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When this process ends, however it does; they may still be in the
    /// system's own buffers.
    #[default]
    Process,
    /// When the machine loses its power: waits for the disk.
    Machine,
}

/// What to do about a cell or command that runs when a state is to be saved, which
/// is only possible between cells, in an `await` of JavaScript, and without
/// commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Busy {
    /// Wait for its end so long, then do as [`Self::Interrupt`].
    Wait(Duration),
    /// For a snapshot or fork: save a cell in the middle of an `await`, as soon as
    /// it waits in one for a timer or a host call, or ends. What does neither so
    /// long is interrupted, as with [`Self::Interrupt`]. The cell itself goes on
    /// and sees nothing of it; in the copies it has ended there, with the
    /// variables of that moment, and its timers, calls and reactions are gone.
    /// Cells that wait behind it are not in the copies.
    ///
    /// JavaScript cells wait so. Python's event loop waits within its interpreter:
    /// such a cell is waited for. A pause does as with [`Self::Wait`].
    Awaiting(Duration),
    /// Interrupt a cell: `KeyboardInterrupt`, variables live on; by force after
    /// the grace time. End a command and what it started: `TERM`, then `KILL`
    /// after the grace time.
    Interrupt,
    /// Fail with [`crate::Error::Running`] or [`crate::Error::CommandRunning`].
    Refuse,
    /// For a pause: stop it in its middle and keep it there, with its memory and
    /// its stack, until it is resumed. Nothing is saved then: the sandbox is
    /// [`crate::State::Held`] and ends with its process. Time in which a cell is
    /// held counts towards no limit; its clocks go on, and so do the host calls
    /// that it waits for.
    ///
    /// A snapshot of a busy sandbox cannot be taken so: it fails as with
    /// `Refuse`.
    Hold,
}

impl Default for Busy {
    /// [`Busy::Wait`] for one second.
    fn default() -> Self {
        Self::Wait(Duration::from_secs(1))
    }
}

impl Snapshot {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.inner.id
    }

    /// The sandbox that it was taken of.
    #[must_use]
    pub fn sandbox(&self) -> SandboxId {
        self.inner.sandbox
    }

    /// When it was taken.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.inner.created
    }

    /// Name of the image that it stands on.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.inner.image.0
    }

    /// The contexts in it. Sandboxes that start from it have contexts of the same
    /// ids.
    #[must_use]
    pub fn contexts(&self) -> Vec<ContextId> {
        self.inner.contexts.iter().map(|(id, _)| *id).collect()
    }

    /// Where folders were mounted in it, the library's included. Whoever loads the
    /// snapshot from a file hands in the host's, see [`crate::SnapshotFile::mount`].
    #[must_use]
    pub fn mounts(&self) -> Vec<String> {
        self.inner.tree.mount_paths()
    }

    /// The commands, and the processes that they started, that were ended so that
    /// it could be taken. None for one that was read from a file.
    #[must_use]
    pub fn ended_commands(&self) -> &[EndedCommand] {
        &self.inner.ended_commands
    }

    /// Bytes of memory pages and of files in it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let states = self.inner.contexts.iter();
        let pages: u64 = states
            .filter_map(|(_, start)| start.state.as_ref())
            .map(|state| page_count(&state.saved_runs()) * PAGE_BYTES as u64)
            .sum();
        pages + self.inner.tree.usage().bytes
    }

    /// Writes it to `path`, readable by this user only. Another file there is
    /// replaced at once and as a whole: whatever happens, the old one or the new
    /// one is there.
    ///
    /// The file holds everything that the sandbox knew: variables, files,
    /// environment. It is authenticated by a key in the user's cache, not
    /// encrypted.
    ///
    /// # Errors
    /// [`crate::Error::Io`]; the file that was there is left as it was.
    pub async fn save(&self, path: impl AsRef<Path>, durability: Durability) -> Result<()> {
        let (inner, path) = (Arc::clone(&self.inner), path.as_ref().to_owned());
        blocking(move || save::save(&inner, &path, durability)).await
    }
}

/// Runs what waits for the disk away from the tasks of the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| crate::Error::bug(format!("work on a snapshot: {error}")))?
}
