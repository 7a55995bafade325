//! The data image: a new sandbox and its first data frame, its first picture, what a
//! sandbox has in memory then, and the speed of numpy and pandas against their
//! native wheels on this machine.
//!
//! `cargo bench --bench data`; the native packages come from a virtual environment
//! that is made in the cache with this machine's `python3` and its pip, in the
//! versions of the image. `SANDCELL_NATIVE_PYTHON` names another interpreter that
//! has them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sandcell::{Cache, Context, Runtime, Sandbox};

mod support;
use support::{Series, head, milliseconds, row, row_of};

/// How often each thing is done.
const ROUNDS: usize = 30;
const LIVE: usize = 20;
/// More than wiping a sandbox that drew a plot takes.
const WIPING: Duration = Duration::from_millis(10);
const MIX_ROUNDS: usize = 5;

const FRAME: &str = "import pandas as pd\npd.DataFrame({'x': [1, 2, 3], 'y': ['a', 'b', 'c']})";
const PLOT: &str = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3], [4, 1, 9]); plt.show()";

/// Versions of the image, see `guest-langs/python/recipe/data`.
const NATIVE: [&str; 2] = ["numpy==2.2.6", "pandas==2.2.3"];

/// Shared by all lines of the mix.
const SETUP: &str = "
import io, time
import numpy as np, pandas as pd
rng = np.random.default_rng(1)
million = rng.random(1_000_000)
left, right = rng.random((256, 256)), rng.random((256, 256))
table = pd.DataFrame({'key': rng.integers(0, 1000, 200_000), 'value': rng.random(200_000)})
text = table.to_csv(index=False)
names = pd.DataFrame({'key': np.arange(1000), 'name': [f'n{i}' for i in range(1000)]})
series = pd.Series(rng.random(100_000), pd.date_range('2024-01-01', periods=100_000, freq='min'))
def repeat(body, many):
    for _ in range(many): body()
def best(body):
    # Processor time: what others run on this machine meanwhile does not count.
    start = time.thread_time(); body(); once = time.thread_time() - start
    many = max(1, int(0.005 / max(once, 1e-6)))
    least = 1e9
    for _ in range(5):
        start = time.thread_time(); repeat(body, many)
        least = min(least, (time.thread_time() - start) / many)
    return least * 1e3
";

/// A line of the mix, and what it does.
const MIX: [(&str, &str); 14] = [
    ("sine of a million", "np.sin(million)"),
    ("sum of a million", "million.sum()"),
    ("a million times two plus one", "million * 2 + 1"),
    ("sort of a million", "np.sort(million)"),
    ("product of 256 x 256", "left @ right"),
    (
        "Fourier transform of 262,144",
        "np.fft.fft(million[:262_144])",
    ),
    ("linear system of 256", "np.linalg.solve(left, right[0])"),
    ("normal numbers, a million", "rng.normal(size=1_000_000)"),
    (
        "group and sum 200,000",
        "table.groupby('key')['value'].sum()",
    ),
    ("merge 200,000 with 1,000", "table.merge(names, on='key')"),
    (
        "pivot 200,000",
        "table.assign(half=table['key'] % 7).pivot_table(index='key', columns='half', values='value', aggfunc='mean')",
    ),
    (
        "read a CSV of 200,000 lines",
        "pd.read_csv(io.StringIO(text))",
    ),
    ("write a CSV of 200,000 lines", "table.to_csv(index=False)"),
    ("resample 100,000 minutes", "series.resample('h').mean()"),
];

/// A sandbox from nothing to its first result.
async fn first(runtime: &Runtime, code: &str, series: &mut Series) -> anyhow::Result<Sandbox> {
    let start = Instant::now();
    let sandbox = runtime.sandbox().start().await?;
    let outcome = sandbox.context()?.execute(code)?.outcome().await?;
    series.add(start.elapsed());
    anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    Ok(sandbox)
}

/// Waits until a dropped sandbox is wiped, which its task does on this thread, and
/// keeps the core busy meanwhile.
async fn ended() {
    let start = Instant::now();
    while start.elapsed() < WIPING {
        tokio::task::yield_now().await;
    }
}

async fn memory(runtime: &Runtime) -> anyhow::Result<f64> {
    let mut live = Vec::new();
    let mut bytes = 0;
    for _ in 0..LIVE {
        let sandbox = first(runtime, FRAME, &mut Series::default()).await?;
        bytes += sandbox.residency().await?.resident_bytes;
        live.push(sandbox);
    }
    #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
    let each = bytes as f64 / LIVE as f64 / 1e6;
    Ok(each)
}

