//! Orders to a worker, and the way to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};
use crate::execution::{Channel, InterruptCause, Lost};
use crate::guest::order::ExecutionOptions;
use crate::id::ExecutionId;
use crate::interrupt::Control;
use crate::limits::{Limits, Residency};
use crate::worker::gate::Gate;
use crate::worker::turn::Start;

/// Orders that may wait for a worker.
const WAITING_ORDERS: usize = 1024;

/// Everything that a worker can be asked.
#[derive(Debug)]
pub(crate) enum Order {
    /// Run a cell.
    Execute(Box<Job>),
    /// Say what the guest holds.
    Residency(oneshot::Sender<Result<Residency>>),
    /// Go back to the state before the last cell.
    Undo(oneshot::Sender<Result<Lost>>),
    /// Hand out the state and stand still.
    Park(Park),
}

/// A worker hands out its state, then stands still until it is released, so that
/// the states of several workers and their files belong to one moment.
#[derive(Debug)]
pub(crate) struct Park {
    pub(crate) reply: oneshot::Sender<Result<Start>>,
    /// Dropped: go on.
    pub(crate) release: oneshot::Receiver<Release>,
}

/// How a parked worker goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// As before.
    GoOn,
    /// Without its guest, whose state was handed out. The next cell brings it
    /// back.
    PutAway,
}

/// A cell to run, and where its events go.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: ExecutionId,
    pub(crate) code: Bytes,
    pub(crate) options: ExecutionOptions,
    pub(crate) stdin: Bytes,
    pub(crate) limits: Limits,
    pub(crate) channel: Channel,
    pub(crate) control: Arc<Control>,
}

/// The sending end of a worker's orders; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    orders: mpsc::Sender<Order>,
    parks: mpsc::Sender<Park>,
    shared: Arc<Shared>,
}

/// What a mailbox and its worker share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The execution that is under way.
    current: Mutex<Option<Arc<Control>>>,
    closed: AtomicBool,
    paused: AtomicBool,
    /// The last execution that was ordered.
    last: AtomicU64,
    /// Orders that were put and have not been done.
    waiting: AtomicU64,
    gate: Gate,
    occupant: u64,
}

impl Shared {
    fn new(last: u64) -> Self {
        static OCCUPANTS: AtomicU64 = AtomicU64::new(1);
        Self {
            current: Mutex::default(),
            closed: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            last: AtomicU64::new(last),
            waiting: AtomicU64::new(0),
            gate: Gate::default(),
            occupant: OCCUPANTS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Tells this worker from all others of the process. A context's id does
    /// not: copies of a sandbox keep those of its contexts.
    pub(crate) fn occupant(&self) -> u64 {
        self.occupant
    }

    /// What cells have to pass to get their turns.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The last execution that was ordered.
    pub(crate) fn last_id(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Notes which execution is under way; answers whether it may start.
    pub(crate) fn begin(&self, control: &Arc<Control>) -> bool {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(control));
        // After the control was noted: a close either sees it or is seen here.
        !self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A mailbox and what its worker needs of it: orders, what goes before them, and
/// what is shared.
pub(crate) fn mailbox(
    last: u64,
) -> (
    Mailbox,
    mpsc::Receiver<Order>,
    mpsc::Receiver<Park>,
    Arc<Shared>,
) {
    let (orders, receiver) = mpsc::channel(WAITING_ORDERS);
    let (parks, parked) = mpsc::channel(WAITING_ORDERS);
    let shared = Arc::new(Shared::new(last));
    let mailbox = Mailbox {
        orders,
        parks,
        shared: Arc::clone(&shared),
    };
    (mailbox, receiver, parked, shared)
}

impl Mailbox {
    /// The id for the next execution.
    pub(crate) fn next_id(&self) -> ExecutionId {
        ExecutionId(self.shared.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Puts an order into the queue, unless the context is paused.
    pub(crate) fn put(&self, order: Order) -> Result<()> {
        if self.shared.paused.load(Ordering::SeqCst) {
            return Err(Error::Paused);
        }
        self.put_even_paused(order)
    }

    /// Says whether [`Self::put`] takes orders.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::SeqCst);
    }

    /// Puts an order into the queue.
    pub(crate) fn put_even_paused(&self, order: Order) -> Result<()> {
        if self.shared.closed.load(Ordering::SeqCst) {
            return Err(Error::Ended {
                what: "the context",
            });
        }
        let is_cell = matches!(order, Order::Execute(_));
        if is_cell {
            self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        }
        self.orders.try_send(order).map_err(|error| {
            if is_cell {
                self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
            }
            not_put(&error)
        })
    }

    /// Has the worker hand out its state as soon as it can: between two cells, or
    /// while its cell rests; before the cells that wait.
    pub(crate) fn park_soon(&self, park: Park) -> Result<()> {
        self.parks.try_send(park).map_err(|error| not_put(&error))
    }

    /// Whether cells run or wait.
    pub(crate) fn is_busy(&self) -> bool {
        self.shared.waiting.load(Ordering::Acquire) > 0
    }

    /// See [`Shared::occupant`].
    pub(crate) fn occupant(&self) -> u64 {
        self.shared.occupant
    }

    /// Has the cell that is under way stand still where it is, also when it is the
    /// next one, and waits until it does: the few milliseconds until it gives way.
    pub(crate) async fn hold(&self) {
        const LOOK: Duration = Duration::from_millis(1);
        self.shared.gate.close();
        while !self.shared.gate.is_still() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends a hold.
    pub(crate) fn let_go(&self) {
        // Before the gate opens: the cell looks at its deadline then.
        let time = self.shared.gate.closed_for();
        let current = self.current();
        if let (Some(control), Some(time)) = (&*current, time) {
            control.held_for(time);
        }
        drop(current);
        self.shared.gate.open();
    }

    /// Interrupts the execution that is under way.
    pub(crate) fn interrupt(&self) {
        self.ask(InterruptCause::Handle);
    }

    /// Ends the context: what runs is stopped by force, what waits never runs.
    pub(crate) fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.ask(InterruptCause::Closed);
        // One that is held has to get the turn in which it ends.
        self.shared.gate.open();
    }

    /// Asks the execution that is under way to stop.
    pub(crate) fn ask(&self, cause: InterruptCause) {
        if let Some(control) = &*self.current() {
            control.ask(cause);
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Control>>> {
        let current = &self.shared.current;
        current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::SeqCst) || self.orders.is_closed()
    }
}

fn not_put<T>(error: &mpsc::error::TrySendError<T>) -> Error {
    match error {
        mpsc::error::TrySendError::Full(_) => Error::Busy {
            queued: WAITING_ORDERS,
        },
        mpsc::error::TrySendError::Closed(_) => Error::Ended {
            what: "the context",
        },
    }
}
