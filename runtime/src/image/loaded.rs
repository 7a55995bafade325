//! An image that is ready to make guests.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sandcell_sys::MemoryImage;

use crate::determinism::Determinism;
use crate::engine::{
    Clocks, Engine, GlobalValue, Guest, GuestModule, GuestState, Metering, Origin, Ticker, World,
};
use crate::error::{Error, ImageFault, Result};
use crate::files::{
    BOOT_ID_PATH, FileLimits, LIBRARY_PATH, Library, Standard, Storage, Tree, boot_id_text,
};
use crate::guest::order::Renewal;
use crate::image::compiled::CompiledCode;
use crate::image::folder::Folder;
use crate::image::manifest::{LIBRARY, MEMORY, MODULE, Manifest};
use crate::image::pool::Pool;
use crate::limits::Limits;

/// A loaded image; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    folder: Folder,
    manifest: Manifest,
    origin: Origin,
    library: Arc<Library>,
    /// The files that every sandbox starts with, made with the first.
    layout: Mutex<Option<Tree>>,
    timed: GuestModule,
    /// Loaded when fuel is first asked for.
    fuel: OnceLock<GuestModule>,
    /// Held while the fuel variant is being loaded.
    loading: Mutex<()>,
    ticker: Arc<Ticker>,
    compiled: CompiledCode,
    pool: Pool,
}

impl Image {
    /// Loads an image; compiles its module when this machine has not yet.
    pub(crate) fn load(
        name: &str,
        folder: Folder,
        compiled: CompiledCode,
        ticker: &Arc<Ticker>,
        warm: usize,
    ) -> Result<Self> {
        let manifest = folder.manifest()?;
        let engine = Engine::new(Metering::Time, manifest.exceptions, ticker)?;
        let timed = module(&folder, &manifest, &compiled, &engine, true)?
            .ok_or_else(|| Error::bug("a module was neither loaded nor compiled"))?;
        let bad = |detail: String| folder.fault(ImageFault::Archive { detail });
        let memory = MemoryImage::from_private_file(folder.open(MEMORY)?).map_err(bad)?;
        let origin = Origin {
            memory: Some(Arc::new(memory.with_hot_pages(&manifest.hot_runs()))),
            globals: manifest.globals.iter().map(|(_, value)| *value).collect(),
            interrupt_words: manifest.interrupt_words.clone().into(),
            stop_word: manifest.stop_word,
        };
        let library = Library::new(folder.file(LIBRARY)).identified(&manifest.library.digest);
        let library = Arc::new(library);
        Ok(Self {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                folder,
                manifest,
                origin,
                library,
                layout: Mutex::default(),
                timed,
                fuel: OnceLock::new(),
                loading: Mutex::new(()),
                ticker: Arc::clone(ticker),
                compiled,
                pool: Pool::new(warm),
            }),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    /// What snapshots bind to: the digest of all that makes a guest.
    pub(crate) fn id(&self) -> &str {
        &self.inner.manifest.id
    }

    /// The language that it was built of, by its name.
    pub(crate) fn language(&self) -> &str {
        &self.inner.manifest.language
    }

    pub(crate) fn library(&self) -> Arc<Library> {
        Arc::clone(&self.inner.library)
    }

    /// The mutable globals of a fresh guest.
    pub(crate) fn globals(&self) -> &[GlobalValue] {
        &self.inner.origin.globals
    }

    /// The files of a new sandbox: the usual folders and the library.
    ///
    /// With fixed clocks they are laid out anew, so that their times are the
    /// fixed ones; otherwise they are a copy of one layout, which costs nothing.
    pub(crate) fn tree(
        &self,
        limits: &Limits,
        determinism: Option<&Determinism>,
        storage: &Storage,
    ) -> Result<Tree> {
        let quota = FileLimits {
            bytes: limits.file_bytes,
            entries: limits.file_entries,
            ..FileLimits::default()
        };
        let now_ns = self.clocks(determinism).realtime_ns();
        if determinism.is_some() {
            return self.layout(quota, storage, now_ns);
        }
        let mut layout = self
            .inner
            .layout
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if layout.is_none() {
            *layout = Some(self.layout(FileLimits::default(), storage, now_ns)?);
        }
        let mut tree = layout
            .clone()
            .ok_or_else(|| Error::bug("a layout was made and is not there"))?;
        drop(layout);
        tree.set_limits(quota);
        let boot_id = boot_id_text(rand::random());
        tree.publish(BOOT_ID_PATH, boot_id.as_bytes(), now_ns)?;
        Ok(tree)
    }

    fn layout(&self, quota: FileLimits, storage: &Storage, now_ns: u64) -> Result<Tree> {
        let mut tree = Tree::standard(&Standard::default(), quota, storage.clone(), now_ns)?;
        let library = Arc::clone(&self.inner.library);
        tree.mount(LIBRARY_PATH, library)?;
        Ok(tree)
    }

    /// Bytes of linear memory of a fresh guest.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.inner.manifest.memory.bytes
    }

