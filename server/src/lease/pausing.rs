//! From running to paused and back.
//!
//! A paused sandbox is a record and a state, in files if the server has a folder
//! for them; when it goes on it is a new lease of the same identity.

use std::io;
use std::sync::Arc;

use sandcell::{Busy, Durability, Error, Sandbox, Snapshot};

use crate::clock;
use crate::lease::paused::Record;
use crate::lease::{
    Contexts, Full, Held, Lease, NotMade, Order, Paused, Registry, Reserved, SavedInterpreter,
};
use crate::refusal::Refusal;
use crate::store::ENTRIES;

/// Why a sandbox is not paused, or not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPaused {
    /// It is already.
    #[error("the sandbox is paused already")]
    Already,
    /// It ended meanwhile.
    #[error("The sandbox was not found")]
    Gone,
    /// The one without tokens lives on.
    #[error("the debug sandbox cannot be paused")]
    Debug,
    /// As many are as may.
    #[error("{0} sandboxes are paused and no more are allowed; end some of them")]
    TooMany(usize),
    /// There are as many snapshots as may be.
    #[error("there are {0} snapshots and no more are allowed; delete some of them")]
    TooManySnapshots(usize),
    /// The disk may hold no more.
    #[error(transparent)]
    Full(#[from] Full),
    /// The runtime could not.
    #[error(transparent)]
    Runtime(#[from] Error),
    /// The record cannot be written.
    #[error("cannot write the record of the sandbox: {0}")]
    Record(#[from] io::Error),
}

impl From<NotPaused> for Refusal {
    fn from(reason: NotPaused) -> Self {
        use axum::http::StatusCode;
        let status = match reason {
            NotPaused::Already => StatusCode::CONFLICT,
            NotPaused::Gone => StatusCode::NOT_FOUND,
            NotPaused::Debug => StatusCode::BAD_REQUEST,
            NotPaused::TooMany(_) | NotPaused::TooManySnapshots(_) => StatusCode::TOO_MANY_REQUESTS,
            NotPaused::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            NotPaused::Record(_) => StatusCode::INTERNAL_SERVER_ERROR,
            NotPaused::Runtime(error) => return error.into(),
        };
        Self::new(status, reason.to_string())
    }
}

/// What a sandbox that comes from a saved one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The saved sandbox itself.
    Resumed,
    /// Another one that goes on from there.
    Copied,
    /// Its files only: interpreters start afresh.
    Rebooted,
}

impl Registry {
    /// Pauses a sandbox; its cells get a second to end. Goes on to its end when
    /// nobody waits for it any more.
    pub(crate) async fn pause(
        self: &Arc<Self>,
        lease: &Arc<Lease>,
        files_only: bool,
    ) -> Result<(), NotPaused> {
        let (registry, lease) = (Arc::clone(self), Arc::clone(lease));
        let task = tokio::spawn(async move { registry.put_away(&lease, files_only).await });
        task.await
            .unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    async fn put_away(&self, lease: &Arc<Lease>, files_only: bool) -> Result<(), NotPaused> {
        let _moving = lease.moving.lock().await;
        match self.held(&lease.who.id) {
            Some(held) if held.is(lease) => {}
            Some(_) => return Err(NotPaused::Already),
            None => return Err(NotPaused::Gone),
        }
        if lease.is_open_to_all() {
            return Err(NotPaused::Debug);
        }
        if self.count_paused() >= ENTRIES {
            return Err(NotPaused::TooMany(ENTRIES));
        }
        let Some(snapshot) = lease.sandbox.pause(Busy::default()).await? else {
            // Only `Busy::Hold` answers so.
            return Err(NotPaused::Gone);
        };
        let paused = self.save(lease, snapshot, files_only).await;
        let paused = paused.inspect_err(|_| {
            // It was paused a moment ago, or has ended.
            let _goes_on = lease.sandbox.resume();
        })?;
        lease.journal.note("info", "sandbox paused");
        if self.swap(lease, Arc::new(paused)) {
            tracing::info!(sandbox = %lease.who.id, "sandbox paused");
            Ok(())
        } else {
            self.forget(&lease.who.id).await;
            Err(NotPaused::Gone)
        }
    }

    async fn save(
        &self,
        lease: &Arc<Lease>,
        snapshot: Snapshot,
        files_only: bool,
    ) -> Result<Paused, NotPaused> {
        let (memory_bytes, file_bytes) = Held::Live(Arc::clone(lease)).sizes();
        let space = self.quota.take(snapshot.bytes())?;
        let order = Order {
            network: lease.network(),
            ..lease.who.order.clone()
        };
        let mut paused = Paused {
            who: Arc::new(lease.who.with_order(order)),
            since: clock::now(),
            files_only,
            memory_bytes,
            file_bytes,
            contexts: lease.contexts.saved().await,
            journal: Arc::clone(&lease.journal),
            state: None,
            _space: space,
            moving: tokio::sync::Mutex::default(),
        };
        let id = &lease.who.id;
        match &self.shelves {
            Some(shelves) => {
                let shelf = &shelves.paused;
                let saved = async {
                    let path = shelf.state(id);
                    snapshot.save(path, Durability::Process).await?;
                    shelf.put(id, &Record::from(&paused)).await?;
                    Ok::<_, NotPaused>(())
                };
                if let Err(error) = saved.await {
                    shelf.remove(id).await;
                    return Err(error);
                }
            }
            None => paused.state = Some(snapshot),
        }
        Ok(paused)
    }

    /// The sandbox of this id, when a pause of it that is under way has ended.
    pub(crate) async fn settled(&self, id: &str) -> Option<Held> {
        if let Held::Live(lease) = self.held(id)? {
            drop(lease.moving.lock().await);
        }
        self.held(id)
    }

    /// Lets a paused sandbox go on for so many seconds. Goes on to its end when
    /// nobody waits for it any more. `None` when it has ended.
    pub(crate) async fn resume(
        self: &Arc<Self>,
        paused: &Arc<Paused>,
        seconds: u64,
        reboot: bool,
        auto_pause: Option<bool>,
    ) -> Result<Option<Arc<Lease>>, NotMade> {
        let (registry, paused) = (Arc::clone(self), Arc::clone(paused));
        let task = tokio::spawn(async move {
            registry
                .take_back(&paused, seconds, reboot, auto_pause)
                .await
        });
        task.await
            .unwrap_or_else(|error| Err(NotMade::Task(error.to_string())))
    }

    async fn take_back(
        self: &Arc<Self>,
        paused: &Arc<Paused>,
        seconds: u64,
        reboot: bool,
        auto_pause: Option<bool>,
    ) -> Result<Option<Arc<Lease>>, NotMade> {
        let _moving = paused.moving.lock().await;
        let id = &paused.who.id;
        match self.held(id) {
            Some(Held::Paused(held)) if Arc::ptr_eq(&held, paused) => {}
            // Somebody was faster.
            Some(Held::Live(lease)) => return Ok(Some(lease)),
            _ => return Ok(None),
        }
        self.reserve()?;
        let place = Reserved(self);
        let start = if reboot || paused.files_only {
            Start::Rebooted
        } else {
            Start::Resumed
        };
        let snapshot = match (&paused.state, &self.shelves) {
            (Some(state), _) => state.clone(),
            (None, Some(shelves)) => {
                let loaded = self.runtime.load_snapshot(shelves.paused.state(id)).await;
                match loaded {
                    Ok(snapshot) => snapshot,
                    // It was ended meanwhile, with its files.
                    Err(_) if self.held(id).is_none() => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            }
            (None, None) => return Ok(None),
        };
        let made = self.start_from(&snapshot, start, &paused.who.order, &paused.contexts);
        let (sandbox, contexts) = made.await?;
        let order = Order {
            auto_pause: auto_pause.unwrap_or(paused.who.order.auto_pause),
            ..paused.who.order.clone()
        };
        let who = Arc::new(paused.who.with_order(order));
        let journal = Arc::clone(&paused.journal);
        journal.note("info", "sandbox resumed");
        let lease = Lease::new(who, sandbox, contexts, journal, seconds);
        // Nobody shall pause it again before the files of this pause are gone.
        let _new = lease.moving.lock().await;
        if !self.swap_back(paused, &lease) {
            lease.end();
            return Ok(None);
        }
        place.keep();
        self.forget(id).await;
        tracing::info!(sandbox = %id, seconds, "sandbox resumed");
        Ok(Some(Arc::clone(&lease)))
    }

    /// A sandbox from a saved one, with its contexts.
    pub(crate) async fn start_from(
        &self,
        snapshot: &Snapshot,
        start: Start,
        order: &Order,
        saved: &[SavedInterpreter],
    ) -> sandcell::Result<(Sandbox, Contexts)> {
        let builder = self.runtime.sandbox();
        let mut builder = match start {
            Start::Resumed => builder.resume(snapshot),
            Start::Copied | Start::Rebooted => builder.snapshot(snapshot),
        };
        for (name, value) in &order.environment {
            builder = builder.env(name, value);
        }
        let sandbox = self.preparation.of(builder).start().await?;
        if start == Start::Rebooted {
            for context in sandbox.contexts() {
                sandbox.close_context(context)?;
            }
        }
        let contexts = if start == Start::Rebooted {
            let saved: Vec<_> = saved.iter().map(SavedInterpreter::afresh).collect();
            Contexts::restored(&sandbox, &self.languages, &saved)
        } else {
            Contexts::restored(&sandbox, &self.languages, saved)
        };
        Ok((sandbox, contexts))
    }

    /// Removes the files of a pause.
    pub(crate) async fn forget(&self, id: &str) {
        if let Some(shelves) = &self.shelves {
            shelves.paused.remove(id).await;
        }
    }
}
