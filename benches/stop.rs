//! How long a running cell takes to stop.
//!
//! `cargo bench --bench stop`
//!
//! Soft: from the interrupt to the outcome, variables kept. Hard: the same with no
//! grace time, so that the guest is stopped by force and goes back to its last
//! checkpoint.

use std::time::{Duration, Instant};

use sandcell::{Checkpoints, Event, Runtime, Sandbox};

mod support;
use support::{Series, milliseconds, runtime};

const ROUNDS: usize = 15;

/// What runs, and what was run before it.
const CELLS: [(&str, &str, &str); 6] = [
    ("tight loop", "", "while True: pass"),
    ("sleep", "import time", "time.sleep(10**6)"),
    ("regex", "import re", "re.match(r'(a+)+$', 'a' * 60 + 'b')"),
    ("big-int power", "", "len(str(7 ** (10 ** 8)))"),
    (
        "sort with a slow key",
        "numbers = list(range(1000))",
        "numbers.sort(key=lambda n: sum(range(10**5)))",
    ),
    ("output flood", "", "while True: print('x' * 1000)"),
];

/// One stop. The answer says whether variables were kept.
async fn stop(sandbox: &Sandbox, code: &str, series: &mut Series) -> anyhow::Result<bool> {
    let context = sandbox.context()?;
    let mut execution = context.execute(format!("print('go')\n{code}"))?;
    let interrupt = execution.interrupt_handle();
    let first = execution.next().await;
    anyhow::ensure!(matches!(first, Some(Event::Stdout(_))), "{first:?}");
    // Until it is in the middle of what it does.
    let middle = tokio::time::sleep(Duration::from_millis(20));
    let reading = async { while execution.next().await.is_some() {} };
    tokio::select! {
        () = middle => {}
        () = reading => anyhow::bail!("it came to an end: {code}"),
    }
    let start = Instant::now();
    interrupt.interrupt();
    while execution.next().await.is_some() {}
    let outcome = execution.outcome().await?;
    series.add(start.elapsed());
    anyhow::ensure!(!outcome.is_finished(), "{code}");
    Ok(outcome.lost.is_none())
}

async fn stops(
    runtime: &Runtime,
    cell: (&str, &str, &str),
    grace: Duration,
) -> anyhow::Result<(Series, bool)> {
    let (_, before, code) = cell;
    let builder = runtime.sandbox().grace(grace).output_bytes(4 << 30);
    let sandbox = builder.checkpoints(Checkpoints::EveryCell).start().await?;
    sandbox.context()?.execute(before)?.outcome().await?;
    let mut series = Series::default();
    let mut kept = true;
    for _ in 0..ROUNDS {
        kept &= stop(&sandbox, code, &mut series).await?;
    }
    Ok((series, kept))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let runtime = runtime(0).await?;
    let grace = Duration::from_millis(500);
    support::line("\n## Stopping a cell\n`cargo bench --bench stop`\n");
    support::line("| cell | soft: median | largest | variables | hard: median | largest |");
    support::line("|---|---|---|---|---|---|");
    for cell in CELLS {
        let (soft, kept) = stops(&runtime, cell, grace).await?;
        let (hard, _) = stops(&runtime, cell, Duration::ZERO).await?;
        let kept = if kept { "kept" } else { "lost" };
        support::line(&format!(
            "| {} | {:.2} ms | {:.2} ms | {kept} | {:.2} ms | {:.2} ms |",
            cell.0,
            soft.median_ms(),
            milliseconds(soft.max()),
            hard.median_ms(),
            milliseconds(hard.max()),
        ));
    }
    Ok(())
}
