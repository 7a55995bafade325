//! Starting commands, following them, and how they end.

use std::time::Duration;

use sandcell::command::{CommandEvent, ExitStatus, Input, Signal};
use sandcell::{Error, SpawnError};

use crate::support::refusal;
use crate::tools::{check, finish, run, sandbox};

#[tokio::test]
async fn a_command_writes_and_ends() {
    let sandbox = sandbox().await;
    let output = run(&sandbox, &["echo", "hi", "there"]).await;
    assert_eq!(output.stdout_text(), "hi there\n");
    assert_eq!(output.stderr_text(), "");
    assert_eq!(output.exit.status, ExitStatus::SUCCESS);
    assert!(!output.exit.timed_out);
    assert_eq!(output.exit.usage.output_bytes, 9);
    assert!(output.exit.usage.peak_memory_bytes > 0);
    assert!(output.exit.usage.wall > Duration::ZERO);
}

#[tokio::test]
async fn every_exit_status_arrives() {
    let sandbox = sandbox().await;
    for status in [0, 1, 2, 3, 125, 126, 127, 128, 130, 141, 255] {
        let output = run(&sandbox, &["exit", &status.to_string()]).await;
        assert_eq!(output.exit.status, ExitStatus::Code(status));
    }
    let output = run(&sandbox, &["abort"]).await;
    assert_eq!(output.exit.status, ExitStatus::Signal(Signal::ABRT));
    assert_eq!(output.exit.status.shell_code(), 134);
}

