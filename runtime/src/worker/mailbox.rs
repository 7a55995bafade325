//! Orders to a worker, and the way to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};
use crate::execution::{Channel, InterruptCause};
use crate::guest::order::ExecutionOptions;
use crate::id::ExecutionId;
use crate::interrupt::Control;
use crate::limits::{Limits, Residency};

/// Orders that may wait for a worker.
const WAITING_ORDERS: usize = 1024;

/// Everything that a worker can be asked.
#[derive(Debug)]
pub(crate) enum Order {
    /// Run a cell.
    Execute(Box<Job>),
    /// Say what the guest holds.
    Residency(oneshot::Sender<Result<Residency>>),
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
    shared: Arc<Shared>,
}

/// What a mailbox and its worker share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The execution that is under way.
    current: Mutex<Option<Arc<Control>>>,
    closed: AtomicBool,
    next: AtomicU64,
}

impl Shared {
    /// Notes which execution is under way; answers whether it may start.
    pub(crate) fn begin(&self, control: &Arc<Control>) -> bool {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(control));
        // After the control was noted: a close either sees it or is seen here.
        !self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A mailbox and what its worker needs of it.
pub(crate) fn mailbox() -> (Mailbox, mpsc::Receiver<Order>, Arc<Shared>) {
    let (orders, receiver) = mpsc::channel(WAITING_ORDERS);
    let shared = Arc::<Shared>::default();
    let mailbox = Mailbox {
        orders,
        shared: Arc::clone(&shared),
    };
    (mailbox, receiver, shared)
}

impl Mailbox {
    /// The id for the next execution.
    pub(crate) fn next_id(&self) -> ExecutionId {
        ExecutionId(self.shared.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Puts an order into the queue.
    pub(crate) fn put(&self, order: Order) -> Result<()> {
        if self.shared.closed.load(Ordering::SeqCst) {
            return Err(Error::Ended {
                what: "the context",
            });
        }
        self.orders.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy {
                queued: WAITING_ORDERS,
            },
            mpsc::error::TrySendError::Closed(_) => Error::Ended {
                what: "the context",
            },
        })
    }

    /// Interrupts the execution that is under way.
    pub(crate) fn interrupt(&self) {
        self.ask(InterruptCause::Handle);
    }

    /// Ends the context: what runs is stopped by force, what waits never runs.
    pub(crate) fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.ask(InterruptCause::Closed);
    }

    fn ask(&self, cause: InterruptCause) {
        let current = self
            .shared
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(control) = &*current {
            control.ask(cause);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::SeqCst) || self.orders.is_closed()
    }
}
