//! The lists of tests that end otherwise than they ask for.

use std::collections::{BTreeMap, BTreeSet};

/// `differences.txt`: each path with the reason above it.
pub(crate) struct Differences(BTreeMap<&'static str, &'static str>);

impl Differences {
    pub(crate) fn read() -> Self {
        let mut reason = "";
        let mut paths = BTreeMap::new();
        for line in include_str!("differences.txt").lines() {
            if line.starts_with("test/") {
                let double = paths.insert(line, reason);
                assert!(double.is_none(), "{line} is listed twice");
            } else if !line.is_empty() {
                reason = line;
            }
        }
        Self(paths)
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// How many failed for each reason.
    pub(crate) fn count(&self, failed: &BTreeSet<String>) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for reason in failed.iter().filter_map(|path| self.0.get(path.as_str())) {
            *counts.entry(*reason).or_default() += 1;
        }
        counts
    }

    /// What is listed although it passed.
    pub(crate) fn stale(&self, passed: &BTreeSet<String>) -> Vec<&'static str> {
        let stale = self.0.keys().filter(|path| passed.contains(**path));
        stale.copied().collect()
    }
}

/// The engine's own list of known failures: a path at the start of each line.
pub(crate) fn known_failures() -> BTreeSet<String> {
    let Some(file) = std::env::var_os("SANDCELL_TEST262_SKIP") else {
        return BTreeSet::new();
    };
    let text = std::fs::read_to_string(file).expect("the list of known failures");
    let path = |line: &str| {
        let start = line.find("test/")?;
        let path = line.get(start..)?.split([':', ' ']).next()?;
        Some(path.to_owned())
    };
    text.lines().filter_map(path).collect()
}

#[test]
fn a_listed_test_that_passes_is_stale() {
    let differences = Differences(BTreeMap::from([("test/a.js", "why"), ("test/b.js", "why")]));
    let passed = BTreeSet::from(["test/a.js".to_owned(), "test/c.js".to_owned()]);
    assert_eq!(differences.stale(&passed), ["test/a.js"]);
    let failed = BTreeSet::from(["test/b.js".to_owned()]);
    assert_eq!(differences.count(&failed), BTreeMap::from([("why", 1)]));
}
