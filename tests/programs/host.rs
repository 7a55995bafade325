//! The interpreter of the host, as the judge of programs with a meaning.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::generator::{Program, folder};

/// What a program did on the host.
#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Told {
    pub(crate) stdout: String,
    pub(crate) raised: Option<String>,
}

/// Runs all programs on the host's interpreter; `None` for those that take more
/// time or memory than it should give them.
pub(crate) fn judge(python: &Path, programs: &[Program]) -> Vec<Option<Told>> {
    let mut child = Command::new(python)
        .args(["-W", "ignore"])
        .arg(folder().join("python/host.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the host's interpreter runs");
    let mut input = child.stdin.take().unwrap();
    let lines: String = programs
        .iter()
        .map(|program| STANDARD.encode(&program.source) + "\n")
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap().expect("it reads all programs");
    assert!(ended.status.success(), "{ended:?}");
    let told: Vec<Option<Told>> = String::from_utf8(ended.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), programs.len());
    told
}
