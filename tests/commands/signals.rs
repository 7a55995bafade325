//! Signals and groups of processes.

use std::sync::Arc;

use sandcell::command::{Disposition, ExitStatus, Process, Running, Signal, Spawn};

use crate::tools::{finish, programs, runtime_with, sandbox};

#[tokio::test]
async fn signals_end_guests() {
    let sandbox = sandbox().await;
    for signal in [Signal::TERM, Signal::KILL, Signal::INT, Signal::HUP] {
        for words in [&["spin"][..], &["sleep", "1000"], &["cat"]] {
            let command = sandbox.command(words.iter().copied());
            let command = command
                .stdin(sandcell::command::Input::Pipe)
                .start()
                .unwrap();
            assert!(command.signal(signal));
            let exit = command.attach().wait().await.unwrap();
            assert_eq!(exit.status, ExitStatus::Signal(signal), "{words:?}");
            assert!(!command.signal(signal), "it is gone");
        }
    }
    let command = sandbox
        .command(["cat"])
        .stdin(sandcell::command::Input::Pipe);
    let command = command.start().unwrap();
    assert!(command.signal(Signal::CHLD));
    command.close_stdin();
    assert_eq!(command.wait().await.unwrap().status, ExitStatus::SUCCESS);
}

/// Says which signals come, and ends with the second.
fn listener(process: Process) -> Running {
    Box::pin(async move {
        process.set_disposition(Signal::TERM, Disposition::Catch);
        process.set_disposition(Signal::INT, Disposition::Ignore);
        let stdout = process.descriptor(1).unwrap().clone();
        stdout.write_all(b"ready\n").await.unwrap();
        for _ in 0..2 {
            let signal = process.signal().await;
            let text = format!("{signal}\n");
            stdout.write_all(text.as_bytes()).await.unwrap();
        }
        ExitStatus::Code(7)
    })
}

#[tokio::test]
async fn a_program_catches_and_ignores() {
    let mut programs = programs();
    programs.add("listener", Arc::new(listener));
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let mut command = sandbox.command(["listener"]).start().unwrap();
    for expected in ["ready\n", "SIGTERM\n"] {
        let event = command.next().await;
        let expected = sandcell::command::CommandEvent::Stdout(expected.into());
        assert_eq!(event, Some(expected));
        command.signal(Signal::INT);
        command.signal(Signal::TERM);
    }
    let output = command.output(100).await.unwrap();
    assert_eq!(output.stdout_text(), "SIGTERM\n");
    assert_eq!(output.exit.status, ExitStatus::Code(7));
    let command = sandbox.command(["listener"]).start().unwrap();
    command.signal(Signal::KILL);
    let exit = command.wait().await.unwrap();
    assert_eq!(exit.status, ExitStatus::Signal(Signal::KILL));
}

#[tokio::test]
async fn a_group_is_told_together() {
    let sandbox = sandbox().await;
    let command = sandbox
        .command(["sh", "-c", "sleep 1000 | cat"])
        .start()
        .unwrap();
    while sandbox.processes().len() < 3 {
        tokio::task::yield_now().await;
    }
    let all = sandbox.processes();
    assert!(all.iter().all(|info| info.group == command.pid()));
    assert!(command.signal_group(Signal::TERM));
    command.wait().await.unwrap();
    while !sandbox.processes().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_child_outlives_its_parent() {
    fn parent(process: Process) -> Running {
        Box::pin(async move {
            let stdout = process.descriptor(1).unwrap().clone();
            let spawn = Spawn::new(["sleep", "1000"]).descriptor(1, stdout);
            let child = process.spawn(spawn.envs(process.env().clone())).unwrap();
            assert_eq!(child.try_wait(), None);
            ExitStatus::SUCCESS
        })
    }
    let mut programs = programs();
    programs.add("parent", Arc::new(parent));
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let output = finish(sandbox.command(["parent"])).await;
    assert_eq!(output.exit.status, ExitStatus::SUCCESS);
    assert_eq!(sandbox.processes().len(), 1);
    assert!(sandbox.commands().is_empty());
}

#[tokio::test]
async fn a_program_that_panics_ends_alone() {
    fn broken(_process: Process) -> Running {
        Box::pin(async { panic!("it is a test") })
    }
    let mut programs = programs();
    programs.add("broken", Arc::new(broken));
    let sandbox = runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let output = finish(sandbox.command(["broken"])).await;
    assert_eq!(output.exit.status, ExitStatus::Signal(Signal::ABRT));
    assert_eq!(finish(sandbox.command(["echo"])).await.stdout_text(), "\n");
}