/// A Python of this machine that has the native packages; made once in the cache.
fn native_python(cache: &Cache) -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("SANDCELL_NATIVE_PYTHON") {
        return Ok(PathBuf::from(named));
    }
    let folder = cache.path().join("bench-native");
    let python = folder.join("bin/python");
    if !folder.join("ready").exists() {
        let run = |program: &Path, arguments: &[&str]| -> anyhow::Result<()> {
            let status = Command::new(program).args(arguments).status()?;
            anyhow::ensure!(
                status.success(),
                "{} {arguments:?}: {status}",
                program.display()
            );
            Ok(())
        };
        run(
            Path::new("python3"),
            &["-m", "venv", &folder.to_string_lossy()],
        )?;
        let install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:"];
        run(&python, &[&install[..], &NATIVE[..]].concat())?;
        std::fs::write(folder.join("ready"), NATIVE.join("\n"))?;
    }
    Ok(python)
}

/// Milliseconds of each line, natively, on one thread as the guest has.
fn native(python: &Path) -> anyhow::Result<Vec<f64>> {
    let mut child = Command::new(python)
        .arg("-")
        .env("OPENBLAS_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut program = SETUP.to_owned();
    for (_, body) in MIX {
        program.push_str(&format!("print(best(lambda: {body}))\n"));
    }
    let mut input = child.stdin.take();
    if let Some(input) = &mut input {
        input.write_all(program.as_bytes())?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
}

/// Milliseconds of processor time that a line takes in the guest, once.
async fn ours(context: &Context, body: &str) -> anyhow::Result<f64> {
    let once = spent(context, body, 1).await?;
    let many = (5.0 / once.max(0.001)).clamp(1.0, 5000.0).floor();
    let mut least = f64::MAX;
    for _ in 0..5 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 5000"
        )]
        let all = spent(context, body, many as u32).await?;
        least = least.min(all / many);
    }
    Ok(least)
}

async fn spent(context: &Context, body: &str, many: u32) -> anyhow::Result<f64> {
    let code = format!("repeat(lambda: {body}, {many})");
    let outcome = context.execute(code)?.outcome().await?;
    anyhow::ensure!(outcome.is_finished(), "{body}: {:?}", outcome.end);
    Ok(milliseconds(outcome.usage.cpu))
}

async fn mix(runtime: &Runtime, python: &Path) -> anyhow::Result<()> {
    let sandbox = runtime.sandbox().start().await?;
    let context = sandbox.context()?;
    let outcome = context.execute(SETUP)?.outcome().await?;
    anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    let mut least = [(f64::MAX, f64::MAX); MIX.len()];
    // In turns, so that both meet the same machine.
    for _ in 0..MIX_ROUNDS {
        let natively = native(python)?;
        for ((line, natively), (_, body)) in least.iter_mut().zip(natively).zip(MIX) {
            line.0 = line.0.min(ours(&context, body).await?);
            line.1 = line.1.min(natively);
        }
    }
    let mut logarithms = 0.0;
    for ((name, _), (ours, natively)) in MIX.iter().zip(least) {
        let ratio = ours / natively;
        logarithms += ratio.ln();
        row_of(
            name,
            &format!("{ours:.3} ms"),
            &format!("native {natively:.3} ms; ratio {ratio:.2}"),
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
    let mean = (logarithms / MIX.len() as f64).exp();
    row_of("geometric mean of the ratios", &format!("{mean:.2}"), "");
    Ok(())
}

/// The image is built by hand: its first build takes a quarter of an hour. An image
/// of another name can be measured, such as one that was imported.
fn open(cache: &Cache) -> anyhow::Result<Runtime> {
    let name = std::env::var("SANDCELL_IMAGE").unwrap_or_else(|_| "data".to_owned());
    if let Err(error) = cache.image(&name) {
        anyhow::bail!("{error}; sandcell image build data");
    }
    Ok(Runtime::builder()
        .cache(cache.clone())
        .image(&name)
        .warm(0)
        .open()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cache = Cache::of_user()?;
    let runtime = open(&cache)?;
    runtime.warm_up().await?;
    let (mut frame, mut plot) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        drop(first(&runtime, FRAME, &mut frame).await?);
        ended().await;
        drop(first(&runtime, PLOT, &mut plot).await?);
        ended().await;
    }
    head("The data image", "cargo bench --bench data");
    row("create + first data frame", &frame, "promise: 3 ms");
    row("create + first plot as PNG", &plot, "promise: 150 ms");
    let each = memory(&runtime).await?;
    row_of(
        "memory of a live sandbox after its first data frame",
        &format!("{each:.2} MB"),
        "promise: 6 MB",
    );
    mix(&runtime, &native_python(&cache)?).await
}
