//! What a store owns: the world of one guest.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use wasmtime::{Memory, ResourceLimiter};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::determinism::Determinism;
use crate::engine::Clocks;
use crate::engine::calls::HostCalls;
use crate::engine::ladder::{Demand, Ladder};
use crate::engine::random::{Generators, RandomReading};
use crate::execution::{GuestException, Outlet};
use crate::files::Tree;
use crate::host_function::HostFunctions;
use crate::interrupt::Control;
use crate::limits::Limits;
use crate::wasi::{Descriptors, Now};

/// Bytes of output kept while no execution runs: what a guest says at boot.
const LOG_BYTES: usize = 64 << 10;

/// Most random bytes in one call; more traps the guest.
const RANDOM_BYTES: u64 = 1 << 20;

/// The environment of every guest, as it is when its image is built.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("HOME", "/home/user"),
    ("USER", "user"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("LANG", "C.UTF-8"),
    ("TZ", "UTC"),
];

/// What a new guest is given.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) tree: Arc<Mutex<Tree>>,
    pub(crate) descriptors: u32,
    pub(crate) memory_bytes: u64,
    pub(crate) clocks: Clocks,
    pub(crate) determinism: Option<Determinism>,
    /// Where the streams of a fixed seed go on.
    pub(crate) random: Option<RandomReading>,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) call_bytes: u64,
    pub(crate) calls_at_once: u32,
}

/// What one execution is given.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ladder: Ladder,
    pub(crate) outlet: Option<Outlet>,
    pub(crate) stdin: Stdin,
    pub(crate) output_left: u64,
    pub(crate) output_spent: u64,
    /// The guest wanted to write more than it may.
    pub(crate) output_denied: bool,
    pub(crate) calls_left: u64,
    pub(crate) calls_made: u64,
    /// The exception that the guest reported last.
    pub(crate) exception: Option<GuestException>,
}

impl Run {
    pub(crate) fn new(control: Arc<Control>, limits: &Limits, outlet: Option<Outlet>) -> Self {
        Self {
            ladder: Ladder::new(control, limits.wall, limits.grace),
            outlet,
            stdin: Stdin::default(),
            output_left: limits.output_bytes,
            output_spent: 0,
            output_denied: false,
            calls_left: limits.calls,
            calls_made: 0,
            exception: None,
        }
    }

    /// A call that the runtime makes for itself: no output, stopped by force when
    /// `time` is over.
    pub(crate) fn bounded(time: std::time::Duration) -> Self {
        let limits = Limits {
            wall: Some(time),
            grace: std::time::Duration::ZERO,
            output_bytes: 0,
            calls: 0,
            ..Limits::default()
        };
        // Nobody will interrupt it, so nobody need be nudged.
        Self::new(Control::new(Arc::new(|| ())), &limits, None)
    }
}

/// The bytes that a cell reads from descriptor 0.
#[derive(Debug, Default)]
pub(crate) struct Stdin {
    pub(crate) bytes: bytes::Bytes,
}

/// The data of a guest's store.
pub(crate) struct State {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) tree: Arc<Mutex<Tree>>,
    pub(crate) descriptors: Descriptors,
    pub(crate) clocks: Clocks,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) calls: HostCalls,
    /// Set right after instantiation.
    pub(crate) memory: Option<Memory>,
    /// Address of the word that makes the guest call `check`.
    pub(crate) stop_word: u32,
    /// Where and what to write to interrupt the guest.
    pub(crate) interrupt_words: Arc<[(u32, u32)]>,
    /// The execution that is under way.
    pub(crate) run: Option<Run>,
    /// What was written outside of executions.
    pub(crate) log: Vec<u8>,
    pub(crate) random: Generators,
}

impl State {
    pub(crate) fn new(world: World, interrupt_words: Arc<[(u32, u32)]>, stop_word: u32) -> Self {
        let random = Generators::new(world.determinism.as_ref(), world.random);
        let mut builder = WasiCtxBuilder::new();
        builder
            .arg("guest")
            .envs(&ENVIRONMENT)
            .max_random_size(RANDOM_BYTES)
            .secure_random(random.guest.clone())
            .wall_clock(world.clocks.clone())
            .monotonic_clock(world.clocks.clone());
        let calls = HostCalls::new(&world);
        Self {
            wasi: builder.build_p1(),
            tree: world.tree,
            descriptors: Descriptors::new(world.descriptors),
            clocks: world.clocks,
            limiter: MemoryLimiter {
                memory_bytes: world.memory_bytes,
            },
            calls,
            memory: None,
            stop_word,
            interrupt_words,
            run: None,
            log: Vec::new(),
            random,
        }
    }

    /// Puts the guest into another world. Its open files are closed.
    pub(crate) fn adopt(&mut self, world: World) {
        let mut fresh = Self::new(world, Arc::clone(&self.interrupt_words), self.stop_word);
        fresh.memory = self.memory;
        *self = fresh;
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            realtime_ns: self.clocks.realtime_ns(),
            monotonic_ns: self.clocks.monotonic_ns(),
        }
    }

    /// Looks whether the execution under way has to stop.
    pub(crate) fn review(&mut self) -> Demand {
        match &mut self.run {
            Some(run) => run.ladder.review(Instant::now()),
            None => Demand::GoOn,
        }
    }

    /// Keeps the first bytes of what a guest says outside of executions.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        let room = LOG_BYTES.saturating_sub(self.log.len());
        self.log.extend(bytes.iter().take(room));
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Unlinked files that only this guest held open go away with it.
        let mut tree = self
            .tree
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        self.descriptors.release(&mut tree);
    }
}

/// Says no to memory beyond the limit; the guest then sees its allocation fail.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    memory_bytes: u64,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired as u64 <= self.memory_bytes)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // A guest's table has its size from the start.
        Ok(current == 0 || desired <= current)
    }
}
