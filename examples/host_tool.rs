//! A function of the host that sandboxed code may call: nothing else of the host
//! is within its reach.
//!
//! `cargo run --release --example host_tool` (after `sandcell image build python`)

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use sandcell::{HostError, Runtime};
use serde_json::{Value, json};

const PROGRAM: &str = "\
import asyncio
print('plainly:', price('tea'))
print('at once:', await asyncio.gather(price('tea'), price('coffee')))
try:
    await price(product='gold')
except Exception as error:
    print(type(error).__name__, error)
";

/// Arguments come from code that nobody has reviewed, so they are checked.
async fn price(arguments: Value) -> Result<Value, HostError> {
    let product = arguments.get("product").and_then(Value::as_str);
    tokio::time::sleep(Duration::from_millis(20)).await;
    match product {
        Some("tea") => Ok(json!({"cents": 250})),
        Some("coffee") => Ok(json!({"cents": 320})),
        Some(other) => Err(HostError::named(
            "UnknownProduct",
            format!("no {other} here"),
        )),
        None => Err(HostError::new("product is a text")),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let schema = json!({
        "description": "The price of a product.",
        "properties": {"product": {"type": "string"}},
        "required": ["product"],
    });
    let runtime = Runtime::open("python")?;
    let sandbox = runtime
        .sandbox()
        .host_function("price", schema, price)
        .start()
        .await?;
    let report = sandbox.context()?.execute(PROGRAM)?.report().await?;
    print!("{}", report.stdout_text());
    println!("{}", report.outcome.end);
    Ok(())
}
