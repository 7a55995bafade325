//! Snapshots and pauses of sandboxes with commands.

use std::time::Duration;

use sandcell::command::{ExitStatus, Signal};
use sandcell::{Busy, Durability, Error, SpawnError};

use crate::support::{check as check_cell, finished, first, refusal};
use crate::tools::{check, programs, runtime_with};

#[tokio::test]
async fn finished_commands_are_no_hindrance() {
    let runtime = runtime_with(programs()).await;
    let sandbox = runtime.sandbox().start().await.unwrap();
    let context = first(&sandbox);
    finished(
        &context,
        "import subprocess\np = subprocess.Popen(['echo', 'x'], stdout=-1)\np.wait()\nn = 5",
    )
    .await;
    let snapshot = sandbox.snapshot(Busy::Refuse).await.unwrap();
    assert!(snapshot.ended_commands().is_empty());
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("saved");
    snapshot.save(&path, Durability::Process).await.unwrap();
    let loaded = runtime.load_snapshot(&path).await.unwrap();
    let copy = runtime.sandbox().snapshot(&loaded).start().await.unwrap();
    // A pipe does not outlive its processes; what it was read by does.
    check_cell(
        &first(&copy),
        "n, p.returncode, p.stdout.read()",
        "(5, 0, b'')",
    )
    .await;
    check_cell(
        &first(&copy),
        "subprocess.getoutput('echo again')",
        "'again'",
    )
    .await;
    check(&copy, &["echo", "copy"], "copy\n").await;
    check_cell(&first(&sandbox), "p.stdout.read()", "b'x\\n'").await;
}

#[tokio::test]
async fn a_running_command_is_a_reason_to_refuse() {
    let sandbox = runtime_with(programs())
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let command = sandbox.command(["sleep", "1000"]).start().unwrap();
    match refusal(sandbox.snapshot(Busy::Refuse).await) {
        Error::CommandRunning { pid, name } => {
            assert_eq!((pid, name.as_str()), (command.pid(), "sleep"));
        }
        other => panic!("{other}"),
    }
    assert!(!command.has_ended());
    check(&sandbox, &["echo", "goes on"], "goes on\n").await;
    command.signal(Signal::KILL);
}

#[tokio::test]
async fn a_running_command_is_ended_and_named() {
    let sandbox = runtime_with(programs())
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    for busy in [Busy::Interrupt, Busy::Wait(Duration::from_millis(10))] {
        let command = sandbox.command(["sleep", "1000"]).start().unwrap();
        let pid = command.pid();
        let snapshot = sandbox.snapshot(busy).await.unwrap();
        let ended = snapshot.ended_commands();
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0].pid, pid);
        assert_eq!(ended[0].argv, [b"sleep".to_vec(), b"1000".to_vec()]);
        let exit = command.wait().await.unwrap();
        assert_eq!(exit.status, ExitStatus::Signal(Signal::TERM));
    }
    let command = sandbox.command(["sleep", "0.01"]).start().unwrap();
    let snapshot = sandbox
        .snapshot(Busy::Wait(Duration::from_secs(600)))
        .await
        .unwrap();
    assert!(snapshot.ended_commands().is_empty());
    assert_eq!(command.wait().await.unwrap().status, ExitStatus::SUCCESS);
    check(&sandbox, &["echo", "goes on"], "goes on\n").await;
}

#[tokio::test]
async fn a_paused_sandbox_starts_no_command() {
    let sandbox = runtime_with(programs())
        .await
        .sandbox()
        .start()
        .await
        .unwrap();
    let command = sandbox.command(["spin"]).start().unwrap();
    let snapshot = sandbox.pause(Busy::Interrupt).await.unwrap().unwrap();
    assert_eq!(snapshot.ended_commands().len(), 1);
    assert!(command.has_ended());
    assert!(matches!(
        refusal(sandbox.command(["true"]).start()),
        Error::Paused | Error::Spawn(SpawnError::Closed)
    ));
    sandbox.resume().unwrap();
    check(&sandbox, &["echo", "resumed"], "resumed\n").await;
}
