//! Makes an image: boots a guest once and freezes it.
//!
//! The guest boots in a world without chance (fixed seed, virtual time), so the
//! same recipe gives the same image, byte for byte. What must differ between
//! guests is renewed in each of them before its first cell. The seed of the
//! language's string hashes is therefore the same for all guests of an image.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sandcell_sys::MemoryImage;

use crate::determinism::Determinism;
use crate::engine::{
    Cell, Clocks, Engine, FlatModule, Guest, GuestModule, Metering, Origin, Run, Stopped, Ticker,
    World, flatten,
};
use crate::error::{Error, Result};
use crate::execution::InterruptCause;
use crate::files::{FileLimits, LIBRARY_PATH, Library, Standard, Storage, Tree};
use crate::guest::order::{Renewal, Status};
use crate::guest::{ABI_VERSION, GuestFolder};
use crate::host_function::HostFunctions;
use crate::image::compiled::CompiledCode;
use crate::image::folder::{Folder, record};
use crate::image::manifest::{BUILD, IMAGE_FORMAT, LIBRARY, LICENCES, MODULE, Manifest};
use crate::interrupt::Control;
use crate::limits::Limits;

/// The moment at which every guest boots: 2026-01-01.
const BOOT_TIME: Duration = Duration::from_secs(1_767_225_600);

/// Boots the guest in `guest` and writes its image into the empty folder
/// `target`.
pub(crate) async fn boot(
    guest: &GuestFolder,
    language: &str,
    target: &Folder,
    ticker: &Arc<Ticker>,
    compiled: &CompiledCode,
) -> Result<Manifest> {
    let read = |name: &str| {
        let path = guest.path.join(name);
        std::fs::read(&path).map_err(Error::io("read", path))
    };
    let library = target.write(LIBRARY, &read("lib.zip")?)?;
    let flat = flatten(&read("guest.wasm")?)?;
    let module_record = target.write(MODULE, &flat.wasm)?;
    let engine = Engine::new(Metering::Time, flat.exceptions, ticker)?;
    let module = match compiled.load(&module_record.digest, &engine) {
        Some(module) => module,
        None => compiled.compile(&flat.wasm, &module_record.digest, &engine)?,
    };
    let names: Arc<[String]> = flat.globals.iter().map(|(name, _)| name.clone()).collect();
    let module = GuestModule::new(&engine, &module, Arc::clone(&names))?;
    let frozen = Frozen::of(&module, &flat, &target.file(LIBRARY)).await?;
    let memory = target.write_memory(&frozen.memory)?;
    let hot = frozen
        .hot_set(&module, &target.file(LIBRARY), &guest.sample)
        .await?;
    let mut manifest = Manifest {
        format: IMAGE_FORMAT,
        abi: ABI_VERSION,
        language: language.to_owned(),
        recipe: guest.recipe.clone(),
        id: String::new(),
        module: module_record,
        memory,
        library,
        globals: names.iter().cloned().zip(frozen.globals).collect(),
        interrupt_words: frozen.interrupt_words,
        stop_word: frozen.stop_word,
        exceptions: flat.exceptions,
        monotonic_ns: frozen.monotonic_ns,
        hot,
        licences: copy_licences(&guest.path.join(LICENCES), target)?,
    };
    if let Ok(build) = read(BUILD) {
        target.write(BUILD, &build)?;
    }
    manifest.id = manifest.computed_id();
    target.seal(&manifest)?;
    Ok(manifest)
}

/// A booted guest's state.
struct Frozen {
    memory: Vec<u8>,
    globals: Vec<crate::engine::GlobalValue>,
    interrupt_words: Vec<(u32, u32)>,
    stop_word: u32,
    monotonic_ns: u64,
}