#[tokio::test]
async fn arguments_environment_and_directory() {
    let sandbox = sandbox().await;
    sandbox.files().make_dirs("/tmp/a b").unwrap();
    sandbox.files().write("/tmp/a b/file", "text").unwrap();
    check(&sandbox, &["pwd"], "/home/user\n").await;
    let command = || sandbox.command(["cat", "file"]).cwd("/tmp/a b");
    assert_eq!(finish(command()).await.stdout_text(), "text");
    let command = sandbox
        .command(["env"])
        .env("NAME", "a=b\n")
        .env(b"BYTES".to_vec(), vec![0xff, 0xfe])
        .user("root");
    let output = finish(command).await;
    let text = output.stdout_text();
    for line in [
        "NAME=a=b",
        "HOME=/root",
        "USER=root",
        "PWD=/home/user",
        "LANG=C.UTF-8",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    assert!(
        output
            .stdout
            .windows(8)
            .any(|bytes| bytes == b"BYTES=\xff\xfe")
    );
    check(&sandbox, &["echo", "é\u{1f600}"], "é\u{1f600}\n").await;
    let bytes = sandbox.command([b"echo".to_vec(), vec![0xff]]);
    assert_eq!(&finish(bytes).await.stdout[..], b"\xff\n");
}

#[tokio::test]
async fn what_cannot_be_started_is_an_error() {
    let sandbox = sandbox().await;
    let start = |words: &[&str], cwd: &str| {
        refusal(sandbox.command(words.iter().copied()).cwd(cwd).start())
    };
    assert!(matches!(
        start(&["nothing"], "/tmp"),
        Error::Spawn(SpawnError::NotFound { .. })
    ));
    assert!(matches!(
        start(&["echo"], "/none"),
        Error::Spawn(SpawnError::BadDirectory { .. })
    ));
    assert!(matches!(
        start(&["echo"], "/etc/passwd"),
        Error::Spawn(SpawnError::BadDirectory { .. })
    ));
    assert!(matches!(
        start(&[], "/tmp"),
        Error::Spawn(SpawnError::Invalid)
    ));
    assert!(matches!(
        start(&["echo", "a\0b"], "/tmp"),
        Error::Spawn(SpawnError::Invalid)
    ));
    assert!(sandbox.commands().is_empty());
}

#[tokio::test]
async fn standard_input_streams() {
    let sandbox = sandbox().await;
    let mut command = sandbox.command(["cat"]).stdin(Input::Pipe).start().unwrap();
    command.write_stdin(b"one").await.unwrap();
    assert_eq!(
        command.next().await,
        Some(CommandEvent::Stdout("one".into()))
    );
    command.write_stdin(b"\x00\xff").await.unwrap();
    let bytes = bytes_of(command.next().await);
    assert_eq!(bytes, b"\x00\xff");
    command.close_stdin();
    command.close_stdin();
    assert_eq!(command.wait().await.unwrap().status, ExitStatus::SUCCESS);

    let much: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let command = sandbox
        .command(["cat"])
        .stdin(Input::Bytes(much.clone().into()));
    assert_eq!(finish(command).await.stdout, much);

    let command = sandbox.command(["true"]).start().unwrap();
    assert!(command.write_stdin(b"x").await.is_err());
}

fn bytes_of(event: Option<CommandEvent>) -> Vec<u8> {
    match event {
        Some(CommandEvent::Stdout(bytes) | CommandEvent::Stderr(bytes)) => bytes.to_vec(),
        other => panic!("no output but {other:?}"),
    }
}

#[tokio::test]
async fn commands_are_listed_and_attached_to() {
    let sandbox = sandbox().await;
    let builder = sandbox.command(["cat", "-"]).env("A", "b").tag("mine");
    // A file of this name is missing, so it would end; it waits for its input.
    drop(builder);
    let mut command = sandbox
        .command(["cat"])
        .cwd("/tmp")
        .env("A", "b")
        .tag("mine")
        .stdin(Input::Pipe)
        .start()
        .unwrap();
    let listed = sandbox.commands();
    assert_eq!(listed.len(), 1);
    let info = &listed[0];
    assert_eq!(info.pid, command.pid());
    assert_eq!(info.argv, [b"cat".to_vec()]);
    assert_eq!(info.cwd, "/tmp");
    assert_eq!(info.env.get(&b"A"[..]).unwrap(), b"b");
    assert_eq!(info.tag.as_deref(), Some("mine"));
    assert_eq!(info.parent, 1);
    assert_eq!(sandbox.find_command("mine"), Some(command.pid()));

    command.write_stdin(b"before").await.unwrap();
    assert_eq!(bytes_of(command.next().await), b"before");
    let mut second = sandbox.attach(command.pid()).unwrap();
    command.write_stdin(b"after").await.unwrap();
    assert_eq!(bytes_of(command.next().await), b"after");
    assert_eq!(bytes_of(second.next().await), b"after");
    // The command lives on without the handle that started it.
    let pid = command.pid();
    drop(command);
    second.write_stdin(b"still").await.unwrap();
    assert_eq!(bytes_of(second.next().await), b"still");
    second.close_stdin();
    assert_eq!(second.wait().await.unwrap().status, ExitStatus::SUCCESS);

    assert!(sandbox.commands().is_empty());
    let late = sandbox.attach(pid).unwrap();
    assert!(late.has_ended());
    assert_eq!(late.wait().await.unwrap().status, ExitStatus::SUCCESS);
    assert_eq!(sandbox.find_command("mine"), Some(pid));
    assert!(matches!(
        refusal(sandbox.attach(999_999)),
        Error::Ended { .. }
    ));
}

#[tokio::test]
async fn a_time_limit_ends_a_command() {
    let builder = crate::tools::runtime().await.sandbox();
    let sandbox = builder
        .grace(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    for words in [
        &["spin"][..],
        &["sleep", "1000"],
        &["sh", "-c", "sleep 1000"],
    ] {
        let command = sandbox.command(words.iter().copied());
        let output = finish(command.timeout(Duration::from_millis(30))).await;
        assert!(output.exit.timed_out, "{words:?}");
        assert_eq!(output.exit.status, ExitStatus::Signal(Signal::TERM));
    }
    assert!(sandbox.processes().is_empty());
    let quick = sandbox.command(["true"]).timeout(Duration::from_secs(600));
    assert!(!finish(quick).await.exit.timed_out);
}

#[tokio::test]
async fn the_end_of_the_sandbox_ends_all() {
    let sandbox = sandbox().await;
    let spinning = sandbox.command(["spin"]).start().unwrap();
    let waiting = sandbox.command(["sh", "-c", "sleep 1000"]).start().unwrap();
    sandbox.close();
    assert_eq!(
        spinning.wait().await.unwrap().status,
        ExitStatus::Signal(Signal::KILL)
    );
    assert_eq!(
        waiting.wait().await.unwrap().status,
        ExitStatus::Signal(Signal::KILL)
    );
    assert!(matches!(
        refusal(sandbox.command(["true"]).start()),
        Error::Ended { .. }
    ));
}
