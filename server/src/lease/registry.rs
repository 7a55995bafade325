//! All leases, by id and by token.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sandcell::{Error, Limits, Runtime, Sandbox};

use crate::lease::{Lease, Order};
use crate::refusal::Refusal;
use crate::secret;

/// The leases of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    runtime: Runtime,
    limits: Limits,
    /// Sandboxes that may live at once, and those that do or are being made.
    allowed: usize,
    taken: AtomicUsize,
    next: AtomicU64,
    index: RwLock<Index>,
    /// Held while a sandbox of a given id is made.
    ensuring: tokio::sync::Mutex<()>,
}

/// Why there is no new sandbox.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotMade {
    /// As many live as may.
    #[error("{0} sandboxes live and no more are allowed; `--max-sandboxes` raises that")]
    TooMany(usize),
    /// The runtime could not make it.
    #[error(transparent)]
    Runtime(#[from] Error),
}

impl From<NotMade> for Refusal {
    fn from(reason: NotMade) -> Self {
        match reason {
            NotMade::TooMany(_) => Self::too_many(reason.to_string()),
            NotMade::Runtime(error) => error.into(),
        }
    }
}

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<String, Arc<Lease>>,
    /// Ids by the digests of tokens: who looks up a token learns nothing from the
    /// time that it takes.
    by_token: HashMap<[u8; 32], String>,
}

impl Registry {
    pub(crate) fn new(runtime: Runtime, limits: Limits, allowed: usize) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            limits,
            allowed,
            taken: AtomicUsize::new(0),
            next: AtomicU64::new(1),
            index: RwLock::default(),
            ensuring: tokio::sync::Mutex::default(),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the places that there are for sandboxes.
    fn reserve(&self) -> Result<(), NotMade> {
        let more = |taken| (taken < self.allowed).then_some(taken + 1);
        let (after, before) = (Ordering::AcqRel, Ordering::Acquire);
        let reserved = self.taken.fetch_update(after, before, more);
        reserved.map(drop).map_err(NotMade::TooMany)
    }

    fn release(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }

    async fn sandbox(&self, order: &Order) -> Result<Sandbox, NotMade> {
        self.reserve()?;
        let place = Reserved(self);
        let made = self.start(order).await?;
        // The place is the sandbox's now, and released with it.
        place.keep();
        Ok(made)
    }

    async fn start(&self, order: &Order) -> sandcell::Result<Sandbox> {
        let mut builder = self.runtime.sandbox().limits(self.limits.clone());
        for (name, value) in &order.environment {
            builder = builder.env(name, value);
        }
        builder.start().await
    }

    /// Makes a sandbox that lives for so many seconds.
    pub(crate) async fn create(
        self: &Arc<Self>,
        order: Order,
        seconds: u64,
    ) -> Result<Arc<Lease>, NotMade> {
        let sandbox = self.sandbox(&order).await?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let lease = Lease::new(number, sandbox, order, seconds);
        self.insert(&lease);
        Ok(lease)
    }

    /// The sandbox of this id, made now unless it is there.
    pub(crate) async fn ensure(
        self: &Arc<Self>,
        id: &str,
        order: Order,
        seconds: u64,
    ) -> Result<Arc<Lease>, NotMade> {
        if let Some(lease) = self.find(id) {
            return Ok(lease);
        }
        let _one_at_a_time = self.ensuring.lock().await;
        // Somebody may have been faster.
        if let Some(lease) = self.find(id) {
            return Ok(lease);
        }
        let sandbox = self.sandbox(&order).await?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let lease = Lease::with_id(id.to_owned(), number, sandbox, order, seconds);
        self.insert(&lease);
        Ok(lease)
    }

    fn insert(self: &Arc<Self>, lease: &Arc<Lease>) {
        let mut index = self.write();
        let tokens = [&lease.envd_token, &lease.traffic_token];
        for token in tokens {
            index.by_token.insert(token.digest(), lease.id.clone());
        }
        index.by_id.insert(lease.id.clone(), Arc::clone(lease));
        drop(index);
        self.expire(lease);
    }

    /// Ends the sandbox when its term is over.
    fn expire(self: &Arc<Self>, lease: &Arc<Lease>) {
        let registry = Arc::downgrade(self);
        let lease = Arc::clone(lease);
        tokio::spawn(async move {
            tokio::select! {
                () = lease.gone.cancelled() => return,
                () = lease.term.over() => {}
            }
            tracing::info!(sandbox = %lease.id, "the sandbox's time is over");
            if let Some(registry) = registry.upgrade() {
                registry.remove(&lease.id);
            } else {
                lease.end();
            }
        });
    }

    /// The live sandbox of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Lease>> {
        self.read().by_id.get(id).cloned()
    }

    /// The live sandbox that one of whose tokens this is.
    pub(crate) fn find_by_token(&self, token: &str) -> Option<Arc<Lease>> {
        let digest = secret::digest(token);
        let index = self.read();
        index.by_id.get(index.by_token.get(&digest)?).cloned()
    }

    /// All live sandboxes, in the order of their making.
    pub(crate) fn all(&self) -> Vec<Arc<Lease>> {
        let mut all: Vec<_> = self.read().by_id.values().cloned().collect();
        all.sort_by_key(|lease| lease.number);
        all
    }

    /// How many live.
    pub(crate) fn count(&self) -> usize {
        self.read().by_id.len()
    }

    /// Ends the sandbox of this id; false when there is none.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let removed = {
            let mut index = self.write();
            let removed = index.by_id.remove(id);
            if let Some(lease) = &removed {
                index.by_token.remove(&lease.envd_token.digest());
                index.by_token.remove(&lease.traffic_token.digest());
            }
            removed
        };
        removed.is_some_and(|lease| {
            lease.end();
            self.release();
            true
        })
    }

    /// Ends all of them.
    pub(crate) fn clear(&self) {
        for lease in self.all() {
            self.remove(&lease.id);
        }
    }
}

/// A place that goes back unless a sandbox takes it.
struct Reserved<'r>(&'r Registry);

impl Reserved<'_> {
    /// Leaves the place taken.
    fn keep(self) {
        // Making up for the release of the drop, with no gap for others.
        self.0.taken.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
