//! Ctrl-C while a guest runs.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sandcell::InterruptHandle;
use tokio::signal::unix::{SignalKind, signal};

use crate::console::{Colour, say};
use crate::exit::ExitStatus;

/// What further presses of Ctrl-C do to a guest that has not stopped yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// They end the process.
    Leave,
    /// They ask the guest again. It is stopped by force after its grace time.
    Ask,
}

/// Turns Ctrl-C into interrupts of the execution under way.
///
/// It listens on a thread of its own, since the main thread may be stuck in
/// writing to a pipe that nobody reads.
#[derive(Debug, Clone)]
pub(crate) struct CtrlC {
    current: Arc<Mutex<Current>>,
    /// The process was asked to end.
    ending: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Current {
    handle: Option<InterruptHandle>,
    asked: bool,
}

impl CtrlC {
    /// Starts to listen. From now on Ctrl-C does not end the process by itself.
    ///
    /// # Errors
    /// When the system gives no thread or refuses the signal handler.
    pub(crate) fn listen(again: Again) -> io::Result<Self> {
        let ctrl_c = Self {
            current: Arc::default(),
            ending: Arc::default(),
        };
        let listener = ctrl_c.clone();
        let reactor = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let mut presses = {
            let _entered = reactor.enter();
            signal(SignalKind::interrupt())?
        };
        let _thread = std::thread::Builder::new()
            .name("ctrl-c".to_owned())
            .spawn(move || {
                reactor.block_on(async {
                    while presses.recv().await.is_some() {
                        listener.pressed(again);
                    }
                });
            })?;
        Ok(ctrl_c)
    }

    /// From now on a request to terminate interrupts, too, and calls `then`.
    ///
    /// # Errors
    /// As [`Self::listen`].
    pub(crate) fn on_terminate(&self, then: impl Fn() + Send + 'static) -> io::Result<()> {
        let reactor = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let mut requests = {
            let _entered = reactor.enter();
            signal(SignalKind::terminate())?
        };
        let listener = self.clone();
        std::thread::Builder::new()
            .name("terminate".to_owned())
            .spawn(move || {
                // `then` runs outside of the reactor: it may wait for another.
                while reactor.block_on(requests.recv()).is_some() {
                    listener.ending.store(true, Ordering::SeqCst);
                    then();
                    if let Some(handle) = &listener.lock().handle {
                        handle.interrupt();
                    }
                }
            })?;
        Ok(())
    }

    /// The execution that Ctrl-C interrupts from now on.
    pub(crate) fn set(&self, handle: InterruptHandle) {
        // Under the lock: a request that comes now finds the handle.
        let mut current = self.lock();
        if self.ending.load(Ordering::SeqCst) {
            handle.interrupt();
        }
        *current = Current {
            handle: Some(handle),
            asked: false,
        };
    }

    /// No execution is under way any more.
    pub(crate) fn clear(&self) {
        *self.lock() = Current::default();
    }

    fn pressed(&self, again: Again) {
        if io::stderr().is_terminal() {
            // The terminal shows `^C`; what follows deserves a line of its own.
            let _unseen = io::stderr().write_all(b"\n");
        }
        let mut current = self.lock();
        if let Some(handle) = &current.handle {
            handle.interrupt();
        }
        if current.asked && again == Again::Leave {
            say(
                "error",
                Colour::Red,
                "interrupted twice, so it ends at once",
            );
            leave(ExitStatus::Guest);
        }
        current.asked = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the main thread may be stuck, and somebody has asked"
)]
pub(crate) fn leave(status: ExitStatus) {
    std::process::exit(i32::from(status.number()));
}
