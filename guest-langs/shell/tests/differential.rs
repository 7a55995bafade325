//! The language against the machine's own bash: what scripts write and how they
//! end. Scripts stand in `tests/language`, between lines of `%%`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that finds something else than it expects has failed"
)]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

const BASH: &str = "/bin/bash";

fn scripts(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/language")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n%%\n")
        .map(str::to_owned)
        .filter(|script| !script.trim().is_empty())
        .collect()
}

fn compare(file: &str) {
    if !Path::new(BASH).exists() {
        eprintln!("no {BASH}: not run");
        return;
    }
    let mut failed = Vec::new();
    let all = scripts(file);
    for script in &all {
        let folder = tempfile::tempdir().unwrap();
        let cwd = folder.path().to_str().unwrap();
        // Whoever runs the tests may ignore signals, as `nohup` does, and a shell
        // never catches what was ignored at its start.
        let theirs = Command::new("env")
            .args(["--default-signal", BASH])
            .args(["-c", script, "bash", "one", "two words"])
            .current_dir(cwd)
            .env_clear()
            .envs([
                ("PATH", "/usr/bin:/bin"),
                ("HOME", cwd),
                ("LC_ALL", "C.UTF-8"),
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let ours = support::block_on(async {
            let world = support::World::new();
            let args = ["-c", script.as_str(), "bash", "one", "two words"];
            support::run_in(&world, &args, b"", cwd).await
        });
        let stdout = String::from_utf8_lossy(&theirs.stdout);
        let status = theirs.status.code();
        if ours.stdout != stdout || Some(ours.status) != status {
            failed.push(format!(
                "--- script\n{script}\n--- bash ({status:?})\n{stdout}{}--- ours ({})\n{}{}",
                String::from_utf8_lossy(&theirs.stderr),
                ours.status,
                ours.stdout,
                ours.stderr
            ));
        }
    }
    if !failed.is_empty() {
        panic!(
            "{} of {} scripts differ:\n{}",
            failed.len(),
            all.len(),
            failed.join("\n")
        );
    }
}

#[test]
fn expansions() {
    compare("expansions.txt");
}

#[test]
fn commands() {
    compare("commands.txt");
}

#[test]
fn arrays_and_arithmetic() {
    compare("arrays_and_arithmetic.txt");
}

#[test]
fn builtins() {
    compare("builtins.txt");
}

#[test]
fn errors() {
    compare("errors.txt");
}
