//! What the server counts, in the text form of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: Counter,
    pub(crate) refused: Counter,
    pub(crate) failed: Counter,
    pub(crate) sandboxes: Counter,
    pub(crate) executions: Counter,
    pub(crate) connections: Counter,
    pub(crate) uploaded_bytes: Counter,
    pub(crate) downloaded_bytes: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Numbers that go up and down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauges {
    pub(crate) live: usize,
    pub(crate) streams: usize,
}

impl Counters {
    /// All of it as text.
    pub(crate) fn render(&self, gauges: Gauges) -> String {
        let mut text = String::new();
        let counters = [
            ("requests", "Requests taken", &self.requests),
            ("requests_refused", "Requests answered 4xx", &self.refused),
            ("requests_failed", "Requests answered 5xx", &self.failed),
            ("sandboxes_created", "Sandboxes created", &self.sandboxes),
            ("executions", "Executions taken", &self.executions),
            ("connections", "Connections accepted", &self.connections),
            (
                "uploaded_bytes",
                "Bytes of files taken",
                &self.uploaded_bytes,
            ),
            (
                "downloaded_bytes",
                "Bytes of files given",
                &self.downloaded_bytes,
            ),
        ];
        for (name, help, counter) in counters {
            line(
                &mut text,
                &format!("{name}_total"),
                help,
                "counter",
                counter.get(),
            );
        }
        let live = gauges.live as u64;
        line(&mut text, "sandboxes", "Sandboxes that live", "gauge", live);
        let streams = gauges.streams as u64;
        line(
            &mut text,
            "streams",
            "Streams that are open",
            "gauge",
            streams,
        );
        text
    }
}

fn line(text: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "# HELP sandcell_{name} {help}.\n# TYPE sandcell_{name} {kind}\nsandcell_{name} {value}"
    );
}
