//! Notifications of changes, for whoever watches a tree.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::Stream;

/// One change of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The absolute path it happened to; `/` for [`ChangeKind::Missed`].
    pub path: String,
    /// The path after a rename; none otherwise.
    pub to: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A file, directory or link came to be, also as a further name of a file.
    Create,
    /// The contents of a file changed. Writes in a row are told once.
    Write,
    /// A name is gone.
    Remove,
    /// A name became another one; what had the other name is gone.
    Rename,
    /// Mode, owner, times or metadata changed.
    Chmod,
    /// The reader was too slow: changes after the ones before this are not
    /// told, and the tree has to be looked at again.
    Missed,
}

/// Receives the changes of one tree, all of it; who wants a part filters by path.
///
/// Ends when the tree is dropped. Copies of the tree are not watched. Dropping
/// the watcher ends the watch.
#[derive(Debug)]
pub struct Watcher {
    log: Arc<Log>,
}

/// The tree's end of a watch.
#[derive(Debug)]
pub(super) struct Watch {
    log: Arc<Log>,
}

#[derive(Debug)]
struct Log {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    changes: VecDeque<Change>,
    missed: bool,
    closed: bool,
    waker: Option<Waker>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watch that keeps at most `capacity` changes (at least one) unread.
pub(super) fn watch(capacity: usize) -> (Watch, Watcher) {
    let log = Arc::new(Log {
        capacity: capacity.max(1),
        state: Mutex::new(State::default()),
    });
    let watch = Watch {
        log: Arc::clone(&log),
    };
    (watch, Watcher { log })
}

impl Watch {
    /// Tell a change. False when nobody listens any more.
    pub(super) fn tell(&self, change: &Change) -> bool {
        if Arc::strong_count(&self.log) == 1 {
            return false;
        }
        let mut state = self.log.lock();
        let repeated =
            change.kind == ChangeKind::Write && state.changes.back().is_some_and(|c| c == change);
        if state.missed || repeated {
            return true;
        }
        if state.changes.len() >= self.log.capacity {
            state.missed = true;
        } else {
            state.changes.push_back(change.clone());
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        state.closed = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    fn next(&mut self) -> Option<Change> {
        if let Some(change) = self.changes.pop_front() {
            return Some(change);
        }
        if !std::mem::take(&mut self.missed) {
            return None;
        }
        Some(Change {
            kind: ChangeKind::Missed,
            path: "/".to_owned(),
            to: None,
        })
    }
}

impl Watcher {
    /// The next change, if there is one already.
    pub fn try_next(&mut self) -> Option<Change> {
        self.log.lock().next()
    }
}

impl Stream for Watcher {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Change>> {
        let mut state = self.log.lock();
        if let Some(change) = state.next() {
            return Poll::Ready(Some(change));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
