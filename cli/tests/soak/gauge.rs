//! What a process holds.

use std::fs;

/// What is measured. The bounds leave room for what moves by itself (threads that
/// wait for work, memory that is about to be given back) and none for what grows
/// with each request.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Its share of resident memory, in KiB.
    memory_kib: u64,
    descriptors: usize,
    threads: usize,
    mappings: usize,
}

impl Gauge {
    pub(crate) fn of(process: u32) -> Self {
        let count = |name: &str| {
            let entries = fs::read_dir(format!("/proc/{process}/{name}"));
            entries.expect("a process of ours").count()
        };
        let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}")).unwrap();
        let rollup = read("smaps_rollup");
        let field = |name: &str| -> u64 {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            let line = line.expect(name).trim().trim_end_matches(" kB");
            line.parse().expect(name)
        };
        Self {
            memory_kib: field("Pss:") + field("Swap:"),
            descriptors: count("fd"),
            threads: count("task"),
            mappings: read("maps").lines().count(),
        }
    }

    /// Nothing has grown since `before` but by what moves by itself.
    pub(crate) fn is_flat_since(&self, before: &Self) {
        let grown = format!("from {before:?} to {self:?}");
        let bound = before.memory_kib * 5 / 4 + (64 << 10);
        assert!(self.memory_kib <= bound, "memory grows {grown}");
        let bound = before.descriptors + before.descriptors / 20 + 64;
        assert!(self.descriptors <= bound, "descriptors grow {grown}");
        assert!(self.threads <= before.threads + 64, "threads grow {grown}");
        let bound = before.mappings + before.mappings / 10 + 256;
        assert!(self.mappings <= bound, "mappings grow {grown}");
    }
}
