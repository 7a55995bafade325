//! One of CPython's test modules in a sandbox of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use sandcell::{RunCode, Runtime};
use serde::Deserialize;
use serde_json::json;

use crate::archive::Archive;
use crate::list::Expected;

const PROGRAM: &str = include_str!("run.py");
const REPORT: &str = "/home/user/report.json";

const MEMORY_BYTES: u64 = 1 << 30;
const WALL: Duration = Duration::from_secs(300);

/// What came of a module.
#[derive(Debug, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) run: u64,
    pub(crate) skipped: u64,
    /// Of the names that were to be left out, those that the module has.
    left_out: Vec<String>,
    /// Tests that failed, with their tracebacks.
    pub(crate) bad: BTreeMap<String, String>,
    pub(crate) seconds: f64,
}

/// Runs a module to its end. `Err` says how the interpreter ended before.
pub(crate) async fn run(
    runtime: &Runtime,
    archive: &Archive,
    module: &str,
    expected: &Expected,
) -> Result<Outcome, String> {
    let builder = runtime.sandbox().memory_bytes(MEMORY_BYTES).wall(WALL);
    let sandbox = builder.start().await.expect("a sandbox");
    archive.install(&sandbox.files());
    let order = json!({"module": module, "not_run": expected.not_run});
    let code = RunCode::new(PROGRAM).stdin(order.to_string());
    let context = sandbox.context().expect("its first context");
    let execution = context.execute(code).expect("the cell is taken");
    let report = execution.report().await.expect("an outcome");
    if !report.outcome.is_finished() {
        let stdout = report.stdout_text();
        let last = stdout.lines().last().unwrap_or("the first test");
        return Err(format!("{} in {last}", report.outcome.end));
    }
    let text = sandbox.files().read(REPORT).expect("a report");
    Ok(serde_json::from_slice(&text).expect("a report in JSON"))
}

/// What differs from what is expected, one line each.
pub(crate) fn differences(module: &str, expected: &Expected, outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, traceback) in &outcome.bad {
        if !expected.failing.contains(name) {
            lines.push(format!("{name} fails:\n{traceback}"));
        }
    }
    for name in &expected.failing {
        if !outcome.bad.contains_key(name) {
            lines.push(format!("{name} does not fail any more"));
        }
    }
    for name in &expected.not_run {
        if !outcome.left_out.contains(name) {
            lines.push(format!("{name} is not there to be left out"));
        }
    }
    if (outcome.run, outcome.skipped) != (expected.run, expected.skipped) {
        let (run, skipped) = (outcome.run, outcome.skipped);
        lines.push(format!(
            "its row should be | `{module}` | {run} | {skipped} |"
        ));
    }
    lines
}
