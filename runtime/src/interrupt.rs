//! Asking a guest to stop, from anywhere.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::execution::InterruptCause;

/// Makes the engine look at its guests now instead of at its next tick.
pub(crate) type Nudge = Arc<dyn Fn() + Send + Sync>;

/// What one execution shares with those who may stop it.
pub(crate) struct Control {
    /// 0, or the first cause that asked, see [`cause_code`].
    asked: AtomicU8,
    /// Nanoseconds for which it was held: they count towards no deadline.
    held_ns: AtomicU64,
    /// Somebody asked once more.
    again: AtomicBool,
    /// Wakes a guest that waits in a host call.
    wake: Notify,
    nudge: Nudge,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("asked", &self.asked())
            .finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn new(nudge: Nudge) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicU8::new(0),
            held_ns: AtomicU64::new(0),
            again: AtomicBool::new(false),
            wake: Notify::new(),
            nudge,
        })
    }

    /// Asks the execution to stop. `Closed` overrides any other cause, since it
    /// allows no grace; otherwise the first cause counts.
    pub(crate) fn ask(&self, cause: InterruptCause) {
        if cause == InterruptCause::Closed {
            self.asked.store(cause_code(cause), Ordering::Release);
        } else {
            let first = self.asked.compare_exchange(
                0,
                cause_code(cause),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            if first.is_err() {
                self.again.store(true, Ordering::Release);
            }
        }
        self.wake.notify_one();
        (self.nudge)();
    }

    /// Who asked, if anybody did.
    pub(crate) fn asked(&self) -> Option<InterruptCause> {
        match self.asked.load(Ordering::Acquire) {
            1 => Some(InterruptCause::Deadline),
            2 => Some(InterruptCause::Handle),
            3 => Some(InterruptCause::Dropped),
            4 => Some(InterruptCause::Closed),
            5 => Some(InterruptCause::Saving),
            _ => None,
        }
    }

    /// Notes that the execution was held.
    pub(crate) fn held_for(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.held_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// How long the execution was held.
    pub(crate) fn held(&self) -> Duration {
        Duration::from_nanos(self.held_ns.load(Ordering::Relaxed))
    }

    /// Whether somebody asked once more since the last look.
    pub(crate) fn take_again(&self) -> bool {
        self.again.swap(false, Ordering::AcqRel)
    }

    /// Resolves when somebody asks; there is one waiter at a time.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}

fn cause_code(cause: InterruptCause) -> u8 {
    match cause {
        InterruptCause::Deadline => 1,
        InterruptCause::Handle => 2,
        InterruptCause::Dropped => 3,
        InterruptCause::Closed => 4,
        InterruptCause::Saving => 5,
    }
}

/// Stops one execution from any thread. Cheap to clone; outlives the execution
/// harmlessly.
#[derive(Debug, Clone)]
pub struct InterruptHandle {
    control: Arc<Control>,
}

impl InterruptHandle {
    pub(crate) fn new(control: Arc<Control>) -> Self {
        Self { control }
    }

    /// Raises `KeyboardInterrupt` (or the language's like) in the cell. Variables
    /// live on. A cell that still waits in the queue ends without having run; one
    /// that has ended is left alone. A guest that does not stop within
    /// [`crate::Limits::grace`] is stopped by force.
    pub fn interrupt(&self) {
        self.control.ask(InterruptCause::Handle);
    }
}