    /// Refuses limits that the image alone does not keep to.
    pub(crate) fn check_fits(&self, limits: &Limits) -> Result<()> {
        if limits.memory_bytes >= self.memory_bytes() {
            return Ok(());
        }
        Err(Error::BadSetting {
            setting: "memory_bytes",
            value: limits.memory_bytes.to_string(),
            reason: format!(
                "the image `{}` alone has {}",
                self.name(),
                self.memory_bytes()
            ),
        })
    }

    /// The clocks of a new guest.
    pub(crate) fn clocks(&self, determinism: Option<&Determinism>) -> Clocks {
        Clocks::new(self.inner.manifest.monotonic_ns, determinism)
    }

    pub(crate) fn module(&self, metering: Metering) -> Result<&GuestModule> {
        match metering {
            Metering::Time => Ok(&self.inner.timed),
            Metering::Fuel => self.fuel_module(),
        }
    }

    fn fuel_module(&self) -> Result<&GuestModule> {
        let inner = &self.inner;
        let _guard = inner.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = inner.fuel.get() {
            return Ok(module);
        }
        let engine = Engine::new(Metering::Fuel, inner.manifest.exceptions, &inner.ticker)?;
        let module = module(
            &inner.folder,
            &inner.manifest,
            &inner.compiled,
            &engine,
            false,
        )?
        .ok_or_else(|| Error::NoFuel {
            image: inner.name.clone(),
        })?;
        Ok(inner.fuel.get_or_init(|| module))
    }

    /// A guest in `world`, renewed: out of the pool when one is there and nothing
    /// about it is special, else a new one.
    pub(crate) async fn guest(
        &self,
        metering: Metering,
        world: World,
        renewal: Renewal,
    ) -> Result<Guest> {
        let ordinary = metering == Metering::Time && world.determinism.is_none();
        let plain = renewal.functions.is_empty() && renewal.environment.is_empty();
        if ordinary && let Some(mut guest) = self.inner.pool.take(self) {
            guest.adopt(world);
            if !plain {
                guest.renew(renewal).await?;
            }
            return Ok(guest);
        }
        let module = self.module(metering)?;
        let mut guest = Guest::new(module, &self.inner.origin, world).await?;
        guest.renew(renewal).await?;
        Ok(guest)
    }

    /// A guest in `world` that goes on from a saved state. It has to be woken
    /// before anything else, which renews it.
    pub(crate) async fn restored(
        &self,
        metering: Metering,
        world: World,
        renewal: Renewal,
        state: &Arc<GuestState>,
    ) -> Result<Guest> {
        let module = self.module(metering)?;
        let origin = &self.inner.origin;
        let mut guest = Guest::restore(module, origin, world, state).await?;
        guest.put_off(renewal);
        if let Ok(handle) = tokio::runtime::Handle::try_current()
            && state.restored_again()
        {
            let (image, state) = (self.clone(), Arc::clone(state));
            // Without it, restores go on copying.
            drop(handle.spawn_blocking(move || image.share(&state)));
        }
        Ok(guest)
    }

    /// Makes a state's own image, see [`GuestState::share`].
    pub(crate) fn share(&self, state: &GuestState) -> Result<()> {
        state.share(self.memory()?)
    }

    /// The same, when so many copies are worth it.
    pub(crate) fn share_for(&self, state: &GuestState, copies: usize) -> Result<()> {
        let language = self.memory()?;
        if !state.is_worth_an_image(language, copies) {
            return Ok(());
        }
        state.share(language)
    }

    fn memory(&self) -> Result<&Arc<MemoryImage>> {
        let memory = self.inner.origin.memory.as_ref();
        memory.ok_or_else(|| Error::bug("an image has no memory"))
    }

    /// A guest for the pool.
    pub(crate) async fn spare(&self, world: World) -> Result<Guest> {
        let mut guest = Guest::new(&self.inner.timed, &self.inner.origin, world).await?;
        guest.renew(Renewal::default()).await?;
        Ok(guest)
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }
}

/// Loads a module, or compiles it if `compile`; `None` when there is no code and
/// none is to be made.
pub(crate) fn module(
    folder: &Folder,
    manifest: &Manifest,
    compiled: &CompiledCode,
    engine: &Engine,
    compile: bool,
) -> Result<Option<GuestModule>> {
    let digest = &manifest.module.digest;
    let code = match compiled.load(digest, engine) {
        Some(code) => code,
        None if !compile => return Ok(None),
        None => {
            let path = folder.file(MODULE);
            let wasm = std::fs::read(&path).map_err(Error::io("read", path))?;
            if crate::image::folder::record(&wasm) != manifest.module {
                return Err(folder.fault(ImageFault::Digest {
                    file: MODULE.to_owned(),
                }));
            }
            compiled.compile(&wasm, digest, engine)?
        }
    };
    let names = manifest
        .globals
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    GuestModule::new(engine, &code, names).map(Some)
}
