//! All leases, by id and by token.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sandcell::{Error, Limits, Runtime, Sandbox};

use crate::lease::paused::Record;

use crate::lease::{
    Contexts, Held, Identity, Journal, Languages, Lease, Order, Paused, Preparation, Quota,
    Snapshots,
};
use crate::refusal::Refusal;
use crate::secret;
use crate::store::Shelf;

/// Seconds until a pause that failed is tried again.
const AGAIN: u64 = 60;

/// The leases of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(super) runtime: Runtime,
    pub(super) shelves: Option<Shelves>,
    pub(crate) snapshots: Snapshots,
    /// For paused sandboxes and snapshots.
    pub(super) quota: Arc<Quota>,
    limits: Limits,
    pub(super) languages: Arc<Languages>,
    /// Sandboxes that may live at once, and those that do or are being made.
    allowed: usize,
    taken: AtomicUsize,
    next: AtomicU64,
    index: RwLock<Index>,
    /// Held while a sandbox of a given id is made.
    ensuring: tokio::sync::Mutex<()>,
    pub(super) preparation: Preparation,
}

/// Where sandboxes are saved.
#[derive(Debug, Clone)]
pub(crate) struct Shelves {
    pub(crate) paused: Shelf,
    pub(crate) snapshots: Shelf,
}

impl Shelves {
    /// Folders below that one, made if they are missing.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            paused: Shelf::open(folder.join("paused"))?,
            snapshots: Shelf::open(folder.join("snapshots"))?,
        })
    }
}

/// Why there is no new sandbox.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotMade {
    /// As many live as may.
    #[error("{0} sandboxes live and no more are allowed; `--max-sandboxes` raises that")]
    TooMany(usize),
    /// What it was to be made of was deleted meanwhile.
    #[error("the snapshot `{0}` was deleted")]
    NoSnapshot(String),
    /// The runtime could not make it.
    #[error(transparent)]
    Runtime(#[from] Error),
    /// The task that made it broke.
    #[error("the sandbox could not be made: {0}")]
    Task(String),
}

impl From<NotMade> for Refusal {
    fn from(reason: NotMade) -> Self {
        match reason {
            NotMade::TooMany(_) => Self::too_many(reason.to_string()),
            NotMade::NoSnapshot(_) => Self::not_found(reason.to_string()),
            NotMade::Runtime(error) => error.into(),
            NotMade::Task(_) => Self::new(
                axum::http::StatusCode::INTERNAL_SERVER_ERROR,
                reason.to_string(),
            ),
        }
    }
}

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<String, Held>,
    /// How many of them are paused.
    paused: usize,
    /// Ids by the digests of tokens: who looks up a token learns nothing from the
    /// time that it takes.
    by_token: HashMap<[u8; 32], String>,
}

impl Registry {
    pub(crate) fn new(
        runtime: Runtime,
        shelves: Option<Shelves>,
        limits: Limits,
        languages: Languages,
        allowed: usize,
        saved_bytes: u64,
    ) -> Self {
        let quota = Quota::new(saved_bytes);
        let kept = shelves.as_ref().map(|all| all.snapshots.clone());
        Self {
            runtime,
            snapshots: Snapshots::new(kept, Arc::clone(&quota)),
            quota,
            shelves,
            limits,
            languages: Arc::new(languages),
            allowed,
            taken: AtomicUsize::new(0),
            next: AtomicU64::new(1),
            index: RwLock::default(),
            ensuring: tokio::sync::Mutex::default(),
            preparation: Preparation::default(),
        }
    }

    /// With something that is done to each sandbox before it starts.
    pub(crate) fn prepared(mut self, preparation: Preparation) -> Self {
        self.preparation = preparation;
        self
    }

