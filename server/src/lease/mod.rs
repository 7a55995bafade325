//! Sandboxes that clients hold: one [`Lease`] each, found in the [`Registry`].

mod contexts;
mod copying;
mod idempotency;
mod identity;
mod interpreter;
mod journal;
mod languages;
mod paused;
mod pausing;
mod preparation;
mod quota;
mod registry;
mod samples;
mod snapshots;
mod term;
mod watches;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sandcell::Sandbox;
use sandcell_mcp::HttpDoor;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub(crate) use contexts::Contexts;
pub(crate) use idempotency::Once;
pub(crate) use identity::{Identity, Order};
pub(crate) use interpreter::{Interpreter, SavedInterpreter, Started};
pub(crate) use journal::{Journal, Line};
pub(crate) use languages::{Language, Languages, NoLanguage};
pub(crate) use paused::{Held, Paused};

pub(crate) use pausing::Start;
pub(crate) use preparation::Preparation;
pub(crate) use quota::{Full, Quota, Space};
pub(crate) use registry::{NotMade, Registry, Reserved, Shelves};
pub(crate) use samples::{Sample, Samples};
pub(crate) use snapshots::{Kept, Snapshots, full_name};
pub(crate) use term::Term;
pub(crate) use watches::{WatchFault, Watches};

/// A sandbox that somebody holds, from its creation to its end.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) who: Arc<Identity>,
    pub(crate) sandbox: Sandbox,
    pub(crate) term: Term,
    /// Cancelled at its end: streams are aborted then.
    pub(crate) gone: CancellationToken,
    pub(crate) contexts: Contexts,
    pub(crate) watches: Watches,
    pub(crate) samples: Samples,
    pub(crate) journal: Arc<Journal>,
    /// Held while it is paused: who waits for it sees what came of that.
    pub(crate) moving: tokio::sync::Mutex<()>,
    /// Its door for clients of the Model Context Protocol, once one came.
    pub(crate) gateway: OnceLock<HttpDoor>,
    network: Mutex<Option<Value>>,
    open: AtomicBool,
}

impl Lease {
    pub(crate) fn new(
        who: Arc<Identity>,
        sandbox: Sandbox,
        contexts: Contexts,
        journal: Arc<Journal>,
        seconds: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            contexts,
            watches: Watches::default(),
            samples: Samples::default(),
            sandbox,
            network: Mutex::new(who.order.network.clone()),
            who,
            term: Term::of_seconds(seconds),
            gone: CancellationToken::new(),
            journal,
            moving: tokio::sync::Mutex::default(),
            gateway: OnceLock::new(),
            open: AtomicBool::new(false),
        })
    }

    /// Lets everybody in who names it, without a token.
    pub(crate) fn open_to_all(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_open_to_all(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// The network rules last given. There is no way out of a sandbox, so they
    /// forbid nothing that was possible.
    pub(crate) fn network(&self) -> Option<Value> {
        self.lock_network().clone()
    }

    pub(crate) fn set_network(&self, rules: Value) {
        *self.lock_network() = Some(rules);
    }

    fn lock_network(&self) -> std::sync::MutexGuard<'_, Option<Value>> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it: streams are aborted, cells stopped by force.
    pub(crate) fn end(&self) {
        self.gone.cancel();
        if let Some(gateway) = self.gateway.get() {
            gateway.end();
        }
        self.sandbox.close();
    }
}
