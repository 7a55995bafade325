//! The clocks that a guest sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use crate::determinism::Determinism;

/// What a look at a virtual clock adds to it.
const LOOK_NS: u64 = 1_000;

/// A guest's clocks: the host's, or virtual ones that only the guest moves.
///
/// The monotonic clock continues where the image's was frozen, so that no guest
/// sees it go backwards.
#[derive(Debug, Clone)]
pub(crate) struct Clocks {
    base_ns: u64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Real {
        start: Instant,
    },
    Virtual {
        start_ns: u64,
        passed_ns: Arc<AtomicU64>,
    },
}

/// Where a guest's clocks stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockReading {
    pub(crate) monotonic_ns: u64,
    /// Of that, since these clocks were made.
    pub(crate) passed_ns: u64,
}

impl Clocks {
    /// Clocks whose monotonic time starts at `base_ns`.
    pub(crate) fn new(base_ns: u64, determinism: Option<&Determinism>) -> Self {
        let source = match determinism {
            None => Source::Real {
                start: Instant::now(),
            },
            Some(determinism) => Source::Virtual {
                start_ns: since_epoch(determinism.start),
                passed_ns: Arc::default(),
            },
        };
        Self { base_ns, source }
    }

    /// Clocks that go on from a reading, see [`Self::reading`].
    pub(crate) fn resumed(reading: ClockReading, determinism: Option<&Determinism>) -> Self {
        let mut clocks = Self::new(reading.monotonic_ns, determinism);
        if let Source::Virtual { passed_ns, .. } = &clocks.source {
            passed_ns.store(reading.passed_ns, Ordering::Relaxed);
            clocks.base_ns = reading.monotonic_ns.saturating_sub(reading.passed_ns);
        }
        clocks
    }

    /// Where the clocks stand, without moving them.
    pub(crate) fn reading(&self) -> ClockReading {
        let passed_ns = match &self.source {
            Source::Real { start } => nanoseconds(start.elapsed()),
            Source::Virtual { passed_ns, .. } => passed_ns.load(Ordering::Relaxed),
        };
        ClockReading {
            monotonic_ns: self.base_ns.saturating_add(passed_ns),
            passed_ns,
        }
    }

    pub(crate) fn monotonic_ns(&self) -> u64 {
        match &self.source {
            Source::Real { start } => self.base_ns.saturating_add(nanoseconds(start.elapsed())),
            Source::Virtual { passed_ns, .. } => self
                .base_ns
                .saturating_add(passed_ns.fetch_add(LOOK_NS, Ordering::Relaxed)),
        }
    }

    pub(crate) fn realtime_ns(&self) -> u64 {
        match &self.source {
            Source::Real { .. } => since_epoch(now()),
            Source::Virtual {
                start_ns,
                passed_ns,
            } => start_ns.saturating_add(passed_ns.fetch_add(LOOK_NS, Ordering::Relaxed)),
        }
    }

    /// For a sleep until `deadline_ns` of the monotonic clock: the instant to wait
    /// for, or `None` when virtual time has just been moved there.
    pub(crate) fn sleep_until(&self, deadline_ns: u64) -> Option<Instant> {
        match &self.source {
            Source::Real { start } => {
                let after = Duration::from_nanos(deadline_ns.saturating_sub(self.base_ns));
                // A year is for ever here; more could overflow the instant.
                start.checked_add(after.min(Duration::from_secs(31_536_000)))
            }
            Source::Virtual { passed_ns, .. } => {
                passed_ns.fetch_max(deadline_ns.saturating_sub(self.base_ns), Ordering::Relaxed);
                None
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, nanoseconds)
}

impl HostMonotonicClock for Clocks {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.monotonic_ns()
    }
}

impl HostWallClock for Clocks {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.realtime_ns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_moves_only_by_looks_and_sleeps() {
        let determinism = Determinism {
            seed: 1,
            start: SystemTime::UNIX_EPOCH + Duration::from_secs(5),
        };
        let clocks = Clocks::new(100, Some(&determinism));
        assert_eq!(clocks.monotonic_ns(), 100);
        assert_eq!(clocks.monotonic_ns(), 1_100);
        assert_eq!(clocks.sleep_until(1_000_000_100), None);
        assert_eq!(clocks.monotonic_ns(), 1_000_000_100);
        assert_eq!(clocks.realtime_ns(), 6_000_001_000);
        assert_eq!(clocks.sleep_until(50), None);
    }
}
