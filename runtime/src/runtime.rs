//! What a process needs once: engines, images, the ticker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::command::{Host, PROGRAM_PATH, Program, ProgramFolder, Programs};
use crate::engine::{Engine, Metering, StartModule, Ticker, flatten, listening};
use crate::error::{Error, Result};
use crate::files::{Access, Backing, Storage};
use crate::image::{Cache, Image, digest};
use crate::interrupt::Nudge;
use crate::sandbox::SandboxBuilder;
use crate::snapshot::{Key, Loading, MountPlan, Snapshot, blocking, load};

/// Guests kept ready for each image.
const WARM: usize = 2;

/// The runtime of a process: images that are loaded once, and what drives their
/// guests. A cheap handle. Guests run as tasks of a tokio runtime and give way
/// to other tasks every 5 ms.
#[derive(Debug, Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    cache: Cache,
    default_image: String,
    images: Mutex<BTreeMap<String, Image>>,
    ticker: Arc<Ticker>,
    handle: tokio::runtime::Handle,
    warm: usize,
    storage: Storage,
    /// Read with the first snapshot.
    key: OnceLock<Key>,
    programs: Arc<Programs>,
    /// That of the commands that are modules, made with the first.
    commands: OnceLock<Engine>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// Opens a runtime whose sandboxes start from `image`: the name of an image
    /// in the user's cache, or the path of an exported one (recognised by a `/`
    /// or a `.` in it), which is imported unless it was before.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`]; [`Error::NoReactor`] outside of a
    /// tokio runtime; [`Error::Io`].
    pub fn open(image: impl AsRef<Path>) -> Result<Self> {
        Self::builder().image(image).open()
    }

    /// A runtime with settings.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// Reads a snapshot that [`Snapshot::save`] wrote. All of it is checked before
    /// anything is made of it; its image must be in the cache. For one with
    /// folders of the host in it, see [`Self::snapshot_file`].
    ///
    /// # Errors
    /// As [`SnapshotFile::load`].
    pub async fn load_snapshot(&self, path: impl AsRef<Path>) -> Result<Snapshot> {
        self.snapshot_file(path).load().await
    }

    /// Settings for reading a snapshot.
    pub fn snapshot_file(&self, path: impl AsRef<Path>) -> SnapshotFile {
        SnapshotFile {
            runtime: self.clone(),
            path: path.as_ref().to_owned(),
            mounts: Vec::new(),
        }
    }

    /// The key of this user's snapshots.
    pub(crate) fn snapshot_key(&self) -> Result<Key> {
        let inner = &self.inner;
        if let Some(key) = inner.key.get() {
            return Ok(key.clone());
        }
        let key = Key::of_file(&inner.cache.path().join("snapshot.key"))?;
        Ok(inner.key.get_or_init(|| key).clone())
    }

    /// Settings for a new sandbox.
    pub fn sandbox(&self) -> SandboxBuilder {
        SandboxBuilder::new(self.clone())
    }

    /// The cache that images come from.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// Loads a further image, by its name in the cache, and starts to keep guests
    /// of it ready, so that the first who asks for one need not wait. Its module
    /// is compiled now if this machine has not yet (seconds).
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`].
    pub fn load_image(&self, name: &str) -> Result<()> {
        let image = self.image(Some(name))?;
        let _entered = self.inner.handle.enter();
        image.pool().fill(&image);
        Ok(())
    }

    /// Waits until the guests that are kept ready are there.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`].
    pub async fn warm_up(&self) -> Result<()> {
        let image = self.image(None)?;
        image.pool().filled(&image).await;
        Ok(())
    }

    /// The image of this name, loaded at most once.
    pub(crate) fn image(&self, name: Option<&str>) -> Result<Image> {
        self.inner
            .image_of(name.unwrap_or(&self.inner.default_image))
    }

    /// The programs of its sandboxes.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.inner.programs
    }

    /// Their folder.
    pub(crate) fn program_folder(&self) -> Arc<dyn Backing> {
        Arc::new(ProgramFolder::new(&self.inner.programs))
    }

    /// What commands need of the runtime.
    pub(crate) fn host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.inner) as _
    }

    pub(crate) fn handle(&self) -> &tokio::runtime::Handle {
        &self.inner.handle
    }

    pub(crate) fn storage(&self) -> Storage {
        self.inner.storage.clone()
    }

    /// Makes all running guests look at their ladders now.
    pub(crate) fn nudge(&self) -> Nudge {
        self.inner.nudge()
    }
}

impl Inner {
    fn image_of(&self, name: &str) -> Result<Image> {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = images.get(name) {
            return Ok(image.clone());
        }
        let image = self.cache.load(name, &self.ticker, self.warm)?;
        images.insert(name.to_owned(), image.clone());
        Ok(image)
    }

    fn command_engine(&self) -> Result<&Engine> {
        if let Some(engine) = self.commands.get() {
            return Ok(engine);
        }
        let engine = Engine::new(Metering::Time, false, &self.ticker)?;
        Ok(self.commands.get_or_init(|| engine))
    }
}

impl Host for Inner {
    fn start_module(&self, wasm: &[u8]) -> Result<StartModule> {
        let flat = flatten(&listening(wasm)?)?;
        let engine = self.command_engine()?;
        let compiled = self.cache.compiled();
        let digest = digest(&flat.wasm);
        let module = match compiled.load(&digest, engine) {
            Some(module) => module,
            None => compiled.compile(&flat.wasm, &digest, engine)?,
        };
        StartModule::new(engine, &module, &flat)
    }

