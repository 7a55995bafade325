//! A new sandbox and its first result.
//!
//! `cargo bench --bench create`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sandcell::Runtime;

mod support;
use support::{Series, head, milliseconds, row, row_of, runtime};

const ROUNDS: usize = 300;
const MANY: usize = 1000;

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

async fn many(runtime: &Runtime) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut live = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        let sandbox = runtime.sandbox().start().await?;
        let outcome = sandbox.context()?.execute("1+1")?.outcome().await?;
        anyhow::ensure!(outcome.is_finished());
        live.push(sandbox);
    }
    Ok(milliseconds(start.elapsed()))
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
    let total = many(&cold_runtime).await?;
    row_of(
        "1,000 sandboxes created, each run once, all kept",
        &format!("{total:.0} ms"),
        "",
    );
    Ok(())
}
