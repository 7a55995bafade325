//! The promises of speed in SPECIFICATION.md, as ratios that hold on slow and busy
//! machines too: each figure against a fixed piece of native work measured in
//! turns with it. Fails when one is half as slow again as in `benches/gate.txt`.
//!
//! `cargo bench --bench gate`; with `-- --update` the file is written anew.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use sandcell::{Busy, Cache, Checkpoints, Context, Runtime, Sandbox};

mod support;
use support::{Series, runtime};

/// How often each thing is measured. The minimum counts.
const ROUNDS: usize = 60;

/// How much worse than the baseline is a failure.
const SLACK: f64 = 1.5;

/// What a sandbox has in memory before it is saved and copied: 4 MB.
const LOAD: &str = "data = bytearray(b'x' * 4_000_000)";

/// The measure: a hash over a mebibyte, about a millisecond.
fn measure(series: &mut Series, bytes: &[u8]) {
    series.time(|| {
        let hash = bytes.chunks_exact(8).fold(0u64, |hash, chunk| {
            let word = chunk
                .iter()
                .fold(0u64, |word, byte| word << 8 | u64::from(*byte));
            (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(17)
        });
        black_box(hash)
    });
}

async fn cell(context: &Context, code: &str) -> anyhow::Result<()> {
    let outcome = context.execute(code)?.outcome().await?;
    anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    Ok(())
}

async fn first(runtime: &Runtime) -> anyhow::Result<Sandbox> {
    let sandbox = runtime.sandbox().start().await?;
    cell(&sandbox.context()?, "1+1").await?;
    Ok(sandbox)
}

/// The figures, by name.
#[derive(Default)]
struct Figures {
    names: Vec<&'static str>,
    series: Vec<Series>,
}

impl Figures {
    fn add(&mut self, name: &'static str, start: Instant) {
        let spent = start.elapsed();
        let at = self.names.iter().position(|known| *known == name);
        let at = at.unwrap_or_else(|| {
            self.names.push(name);
            self.series.push(Series::default());
            self.names.len() - 1
        });
        if let Some(series) = self.series.get_mut(at) {
            series.add(spent);
        }
    }
}

/// One turn of everything.
async fn turn(
    python: &Runtime,
    javascript: &Runtime,
    live: &Sandbox,
    loaded: &Sandbox,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let fresh = first(python).await?;
    figures.add("python: create and first result", start);
    let start = Instant::now();
    first(javascript).await?;
    figures.add("javascript: create and first result", start);

    let context = live.context()?;
    let start = Instant::now();
    cell(&context, "1+1").await?;
    figures.add("python: trivial cell", start);
    let start = Instant::now();
    cell(&context, "sum(n * n for n in range(100_000))").await?;
    figures.add("python: a hundred thousand turns of a generator", start);

    for (sandbox, saved, restored) in [
        (&fresh, "snapshot, fresh", "restore and first cell, fresh"),
        (loaded, "snapshot, 4 MB", "restore and first cell, 4 MB"),
    ] {
        let start = Instant::now();
        let snapshot = sandbox.snapshot(Busy::Refuse).await?;
        figures.add(saved, start);
        let start = Instant::now();
        let copy = python.sandbox().snapshot(&snapshot).start().await?;
        cell(&copy.context()?, "1+1").await?;
        figures.add(restored, start);
    }

    let start = Instant::now();
    let children = fresh.fork(20, Busy::Refuse).await?;
    figures.add("fork of twenty", start);
    drop(children);

    let careful = python.sandbox().checkpoints(Checkpoints::EveryCell);
    let careful = careful.start().await?;
    let context = careful.context()?;
    cell(&context, "1+1").await?;
    let start = Instant::now();
    cell(&context, "1+1").await?;
    figures.add("python: trivial cell with a checkpoint", start);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let python = runtime(0).await?;
    let cache = Cache::of_user()?;
    let guest = sandcell_javascript::JavaScript::default();
    cache.ensure(&guest, &mut ()).await?;
    let javascript = Runtime::builder().cache(cache).image("javascript").warm(0);
    let javascript = javascript.open()?;
    let live = first(&python).await?;
    let loaded = first(&python).await?;
    cell(&loaded.context()?, LOAD).await?;

    let bytes = vec![7; 1 << 20];
    let (mut floor, mut figures) = (Series::default(), Figures::default());
    for _ in 0..ROUNDS {
        measure(&mut floor, &bytes);
        turn(&python, &javascript, &live, &loaded, &mut figures).await?;
    }
    let ratios = figures.names.iter().zip(&figures.series);
    let ratios = ratios.map(|(name, series)| (*name, series.min_ms() / floor.min_ms()));
    judge(&ratios.collect::<Vec<_>>(), floor.min_ms())
}

/// Compares with the baseline, or writes it.
fn judge(ratios: &[(&str, f64)], floor_ms: f64) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/gate.txt");
    println!("the measure: {floor_ms:.3} ms\n");
    if std::env::args().any(|argument| argument == "--update") {
        let mut text = String::from("# ratio to the measure of benches/gate.rs, figure\n");
        for (name, ratio) in ratios {
            println!("{ratio:8.4}  {name}");
            writeln!(text, "{ratio:.4} {name}")?;
        }
        return Ok(std::fs::write(path, text)?);
    }
    let baseline = std::fs::read_to_string(path)?;
    let allowed = |name: &str| {
        let lines = baseline.lines().filter_map(|line| line.split_once(' '));
        let mut same = lines.filter(|(_, figure)| *figure == name);
        same.next().and_then(|(ratio, _)| ratio.parse::<f64>().ok())
    };
    let mut worse = 0;
    for (name, ratio) in ratios {
        let Some(before) = allowed(name) else {
            anyhow::bail!("{name} is not in benches/gate.txt: run with -- --update");
        };
        let verdict = if *ratio > before * SLACK { "WORSE" } else { "" };
        worse += usize::from(!verdict.is_empty());
        println!("{ratio:8.4}  before {before:8.4}  {name} {verdict}");
    }
    anyhow::ensure!(worse == 0, "{worse} figures are worse than they may be");
    Ok(())
}
