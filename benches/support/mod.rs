//! What all benches share: the image, statistics, and rows that name the figure,
//! the floor and the command that repeats them.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each bench uses a part of this module"
)]

use std::time::{Duration, Instant};

use sandcell::{Cache, Runtime};

/// Opens a runtime over the Python image, building it first if need be.
pub async fn runtime(warm: usize) -> anyhow::Result<Runtime> {
    let cache = Cache::of_user()?;
    cache
        .ensure(&sandcell_python::Python::default(), &mut ())
        .await?;
    let runtime = Runtime::builder()
        .cache(cache)
        .image("python")
        .warm(warm)
        .open()?;
    runtime.warm_up().await?;
    Ok(runtime)
}

/// As [`runtime`], with the shell and the tools.
pub async fn runtime_with_programs(warm: usize) -> anyhow::Result<Runtime> {
    let cache = Cache::of_user()?;
    cache
        .ensure(&sandcell_python::Python::default(), &mut ())
        .await?;
    let built = cache.clone();
    let programs =
        tokio::task::spawn_blocking(move || sandcell_programs::build_silently(&built)).await??;
    let runtime = Runtime::builder()
        .programs(programs)
        .cache(cache)
        .image("python")
        .warm(warm)
        .open()?;
    runtime.warm_up().await?;
    Ok(runtime)
}

/// Durations of one thing done many times.
#[derive(Debug, Default)]
pub struct Series(Vec<Duration>);

impl Series {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub fn time<T>(&mut self, body: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = body();
        self.add(start.elapsed());
        value
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted
    }

    pub fn max(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// The first: before caches and allocators know the work.
    pub fn first_ms(&self) -> f64 {
        milliseconds(self.0.first().copied().unwrap_or_default())
    }

    pub fn min_ms(&self) -> f64 {
        milliseconds(self.sorted().first().copied().unwrap_or_default())
    }

    pub fn median_ms(&self) -> f64 {
        let sorted = self.sorted();
        milliseconds(sorted.get(sorted.len() / 2).copied().unwrap_or_default())
    }
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Prints a line of a table of another shape.
pub fn line(text: &str) {
    println!("{text}");
}

/// Prints the head of a bench's table.
pub fn head(title: &str, command: &str) {
    println!("\n## {title}\n`{command}`\n");
    println!("| figure | min | median | beside it, same run |");
    println!("|---|---|---|---|");
}

/// Prints one row in milliseconds.
pub fn row(figure: &str, series: &Series, beside: &str) {
    println!(
        "| {figure} | {:.4} ms | {:.4} ms | {beside} |",
        series.min_ms(),
        series.median_ms()
    );
}

/// Prints one row of any unit.
pub fn row_of(figure: &str, value: &str, beside: &str) {
    println!("| {figure} | {value} | | {beside} |");
}
