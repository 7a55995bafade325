//! Guests made in advance.
//!
//! A small number of guests stand ready, booted, renewed and with their hot
//! pages copied, so that a new sandbox need not wait for that. Taking one starts
//! a task that makes the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::{Guest, World};
use crate::files::{FileLimits, Storage, Tree};
use crate::host_function::HostFunctions;
use crate::image::Image;

/// How long a gap stays before it is filled. On a runtime of one thread, guests
/// are made in the time of those that run.
const BEFORE_FILLING: Duration = Duration::from_millis(1);

/// Guests in waiting.
#[derive(Debug)]
pub(crate) struct Pool {
    target: usize,
    ready: Mutex<Vec<Guest>>,
    filling: AtomicBool,
    closed: AtomicBool,
}

impl Pool {
    pub(crate) fn new(target: usize) -> Self {
        Self {
            target,
            ready: Mutex::default(),
            filling: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Takes a guest, if one is ready, and has the gap filled.
    pub(crate) fn take(&self, image: &Image) -> Option<Guest> {
        let guest = self
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        self.fill(image);
        guest
    }

    /// Starts filling, if guests are missing and nobody is at it.
    pub(crate) fn fill(&self, image: &Image) {
        if self.missing() == 0 || self.filling.swap(true, Ordering::AcqRel) {
            return;
        }
        let Ok(handle) = tokio::runtime::Handle::try_current() else {
            self.filling.store(false, Ordering::Release);
            return;
        };
        let image = image.clone();
        handle.spawn(async move {
            let pool = image.pool();
            // Whoever took the last one wants to run a cell in it now.
            tokio::time::sleep(BEFORE_FILLING).await;
            while pool.missing() > 0 {
                // A guest that cannot be made now is made when it is needed, where
                // the error has somebody to go to.
                let Ok(guest) = image.spare(spare_world(&image)).await else {
                    break;
                };
                pool.ready
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(guest);
                tokio::task::yield_now().await;
            }
            pool.filling.store(false, Ordering::Release);
        });
    }

    /// Waits until the pool is full, for benches and for start-up.
    pub(crate) async fn filled(&self, image: &Image) {
        while self.missing() > 0 {
            self.fill(image);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Drops all guests and makes no more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn missing(&self) -> usize {
        if self.closed.load(Ordering::Acquire) {
            return 0;
        }
        let ready = self
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        self.target.saturating_sub(ready)
    }
}

/// A world that nobody lives in: the guest is put into another one before its
/// first cell.
fn spare_world(image: &Image) -> World {
    let limits = crate::Limits::default();
    let tree = Tree::new(FileLimits::default(), Storage::new(std::env::temp_dir()), 0);
    World {
        tree: Arc::new(Mutex::new(tree)),
        descriptors: limits.descriptors,
        memory_bytes: limits.memory_bytes.max(image.memory_bytes()),
        clocks: image.clocks(None),
        determinism: None,
        random: None,
        functions: Arc::new(HostFunctions::default()),
        call_bytes: limits.call_bytes,
        calls_at_once: limits.calls_at_once,
        children: None,
        given: None,
        budget: None,
    }
}
