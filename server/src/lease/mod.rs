//! Sandboxes that clients hold: one [`Lease`] each, found in the [`Registry`].

mod contexts;
mod idempotency;
mod journal;
mod registry;
mod samples;
mod term;
mod watches;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sandcell::Sandbox;
use serde_json::Value;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

pub(crate) use contexts::{Contexts, Interpreter, LANGUAGE, Started, normalise};
pub(crate) use idempotency::Once;
pub(crate) use journal::{Journal, Line};
pub(crate) use registry::Registry;
pub(crate) use samples::{Sample, Samples};
pub(crate) use term::Term;
pub(crate) use watches::{WatchFault, Watches};

use crate::clock;
use crate::secret::Secret;

/// What a client asked for when it made the sandbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) template: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) allow_internet_access: Option<bool>,
    pub(crate) network: Option<Value>,
}

/// A sandbox that somebody holds, from its creation to its end.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// Its place in the order of creation.
    pub(crate) number: u64,
    pub(crate) sandbox: Sandbox,
    pub(crate) order: Order,
    /// Opens files and processes, and executions.
    pub(crate) envd_token: Secret,
    /// Opens executions and the ports of the sandbox.
    pub(crate) traffic_token: Secret,
    pub(crate) started: OffsetDateTime,
    pub(crate) term: Term,
    /// Cancelled at its end: streams are aborted then.
    pub(crate) gone: CancellationToken,
    pub(crate) contexts: Contexts,
    pub(crate) watches: Watches,
    pub(crate) samples: Samples,
    pub(crate) journal: Journal,
    network: Mutex<Option<Value>>,
    open: AtomicBool,
}

impl Lease {
    pub(crate) fn new(number: u64, sandbox: Sandbox, order: Order, seconds: u64) -> Arc<Self> {
        let id = sandbox.id().to_string();
        Self::with_id(id, number, sandbox, order, seconds)
    }

    pub(crate) fn with_id(
        id: String,
        number: u64,
        sandbox: Sandbox,
        order: Order,
        seconds: u64,
    ) -> Arc<Self> {
        let journal = Journal::default();
        journal.note("info", "sandbox created");
        Arc::new(Self {
            id,
            number,
            contexts: Contexts::new(&sandbox),
            watches: Watches::default(),
            samples: Samples::default(),
            sandbox,
            network: Mutex::new(order.network.clone()),
            order,
            envd_token: Secret::random("ea_"),
            traffic_token: Secret::random("ta_"),
            started: clock::now(),
            term: Term::of_seconds(seconds),
            gone: CancellationToken::new(),
            journal,
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
        self.sandbox.close();
    }
}
