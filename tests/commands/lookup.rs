//! Programs by name and by path, and scripts.

use sandcell::{Error, Sandbox, SpawnError};

use crate::support::{check as check_cell, first, refusal};
use crate::tools::{check, finish, run, sandbox};

fn script(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.files().write(path, text).unwrap();
    sandbox.files().set_mode(path, 0o755).unwrap();
}

#[tokio::test]
async fn programs_are_files() {
    let sandbox = sandbox().await;
    let names = sandbox.files().list("/usr/bin").unwrap();
    assert!(names.iter().any(|entry| &*entry.name == "echo"));
    let stat = sandbox.files().stat("/bin/echo").unwrap();
    assert_eq!(stat.mode & 0o777, 0o755);
    assert!(sandbox.files().write("/usr/bin/echo", "x").is_err());
    assert!(sandbox.files().write("/usr/bin/other", "x").is_err());
    assert!(sandbox.files().remove("/usr/bin/echo").is_err());
    check_cell(
        &first(&sandbox),
        "import os, shutil; shutil.which('echo'), 'cat' in os.listdir('/bin')",
        "('/usr/bin/echo', True)",
    )
    .await;
}

#[tokio::test]
async fn a_path_runs_what_is_there() {
    let sandbox = sandbox().await;
    check(&sandbox, &["/usr/bin/echo", "a"], "a\n").await;
    check(&sandbox, &["/bin/../bin/echo", "a"], "a\n").await;
    sandbox
        .files()
        .symlink("/usr/bin/echo", "/tmp/link")
        .unwrap();
    // What a module does is decided by the name that it is called by.
    let output = run(&sandbox, &["/tmp/link"]).await;
    assert_eq!(output.stderr_text(), "link: no such tool\n");
    // A copy of a program's file runs the program.
    let text = sandbox.files().read("/usr/bin/echo").unwrap();
    script(&sandbox, "/tmp/copy", &String::from_utf8(text).unwrap());
    check(&sandbox, &["/tmp/copy", "b"], "/tmp/copy b\n").await;
}

#[tokio::test]
async fn scripts_run_by_their_interpreter() {
    let sandbox = sandbox().await;
    script(&sandbox, "/tmp/one", "#!/bin/sh\necho one\n");
    check(&sandbox, &["/tmp/one"], "one\n").await;
    script(&sandbox, "/tmp/two", "#! /usr/bin/env sh\necho two\n");
    check(&sandbox, &["/tmp/two"], "two\n").await;
    script(&sandbox, "/tmp/three", "#!/bin/echo -a  b\r\n");
    check(&sandbox, &["/tmp/three", "c"], "-a  b /tmp/three c\n").await;
    script(&sandbox, "/tmp/plain", "echo plain\n");
    check(&sandbox, &["/tmp/plain"], "plain\n").await;
    let relative = sandbox.command(["./plain"]).cwd("/tmp");
    assert_eq!(finish(relative).await.stdout_text(), "plain\n");
    let by_path = sandbox
        .command(["plain"])
        .env("PATH", "/none:/tmp:/usr/bin");
    assert_eq!(finish(by_path).await.stdout_text(), "plain\n");
}

#[tokio::test]
async fn what_is_no_program_is_refused() {
    let sandbox = sandbox().await;
    let files = sandbox.files();
    let start = |name: &str| match refusal(sandbox.command([name]).start()) {
        Error::Spawn(error) => error,
        other => panic!("{other}"),
    };
    files.write("/tmp/text", "echo no bit says so\n").unwrap();
    assert_eq!(start("/tmp/text").exit_code(), 126);
    script(&sandbox, "/tmp/binary", "\u{7f}ELF\0\0");
    assert_eq!(start("/tmp/binary").exit_code(), 126);
    script(&sandbox, "/tmp/module", "\0asm");
    assert_eq!(start("/tmp/module").exit_code(), 126);
    assert_eq!(start("/tmp").exit_code(), 126);
    assert_eq!(start("/tmp/none").exit_code(), 127);
    assert_eq!(start("").exit_code(), 127);
    script(&sandbox, "/tmp/lost", "#!/none/such\n");
    assert_eq!(start("/tmp/lost").exit_code(), 127);
    script(&sandbox, "/tmp/self", "#!/tmp/self\n");
    assert!(matches!(
        start("/tmp/self"),
        SpawnError::NotExecutable { .. }
    ));
    files.symlink("/tmp/loop", "/tmp/loop").unwrap();
    assert_eq!(start("/tmp/loop").exit_code(), 126);
    for path in [
        "/proc/self/exe",
        "/dev/null",
        "/dev/../dev/zero",
        "/proc/1/root/bin/sh",
    ] {
        assert!(matches!(start(path).exit_code(), 126 | 127), "{path}");
    }
}
