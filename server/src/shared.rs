//! What all requests of a server share.

use std::sync::Arc;

use sandcell_mcp::{HttpDoor, Mcp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::lease::{Once, Registry};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::telemetry::{Counters, Gauges};

/// The server's state; a cheap handle.
pub(crate) type Shared = Arc<Inner>;

/// What is behind the handle.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) registry: Arc<Registry>,
    pub(crate) counters: Counters,
    pub(crate) once: Once,
    /// What gateways into sandboxes are made of.
    pub(crate) mcp: Mcp,
    /// The door for clients of the Model Context Protocol, if it is open.
    pub(crate) tools: Option<HttpDoor>,
    streams: Arc<Semaphore>,
}

impl Inner {
    pub(crate) fn new(settings: Settings, registry: Arc<Registry>, mcp: Mcp) -> Shared {
        let streams = Arc::new(Semaphore::new(settings.streams));
        Arc::new(Self {
            tools: settings.mcp_token.as_ref().map(|_| mcp.http()),
            mcp,
            settings,
            registry,
            counters: Counters::default(),
            once: Once::default(),
            streams,
        })
    }

    /// A place for one more stream, kept while it is open.
    pub(crate) fn stream(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let taken = Arc::clone(&self.streams).try_acquire_owned();
        taken.map_err(|_| {
            let allowed = self.settings.streams;
            Refusal::too_many(format!("all {allowed} streams of this server are in use"))
        })
    }

    pub(crate) fn gauges(&self) -> Gauges {
        let free = self.streams.available_permits();
        Gauges {
            live: self.registry.count(),
            streams: self.settings.streams.saturating_sub(free),
        }
    }
}
