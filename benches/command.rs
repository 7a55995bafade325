//! Commands: from the order to the exit, Python as a program, and a pipe between
//! two guests.
//!
//! `cargo bench --bench command`

use std::path::Path;
use std::process::Command as HostCommand;
use std::time::Instant;

use anyhow::Context as _;
use sandcell::command::{
    ExitStatus, GuestProgram, InterpreterProgram, Process, Programs, Running, Spawn,
};
use sandcell::stream::pipe;
use sandcell::{Cache, Runtime, Sandbox};
use sandcell_python::Python;

mod support;
use support::{Series, head, row, row_of};

const ROUNDS: usize = 500;

/// Bytes that go through the pipe.
const PIPED: u64 = 1 << 30;

/// The small tools of the tests, built by the guests' compiler.
fn tools(cache: &Cache) -> anyhow::Result<Vec<u8>> {
    let compiler = Python::default().recipe_in(cache.path()).compiler();
    let folder = tempfile::TempDir::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wasm = folder.path().join("tool.wasm");
    let done = HostCommand::new(compiler.join("zig"))
        .args(["cc", "-target", "wasm32-wasi", "-O2"])
        .arg(root.join("tests/commands/programs/tool.c"))
        .arg(root.join("guest-langs/build/command/working_directory.c"))
        .arg("-o")
        .arg(&wasm)
        .env(
            "ZIG_GLOBAL_CACHE_DIR",
            std::env::temp_dir().join("sandcell-test-zig"),
        )
        .env("ZIG_LOCAL_CACHE_DIR", folder.path())
        .status()?;
    anyhow::ensure!(done.success(), "the tools were not built");
    Ok(std::fs::read(wasm)?)
}

/// `zeros | wc`: how many bytes come through.
fn through_a_pipe(process: Process) -> Running {
    Box::pin(async move {
        let (reader, writer) = pipe();
        let zeros = Spawn::new(["zeros".to_owned(), PIPED.to_string()]);
        let zeros = process.spawn(zeros.envs(process.env().clone()).descriptor(1, writer));
        let count = Spawn::new(["wc"])
            .envs(process.env().clone())
            .descriptor(0, reader);
        let count = match process.descriptor(1) {
            Some(stdout) => process.spawn(count.descriptor(1, stdout.clone())),
            None => return ExitStatus::Code(1),
        };
        match (zeros, count) {
            (Ok(zeros), Ok(count)) => {
                let _status = zeros.wait().await;
                count.wait().await
            }
            _ => ExitStatus::Code(1),
        }
    })
}

async fn measure(sandbox: &Sandbox, words: &[&str], rounds: usize) -> anyhow::Result<Series> {
    let mut series = Series::default();
    for _ in 0..rounds {
        let start = Instant::now();
        let command = sandbox.command(words.iter().copied()).start()?;
        let output = command.output(1 << 20).await?;
        series.add(start.elapsed());
        anyhow::ensure!(output.exit.status.is_success(), "{}", output.stderr_text());
    }
    Ok(series)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cache = Cache::of_user()?;
    cache.ensure(&Python::default(), &mut ()).await?;
    let module = GuestProgram::of_bytes(tools(&cache)?);
    let mut programs = Programs::new();
    for name in ["echo", "true", "wc", "zeros"] {
        programs.add(name, module.clone());
    }
    programs.add("python", InterpreterProgram::of_image("python"));
    programs.add("through", std::sync::Arc::new(through_a_pipe));
    let runtime = Runtime::builder()
        .cache(cache)
        .image("python")
        .programs(programs)
        .open()?;
    runtime.warm_up().await?;
    let sandbox = runtime.sandbox().start().await?;
    head("Commands", "cargo bench --bench command");
    measure(&sandbox, &["true"], 5).await?;
    let nothing = measure(&sandbox, &["true"], ROUNDS).await?;
    let beside = format!("`true`: {:.4} ms", nothing.median_ms());
    row("`true`, spawn to exit", &nothing, "must: 2 ms");
    row(
        "`echo hi`, spawn to exit",
        &measure(&sandbox, &["echo", "hi"], ROUNDS).await?,
        &beside,
    );
    let python = measure(&sandbox, &["python", "-c", "print(1)"], ROUNDS).await?;
    row(
        "`python -c \"print(1)\"`, spawn to exit",
        &python,
        "must: 3 ms",
    );
    let start = Instant::now();
    let command = sandbox.command(["through"]).start()?;
    let output = command.output(100).await?;
    let count: u64 = output.stdout_text().trim().parse().context("the count")?;
    anyhow::ensure!(count == PIPED, "{count} bytes came through");
    let speed = count as f64 / start.elapsed().as_secs_f64() / 1e6;
    row_of(
        "`zeros | wc -c` over two guests",
        &format!("{speed:.0} MB/s"),
        "must: 100 MB/s",
    );
    Ok(())
}
