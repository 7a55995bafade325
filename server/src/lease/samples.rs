//! What a sandbox used, sampled over time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sandcell::Sandbox;

use crate::clock;

/// Samples that are kept: an hour, one every five seconds.
const KEPT: usize = 720;

/// What a sandbox used at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// Processor time since the sample before, of the time that passed, in
    /// percent of one processor.
    pub(crate) cpu_percent: f64,
    /// Bytes of memory that belong to the sandbox alone.
    pub(crate) memory_used: u64,
    /// Bytes that its files take.
    pub(crate) disk_used: u64,
}

/// The samples of a sandbox, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    kept: Mutex<Kept>,
    /// A sample waits for a cell to end: no second one queues behind it.
    waiting: AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    samples: VecDeque<Sample>,
    last: Option<(Instant, Duration)>,
}

impl Samples {
    /// Takes one sample, when the interpreters are between two cells. Does nothing
    /// while an earlier sample still waits for that.
    pub(crate) async fn take(&self, sandbox: &Sandbox) {
        if self.waiting.swap(true, Ordering::AcqRel) {
            return;
        }
        let residency = sandbox.residency().await;
        let disk_used = sandbox.files().usage().bytes;
        if let Ok(residency) = residency {
            let now = Instant::now();
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let cpu_percent = kept.last.map_or(0.0, |(then, cpu)| {
                let passed = now.duration_since(then).as_secs_f64().max(1e-3);
                residency.cpu.saturating_sub(cpu).as_secs_f64() / passed * 100.0
            });
            kept.last = Some((now, residency.cpu));
            if kept.samples.len() >= KEPT {
                kept.samples.pop_front();
            }
            kept.samples.push_back(Sample {
                at: clock::unix_seconds(),
                cpu_percent,
                memory_used: residency.resident_bytes,
                disk_used,
            });
        }
        self.waiting.store(false, Ordering::Release);
    }

    /// The samples between two times, both included.
    pub(crate) fn between(&self, start: Option<i64>, end: Option<i64>) -> Vec<Sample> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |sample: &&Sample| {
            start.is_none_or(|start| sample.at >= start) && end.is_none_or(|end| sample.at <= end)
        };
        kept.samples.iter().filter(within).copied().collect()
    }

    /// The newest sample.
    pub(crate) fn last(&self) -> Option<Sample> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.samples.back().copied()
    }
}
