//! Our fixed wasmtime configuration.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use sandcell_sys::{CowMemories, PrivateFile, Stacks};

use crate::engine::polling::{CHECKS_VERSION, instrument};
use crate::engine::{Ticker, flatten};
use crate::error::{Error, Result};

/// Stack of a guest, in bytes. An interpreter recurses natively (parsers,
/// `repr`, the garbage collector); what one may need at its own recursion limit
/// fits several times.
const GUEST_STACK_BYTES: usize = 16 << 20;

/// Address space for what exceptions in flight consist of. Each is some dozens of
/// bytes and garbage as soon as it was caught; the collector comes when there is no
/// room.
const EXCEPTION_BYTES: u64 = 4 << 20;

/// What host functions may need on top of the guest's stack.
const HOST_STACK_BYTES: usize = 1 << 20;

/// What a compiled guest counts while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Metering {
    /// Time only, by its stop word.
    Time,
    /// Time, and fuel.
    Fuel,
}

impl Metering {
    /// Its name in file names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Fuel => "fuel",
        }
    }
}

/// A wasmtime engine with our configuration, and the ticker that drives it.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) metering: Metering,
    pub(crate) ticker: Arc<Ticker>,
}

impl Engine {
    /// An engine. With `exceptions` it runs modules that throw; without, it refuses
    /// them, and nothing of wasmtime's collector is there.
    pub(crate) fn new(metering: Metering, exceptions: bool, ticker: &Arc<Ticker>) -> Result<Self> {
        let memories = CowMemories::new().map_err(|reason| Error::Create { reason })?;
        let mut config = wasmtime::Config::new();
        config
            // Where fuel is counted the stop word's checks would burn some at random,
            // so that variant pays for epochs.
            .epoch_interruption(metering == Metering::Fuel)
            .consume_fuel(metering == Metering::Fuel)
            // Modules carry no data segments; images are mapped by our creator.
            .memory_init_cow(false)
            // The reservation and the guard make bounds checks free.
            .memory_reservation(sandcell_sys::GUEST_MEMORY_BYTES)
            .memory_guard_size(32 << 20)
            .max_wasm_stack(GUEST_STACK_BYTES)
            .async_stack_size(GUEST_STACK_BYTES + HOST_STACK_BYTES)
            // A backtrace of a runaway recursion costs more than it tells.
            .wasm_backtrace_max_frames(None)
            .gc_support(exceptions)
            .wasm_gc(false)
            .wasm_exceptions(exceptions)
            // What comes with C++ also counts in 128 bits.
            .wasm_wide_arithmetic(exceptions)
            // Never as large as a guest's memory: so our creator tells them apart.
            .gc_heap_reservation(EXCEPTION_BYTES)
            .gc_heap_reservation_for_growth(0)
            .gc_heap_may_move(false)
            .wasm_memory64(false)
            .wasm_multi_memory(false)
            .with_host_memory(Arc::new(memories))
            .with_host_stack(Arc::new(Stacks::default()));
        let engine = wasmtime::Engine::new(&config).map_err(|error| Error::Create {
            reason: error.to_string(),
        })?;
        ticker.drive(&engine);
        Ok(Self {
            engine,
            metering,
            ticker: Arc::clone(ticker),
        })
    }

    /// What compiled code depends on besides the module: wasmtime's version, the
    /// configuration, the processor.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.engine
            .precompile_compatibility_hash()
            .hash(&mut hasher);
        CHECKS_VERSION.hash(&mut hasher);
        format!("{}-{:016x}", self.metering.name(), hasher.finish())
    }

    /// Compiles a flat module to the bytes that [`Self::load`] takes. Seconds of
    /// processor time on all cores.
    pub(crate) fn compile(&self, flat: &[u8]) -> Result<Vec<u8>> {
        let compile = |wasm: &[u8]| {
            self.engine
                .precompile_module(wasm)
                .map_err(|error| Error::BadGuest {
                    reason: format!("{error:#}"),
                })
        };
        match self.metering {
            Metering::Time => compile(&instrument(flat, flatten(flat)?.stop)?),
            Metering::Fuel => compile(flat),
        }
    }

    /// Loads a compiled module from a file of the private cache.
    pub(crate) fn load(&self, path: &Path) -> std::result::Result<wasmtime::Module, String> {
        let file = PrivateFile::open(path).map_err(|error| error.to_string())?;
        sandcell_sys::load_module(&self.engine, file).map_err(|error| format!("{error:#}"))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("metering", &self.metering)
            .finish_non_exhaustive()
    }
}
