//! Snapshots, restores, forks, checkpoints, undo.
//!
//! `cargo bench --bench snapshot`

use std::time::{Duration, Instant};

use sandcell::{Busy, Checkpoints, Durability, Runtime, Sandbox};

mod support;
use support::{Series, head, milliseconds, row, row_of, runtime};

const ROUNDS: usize = 100;
const CHILDREN: u32 = 1000;

/// What the sandbox holds when it is saved, and has written since the last time.
const STATES: [(&str, &str); 2] = [
    ("fresh", "x = 41"),
    (
        "4 MB dirty",
        "x = 41; n = globals().get('n', 0) % 200 + 1; data = bytes([n]) * 4_000_000",
    ),
];

async fn sandbox(
    runtime: &Runtime,
    checkpoints: Checkpoints,
    code: &str,
) -> anyhow::Result<Sandbox> {
    let sandbox = runtime.sandbox().checkpoints(checkpoints).start().await?;
    run(&sandbox, code).await?;
    Ok(sandbox)
}

async fn run(sandbox: &Sandbox, code: &str) -> anyhow::Result<()> {
    let outcome = sandbox.context()?.execute(code)?.outcome().await?;
    anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    Ok(())
}

/// Ends a sandbox, outside of what is timed.
async fn gone(sandbox: Sandbox) {
    drop(sandbox);
    // Its worker sees that with its next turn.
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// The floor: so many bytes to a file of the same folder.
fn plain_write(path: &std::path::Path, bytes: u64, series: &mut Series) -> anyhow::Result<()> {
    let bytes = vec![7; usize::try_from(bytes)?];
    series.time(|| std::fs::write(path, &bytes))?;
    Ok(())
}

async fn snapshots(runtime: &Runtime) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("sandcell-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (file, other) = (folder.join("snapshot"), folder.join("plain"));
    for (name, code) in STATES {
        let sandbox = sandbox(runtime, Checkpoints::Never, code).await?;
        let [
            mut unchanged,
            mut taken,
            mut saved,
            mut loaded,
            mut restored,
            mut floor,
        ] = [(); 6].map(|()| Series::default());
        for _ in 0..ROUNDS {
            run(&sandbox, code).await?;
            let start = Instant::now();
            let snapshot = sandbox.snapshot(Busy::Refuse).await?;
            taken.add(start.elapsed());
            snapshot.save(&file, Durability::Process).await?;
            saved.add(start.elapsed());
            run(&sandbox, "x = 41").await?;
            let start = Instant::now();
            let _small = sandbox.snapshot(Busy::Refuse).await?;
            unchanged.add(start.elapsed());
            plain_write(&other, file.metadata()?.len(), &mut floor)?;
            let start = Instant::now();
            let copy = runtime.sandbox().snapshot(&snapshot).start().await?;
            run(&copy, "x + 1").await?;
            restored.add(start.elapsed());
            gone(copy).await;
            let start = Instant::now();
            let snapshot = runtime.load_snapshot(&file).await?;
            let copy = runtime.sandbox().snapshot(&snapshot).start().await?;
            run(&copy, "x + 1").await?;
            loaded.add(start.elapsed());
            gone(copy).await;
        }
        let mut again = Series::default();
        let snapshot = sandbox.snapshot(Busy::Refuse).await?;
        for round in 0..ROUNDS {
            let start = Instant::now();
            let copy = runtime.sandbox().snapshot(&snapshot).start().await?;
            run(&copy, "x + 1").await?;
            if round >= ROUNDS / 10 {
                again.add(start.elapsed());
            }
            gone(copy).await;
            // Its image is made in the background.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let write = format!("write of as many bytes: {:.3} ms", floor.median_ms());
        row(&format!("snapshot, {name}"), &taken, "");
        row(
            &format!("snapshot, {name}, and a small cell since the last"),
            &unchanged,
            "",
        );
        row(
            &format!("snapshot to a file, digest included, {name}"),
            &saved,
            &write,
        );
        row(&format!("restore + first cell, {name}"), &restored, "");
        row(
            &format!("restore + first cell, from the tenth on, {name}"),
            &again,
            "",
        );
        row(
            &format!("restore from a file + first cell, {name}"),
            &loaded,
            "",
        );
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

async fn forks(runtime: &Runtime) -> anyhow::Result<()> {
    let parent = sandbox(runtime, Checkpoints::Never, "x = 41").await?;
    let mut one = Series::default();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let children = parent.fork(1, Busy::Refuse).await?;
        one.add(start.elapsed());
        for child in children {
            gone(child).await;
        }
    }
    row("fork of one", &one, "");
    for (name, code) in STATES {
        let parent = sandbox(runtime, Checkpoints::Never, code).await?;
        let (mut forked, mut all) = (Series::default(), Series::default());
        let mut resident = 0;
        for _ in 0..5 {
            let start = Instant::now();
            let children = parent.fork(CHILDREN as usize, Busy::Refuse).await?;
            forked.add(start.elapsed() / CHILDREN);
            for child in &children {
                run(child, "x + 1").await?;
            }
            all.add(start.elapsed() / CHILDREN);
            resident = 0;
            for child in &children {
                resident += child.residency().await?.resident_bytes;
            }
            for child in children {
                gone(child).await;
            }
        }
        let each = resident / 1024 / u64::from(CHILDREN);
        row(&format!("each of 1,000 children, {name}"), &forked, "");
        row(
            &format!("each of 1,000 children and its first cell, {name}"),
            &all,
            &format!("{each} KiB of its own after it"),
        );
    }
    Ok(())
}

async fn cells(sandbox: &Sandbox, count: u32, code: &str) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for _ in 0..count {
        run(sandbox, code).await?;
    }
    Ok(start.elapsed() / count)
}

/// Cells that change ten pages of a hundred megabytes.
async fn big(runtime: &Runtime) -> anyhow::Result<()> {
    const SETUP: &str = "data = bytearray(100 << 20); n = 0";
    let code = "for n in range(n + 1, n + 11): data[n * 40_960] = 1\nif n > 2000: n = 0";
    let never = sandbox(runtime, Checkpoints::Never, SETUP).await?;
    let every = sandbox(runtime, Checkpoints::EveryCell, SETUP).await?;
    let (plain, saved) = (
        cells(&never, 1000, code).await?,
        cells(&every, 1000, code).await?,
    );
    row_of(
        "checkpoints, EveryCell with 100 MB live and 10 dirty pages a cell: each",
        &format!("{:.4} ms", milliseconds(saved.saturating_sub(plain))),
        &format!("a cell: {:.4} ms", milliseconds(plain)),
    );
    Ok(())
}

async fn checkpoints(runtime: &Runtime) -> anyhow::Result<()> {
    const COUNT: u32 = 10_000;
    let never = sandbox(runtime, Checkpoints::Never, "n = 0").await?;
    let auto = sandbox(runtime, Checkpoints::Auto, "n = 0").await?;
    let every = sandbox(runtime, Checkpoints::EveryCell, "n = 0").await?;
    let code = "n += 1; sum(range(800))";
    let (mut plain, mut busy) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        plain = plain.min(cells(&never, COUNT, code).await?);
        busy = busy.min(cells(&auto, COUNT, code).await?);
    }
    let saved = cells(&every, 1000, code).await?;
    let share = busy.as_secs_f64() / plain.as_secs_f64() - 1.0;
    row_of(
        "checkpoints, Auto: share of 10,000 cells",
        &format!("{:.1} %", share * 100.0),
        &format!("a cell: {:.4} ms", milliseconds(plain)),
    );
    row_of(
        "checkpoints, EveryCell: each",
        &format!("{:.4} ms", milliseconds(saved.saturating_sub(plain))),
        "",
    );
    big(runtime).await?;
    let mut undo = Series::default();
    for _ in 0..ROUNDS {
        run(&every, "n += 1").await?;
        let context = every.context()?;
        let start = Instant::now();
        context.undo().await?;
        undo.add(start.elapsed());
        run(&every, "n").await?;
    }
    row("undo", &undo, "");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let runtime = runtime(0).await?;
    head(
        "Saving and copying live sandboxes",
        "cargo bench --bench snapshot",
    );
    snapshots(&runtime).await?;
    forks(&runtime).await?;
    checkpoints(&runtime).await
}
