//! Commands: from the order to the exit, Python as a program, a pipe between two
//! guests, the tools over 10 MB, and 200 processes at once.
//!
//! `cargo bench --bench command`

use std::path::Path;
use std::process::Command as HostCommand;
use std::time::Instant;

use anyhow::Context as _;
use sandcell::command::{
    CommandEvent, ExitStatus, GuestProgram, Input, InterpreterProgram, Process, Programs, Running,
    Signal, Spawn,
};
use sandcell::stream::pipe;
use sandcell::{Cache, Runtime, Sandbox};
use sandcell_python::Python;

mod support;
use support::{Series, head, row, row_of};

const ROUNDS: usize = 500;

/// Bytes of the file that tools read, and of the one that goes through a pipe.
const TEXT: usize = 10_000_000;
const BIG: usize = 200_000_000;

/// Processes at once.
const AT_ONCE: usize = 200;

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
        .cache(cache.clone())
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
    sandbox.close();
    with_tools(cache).await
}

/// The tools that scripts use, over files.
async fn with_tools(cache: Cache) -> anyhow::Result<()> {
    let programs = sandcell_programs::build_silently(&cache)?;
    let runtime = Runtime::builder()
        .cache(cache)
        .image("python")
        .programs(programs)
        .open()?;
    let sandbox = runtime.sandbox().start().await?;
    sandbox.files().write("/home/user/text", text(TEXT))?;
    sandbox.files().write("/home/user/big", vec![b'x'; BIG])?;
    for (name, script) in [
        ("sort", "sort text > /dev/null"),
        ("grep", "grep '7 .*line' text > /dev/null"),
        ("wc", "wc text > /dev/null"),
    ] {
        measure(&sandbox, &["bash", "-c", script], 1).await?;
        let series = measure(&sandbox, &["bash", "-c", script], 10).await?;
        row(&format!("`{name}` of 10 MB"), &series, "must: 1,000 ms");
    }
    let script = "cat big | wc -c";
    measure(&sandbox, &["bash", "-c", script], 1).await?;
    let series = measure(&sandbox, &["bash", "-c", script], 5).await?;
    let speed = BIG as f64 / (series.median_ms() / 1e3) / 1e6;
    row_of(
        &format!("`{script}` of 200 MB"),
        &format!("{speed:.0} MB/s"),
        "must: 100 MB/s",
    );
    at_once(&sandbox).await
}

/// 200 processes in one sandbox with the usual limits.
async fn at_once(sandbox: &Sandbox) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut commands = Vec::new();
    for _ in 0..AT_ONCE {
        let command = sandbox.command(["cat"]).stdin(Input::Pipe).start()?;
        command.write_stdin(b"up\n").await?;
        commands.push(command);
    }
    for command in &mut commands {
        let first = command.next().await;
        anyhow::ensure!(matches!(first, Some(CommandEvent::Stdout(_))), "{first:?}");
    }
    let took = start.elapsed();
    let count = sandbox.processes().len();
    anyhow::ensure!(count >= AT_ONCE, "{count} processes run");
    for command in commands {
        command.signal_group(Signal::KILL);
        command.wait().await?;
    }
    row_of(
        &format!("{AT_ONCE} processes at once, until all have written"),
        &format!("{:.1} ms", took.as_secs_f64() * 1e3),
        "within 1 GiB of process memory",
    );
    Ok(())
}

/// Lines in no order.
fn text(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 64);
    let mut number: u64 = 1;
    while text.len() < bytes {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.extend_from_slice(format!("{number} is on this line\n").as_bytes());
    }
    text
}
