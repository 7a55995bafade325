//! Sandcell as a library, in ten lines: two cells in one context, events while
//! they stream, the last value.
//!
//! `cargo run --release --example embed` (after `sandcell image build python`)

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sandcell::{Event, Runtime};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let runtime = Runtime::open("python")?;
    let sandbox = runtime.sandbox().memory_bytes(256 << 20).start().await?;
    let context = sandbox.context()?;
    context
        .execute("numbers = [n * n for n in range(5)]")?
        .outcome()
        .await?;
    let mut cell = context.execute("for n in numbers: print('square', n)\nsum(numbers)")?;
    while let Some(event) = cell.next().await {
        match event {
            Event::Result(value) => println!("the last value is {}", value.text().unwrap_or("?")),
            other => print!("{}", other.text_lossy().unwrap_or_default()),
        }
    }
    println!("{:?}", cell.outcome().await?.usage);
    Ok(())
}
