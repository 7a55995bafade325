//! The small things of a snapshot, as JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::determinism::Determinism;
use crate::engine::{ClockReading, GlobalValue};
use crate::limits::Limits;

/// Most bytes of it.
pub(super) const HEAD_BYTES: u32 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) sandbox: String,
    pub(super) created_ns: u64,
    pub(super) image: String,
    /// Id of the image: digest of module, memory, library and globals.
    pub(super) image_id: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) limits: SavedLimits,
    pub(super) determinism: Option<SavedDeterminism>,
    pub(super) first: String,
    pub(super) contexts: Vec<SavedContext>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedContext {
    pub(super) id: String,
    /// Name and id of its image, where that is not the sandbox's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<(String, String)>,
    /// The last execution before.
    pub(super) after: u64,
    /// Absent: as in the image.
    pub(super) state: Option<SavedState>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedState {
    pub(super) memory_bytes: u64,
    /// First page and number of pages: ascending, apart from each other.
    pub(super) runs: Vec<(u32, u32)>,
    pub(super) globals: Vec<GlobalValue>,
    pub(super) monotonic_ns: u64,
    pub(super) passed_ns: u64,
    /// With a fixed seed: words read of the guest's and of the host's stream.
    pub(super) random: Option<(u64, u64)>,
}

impl SavedState {
    pub(super) fn clocks(&self) -> ClockReading {
        ClockReading {
            monotonic_ns: self.monotonic_ns,
            passed_ns: self.passed_ns,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedLimits {
    memory_bytes: u64,
    wall_ns: Option<u64>,
    grace_ns: u64,
    fuel: Option<u64>,
    output_bytes: u64,
    cell_bytes: u64,
    calls_at_once: u32,
    calls: u64,
    call_bytes: u64,
    contexts: u32,
    file_bytes: u64,
    file_entries: u64,
    descriptors: u32,
    mount_bytes: u64,
    /// Absent: the default, as in files from before there were processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    processes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process_bytes: Option<u64>,
}

impl From<&Limits> for SavedLimits {
    fn from(limits: &Limits) -> Self {
        let usual = Limits::default();
        Self {
            memory_bytes: limits.memory_bytes,
            wall_ns: limits.wall.map(nanoseconds),
            grace_ns: nanoseconds(limits.grace),
            fuel: limits.fuel,
            output_bytes: limits.output_bytes,
            cell_bytes: limits.cell_bytes,
            calls_at_once: limits.calls_at_once,
            calls: limits.calls,
            call_bytes: limits.call_bytes,
            contexts: limits.contexts,
            file_bytes: limits.file_bytes,
            file_entries: limits.file_entries,
            descriptors: limits.descriptors,
            mount_bytes: limits.mount_bytes,
            processes: (limits.processes != usual.processes).then_some(limits.processes),
            process_bytes: (limits.process_bytes != usual.process_bytes)
                .then_some(limits.process_bytes),
        }
    }
}

impl From<&SavedLimits> for Limits {
    fn from(saved: &SavedLimits) -> Self {
        let usual = Self::default();
        Self {
            memory_bytes: saved.memory_bytes,
            wall: saved.wall_ns.map(Duration::from_nanos),
            grace: Duration::from_nanos(saved.grace_ns),
            fuel: saved.fuel,
            output_bytes: saved.output_bytes,
            cell_bytes: saved.cell_bytes,
            calls_at_once: saved.calls_at_once,
            calls: saved.calls,
            call_bytes: saved.call_bytes,
            contexts: saved.contexts,
            file_bytes: saved.file_bytes,
            file_entries: saved.file_entries,
            descriptors: saved.descriptors,
            mount_bytes: saved.mount_bytes,
            processes: saved.processes.unwrap_or(usual.processes),
            process_bytes: saved.process_bytes.unwrap_or(usual.process_bytes),
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedDeterminism {
    seed: u64,
    start_ns: u64,
}

impl From<Determinism> for SavedDeterminism {
    fn from(determinism: Determinism) -> Self {
        Self {
            seed: determinism.seed,
            start_ns: since_epoch(determinism.start),
        }
    }
}

impl From<SavedDeterminism> for Determinism {
    fn from(saved: SavedDeterminism) -> Self {
        Self {
            seed: saved.seed,
            start: at(saved.start_ns),
        }
    }
}

pub(super) fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, nanoseconds)
}

pub(super) fn at(nanoseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
