//! What a store owns: the world of one guest.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wasmtime::{Memory, ResourceLimiter};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::determinism::Determinism;
use crate::engine::Clocks;
use crate::engine::bridge::Bridge;
use crate::engine::calls::HostCalls;
use crate::engine::children::Children;
use crate::engine::ladder::{Demand, Ladder};
use crate::engine::random::{Generators, RandomReading};
use crate::execution::{GuestException, Outlet};
use crate::files::Tree;
use crate::host_function::HostFunctions;
use crate::interrupt::Control;
use crate::limits::Limits;
use crate::stream;
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
    /// Who starts processes for it. `None`: nobody.
    pub(crate) children: Option<Arc<dyn Children>>,
    /// What makes the guest a process. `None`: it runs cells.
    pub(crate) given: Option<Given>,
    /// What further memory is charged to.
    pub(crate) budget: Option<Arc<Budget>>,
}

/// What a process is given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// The program's name first.
    pub(crate) arguments: Arc<[Vec<u8>]>,
    /// Texts `NAME=value`.
    pub(crate) environment: Arc<[Vec<u8>]>,
    pub(crate) descriptors: Vec<(u32, stream::Descriptor)>,
    /// Writing into a broken pipe ends it.
    pub(crate) ends_by_broken_pipe: bool,
}

/// Bytes that several guests share.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            left: AtomicU64::new(bytes),
        }
    }

    /// Takes `bytes` if they are there.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let taken = |left: u64| left.checked_sub(bytes);
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, taken)
            .is_ok()
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::AcqRel);
    }
}

/// What an execution may write, and has written.
#[derive(Debug)]
pub(crate) struct OutputShare {
    left: AtomicU64,
    spent: AtomicU64,
    /// It wanted to write more than it may.
    denied: AtomicBool,
}

impl OutputShare {
    fn new(bytes: u64) -> Self {
        Self {
            left: AtomicU64::new(bytes),
            spent: AtomicU64::new(0),
            denied: AtomicBool::new(false),
        }
    }

    /// Charges a write; false when it is too much.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let taken = |left: u64| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, taken)
            .is_ok();
        if taken {
            self.spent.fetch_add(bytes, Ordering::AcqRel);
        } else {
            self.denied.store(true, Ordering::Release);
        }
        taken
    }

    pub(crate) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Acquire)
    }

    pub(crate) fn is_denied(&self) -> bool {
        self.denied.load(Ordering::Acquire)
    }
}

/// What one execution is given.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ladder: Ladder,
    pub(crate) outlet: Option<Outlet>,
    pub(crate) stdin: Stdin,
    pub(crate) output: Arc<OutputShare>,
    /// What passes on the output of processes that write where the cell does.
    pub(crate) bridges: Vec<Bridge>,
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
            output: Arc::new(OutputShare::new(limits.output_bytes)),
            bridges: Vec::new(),
            calls_left: limits.calls,
            calls_made: 0,
            exception: None,
        }
    }

    /// A run as a program, which says by itself what it does about interrupts.
    pub(crate) fn of_program(control: Arc<Control>, limits: &Limits) -> Self {
        let mut run = Self::new(Arc::clone(&control), limits, None);
        run.ladder = Ladder::of_program(control);
        run
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

/// A wait in which nothing of the guest is on a stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest {
    /// `None`: until a call of the host has ended.
    pub(crate) until: Option<Instant>,
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
    /// What its guest, which has ended its call, waits for.
    pub(crate) rest: Option<Rest>,
    /// What was written outside of executions.
    pub(crate) log: Vec<u8>,
    pub(crate) random: Generators,
    pub(crate) arguments: Arc<[Vec<u8>]>,
    pub(crate) environment: Arc<[Vec<u8>]>,
    pub(crate) ends_by_broken_pipe: bool,
    pub(crate) children: Option<Arc<dyn Children>>,
}

impl State {
    pub(crate) fn new(world: World, interrupt_words: Arc<[(u32, u32)]>, stop_word: u32) -> Self {
        let random = Generators::new(world.determinism.as_ref(), world.random);
        let mut builder = WasiCtxBuilder::new();
        builder
            .max_random_size(RANDOM_BYTES)
            .secure_random(random.guest.clone())
            .wall_clock(world.clocks.clone())
            .monotonic_clock(world.clocks.clone());
        let calls = HostCalls::new(&world);
        let ends_by_broken_pipe = world
            .given
            .as_ref()
            .is_some_and(|given| given.ends_by_broken_pipe);
        let (arguments, environment, descriptors) = match world.given {
            None => (
                Arc::from([b"guest".to_vec()]),
                ENVIRONMENT
                    .iter()
                    .map(|(name, value)| format!("{name}={value}").into_bytes())
                    .collect(),
                Descriptors::new(world.descriptors),
            ),
            Some(given) => {
                let mut tree = world.tree.lock().unwrap_or_else(PoisonError::into_inner);
                let table =
                    Descriptors::of_process(world.descriptors, &given.descriptors, &mut tree);
                drop(tree);
                (given.arguments, given.environment, table)
            }
        };
        Self {
            wasi: builder.build_p1(),
            tree: world.tree,
            descriptors,
            clocks: world.clocks,
            limiter: MemoryLimiter {
                memory_bytes: world.memory_bytes,
                budget: world.budget,
                charged: 0,
            },
            calls,
            memory: None,
            stop_word,
            interrupt_words,
            run: None,
            rest: None,
            log: Vec::new(),
            random,
            arguments,
            environment,
            ends_by_broken_pipe,
            children: world.children,
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
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        self.descriptors.release(&mut tree);
    }
}

/// Says no to memory beyond the limit; the guest then sees its allocation fail.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    memory_bytes: u64,
    budget: Option<Arc<Budget>>,
    /// Bytes taken from the budget.
    charged: u64,
}

impl Drop for MemoryLimiter {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give_back(self.charged);
        }
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired as u64 > self.memory_bytes {
            return Ok(false);
        }
        // What a memory starts with is shared with its image.
        if let Some(budget) = self.budget.as_ref().filter(|_| current > 0) {
            let more = desired.saturating_sub(current) as u64;
            if !budget.take(more) {
                return Ok(false);
            }
            self.charged += more;
        }
        Ok(true)
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