    /// Finds what an earlier server paused and saved.
    pub(crate) fn restore(&self) -> io::Result<()> {
        let Some(shelves) = &self.shelves else {
            return Ok(());
        };
        self.snapshots.restore()?;
        let mut records = shelves.paused.read_all::<Record>()?;
        records.sort_by_key(|(_, record)| record.started());
        let mut index = self.write();
        for (id, record) in records {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let space = self.quota.count(shelves.paused.state_bytes(&id));
            let restored = record.restored(number, space);
            match restored.filter(|paused| paused.who.id == id) {
                Some(paused) => {
                    index.paused += 1;
                    index.insert(Held::Paused(Arc::new(paused)));
                }
                None => tracing::warn!(id, "this record is damaged"),
            }
        }
        tracing::info!(count = index.paused, "paused sandboxes found");
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the places that there are for sandboxes.
    pub(super) fn reserve(&self) -> Result<(), NotMade> {
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
        self.preparation.of(builder).start().await
    }

    /// Makes a sandbox that lives for so many seconds.
    pub(crate) async fn create(
        self: &Arc<Self>,
        order: Order,
        seconds: u64,
    ) -> Result<Arc<Lease>, NotMade> {
        let sandbox = self.sandbox(&order).await?;
        let id = sandbox.id().to_string();
        let contexts = Contexts::new(&sandbox, &self.languages);
        Ok(self.enter(id, sandbox, contexts, order, seconds))
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
        let contexts = Contexts::new(&sandbox, &self.languages);
        Ok(self.enter(id.to_owned(), sandbox, contexts, order, seconds))
    }

    /// Gives a new sandbox, whose place is taken, to somebody.
    pub(super) fn enter(
        self: &Arc<Self>,
        id: String,
        sandbox: Sandbox,
        contexts: Contexts,
        order: Order,
        seconds: u64,
    ) -> Arc<Lease> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let who = Arc::new(Identity::new(id, number, order));
        let journal = Arc::new(Journal::default());
        journal.note("info", "sandbox created");
        let lease = Lease::new(who, sandbox, contexts, journal, seconds);
        self.write().insert(Held::Live(Arc::clone(&lease)));
        self.expire(&lease);
        lease
    }

    /// Puts a paused sandbox in the place of a lease and ends that; false when it
    /// has ended meanwhile.
    pub(super) fn swap(&self, lease: &Arc<Lease>, paused: Arc<Paused>) -> bool {
        let swapped = {
            let mut index = self.write();
            let held = index.by_id.get_mut(&lease.who.id);
            let held = held.filter(|held| held.is(lease));
            let there = held.map(|held| *held = Held::Paused(paused)).is_some();
            index.paused += usize::from(there);
            there
        };
        if swapped {
            lease.end();
            self.release();
        }
        swapped
    }

    /// The other way: a lease whose place is taken.
    pub(super) fn swap_back(self: &Arc<Self>, paused: &Arc<Paused>, lease: &Arc<Lease>) -> bool {
        let mut index = self.write();
        let held = index.by_id.get_mut(&lease.who.id);
        let held =
            held.filter(|held| matches!(held, Held::Paused(held) if Arc::ptr_eq(held, paused)));
        let Some(held) = held else {
            return false;
        };
        *held = Held::Live(Arc::clone(lease));
        index.paused -= 1;
        drop(index);
        self.expire(lease);
        true
    }

