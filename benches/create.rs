//! A new sandbox and its first result.
//!
//! `cargo bench --bench create`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sandcell::Runtime;

mod support;
use support::{Series, head, row, runtime};

const ROUNDS: usize = 300;
const MANY: usize = 1000;
const MANY_ROUNDS: usize = 5;

/// A core that rests this long loses its caches, and on a shared machine its
/// place: what that costs is a row of its own.
const IDLE: Duration = Duration::from_millis(3);

/// A sandbox from nothing to its first result; dropped outside of the time.
async fn first_result(runtime: &Runtime, series: &mut Series) -> anyhow::Result<()> {
    let start = Instant::now();
    let sandbox = runtime.sandbox().start().await?;
    let report = sandbox.context()?.execute("1+1")?.report().await?;
    series.add(start.elapsed());
    anyhow::ensure!(report.text() == Some("2"), "{report:?}");
    Ok(())
}

/// The floor without isolation: a native interpreter started anew.
fn native(series: &mut Series) -> bool {
    let run = || {
        Command::new("/usr/bin/python3")
            .args(["-c", "print(1+1)"])
            .stdout(Stdio::null())
            .status()
    };
    series.time(run).is_ok_and(|status| status.success())
}

/// Waits until the pool is full, and keeps the core busy meanwhile.
async fn filled(runtime: &Runtime) -> anyhow::Result<()> {
    let mut full = std::pin::pin!(runtime.warm_up());
    loop {
        tokio::select! {
            biased;
            answer = &mut full => return Ok(answer?),
            () = tokio::task::yield_now() => {}
        }
    }
}

async fn many(runtime: &Runtime) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut live = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        let sandbox = runtime.sandbox().start().await?;
        let outcome = sandbox.context()?.execute("1+1")?.outcome().await?;
        anyhow::ensure!(outcome.is_finished());
        live.push(sandbox);
    }
    Ok(start.elapsed())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cold_runtime = runtime(0).await?;
    let warm_runtime = runtime(8).await?;
    let (mut cold, mut warm) = (Series::default(), Series::default());
    let (mut idle, mut floor) = (Series::default(), Series::default());
    let mut native_runs = true;
    for round in 0..ROUNDS {
        first_result(&cold_runtime, &mut cold).await?;
        if round % 10 == 0 {
            native_runs &= native(&mut floor);
        }
    }
    for _ in 0..ROUNDS {
        filled(&warm_runtime).await?;
        first_result(&warm_runtime, &mut warm).await?;
    }
    for _ in 0..ROUNDS {
        tokio::time::sleep(IDLE).await;
        first_result(&cold_runtime, &mut idle).await?;
    }
    head(
        "New sandbox and its first result",
        "cargo bench --bench create",
    );
    let beside = if native_runs {
        format!("python3 -c: {:.2} ms", floor.min_ms())
    } else {
        "no /usr/bin/python3".to_owned()
    };
    row("create + first result, cold slot", &cold, &beside);
    row("create + first result, warm pool", &warm, &beside);
    row(
        "create + first result, cold slot, after 3 ms of idleness",
        &idle,
        &beside,
    );
    let mut all = Series::default();
    for _ in 0..MANY_ROUNDS {
        all.add(many(&cold_runtime).await?);
        // Their end takes its own time, and the next round shall not pay it.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    row(
        "1,000 sandboxes created, each run once, all kept",
        &all,
        &format!("the first time in this process: {:.0} ms", all.first_ms()),
    );
    Ok(())
}
