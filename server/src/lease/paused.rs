//! A sandbox that is paused: who it is, and where its state is.

use std::sync::Arc;

use sandcell::Snapshot;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::clock;
use crate::lease::{Identity, Journal, Lease, Order, SavedInterpreter, Space};
use crate::secret::Secret;
use crate::store::is_id;

/// The form of records that this build writes and reads.
const VERSION: u32 = 1;

/// The longest token of a record.
const TOKEN_BYTES: usize = 256;

/// A paused sandbox.
#[derive(Debug)]
pub(crate) struct Paused {
    pub(crate) who: Arc<Identity>,
    /// When it was paused.
    pub(crate) since: OffsetDateTime,
    /// Its interpreters start afresh when it goes on.
    pub(crate) files_only: bool,
    pub(crate) memory_bytes: u64,
    pub(crate) file_bytes: u64,
    pub(crate) contexts: Vec<SavedInterpreter>,
    pub(crate) journal: Arc<Journal>,
    /// Its state, if that is in no file.
    pub(crate) state: Option<Snapshot>,
    /// What it takes of the quota.
    pub(crate) _space: Space,
    /// Held while it is made to go on.
    pub(crate) moving: tokio::sync::Mutex<()>,
}

/// A paused sandbox as its record says it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    version: u32,
    id: String,
    order: Order,
    envd_token: String,
    traffic_token: String,
    started: String,
    since: String,
    files_only: bool,
    memory_bytes: u64,
    file_bytes: u64,
    contexts: Vec<SavedInterpreter>,
}

impl From<&Paused> for Record {
    fn from(paused: &Paused) -> Self {
        let who = &paused.who;
        Self {
            version: VERSION,
            id: who.id.clone(),
            order: who.order.clone(),
            envd_token: who.envd_token.reveal().to_owned(),
            traffic_token: who.traffic_token.reveal().to_owned(),
            started: clock::rfc3339(who.started),
            since: clock::rfc3339(paused.since),
            files_only: paused.files_only,
            memory_bytes: paused.memory_bytes,
            file_bytes: paused.file_bytes,
            contexts: paused.contexts.clone(),
        }
    }
}

impl Record {
    /// When its sandbox was made; what has no such time comes first.
    pub(crate) fn started(&self) -> Option<OffsetDateTime> {
        clock::parse(&self.started)
    }

    /// The sandbox, the `number`th; `None` when the record cannot be right.
    pub(crate) fn restored(self, number: u64, space: Space) -> Option<Paused> {
        let sound = |token: &str| (16..=TOKEN_BYTES).contains(&token.len());
        if self.version != VERSION
            || !is_id(&self.id)
            || !sound(&self.envd_token)
            || !sound(&self.traffic_token)
        {
            return None;
        }
        Some(Paused {
            since: clock::parse(&self.since)?,
            who: Arc::new(Identity {
                id: self.id,
                number,
                order: self.order,
                envd_token: Secret::new(self.envd_token),
                traffic_token: Secret::new(self.traffic_token),
                started: clock::parse(&self.started)?,
            }),
            files_only: self.files_only,
            memory_bytes: self.memory_bytes,
            file_bytes: self.file_bytes,
            contexts: self.contexts,
            journal: Arc::default(),
            state: None,
            _space: space,
            moving: tokio::sync::Mutex::default(),
        })
    }
}

/// A sandbox that somebody holds.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// It runs.
    Live(Arc<Lease>),
    /// It is paused.
    Paused(Arc<Paused>),
}

impl Held {
    pub(crate) fn who(&self) -> &Arc<Identity> {
        match self {
            Self::Live(lease) => &lease.who,
            Self::Paused(paused) => &paused.who,
        }
    }

    pub(crate) fn journal(&self) -> &Journal {
        match self {
            Self::Live(lease) => &lease.journal,
            Self::Paused(paused) => &paused.journal,
        }
    }

    /// When its time is over; of a paused one, when it was paused.
    pub(crate) fn ends(&self) -> OffsetDateTime {
        match self {
            Self::Live(lease) => lease.term.ends(),
            Self::Paused(paused) => paused.since,
        }
    }

    /// Bytes of memory and of files that it may have.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        match self {
            Self::Live(lease) => {
                let limits = lease.sandbox.limits();
                (limits.memory_bytes, limits.file_bytes)
            }
            Self::Paused(paused) => (paused.memory_bytes, paused.file_bytes),
        }
    }

    /// Whether this lease is the sandbox now.
    pub(crate) fn is(&self, lease: &Arc<Lease>) -> bool {
        matches!(self, Self::Live(held) if Arc::ptr_eq(held, lease))
    }
}
