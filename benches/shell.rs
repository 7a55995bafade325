//! The shell: from the order to the exit, loops, pipelines between guests, and
//! when the first line of a pipeline arrives.
//!
//! `cargo bench --bench shell`

use std::time::Instant;

use sandcell::command::{CommandEvent, Programs};
use sandcell::{Cache, Runtime, Sandbox};
use sandcell_python::Python;
use sandcell_shell::ShellProgram;

mod support;
use support::{Series, head, row};

async fn measure(sandbox: &Sandbox, script: &str, rounds: usize) -> anyhow::Result<Series> {
    let mut series = Series::default();
    for _ in 0..rounds {
        let start = Instant::now();
        let command = sandbox.command(["/bin/bash", "-l", "-c", script]).start()?;
        let output = command.output(1 << 20).await?;
        series.add(start.elapsed());
        anyhow::ensure!(output.exit.status.is_success(), "{}", output.stderr_text());
    }
    Ok(series)
}

/// Until the first line comes through a pipeline whose writer goes on.
async fn first_line(sandbox: &Sandbox, rounds: usize) -> anyhow::Result<Series> {
    let script = "while :; do echo line; done | while read -r line; do echo $line; done";
    let mut series = Series::default();
    for _ in 0..rounds {
        let start = Instant::now();
        let mut command = sandbox.command(["bash", "-c", script]).start()?;
        while let Some(event) = command.next().await {
            if let CommandEvent::Stdout(_) = event {
                break;
            }
        }
        series.add(start.elapsed());
        command.signal_group(sandcell::command::Signal::KILL);
        let _ended = command.wait().await;
    }
    Ok(series)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cache = Cache::of_user()?;
    cache.ensure(&Python::default(), &mut ()).await?;
    let mut programs = Programs::new();
    ShellProgram::register(&mut programs);
    let runtime = Runtime::builder()
        .cache(cache)
        .image("python")
        .programs(programs)
        .open()?;
    let sandbox = runtime.sandbox().start().await?;
    head("The shell", "cargo bench --bench shell");
    for (name, script, rounds) in [
        ("bash -lc 'echo hi'", "echo hi", 500),
        ("a subshell", "(echo hi)", 300),
        ("x=$(echo hi)", "x=$(echo hi)", 300),
        (
            "three stages of builtins",
            "echo hi | while read x; do echo $x; done | while read x; do echo $x; done",
            200,
        ),
        (
            "2,000 turns of a loop",
            "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done",
            20,
        ),
        (
            "100,000 turns of for ((",
            "for ((i=0;i<100000;i++)); do :; done",
            5,
        ),
    ] {
        let series = measure(&sandbox, script, rounds).await?;
        row(name, &series, "");
    }
    let first = first_line(&sandbox, 50).await?;
    row("first line of a pipeline that goes on", &first, "");
    Ok(())
}
