//! Holding a context in the middle of a cell.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// What a cell has to pass each time it gets its turn. While the gate is closed,
/// the cell stands still where it last gave way, memory and stack included.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Since when it is closed.
    closed: Option<Instant>,
    /// A cell has its turn right now.
    taken: bool,
    waiting: Option<Waker>,
}

impl Gate {
    /// Closes the gate. A cell that has its turn keeps it until it gives way.
    pub(crate) fn close(&self) {
        self.lock().closed.get_or_insert_with(Instant::now);
    }

    /// Whether no cell has its turn, and none gets one.
    pub(crate) fn is_still(&self) -> bool {
        let inner = self.lock();
        inner.closed.is_some() && !inner.taken
    }

    /// How long it has been closed, if it is.
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        self.lock().closed.map(|since| since.elapsed())
    }

    /// Opens the gate.
    pub(crate) fn open(&self) {
        let waiting = {
            let mut inner = self.lock();
            inner.closed = None;
            inner.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Runs `future`, with no turn while the gate is closed.
    pub(crate) async fn pass<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            let mut inner = self.lock();
            if inner.closed.is_some() {
                inner.waiting = Some(context.waker().clone());
                return Poll::Pending;
            }
            inner.taken = true;
            drop(inner);
            let _turn = Turn(self);
            future.as_mut().poll(context)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Given back when the poll ends, also by a panic.
struct Turn<'a>(&'a Gate);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().taken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_closed_gate_stops_and_an_open_one_lets_go_on() {
        let gate = std::sync::Arc::new(Gate::default());
        let (turns, count) = tokio::sync::watch::channel(0);
        let passing = std::sync::Arc::clone(&gate);
        let task = tokio::spawn(async move {
            let work = async {
                for _ in 0..10 {
                    turns.send_modify(|count| *count += 1);
                    tokio::task::yield_now().await;
                }
            };
            passing.pass(work).await;
        });
        gate.close();
        assert!(gate.is_still());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*count.borrow(), 0);
        gate.open();
        assert!(!gate.is_still());
        task.await.unwrap();
        assert_eq!(*count.borrow(), 10);
    }
}
