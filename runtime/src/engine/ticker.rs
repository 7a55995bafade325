//! The heartbeat of running guests.
//!
//! A guest looks at its deadline when its stop word is set or, where fuel is
//! counted, when the engine's epoch moves. The ticker does both while any guest
//! runs, and sleeps otherwise: an idle process makes no wake-ups.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::Thread;
use std::time::Duration;

use sandcell_sys::Bells;

/// Time between two looks of a running guest, and its time slice among the
/// other tasks of its thread.
const TICK: Duration = Duration::from_millis(5);

/// Ticks without a running guest after which the ticker goes to sleep: waking it
/// costs a system call, which a series of short cells should not pay each time.
const IDLE_TICKS: u32 = 20;

/// Has running guests look up.
pub(crate) struct Ticker {
    pub(crate) bells: Bells,
    running: AtomicUsize,
    asleep: AtomicBool,
    closed: AtomicBool,
    engines: Mutex<Vec<wasmtime::Engine>>,
    thread: Mutex<Option<Thread>>,
}

impl Ticker {
    /// Starts the ticker's thread, which ends when the last handle is dropped.
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let ticker = Arc::new(Self {
            bells: Bells::default(),
            running: AtomicUsize::new(0),
            asleep: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            engines: Mutex::default(),
            thread: Mutex::default(),
        });
        let weak = Arc::downgrade(&ticker);
        let join = std::thread::Builder::new()
            .name("sandcell-ticker".to_owned())
            .spawn(move || beat(&weak))?;
        *ticker.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(join.thread().clone());
        Ok(ticker)
    }

    /// Adds an engine to those that are driven.
    pub(crate) fn drive(&self, engine: &wasmtime::Engine) {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.push(engine.clone());
    }

    /// Counts a guest as running until the answer is dropped.
    pub(crate) fn run(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            self.wake();
        }
        Running(self)
    }

    /// Makes all guests look now.
    pub(crate) fn nudge(&self) {
        self.bells.ring();
        for engine in self
            .engines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            engine.increment_epoch();
        }
    }

    fn wake(&self) {
        if let Some(thread) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

impl std::fmt::Debug for Ticker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticker")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        self.wake();
    }
}

/// A running guest, as the ticker counts it.
pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn beat(ticker: &Weak<Ticker>) {
    let mut idle = 0;
    loop {
        let Some(ticker) = ticker.upgrade() else {
            return;
        };
        if ticker.running.load(Ordering::SeqCst) > 0 {
            idle = 0;
            ticker.nudge();
        } else {
            idle += 1;
        }
        if idle < IDLE_TICKS {
            drop(ticker);
            std::thread::park_timeout(TICK);
            continue;
        }
        // Announced before the last look: a guest that starts in between either
        // is seen here or sees us asleep and wakes us.
        ticker.asleep.store(true, Ordering::SeqCst);
        let still_idle = ticker.running.load(Ordering::SeqCst) == 0;
        let asleep = Arc::downgrade(&ticker);
        drop(ticker);
        if still_idle {
            std::thread::park();
        }
        if let Some(ticker) = asleep.upgrade() {
            ticker.asleep.store(false, Ordering::SeqCst);
        }
        idle = 0;
    }
}
