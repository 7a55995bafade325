//! The objects of the control plane as they are on the wire.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;
use crate::lease::{Held, Kept, Lease, Sample};
use crate::settings::ENVD_VERSION;

/// Answers name a client; there is only one machine here.
const CLIENT: &str = "sandcell";

/// Megabytes as the protocol counts them.
const MIB: u64 = 1 << 20;

/// What a new sandbox shall be; both versions of the call.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSandbox {
    #[serde(rename = "templateID")]
    pub(super) template: Option<String>,
    /// Seconds.
    pub(super) timeout: Option<i64>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) env_vars: Option<BTreeMap<String, String>>,
    #[serde(rename = "allow_internet_access", alias = "allowInternetAccess")]
    pub(super) allow_internet_access: Option<bool>,
    pub(super) auto_pause: Option<bool>,
    /// False: such a pause keeps files only.
    pub(super) auto_pause_memory: Option<bool>,
    pub(super) auto_resume: Option<AutoResume>,
    pub(super) network: Option<Value>,
    pub(super) mcp: Option<serde_json::Map<String, Value>>,
    pub(super) iam: Option<Value>,
    pub(super) volume_mounts: Option<Vec<Value>>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(super) struct AutoResume {
    #[serde(default)]
    pub(super) enabled: bool,
}

/// How long a sandbox shall live from now on.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Timeout {
    /// Seconds.
    pub(super) timeout: Option<i64>,
}

/// How a sandbox shall be paused.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Pause {
    /// False: files only.
    pub(super) memory: Option<bool>,
}

/// How a paused sandbox shall go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resume {
    /// Seconds.
    pub(super) timeout: Option<i64>,
    /// False: interpreters start afresh.
    pub(super) memory: Option<bool>,
    /// Pause it when its time is over.
    pub(super) auto_pause: Option<bool>,
}

/// What a snapshot shall be.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct NewSnapshot {
    pub(super) name: Option<String>,
    /// False: files only.
    pub(super) memory: Option<bool>,
}

/// What copies of a sandbox there shall be.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Fork {
    /// Seconds.
    pub(super) timeout: Option<i64>,
    pub(super) count: Option<i64>,
}

/// A snapshot.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SnapshotInfo {
    #[serde(rename = "snapshotID")]
    id: String,
    names: Vec<String>,
}

impl SnapshotInfo {
    pub(super) fn new(kept: &Kept) -> Self {
        Self {
            id: kept.full_id(),
            names: kept.name.iter().cloned().collect(),
        }
    }
}

/// How long a sandbox shall live at least.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Refresh {
    /// Seconds.
    pub(super) duration: Option<i64>,
}

/// A sandbox as its maker sees it, tokens included.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made<'l> {
    #[serde(rename = "templateID")]
    template: &'l str,
    alias: &'l str,
    #[serde(rename = "sandboxID")]
    id: &'l str,
    #[serde(rename = "clientID")]
    client: &'static str,
    envd_version: &'static str,
    envd_access_token: &'l str,
    traffic_access_token: &'l str,
    domain: &'l str,
}

impl<'l> Made<'l> {
    pub(super) fn new(lease: &'l Lease, domain: &'l str) -> Self {
        Self {
            template: &lease.who.order.template,
            alias: &lease.who.order.template,
            id: &lease.who.id,
            client: CLIENT,
            envd_version: ENVD_VERSION,
            envd_access_token: lease.who.envd_token.reveal(),
            traffic_access_token: lease.who.traffic_token.reveal(),
            domain,
        }
    }
}

/// A sandbox in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<'l> {
    #[serde(rename = "templateID")]
    template: &'l str,
    alias: &'l str,
    #[serde(rename = "sandboxID")]
    id: &'l str,
    #[serde(rename = "clientID")]
    client: &'static str,
    started_at: String,
    end_at: String,
    cpu_count: u32,
    #[serde(rename = "memoryMB")]
    memory_mb: u64,
    #[serde(rename = "diskSizeMB")]
    disk_size_mb: u64,
    metadata: &'l BTreeMap<String, String>,
    state: &'static str,
    envd_version: &'static str,
}

impl<'l> Listed<'l> {
    pub(super) fn new(held: &'l Held) -> Self {
        let who = held.who();
        let (memory_bytes, file_bytes) = held.sizes();
        Self {
            template: &who.order.template,
            alias: &who.order.template,
            id: &who.id,
            client: CLIENT,
            started_at: clock::rfc3339(who.started),
            end_at: clock::rfc3339(held.ends()),
            cpu_count: 1,
            memory_mb: memory_bytes / MIB,
            disk_size_mb: file_bytes / MIB,
            metadata: &who.order.metadata,
            state: match held {
                Held::Live(_) => "running",
                Held::Paused(_) => "paused",
            },
            envd_version: ENVD_VERSION,
        }
    }
}

/// Everything about a sandbox but its traffic token.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'l> {
    #[serde(flatten)]
    listed: Listed<'l>,
    envd_access_token: &'l str,
    domain: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_internet_access: Option<bool>,
    lifecycle: Lifecycle,
    /// What a pause kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_mode: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    auto_resume: bool,
    on_timeout: &'static str,
}

impl<'l> Detail<'l> {
    pub(super) fn new(held: &'l Held, domain: &'l str) -> Self {
        let who = held.who();
        let (network, pause_mode) = match held {
            Held::Live(lease) => (lease.network(), None),
            Held::Paused(paused) if paused.files_only => {
                (who.order.network.clone(), Some("filesystem"))
            }
            Held::Paused(_) => (who.order.network.clone(), Some("full")),
        };
        Self {
            listed: Listed::new(held),
            envd_access_token: who.envd_token.reveal(),
            domain,
            network,
            allow_internet_access: who.order.allow_internet_access,
            lifecycle: Lifecycle {
                auto_resume: who.order.auto_resume,
                on_timeout: if who.order.auto_pause {
                    "pause"
                } else {
                    "kill"
                },
            },
            pause_mode,
        }
    }
}

/// What a sandbox used at one time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metric {
    timestamp: String,
    timestamp_unix: i64,
    cpu_count: u32,
    cpu_used_pct: f64,
    mem_used: u64,
    mem_total: u64,
    mem_cache: u64,
    disk_used: u64,
    disk_total: u64,
}

impl Metric {
    pub(super) fn new(lease: &Lease, sample: &Sample) -> Self {
        let limits = lease.sandbox.limits();
        let time = time::OffsetDateTime::from_unix_timestamp(sample.at);
        Self {
            timestamp: time.map(clock::rfc3339).unwrap_or_default(),
            timestamp_unix: sample.at,
            cpu_count: 1,
            cpu_used_pct: (sample.cpu_percent * 100.0).round() / 100.0,
            mem_used: sample.memory_used,
            mem_total: limits.memory_bytes,
            mem_cache: 0,
            disk_used: sample.disk_used,
            disk_total: limits.file_bytes,
        }
    }
}
