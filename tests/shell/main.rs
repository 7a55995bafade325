//! The shell as a user of a sandbox meets it: `bash -lc` over real guests.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod contexts;
mod terminals;

use std::time::Duration;

use sandcell::command::{CommandBuilder, CommandEvent, CommandOutput, ExitStatus, Input, Signal};
use sandcell::{Runtime, Sandbox};

use crate::support::{IMAGE, cache};

/// A sandbox with all programs.
async fn sandbox() -> Sandbox {
    let cache = cache().await;
    let programs = sandcell_programs::build_silently(&cache).expect("the tools are built");
    let builder = Runtime::builder().cache(cache).image(IMAGE).warm(0);
    let runtime = builder.programs(programs).open().expect("a runtime");
    runtime.sandbox().start().await.expect("a sandbox")
}

/// Runs a command to its end.
async fn finish(command: CommandBuilder) -> CommandOutput {
    let command = command.start().expect("it starts");
    command.output(64 << 20).await.expect("its end")
}

async fn bash(sandbox: &Sandbox, script: &str) -> CommandOutput {
    finish(sandbox.command(["/bin/bash", "-l", "-c", script])).await
}

/// Checks what a script writes, and that it ends well.
async fn check(sandbox: &Sandbox, script: &str, expected: &str) {
    let output = bash(sandbox, script).await;
    assert_eq!(output.stderr_text(), "", "{script}");
    assert_eq!(output.stdout_text(), expected, "{script}");
    assert_eq!(output.exit.status, ExitStatus::SUCCESS, "{script}");
}

#[tokio::test]
async fn pipelines_of_guests_stream() {
    let sandbox = sandbox().await;
    check(&sandbox, "echo hi | cat | cat", "hi\n").await;
    check(
        &sandbox,
        "yes | head -n 2; echo ${PIPESTATUS[@]}",
        "y\ny\n141 0\n",
    )
    .await;
    check(
        &sandbox,
        "cat <<EOF | wc -l\na\nb\nEOF",
        &bash(&sandbox, "printf 'a\\nb\\n' | wc -l")
            .await
            .stdout_text(),
    )
    .await;
    check(&sandbox, "echo 'print(6*7)' | python", "42\n").await;
    check(
        &sandbox,
        "python -c 'for i in range(3): print(i)' | while read n; do echo $((n*n)); done",
        "0\n1\n4\n",
    )
    .await;
    check(
        &sandbox,
        "x=$(python -c 'print(\"from python\")'); echo \"[$x]\"",
        "[from python]\n",
    )
    .await;
}

#[tokio::test]
async fn files_are_those_of_the_sandbox() {
    let sandbox = sandbox().await;
    let files = sandbox.files();
    check(
        &sandbox,
        "echo one > f; echo two >> f; cat f; cat < f | head -n 1",
        "one\ntwo\none\n",
    )
    .await;
    assert_eq!(files.read("/home/user/f").unwrap(), b"one\ntwo\n");
    files.write("/tmp/a.txt", "x").unwrap();
    files.write("/tmp/b.txt", "yy").unwrap();
    check(
        &sandbox,
        "cd /tmp; echo *.txt; [ -s a.txt ] && [[ -d /tmp ]] && pwd",
        "a.txt b.txt\n/tmp\n",
    )
    .await;
    files
        .write("/tmp/run.sh", "#!/bin/bash\necho \"$0 $1\"\nexit 4\n")
        .unwrap();
    files.set_mode("/tmp/run.sh", 0o755).unwrap();
    let script = "/tmp/run.sh arg; echo $?; bash /tmp/run.sh b; cd /tmp; ./run.sh c; :";
    check(
        &sandbox,
        script,
        "/tmp/run.sh arg\n4\n/tmp/run.sh b\n./run.sh c\n",
    )
    .await;
}

#[tokio::test]
async fn how_commands_end() {
    let sandbox = sandbox().await;
    for (script, status, words) in [
        ("exit 3", 3, ""),
        (
            "nosuchcommand",
            127,
            "line 1: nosuchcommand: command not found\n",
        ),
        (
            "touch() { :; }; echo > f; ./f",
            126,
            "line 1: ./f: Permission denied\n",
        ),
        ("/tmp", 126, "line 1: /tmp: Is a directory\n"),
        (
            "if",
            2,
            "-c: line 1: syntax error: unexpected end of file\n",
        ),
        ("echo )", 2, "syntax error near unexpected token `)'\n"),
        ("false | true; exit ${PIPESTATUS[0]}", 1, ""),
        ("set -e; false; echo no", 1, ""),
        ("set -o pipefail; false | cat", 1, ""),
        ("kill -9 $$", -9, ""),
        ("kill -TERM $$; sleep 5", -15, ""),
    ] {
        let output = bash(&sandbox, script).await;
        let wanted = match status {
            code if code >= 0 => ExitStatus::Code(u8::try_from(code).unwrap()),
            signal => ExitStatus::Signal(Signal::from_number(-signal).unwrap()),
        };
        assert_eq!(
            output.exit.status,
            wanted,
            "{script}: {}",
            output.stderr_text()
        );
        assert!(
            output.stderr_text().contains(words),
            "{script}: {}",
            output.stderr_text()
        );
    }
}

