//! The interpreter's speed against Debian's own CPython, processor time.
//!
//! `cargo bench --bench cpu`

use std::process::Command;

use sandcell::{Cache, Context};

mod support;
use support::{head, row_of, runtime};

const ROUNDS: usize = 7;

/// Each program defines `run()`; its processor time is what counts.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "fib(27)",
        "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\ndef run(): fib(27)\n",
    ),
    ("nbody, 50,000 steps", include_str!("programs/nbody.py")),
    (
        "strings and dictionaries",
        include_str!("programs/strings.py"),
    ),
    ("json", include_str!("programs/json_round.py")),
];

async fn guest_ms(context: &Context) -> anyhow::Result<f64> {
    let outcome = context.execute("run()")?.outcome().await?;
    anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    Ok(outcome.usage.cpu.as_secs_f64() * 1e3)
}

fn native_ms(program: &str) -> Option<f64> {
    let timed = format!(
        "{program}\nimport os\na = os.times().user\nb = []\nimport time\nt = time.process_time()\nrun()\nprint((time.process_time() - t) * 1000)"
    );
    let output = Command::new("/usr/bin/python3.11")
        .args(["-c", &timed])
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let runtime = runtime(0).await?;
    Cache::of_user()?.add_fuel("python")?;
    head(
        "Speed of the interpreter, processor time, minimum of 7",
        "cargo bench --bench cpu",
    );
    let (mut epoch_product, mut fuel_product, mut count) = (1.0, 1.0, 0);
    for (name, program) in PROGRAMS {
        let epoch = runtime.sandbox().start().await?.context()?;
        let fuel = runtime.sandbox().fuel(1 << 60).start().await?.context()?;
        epoch.execute(program)?.outcome().await?;
        fuel.execute(program)?.outcome().await?;
        let (mut ours, mut fueled, mut theirs) = (f64::MAX, f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            ours = ours.min(guest_ms(&epoch).await?);
            fueled = fueled.min(guest_ms(&fuel).await?);
            theirs = theirs.min(native_ms(program).unwrap_or(f64::MAX));
        }
        let figure = format!("{ours:.1} ms, with fuel {fueled:.1} ms");
        if theirs < f64::MAX {
            epoch_product *= ours / theirs;
            fuel_product *= fueled / theirs;
            count += 1;
            let ratios = format!(
                "{theirs:.1} ms; ratio {:.2}, {:.2}",
                ours / theirs,
                fueled / theirs
            );
            row_of(name, &figure, &ratios);
        } else {
            row_of(name, &figure, "no /usr/bin/python3.11");
        }
    }
    let root = 1.0 / f64::from(count.max(1));
    let means = format!(
        "{:.2}, with fuel {:.2}",
        f64::powf(epoch_product, root),
        f64::powf(fuel_product, root)
    );
    row_of("geometric mean of the ratios to python3.11", &means, "");
    Ok(())
}
