//! Commands that want too much.

use std::sync::Arc;

use sandcell::command::{ExitStatus, Process, Running, Signal, Spawn};
use sandcell::{Error, SpawnError};

use crate::support::refusal;
use crate::tools::{check, finish, programs, run, runtime, runtime_with, sandbox};

/// Starts itself twice, over and over, and says how it was refused.
fn bomb(process: Process) -> Running {
    Box::pin(async move {
        let stdout = process.descriptor(1).unwrap().clone();
        let spawn = || {
            let spawn = Spawn::new(["bomb"]).descriptor(1, stdout.clone());
            process.spawn(spawn.envs(process.env().clone()))
        };
        let mut children = Vec::new();
        for _ in 0..2 {
            match spawn() {
                Ok(child) => children.push(child),
                Err(SpawnError::TooMany { .. }) => stdout.write_all(b"m").await.unwrap(),
                Err(SpawnError::TooDeep { .. }) => stdout.write_all(b"d").await.unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
        for child in children {
            child.wait().await;
        }
        ExitStatus::SUCCESS
    })
}

#[tokio::test]
async fn a_fork_bomb_is_refused() {
    let mut programs = programs();
    programs.add("bomb", Arc::new(bomb));
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let output = finish(sandbox.command(["bomb"])).await;
    assert_eq!(output.exit.status, ExitStatus::SUCCESS);
    assert!(output.stdout.contains(&b'm'));
    assert!(sandbox.processes().is_empty());
    check(&sandbox, &["echo", "alive"], "alive\n").await;
}

#[tokio::test]
async fn processes_in_a_row_are_bounded() {
    /// Starts itself, and passes on what the last of the row says.
    fn deeper(process: Process) -> Running {
        Box::pin(async move {
            let stdout = process.descriptor(1).unwrap().clone();
            let spawn = Spawn::new(["deeper"]).descriptor(1, stdout.clone());
            match process.spawn(spawn.envs(process.env().clone())) {
                Ok(child) => child.wait().await,
                Err(error) => {
                    stdout
                        .write_all(error.to_string().as_bytes())
                        .await
                        .unwrap();
                    ExitStatus::Code(9)
                }
            }
        })
    }
    let mut programs = programs();
    programs.add("deeper", Arc::new(deeper));
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let output = finish(sandbox.command(["deeper"])).await;
    assert_eq!(output.exit.status, ExitStatus::Code(9));
    assert!(
        output.stdout_text().contains("deep at most"),
        "{}",
        output.stdout_text()
    );
}

#[tokio::test]
async fn two_hundred_processes_at_once() {
    let sandbox = sandbox().await;
    let commands: Vec<_> = (0..200)
        .map(|_| {
            let input = sandcell::command::Input::Pipe;
            sandbox.command(["cat"]).stdin(input).start().unwrap()
        })
        .collect();
    assert_eq!(sandbox.commands().len(), 200);
    for command in &commands {
        command.write_stdin(b"x").await.unwrap();
        command.close_stdin();
    }
    for command in commands {
        assert_eq!(command.output(10).await.unwrap().stdout_text(), "x");
    }
}

#[tokio::test]
async fn the_number_of_processes_is_a_limit() {
    let mut limits = sandcell::Limits::default();
    limits.processes = 2;
    let sandbox = runtime()
        .await
        .sandbox()
        .limits(limits)
        .start()
        .await
        .unwrap();
    let _first = sandbox.command(["sleep", "1000"]).start().unwrap();
    let second = sandbox.command(["sleep", "1000"]).start().unwrap();
    assert!(matches!(
        refusal(sandbox.command(["true"]).start()),
        Error::Spawn(SpawnError::TooMany { allowed: 2 })
    ));
    second.signal(Signal::KILL);
    second.wait().await.unwrap();
    check(&sandbox, &["echo"], "\n").await;
}

#[tokio::test]
async fn memory_of_all_processes_is_a_limit() {
    let mut limits = sandcell::Limits::default();
    limits.process_bytes = 32 << 20;
    let sandbox = runtime()
        .await
        .sandbox()
        .limits(limits)
        .start()
        .await
        .unwrap();
    let output = run(&sandbox, &["grow", "1000"]).await;
    assert_eq!(output.exit.status, ExitStatus::Code(3));
    let got: u32 = output.stdout_text().trim().parse().unwrap();
    assert!((10..32).contains(&got), "{got}");
    // It was given back.
    check(&sandbox, &["grow", "10"], "all\n").await;
    let sleepers: Vec<_> = (0..32)
        .map(|_| sandbox.command(["sleep", "1000"]).start().unwrap())
        .collect();
    assert!(matches!(
        refusal(sandbox.command(["true"]).start()),
        Error::Spawn(SpawnError::NoMemory)
    ));
    drop(sleepers);
}

#[tokio::test]
async fn endless_output_ends_with_its_reader_or_its_time() {
    let sandbox = sandbox().await;
    let command = sandbox.command(["yes"]).start().unwrap();
    let pid = command.pid();
    drop(command);
    // Nobody reads, and it goes on: it was not told to end.
    tokio::task::yield_now().await;
    let again = sandbox.attach(pid).unwrap();
    again.signal(Signal::KILL);
    let exit = again.wait().await.unwrap();
    assert_eq!(exit.status, ExitStatus::Signal(Signal::KILL));
    let command = sandbox
        .command(["yes"])
        .timeout(std::time::Duration::from_millis(20));
    let output = command.start().unwrap().output(1000).await.unwrap();
    assert!(output.stdout.len() <= 1000);
    assert!(output.exit.timed_out);
}

#[tokio::test]
async fn long_arguments_arrive_or_are_refused() {
    let sandbox = sandbox().await;
    let long = "x".repeat(1 << 20);
    check(
        &sandbox,
        &["args", &long],
        &format!("2 {}\n", (1 << 20) + 4),
    )
    .await;
    let many: Vec<String> = (0..100_000).map(|at| at.to_string()).collect();
    let words: Vec<&str> = ["args"]
        .into_iter()
        .chain(many.iter().map(String::as_str))
        .collect();
    check(&sandbox, &words, "100001 488894\n").await;
    let longer = "x".repeat(5 << 20);
    assert!(matches!(
        refusal(sandbox.command(["args", &longer]).start()),
        Error::Spawn(SpawnError::TooLong { .. })
    ));
}

#[tokio::test]
async fn a_bad_module_says_so() {
    let mut programs = programs();
    let bad = sandcell::command::GuestProgram::of_bytes(&b"no module"[..]);
    programs.add("bad", bad);
    let missing = sandcell::command::GuestProgram::of_file("/none/such.wasm");
    programs.add("missing", missing);
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    for name in ["bad", "missing"] {
        let output = run(&sandbox, &[name]).await;
        assert_eq!(output.exit.status, ExitStatus::Code(126));
        assert!(output.stderr_text().starts_with(&format!("{name}: ")));
    }
}