    fn image(&self, name: &str) -> Result<Image> {
        self.image_of(name)
    }

    fn handle(&self) -> &tokio::runtime::Handle {
        &self.handle
    }

    fn programs(&self) -> &Arc<Programs> {
        &self.programs
    }

    fn nudge(&self) -> Nudge {
        let ticker = Arc::downgrade(&self.ticker);
        Arc::new(move || {
            if let Some(ticker) = ticker.upgrade() {
                ticker.nudge();
            }
        })
    }
}

/// A snapshot's file that is to be read, see [`Runtime::snapshot_file`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SnapshotFile {
    runtime: Runtime,
    path: PathBuf,
    mounts: Vec<MountPlan>,
}

impl SnapshotFile {
    /// Hands in a folder of the host. A snapshot neither holds what was mounted in
    /// the sandbox nor says where it was on the host: whoever loads it gives each
    /// folder again, at the same path of the sandbox, with the same access. Files
    /// in it that were open go on by their names there. At a path where nothing was
    /// mounted, it is mounted now.
    pub fn mount(
        mut self,
        guest: impl Into<String>,
        host: impl Into<PathBuf>,
        access: Access,
    ) -> Self {
        self.mounts.push(MountPlan {
            guest: guest.into(),
            host: host.into(),
            access,
        });
        self
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// [`Error::BadSnapshot`], for a folder that is missing or has another access,
    /// too; [`Error::NoImage`]; [`Error::Io`], [`Error::BadSetting`] for a folder
    /// that cannot be mounted.
    pub async fn load(self) -> Result<Snapshot> {
        blocking(move || {
            let runtime = &self.runtime;
            let loading = Loading {
                key: &runtime.snapshot_key()?,
                storage: &runtime.storage(),
                mounts: &self.mounts,
                programs: &[(PROGRAM_PATH, runtime.program_folder())],
            };
            load(&self.path, &loading, |name| runtime.image(Some(name)))
        })
        .await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let images = self
            .images
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for image in images.values() {
            image.pool().close();
        }
    }
}

/// Settings of a runtime.
///
/// Defaults:
/// * the cache of [`Cache::of_user`];
/// * two guests kept ready;
/// * the tokio runtime that [`Self::open`] is called in;
/// * no programs: commands find nothing to run;
/// * large file contents spill to the system's folder for temporary files.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RuntimeBuilder {
    programs: Programs,
    cache: Option<Cache>,
    image: Option<PathBuf>,
    warm: Option<usize>,
    handle: Option<tokio::runtime::Handle>,
    spill: Option<PathBuf>,
}

impl RuntimeBuilder {
    /// Where images and compiled code are.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The image that sandboxes start from, see [`Runtime::open`]. Required.
    pub fn image(mut self, image: impl AsRef<Path>) -> Self {
        self.image = Some(image.as_ref().to_owned());
        self
    }

    /// How many guests of each image are kept ready, each of about 0.3 MiB; 0 for
    /// none. At most 256.
    pub fn warm(mut self, guests: usize) -> Self {
        self.warm = Some(guests);
        self
    }

    /// The tokio runtime that guests and host functions run on. A runtime of
    /// their own keeps busy guests away from the other tasks of a program; the
    /// program's own saves a few microseconds a cell.
    pub fn handle(mut self, handle: tokio::runtime::Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// The folder in which large contents of sandbox files are kept, in an
    /// unlinked file.
    pub fn spill_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spill = Some(folder.into());
        self
    }

    /// Adds a program that commands of all sandboxes can run by name, in place of
    /// one of the same name. It stands in `/usr/bin`.
    pub fn program(mut self, name: &str, program: Arc<dyn Program>) -> Self {
        self.programs.add(name, program);
        self
    }

    /// All programs at once.
    pub fn programs(mut self, programs: Programs) -> Self {
        self.programs = programs;
        self
    }

    /// Opens the runtime. The image is loaded now; its module is compiled if this
    /// machine has not yet (seconds).
    ///
    /// # Errors
    /// As [`Runtime::open`]; [`Error::BadSetting`] for too many warm guests.
    pub fn open(self) -> Result<Runtime> {
        let handle = match self.handle {
            Some(handle) => handle,
            None => tokio::runtime::Handle::try_current().map_err(|_| Error::NoReactor)?,
        };
        let warm = self.warm.unwrap_or(WARM);
        if warm > 256 {
            return Err(Error::BadSetting {
                setting: "warm",
                value: warm.to_string(),
                reason: "it is at most 256".to_owned(),
            });
        }
        let cache = match self.cache {
            Some(cache) => cache,
            None => Cache::of_user()?,
        };
        let image = self.image.ok_or_else(|| Error::BadSetting {
            setting: "image",
            value: String::new(),
            reason: "a runtime needs one".to_owned(),
        })?;
        let default_image = cache.resolve(&image)?;
        let ticker = Ticker::start().map_err(Error::io("start", "the ticker's thread"))?;
        let storage = Storage::new(self.spill.unwrap_or_else(std::env::temp_dir));
        let runtime = Runtime {
            inner: Arc::new(Inner {
                cache,
                default_image,
                images: Mutex::default(),
                ticker,
                handle,
                warm,
                storage,
                key: OnceLock::new(),
                programs: Arc::new(self.programs),
                commands: OnceLock::new(),
            }),
        };
        let image = runtime.image(None)?;
        let _entered = runtime.inner.handle.enter();
        image.pool().fill(&image);
        Ok(runtime)
    }
}