impl Frozen {
    async fn of(module: &GuestModule, flat: &FlatModule, library: &Path) -> Result<Self> {
        let origin = Origin {
            memory: None,
            globals: Vec::new(),
            interrupt_words: Arc::from([]),
            stop_word: flat.stop.address,
        };
        let mut guest = Guest::new(module, &origin, world(library, 0)?).await?;
        for (offset, bytes) in &flat.data {
            guest.write_memory(*offset, bytes)?;
        }
        guest.call_plain("_initialize").await?;
        let status = guest.call_plain("sandcell_boot").await?;
        if status != Some(0) {
            return Err(Error::Boot {
                reason: format!("status {status:?}; it said: {}", guest.said()),
            });
        }
        // What the guest freed while it booted shall not lie in the image.
        guest.trim().await.map_err(|stopped| Error::Boot {
            reason: format!("it could not give back its free memory: {stopped:?}"),
        })?;
        let table = guest.call_plain("sandcell_interrupt").await?.unwrap_or(0);
        Ok(Self {
            interrupt_words: guest.interrupt_words(table)?,
            stop_word: flat.stop.address,
            globals: guest.global_values()?,
            memory: guest.memory().to_vec(),
            monotonic_ns: guest.monotonic_ns(),
        })
    }

    /// The pages that a usual first cell writes to.
    async fn hot_set(
        &self,
        module: &GuestModule,
        library: &Path,
        sample: &str,
    ) -> Result<Vec<(u32, u32)>> {
        let image = MemoryImage::sealed(&self.memory).map_err(|reason| Error::Create { reason })?;
        let origin = Origin {
            memory: Some(Arc::new(image)),
            globals: self.globals.clone(),
            interrupt_words: self.interrupt_words.clone().into(),
            stop_word: self.stop_word,
        };
        let mut guest = Guest::new(module, &origin, world(library, self.monotonic_ns)?).await?;
        guest.renew(Renewal::default()).await?;
        let cell = Cell {
            code: sample.as_bytes(),
            options: b"",
        };
        // Nobody will interrupt it, so nobody need be nudged.
        let control = Control::new(Arc::new(|| ()));
        let ran = guest
            .execute(cell, Run::new(control, &Limits::default(), None), None)
            .await;
        match ran.status {
            Ok(Status::Finished) => {}
            Ok(status) => return Err(sample_error(&format!("it ended as {status:?}"))),
            Err(Stopped::Trapped(kind)) => return Err(sample_error(&kind.to_string())),
            Err(Stopped::ByForce | Stopped::Fuel | Stopped::BrokenPipe) => {
                return Err(sample_error(&InterruptCause::Deadline.to_string()));
            }
        }
        let runs = guest.private_pages()?;
        Ok(runs.iter().map(|run| (run.first, run.count)).collect())
    }
}

fn sample_error(reason: &str) -> Error {
    Error::Boot {
        reason: format!("the first cell failed: {reason}"),
    }
}

/// The world that a guest boots in.
fn world(library: &Path, monotonic_ns: u64) -> Result<World> {
    let limits = Limits::default();
    let determinism = Determinism {
        seed: 0,
        start: SystemTime::UNIX_EPOCH + BOOT_TIME,
    };
    let now_ns = u64::try_from(BOOT_TIME.as_nanos()).unwrap_or(0);
    let storage = Storage::new(std::env::temp_dir());
    let mut tree = Tree::standard(&Standard::default(), FileLimits::default(), storage, now_ns)?;
    tree.mount(LIBRARY_PATH, Arc::new(Library::new(library.to_owned())))?;
    Ok(World {
        tree: Arc::new(Mutex::new(tree)),
        descriptors: limits.descriptors,
        memory_bytes: limits.memory_bytes,
        clocks: Clocks::new(monotonic_ns, Some(&determinism)),
        determinism: Some(determinism),
        random: None,
        functions: Arc::new(HostFunctions::default()),
        call_bytes: limits.call_bytes,
        calls_at_once: limits.calls_at_once,
        children: None,
        given: None,
        budget: None,
    })
}

/// Copies the licence texts and answers their names.
fn copy_licences(source: &Path, target: &Folder) -> Result<Vec<String>> {
    let folder = target.file(LICENCES);
    crate::image::folder::make_private_folder(&folder)?;
    let mut names = Vec::new();
    let entries = std::fs::read_dir(source).map_err(Error::io("list", source))?;
    for entry in entries {
        let entry = entry.map_err(Error::io("list", source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read(entry.path()).map_err(Error::io("read", entry.path()))?;
        let written = target.write(&format!("{LICENCES}/{name}"), &text)?;
        debug_assert_eq!(written, record(&text));
        names.push(name);
    }
    names.sort();
    Ok(names)
}