    /// Ends the sandbox when its term is over.
    fn expire(self: &Arc<Self>, lease: &Arc<Lease>) {
        let registry = Arc::downgrade(self);
        let lease = Arc::clone(lease);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = lease.gone.cancelled() => return,
                    () = lease.term.over() => {}
                }
                let Some(registry) = registry.upgrade() else {
                    return lease.end();
                };
                if !lease.who.order.auto_pause {
                    tracing::info!(sandbox = %lease.who.id, "the sandbox's time is over");
                    registry.end(&lease);
                    return;
                }
                let files_only = lease.who.order.auto_pause_files;
                let Err(error) = registry.pause(&lease, files_only).await else {
                    return;
                };
                // Better that it lives on than that its state is lost.
                tracing::error!(sandbox = %lease.who.id, %error, "cannot pause; trying again");
                lease
                    .journal
                    .note("error", format!("cannot be paused: {error}"));
                lease.term.extend(AGAIN);
            }
        });
    }

    /// The sandbox of this id.
    pub(crate) fn held(&self, id: &str) -> Option<Held> {
        self.read().by_id.get(id).cloned()
    }

    /// The running sandbox of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Lease>> {
        match self.held(id)? {
            Held::Live(lease) => Some(lease),
            Held::Paused(_) => None,
        }
    }

    /// The running sandbox of this id, or why there is none.
    pub(crate) fn live(&self, id: &str) -> Result<Arc<Lease>, Refusal> {
        match self.held(id) {
            Some(Held::Live(lease)) => Ok(lease),
            Some(Held::Paused(_)) => Err(Refusal::not_found(format!(
                "sandbox `{id}` is paused; connecting to it lets it go on"
            ))),
            None => Err(Refusal::no_sandbox(id)),
        }
    }

    /// The sandbox that one of whose tokens this is.
    pub(crate) fn held_by_token(&self, token: &str) -> Option<Held> {
        let digest = secret::digest(token);
        let index = self.read();
        index.by_id.get(index.by_token.get(&digest)?).cloned()
    }

    /// All sandboxes, in the order of their making.
    pub(crate) fn everything(&self) -> Vec<Held> {
        let mut all: Vec<_> = self.read().by_id.values().cloned().collect();
        all.sort_by_key(|held| held.who().number);
        all
    }

    /// All running sandboxes, in the order of their making.
    pub(crate) fn all(&self) -> Vec<Arc<Lease>> {
        let all = self.everything().into_iter();
        all.filter_map(|held| match held {
            Held::Live(lease) => Some(lease),
            Held::Paused(_) => None,
        })
        .collect()
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        let index = self.read();
        index.by_id.len() - index.paused
    }

    /// How many are paused.
    pub(crate) fn count_paused(&self) -> usize {
        self.read().paused
    }

    /// Ends the sandbox of this id, paused or not; false when there is none.
    pub(crate) async fn remove(&self, id: &str) -> bool {
        match self.held(id) {
            Some(Held::Live(lease)) => {
                if self.end(&lease) {
                    return true;
                }
                // It was paused, or goes on, just now.
                Box::pin(self.remove(id)).await
            }
            Some(Held::Paused(paused)) => {
                let removed = self.write().take(
                    |held| match held {
                        Held::Paused(held) => Arc::ptr_eq(held, &paused),
                        Held::Live(_) => false,
                    },
                    id,
                );
                if removed {
                    self.forget(id).await;
                    return true;
                }
                Box::pin(self.remove(id)).await
            }
            None => false,
        }
    }

    /// Ends a running sandbox; false when it was ended or paused before.
    fn end(&self, lease: &Arc<Lease>) -> bool {
        let removed = self.write().take(|held| held.is(lease), &lease.who.id);
        if removed {
            lease.end();
            self.release();
        }
        removed
    }

    /// Ends all that run. Paused ones stay for the next server.
    pub(crate) fn clear(&self) {
        for lease in self.all() {
            self.end(&lease);
        }
    }
}

impl Index {
    fn insert(&mut self, held: Held) {
        let who = Arc::clone(held.who());
        for token in [&who.envd_token, &who.traffic_token] {
            self.by_token.insert(token.digest(), who.id.clone());
        }
        self.by_id.insert(who.id.clone(), held);
    }

    /// Takes out the sandbox of this id if it is the one that is meant.
    fn take(&mut self, meant: impl FnOnce(&Held) -> bool, id: &str) -> bool {
        if !self.by_id.get(id).is_some_and(meant) {
            return false;
        }
        if let Some(held) = self.by_id.remove(id) {
            let who = held.who();
            self.by_token.remove(&who.envd_token.digest());
            self.by_token.remove(&who.traffic_token.digest());
            self.paused -= usize::from(matches!(held, Held::Paused(_)));
        }
        true
    }
}

/// A place that goes back unless a sandbox takes it.
pub(crate) struct Reserved<'r>(pub(super) &'r Registry);

impl Reserved<'_> {
    /// Leaves the place taken.
    pub(super) fn keep(self) {
        // Making up for the release of the drop, with no gap for others.
        self.0.taken.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
