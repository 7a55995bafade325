//! Who a sandbox is, whether it runs or is paused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::clock;
use crate::secret::Secret;

/// What a client asked for when it made the sandbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) template: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) allow_internet_access: Option<bool>,
    pub(crate) network: Option<Value>,
    /// How long it lives each time, in seconds.
    pub(crate) seconds: u64,
    /// Pause it when its time is over, rather than end it.
    pub(crate) auto_pause: bool,
    /// Such a pause keeps files only.
    pub(crate) auto_pause_files: bool,
    /// Requests for it let it go on when it is paused.
    pub(crate) auto_resume: bool,
}

/// What stays the same from a sandbox's creation to its end.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: String,
    /// Its place in the order of creation.
    pub(crate) number: u64,
    pub(crate) order: Order,
    /// Opens files and processes, and executions.
    pub(crate) envd_token: Secret,
    /// Opens executions and the ports of the sandbox.
    pub(crate) traffic_token: Secret,
    pub(crate) started: OffsetDateTime,
}

impl Identity {
    pub(crate) fn new(id: String, number: u64, order: Order) -> Self {
        Self {
            id,
            number,
            order,
            envd_token: Secret::random("ea_"),
            traffic_token: Secret::random("ta_"),
            started: clock::now(),
        }
    }

    /// The same sandbox with another order.
    pub(crate) fn with_order(&self, order: Order) -> Self {
        Self {
            id: self.id.clone(),
            number: self.number,
            order,
            envd_token: self.envd_token.clone(),
            traffic_token: self.traffic_token.clone(),
            started: self.started,
        }
    }
}
