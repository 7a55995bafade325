//! Pipes between processes, files as their streams, and waiting for either.

use sandcell::command::{ExitStatus, Input, Signal};

use crate::tools::{check, finish, run, sandbox};

#[tokio::test]
async fn a_pipeline_carries_everything() {
    let sandbox = sandbox().await;
    check(&sandbox, &["sh", "-c", "echo a b | cat | wc"], "4\n").await;
    check(
        &sandbox,
        &["sh", "-c", "zeros 50000000 | cat | wc"],
        "50000000\n",
    )
    .await;
}

#[tokio::test]
async fn a_writer_without_readers_ends() {
    let sandbox = sandbox().await;
    check(&sandbox, &["sh", "-c", "yes | head"], "y\n").await;
    // The shell answers what its last command did.
    let output = run(&sandbox, &["sh", "-c", "yes | cat | head"]).await;
    assert_eq!(output.stdout_text(), "y\n");
    while !sandbox.processes().is_empty() {
        tokio::task::yield_now().await;
    }
    let (reader, writer) = sandcell::stream::pipe();
    drop(reader);
    let command = sandbox.command(["yes"]).descriptor(1, writer);
    assert_eq!(
        finish(command).await.exit.status,
        ExitStatus::Signal(Signal::PIPE)
    );
}

#[tokio::test]
async fn files_are_streams_too() {
    let sandbox = sandbox().await;
    check(&sandbox, &["sh", "-c", "echo text > /tmp/out"], "").await;
    assert_eq!(sandbox.files().read("/tmp/out").unwrap(), b"text\n");
    // Both lines of a script go to one open file, one behind the other.
    sandbox
        .files()
        .write("/tmp/script", "echo one\necho two\n")
        .unwrap();
    check(&sandbox, &["sh", "-c", "sh /tmp/script > /tmp/both"], "").await;
    assert_eq!(sandbox.files().read("/tmp/both").unwrap(), b"one\ntwo\n");
    check(&sandbox, &["sh", "-c", "zeros 100 > /dev/null"], "").await;
}

#[tokio::test]
async fn a_guest_waits_for_a_pipe_or_for_time() {
    let sandbox = sandbox().await;
    let command = sandbox.command(["poll", "1"]).stdin(Input::Pipe);
    assert_eq!(finish(command).await.stdout_text(), "nothing\n");
    let command = sandbox.command(["poll", "-1"]).stdin(Input::Pipe);
    let command = command.start().unwrap();
    tokio::task::yield_now().await;
    command.write_stdin(b"x").await.unwrap();
    let output = command.output(100).await.unwrap();
    assert_eq!(output.stdout_text(), "input\n");
    let command = sandbox
        .command(["poll", "-1"])
        .stdin(Input::Bytes("".into()));
    let text = finish(command).await.stdout_text();
    assert!(text == "end\n" || text == "input\n", "{text}");
}

#[tokio::test]
async fn a_slow_reader_slows_the_writer() {
    let sandbox = sandbox().await;
    let mut command = sandbox.command(["yes"]).start().unwrap();
    let mut second = command.attach();
    let mut total = 0_usize;
    while total < 8 << 20 {
        let Some(sandcell::command::CommandEvent::Stdout(bytes)) = command.next().await else {
            panic!("it ended")
        };
        total += bytes.len();
        // The other reader keeps up; without it the first would wait.
        let _same = second.next().await;
    }
    drop(second);
    assert!(command.signal(Signal::TERM));
    let exit = command.wait().await.unwrap();
    assert_eq!(exit.status, ExitStatus::Signal(Signal::TERM));
    assert!(exit.usage.output_bytes < 16 << 20);
}
