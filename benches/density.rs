//! Memory of live sandboxes, and what is left of a runaway recursion.
//!
//! `cargo bench --bench density`

use std::time::Duration;

use anyhow::Context;
use sandcell::{Busy, Error, Limit, Runtime, Sandbox};

mod support;
use support::{head, row_of, runtime};

/// Thirty lines of what people do in a first cell, garbage collected after.
const CELL: &str = include_str!("programs/thirty_lines.py");

const RECURSION: &str = "\
import sys
sys.setrecursionlimit(10**9)
def dive(): dive()
dive()";

/// Linear memory of each sandbox; a runaway recursion fills all of it.
const MEMORY_BYTES: u64 = 96 << 20;

/// Most tries to start a sandbox while those of the row before are still going.
const TRIES: usize = 1000;

/// A new sandbox. Dropped ones keep their memory mappings until their workers have
/// ended, so it may have to wait for them.
async fn start(runtime: &Runtime) -> anyhow::Result<Sandbox> {
    for _ in 0..TRIES {
        match runtime.sandbox().memory_bytes(MEMORY_BYTES).start().await {
            Err(Error::LimitExceeded {
                limit: Limit::Mappings,
                ..
            }) => tokio::time::sleep(Duration::from_millis(10)).await,
            other => return Ok(other?),
        }
    }
    anyhow::bail!("the memory mappings of dropped sandboxes are not given back")
}

async fn live(runtime: &Runtime, count: usize, code: &str) -> anyhow::Result<Vec<Sandbox>> {
    let mut sandboxes = Vec::with_capacity(count);
    for _ in 0..count {
        let sandbox = start(runtime).await?;
        let report = sandbox.context()?.execute(code)?.report().await?;
        anyhow::ensure!(report.outcome.is_finished(), "{:?}", report.outcome.end);
        sandboxes.push(sandbox);
    }
    Ok(sandboxes)
}

/// Bytes that the sandboxes own, by their own account.
async fn resident(sandboxes: &[Sandbox]) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for sandbox in sandboxes {
        bytes += sandbox.residency().await?.resident_bytes;
    }
    Ok(bytes)
}

/// Private dirty bytes of the whole process, by the kernel's account, page
/// tables included.
fn process_bytes() -> anyhow::Result<u64> {
    let field = |text: &str, name: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0)
            * 1024
    };
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(field(&rollup, "Private_Dirty:") + field(&status, "VmPTE:"))
}

fn kib(bytes: u64, count: usize) -> String {
    format!("{} KiB each", bytes / 1024 / count.max(1) as u64)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let runtime = runtime(0).await?;
    head("Memory of live sandboxes", "cargo bench --bench density");
    for (name, code, most) in [
        ("1+1", "1+1", 500_000),
        ("a 30-line cell and gc", CELL, 1_500_000),
    ] {
        for count in [1, 100, 1000] {
            let before = process_bytes()?;
            let sandboxes = live(&runtime, count, code).await?;
            let grown = process_bytes()?.saturating_sub(before);
            let own = resident(&sandboxes).await?;
            anyhow::ensure!(own <= most * count as u64, "{own} bytes after {name}");
            row_of(
                &format!("{count} live after {name}"),
                &kib(own, count),
                &format!("process grew by {}", kib(grown, count)),
            );
        }
    }
    children(&runtime).await?;
    recursion(&runtime).await
}

/// Memory that the machine can give without swapping.
fn available_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(kib.unwrap_or(0) * 1024)
}

/// Live children of one parent, each having run a cell, until the budget of memory
/// mappings refuses more or memory gets short.
async fn children(runtime: &Runtime) -> anyhow::Result<()> {
    const AT_ONCE: usize = 500;
    const SPARED_BYTES: u64 = 6 << 30;
    let parent = live(runtime, 1, "x = 41").await?;
    let parent = parent.first().context("no parent")?;
    let before = process_bytes()?;
    let mut children = Vec::new();
    let ended = loop {
        if available_bytes()? < SPARED_BYTES {
            break "this machine has no more memory to spare".to_owned();
        }
        match parent.fork(AT_ONCE, Busy::default()).await {
            Ok(more) => {
                for child in &more {
                    let report = child.context()?.execute("x + 1")?.report().await?;
                    anyhow::ensure!(report.text() == Some("42"), "{report:?}");
                }
                children.extend(more);
            }
            Err(error) => break error.to_string(),
        }
    };
    let grown = process_bytes()?.saturating_sub(before);
    row_of(
        "live children of one parent, each having run a cell",
        &children.len().to_string(),
        &format!("process grew by {}; {ended}", kib(grown, children.len())),
    );
    Ok(())
}

/// What is left of a runaway recursion that filled the memory of each sandbox.
///
/// A first exception writes to the pages that show tracebacks, whatever raised it;
/// so there is one before, and the row names the state without one as well.
async fn recursion(runtime: &Runtime) -> anyhow::Result<()> {
    const COUNT: usize = 1000;
    const TIDY: &str = "import gc; gc.collect(); 1";
    const RAISE: &str = "def fail(n): return fail(n - 1) if n else 1 / 0\nfail(10)";
    let sandboxes = live(runtime, COUNT, TIDY).await?;
    let untouched = resident(&sandboxes).await?;
    for sandbox in &sandboxes {
        let context = sandbox.context()?;
        context.execute(RAISE)?.outcome().await?;
        context.execute(TIDY)?.outcome().await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident(&sandboxes).await?;
    for sandbox in &sandboxes {
        let context = sandbox.context()?;
        let outcome = context.execute(RECURSION)?.outcome().await?;
        anyhow::ensure!(!outcome.is_finished(), "the recursion came to an end");
        anyhow::ensure!(outcome.usage.peak_memory_bytes > MEMORY_BYTES / 2);
        context.execute(TIDY)?.outcome().await?;
    }
    // Idle guests give back within milliseconds.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = resident(&sandboxes).await?;
    row_of(
        "1,000 live after a runaway recursion in each",
        &kib(after, COUNT),
        &format!(
            "before, with an exception: {}; {:.2} times (without: {})",
            kib(before, COUNT),
            after as f64 / before as f64,
            kib(untouched, COUNT),
        ),
    );
    anyhow::ensure!(after * 10 <= before * 11, "{after} bytes after {before}");
    Ok(())
}
