//! Cells in a live context.
//!
//! `cargo bench --bench execute`

use std::time::Instant;

use sandcell::Context;

mod support;
use support::{Series, head, row, runtime};

const ROUNDS: usize = 5000;

async fn measure(context: &Context, code: &'static str) -> anyhow::Result<Series> {
    let mut series = Series::default();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let outcome = context.execute(code)?.outcome().await?;
        series.add(start.elapsed());
        anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    }
    Ok(series)
}

/// What a cell costs that asks nothing of the interpreter but to look at it.
async fn floor(context: &Context) -> anyhow::Result<Series> {
    measure(context, "").await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let runtime = runtime(0).await?;
    let sandbox = runtime.sandbox().start().await?;
    let context = sandbox.context()?;
    head("A cell in a live context", "cargo bench --bench execute");
    let empty = floor(&context).await?;
    let beside = format!("empty cell: {:.4} ms", empty.min_ms());
    row(
        "trivial cell, `1+1`",
        &measure(&context, "1+1").await?,
        &beside,
    );
    row(
        "assignment, `x = 1`",
        &measure(&context, "x = 1").await?,
        &beside,
    );
    row(
        "`print('x')`",
        &measure(&context, "print('x')").await?,
        &beside,
    );
    row(
        "`await asyncio.sleep(0)`",
        &measure(&context, "import asyncio; await asyncio.sleep(0)").await?,
        &beside,
    );
    Ok(())
}
