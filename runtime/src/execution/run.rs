//! A running execution, as its reader sees it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::{Error, Result};
use crate::execution::{Event, InterruptCause, Outcome, RichResult};
use crate::id::ExecutionId;
use crate::interrupt::{Control, InterruptHandle};

/// Events that may wait for a slow reader, besides the bound in bytes.
const WAITING_EVENTS: usize = 256;

/// Bytes that may wait for a slow reader; the guest then waits, too.
const WAITING_BYTES: usize = 4 << 20;

/// An event on its way, with its share of the bytes that may wait.
#[derive(Debug)]
pub(crate) struct Parcel {
    event: Event,
    _share: OwnedSemaphorePermit,
}

/// Where the events of an execution go.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    events: mpsc::Sender<Parcel>,
    room: Arc<Semaphore>,
}

impl Outlet {
    /// Waits until the reader has room for `event`, of about `bytes` bytes. An
    /// event for a reader who is gone vanishes.
    pub(crate) async fn send(&self, event: Event, bytes: usize) {
        let weight = u32::try_from(bytes.clamp(1, WAITING_BYTES)).unwrap_or(1);
        let Ok(share) = Arc::clone(&self.room).acquire_many_owned(weight).await else {
            return;
        };
        let parcel = Parcel {
            event,
            _share: share,
        };
        if self.events.send(parcel).await.is_err() {
            // The reader is gone: `Execution::drop` has asked the guest to stop.
        }
    }

    /// As [`Self::send`] when no waiting is needed; otherwise gives the event
    /// back.
    pub(crate) fn try_send(&self, event: Event, bytes: usize) -> std::result::Result<(), Event> {
        let weight = u32::try_from(bytes.clamp(1, WAITING_BYTES)).unwrap_or(1);
        let Ok(share) = Arc::clone(&self.room).try_acquire_many_owned(weight) else {
            return Err(event);
        };
        let parcel = Parcel {
            event,
            _share: share,
        };
        match self.events.try_send(parcel) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(parcel)) => Err(parcel.event),
        }
    }
}

/// The worker's end of an execution.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) outlet: Outlet,
    outcome: oneshot::Sender<Outcome>,
}

impl Channel {
    /// Sends the outcome; the stream of events ends with the last outlet.
    pub(crate) fn finish(self, outcome: Outcome) {
        // A reader who is gone needs no outcome.
        let _unread = self.outcome.send(outcome);
    }
}

/// One run of a cell: a stream of [`Event`]s, then an [`Outcome`].
///
/// Dropping it before its end asks the guest to stop, as
/// [`InterruptHandle::interrupt`] does. A reader who does not read slows the
/// guest: at most 256 events or 4 MiB wait.
#[derive(Debug)]
pub struct Execution {
    id: ExecutionId,
    events: mpsc::Receiver<Parcel>,
    outcome: oneshot::Receiver<Outcome>,
    control: Arc<Control>,
}

/// Both ends of a new execution.
pub(crate) fn channel(id: ExecutionId, control: Arc<Control>) -> (Channel, Execution) {
    let (event_sender, event_receiver) = mpsc::channel(WAITING_EVENTS);
    let (outcome_sender, outcome_receiver) = oneshot::channel();
    let sending = Channel {
        outlet: Outlet {
            events: event_sender,
            room: Arc::new(Semaphore::new(WAITING_BYTES)),
        },
        outcome: outcome_sender,
    };
    let receiving = Execution {
        id,
        events: event_receiver,
        outcome: outcome_receiver,
        control,
    };
    (sending, receiving)
}

impl Execution {
    /// Its number within the context.
    #[must_use]
    pub fn id(&self) -> ExecutionId {
        self.id
    }

    /// The next event, or `None` when there are no more: then
    /// [`Self::outcome`] answers without delay.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await.map(|parcel| parcel.event)
    }

    /// A handle that stops this execution from elsewhere.
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::new(Arc::clone(&self.control))
    }

    /// Reads and forgets the events that are left, and answers how it ended.
    ///
    /// # Errors
    /// [`Error::Ended`] when the sandbox was closed before the cell could run,
    /// [`Error::Create`] and the like never come here: they are an outcome's
    /// trap.
    pub async fn outcome(mut self) -> Result<Outcome> {
        while self.events.recv().await.is_some() {}
        self.take_outcome().await
    }

    /// Runs it to its end and collects everything. Streams are bounded by
    /// [`crate::Limits::output_bytes`].
    ///
    /// # Errors
    /// As [`Self::outcome`].
    pub async fn report(mut self) -> Result<Report> {
        let mut collected = Collected::default();
        while let Some(event) = self.next().await {
            collected.add(event);
        }
        let outcome = self.take_outcome().await?;
        Ok(collected.into_report(outcome))
    }

    async fn take_outcome(&mut self) -> Result<Outcome> {
        (&mut self.outcome).await.map_err(|_| Error::Ended {
            what: "the sandbox",
        })
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // A finished worker has dropped its end or sent the outcome already.
        if self.outcome.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            self.control.ask(InterruptCause::Dropped);
        }
    }
}

/// Everything that an execution showed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// All of standard output.
    pub stdout: Bytes,
    /// All of standard error.
    pub stderr: Bytes,
    /// The value of the last expression.
    pub result: Option<RichResult>,
    /// What was displayed, updates applied.
    pub displays: Vec<RichResult>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Report {
    /// Standard output as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The `text/plain` form of the last expression's value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.result.as_ref().and_then(RichResult::text)
    }
}

#[derive(Default)]
struct Collected {
    stdout: BytesMut,
    stderr: BytesMut,
    result: Option<RichResult>,
    displays: Vec<RichResult>,
}

impl Collected {
    fn add(&mut self, event: Event) {
        match event {
            Event::Stdout(bytes) => self.stdout.extend_from_slice(&bytes),
            Event::Stderr(bytes) => self.stderr.extend_from_slice(&bytes),
            Event::Result(result) => self.result = Some(result),
            Event::Display(display) => self.displays.push(display),
            Event::UpdateDisplay(update) => {
                for display in &mut self.displays {
                    if display.display_id == update.display_id {
                        display.clone_from(&update);
                    }
                }
            }
            Event::ClearOutput { .. } | Event::Error(_) => {}
        }
    }

    fn into_report(self, outcome: Outcome) -> Report {
        Report {
            stdout: self.stdout.freeze(),
            stderr: self.stderr.freeze(),
            result: self.result,
            displays: self.displays,
            outcome,
        }
    }
}