#[tokio::test]
async fn login_files_and_the_environment() {
    let sandbox = sandbox().await;
    let files = sandbox.files();
    files
        .write("/etc/profile", "export FROM_PROFILE=1\n")
        .unwrap();
    files.write("/home/user/.profile", "FROM_HOME=2\n").unwrap();
    check(
        &sandbox,
        "echo $FROM_PROFILE$FROM_HOME $HOME",
        "12 /home/user\n",
    )
    .await;
    let plain =
        finish(sandbox.command(["bash", "-c", "echo [$FROM_PROFILE]$1", "bash", "x"])).await;
    assert_eq!(plain.stdout_text(), "[]x\n");
    let output = finish(
        sandbox
            .command([
                "sh",
                "-c",
                "echo $A; A=2 python -c 'import os; print(os.environ[\"A\"])'",
            ])
            .env("A", "1"),
    )
    .await;
    assert_eq!(output.stdout_text(), "1\n2\n");
    let output = finish(
        sandbox
            .command(["bash"])
            .stdin(Input::Bytes("read x\nline\necho got $x\n".into())),
    )
    .await;
    assert_eq!(output.stdout_text(), "got line\n");
}

#[tokio::test]
async fn commands_that_start_commands() {
    let sandbox = sandbox().await;
    check(
        &sandbox,
        "printf '1 2\\n3' | xargs -n 1 echo n",
        "n 1\nn 2\nn 3\n",
    )
    .await;
    check(
        &sandbox,
        "env A=5 bash -c 'echo $A'; sudo echo root; nice echo n; which cat",
        "5\nroot\nn\n/usr/bin/cat\n",
    )
    .await;
    check(
        &sandbox,
        "timeout 0.2 sleep 60; echo $?; timeout 60 bash -c 'exit 4'; echo $?",
        "124\n4\n",
    )
    .await;
    check(
        &sandbox,
        "cat <(echo a) <(echo b); while read l; do echo $l; done < <(echo c)",
        "a\nb\nc\n",
    )
    .await;
    let direct = finish(sandbox.command(["timeout", "0.2", "sleep", "60"])).await;
    assert_eq!(direct.exit.status, ExitStatus::Code(124));
}

#[tokio::test]
async fn background_jobs_and_traps() {
    let sandbox = sandbox().await;
    check(&sandbox, "sleep 60 & kill $!; wait $!; echo $?", "143\n").await;
    check(
        &sandbox,
        "(exit 3) & wait $!; echo $?; sleep 0.1 & wait; echo done",
        "3\ndone\n",
    )
    .await;
    let script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.1; done";
    let mut command = sandbox.command(["bash", "-c", script]).start().unwrap();
    while let Some(event) = command.next().await {
        match event {
            CommandEvent::Stdout(bytes) if bytes.starts_with(b"ready") => {
                assert!(command.signal(Signal::TERM));
            }
            CommandEvent::Stdout(bytes) => assert_eq!(bytes, "caught\n"),
            CommandEvent::Exited(exit) => assert_eq!(exit.status, ExitStatus::Code(5)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn loops_without_an_end_are_killed() {
    let sandbox = sandbox().await;
    for script in [
        "while :; do :; done",
        "for ((;;)); do :; done",
        "yes > /dev/null",
        "while :; do echo x; done | cat > /dev/null",
    ] {
        let command = sandbox
            .command(["bash", "-c", script])
            .timeout(Duration::from_millis(300));
        let output = finish(command).await;
        assert!(output.exit.timed_out, "{script}");
    }
    // A function without an end is no loop: as in bash, it ends the script.
    let output = bash(&sandbox, "f() { f; }; f; echo no").await;
    assert_eq!(output.stdout_text(), "");
    assert_ne!(output.exit.status, ExitStatus::SUCCESS);
    check(&sandbox, "echo alive", "alive\n").await;
}

#[tokio::test]
async fn a_fork_bomb_leaves_the_sandbox_alive() {
    let sandbox = sandbox().await;
    let command = sandbox
        .command(["bash", "-c", ":(){ :|:& };:"])
        .timeout(Duration::from_secs(1));
    let _ended = finish(command).await;
    for process in sandbox.processes() {
        if let Ok(command) = sandbox.attach(process.pid) {
            let _gone = command.signal_group(Signal::KILL);
        }
    }
    assert!(sandbox.processes().len() <= 256);
}
