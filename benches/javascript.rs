//! JavaScript: a new sandbox and its first result, cells, speed, memory.
//!
//! `cargo bench --bench javascript`. The speed is measured against the same engine,
//! without our changes, compiled for this machine by the same compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sandcell::{Cache, Context, Runtime};
use sandcell_javascript::build;

mod support;
use support::{Series, head, row, row_of};

const ROUNDS: usize = 300;
const CELLS: usize = 3000;
const SPEED_ROUNDS: usize = 7;

/// Each is a script of its own, which is timed as a whole.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "fib(27)",
        "(function () { function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(27) })();",
    ),
    (
        "strings and maps",
        "(function () { const m = new Map(), o = {}; let s = ''; for (let i = 0; i < 200000; i++) { const k = 'k' + i % 5000; m.set(k, (m.get(k) || 0) + i); o[k] = (o[k] || 0) + 1; s += String.fromCharCode(97 + i % 26); if (s.length > 1000) s = s.slice(500) } })();",
    ),
    (
        "json",
        "(function () { const a = []; for (let i = 0; i < 20000; i++) a.push({ id: i, name: 'n' + i, tags: ['a', 'b', String(i)], v: i / 3, o: { x: null, y: true } }); for (let i = 0; i < 3; i++) JSON.parse(JSON.stringify(a)) })();",
    ),
    (
        "sorting and regular expressions",
        "(function () { let x = 12345; const r = () => (x = (x * 1103515245 + 12345) & 0x7fffffff); const a = Array.from({ length: 200000 }, r); a.sort((p, q) => p - q); let n = 0; for (const m of '12-ab 34-cd '.repeat(5000).matchAll(/(\\d+)-(\\w+)/g)) n += m[1].length })();",
    ),
];

/// About 500 bytes; `#` makes each declare names of its own.
const TYPESCRIPT: &str = "interface P# { x: number; y?: string }\nenum C# { Red, Green = 'g' }\nclass A#<T> implements P# { constructor(public x: number, private z: T) {} get<U>(u: U): U { return u as unknown as U } }\nconst f# = async <T,>(a: T[], b?: Map<string, T>): Promise<T | undefined> => { for (const v of a) { if (v) return v } return a[0]! }\nlet r# = await f#([1, 2, 3]);\ntype Q# = keyof P# | Partial<Record<string, number>>; function over#(a: string): string; function over#(a: any) { return a }\nr# satisfies number | undefined";

async fn runtime(warm: usize) -> anyhow::Result<Runtime> {
    let cache = Cache::of_user()?;
    let language = sandcell_javascript::JavaScript::default();
    cache.ensure(&language, &mut ()).await?;
    let builder = Runtime::builder().cache(cache).image("javascript");
    let runtime = builder.warm(warm).open()?;
    runtime.warm_up().await?;
    Ok(runtime)
}

async fn first_result(runtime: &Runtime, series: &mut Series) -> anyhow::Result<()> {
    let start = Instant::now();
    let sandbox = runtime.sandbox().start().await?;
    let report = sandbox.context()?.execute("1+1")?.report().await?;
    series.add(start.elapsed());
    anyhow::ensure!(report.text() == Some("2"), "{report:?}");
    Ok(())
}

async fn cells(context: &Context, code: &str, rounds: usize) -> anyhow::Result<Series> {
    let mut series = Series::default();
    for round in 0..rounds {
        let code = code.replace('#', &round.to_string());
        let start = Instant::now();
        let outcome = context.execute(code)?.outcome().await?;
        series.add(start.elapsed());
        anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
    }
    Ok(series)
}

/// The native engine; built when it is not there.
async fn native() -> anyhow::Result<PathBuf> {
    let cache = Cache::of_user()?;
    let recipe = sandcell_javascript::JavaScript::default().recipe_in(cache.path());
    let built = move || recipe.outcome(build::NATIVE, &mut build::Silent);
    let folder = tokio::task::spawn_blocking(built).await??;
    Ok(folder.join("run-script"))
}

/// Milliseconds of processor time.
fn native_ms(engine: &Path, program: &str) -> anyhow::Result<f64> {
    let output = Command::new(engine).arg(program).output()?;
    let nanoseconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(nanoseconds / 1e6)
}

/// Processor time of both, in turns, with the default limits on.
async fn speed(runtime: &Runtime) -> anyhow::Result<()> {
    let engine = native().await?;
    let mut product = 1.0;
    let (mut all_ours, mut all_theirs) = (0.0, 0.0);
    for (name, program) in PROGRAMS {
        let context = runtime.sandbox().start().await?.context()?;
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        for _ in 0..SPEED_ROUNDS {
            let outcome = context.execute(program)?.outcome().await?;
            anyhow::ensure!(outcome.is_finished(), "{:?}", outcome.end);
            ours = ours.min(outcome.usage.cpu.as_secs_f64() * 1e3);
            theirs = theirs.min(native_ms(&engine, program)?);
        }
        product *= ours / theirs;
        all_ours += ours;
        all_theirs += theirs;
        let beside = format!("native: {theirs:.1} ms; ratio {:.2}", ours / theirs);
        row_of(name, &format!("{ours:.1} ms"), &beside);
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of programs")]
    let mean = f64::powf(product, 1.0 / PROGRAMS.len() as f64);
    row_of(
        "geometric mean of the ratios",
        &format!("{mean:.2}"),
        &format!("of the sums: {:.2}", all_ours / all_theirs),
    );
    Ok(())
}

async fn memory(runtime: &Runtime) -> anyhow::Result<()> {
    const LIVE: usize = 200;
    let mut live = Vec::new();
    let mut bytes = 0;
    for _ in 0..LIVE {
        let sandbox = runtime.sandbox().start().await?;
        sandbox.context()?.execute("1+1")?.outcome().await?;
        bytes += sandbox.residency().await?.resident_bytes;
        live.push(sandbox);
    }
    #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
    let each = bytes as f64 / LIVE as f64 / 1e6;
    row_of(
        "memory of a live sandbox after `1+1`",
        &format!("{each:.3} MB"),
        "",
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (cold_runtime, warm_runtime) = (runtime(0).await?, runtime(8).await?);
    let (mut cold, mut warm) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        first_result(&cold_runtime, &mut cold).await?;
        warm_runtime.warm_up().await?;
        first_result(&warm_runtime, &mut warm).await?;
    }
    head("JavaScript", "cargo bench --bench javascript");
    row("create + first result, cold", &cold, "");
    row("create + first result, warm pool", &warm, "");
    let sandbox = cold_runtime.sandbox().start().await?;
    let context = sandbox.context()?;
    let empty = cells(&context, "", CELLS).await?;
    let beside = format!("empty cell: {:.4} ms", empty.min_ms());
    row(
        "trivial cell, `1+1`",
        &cells(&context, "1+1", CELLS).await?,
        &beside,
    );
    row(
        "`console.log('x')`",
        &cells(&context, "console.log('x')", CELLS).await?,
        &beside,
    );
    row(
        "`await 1`",
        &cells(&context, "await 1", CELLS).await?,
        &beside,
    );
    row(
        "TypeScript cell of 509 bytes",
        &cells(&context, TYPESCRIPT, 200).await?,
        &beside,
    );
    speed(&cold_runtime).await?;
    memory(&cold_runtime).await
}
