//! Where programs come from: generators of others, in their own languages, steered
//! by scripts beside this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A number of programs, always the same ones for a seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) seed: u64,
    pub(crate) count: u64,
}

/// A program, and what makes it again.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) kind: &'static str,
    pub(crate) seed: u64,
    pub(crate) source: Vec<u8>,
}

impl Program {
    /// Words for who has to find out why it failed.
    pub(crate) fn shown(&self) -> String {
        let Self { kind, seed, source } = self;
        let text = String::from_utf8_lossy(source);
        format!(
            "seed {seed}, {kind}:\n{text}\n({})",
            STANDARD.encode(source)
        )
    }
}

/// The folder of these tests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

/// Runs a generator of programs; `command` is the interpreter with its script.
pub(crate) fn generate(
    mut command: Command,
    kind: &'static str,
    batch: Batch,
    corpus: &Path,
) -> Vec<Program> {
    let Batch { seed, count } = batch;
    command
        .args([kind, &seed.to_string(), &count.to_string()])
        .arg(corpus)
        .stdin(Stdio::null());
    let ended = command.output().expect("the generator runs");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{command:?}: {complaint}");
    let lines = String::from_utf8(ended.stdout).unwrap();
    let programs: Vec<_> = lines
        .lines()
        .map(|line| Program {
            kind,
            seed,
            source: STANDARD.decode(line).unwrap(),
        })
        .collect();
    assert_eq!(programs.len() as u64, count, "{command:?}: {complaint}");
    programs
}

/// The attacks of `tests/escape` in one language.
pub(crate) fn attacks(language: &str) -> Vec<String> {
    let folder = folder().with_file_name("escape").join(language);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut found: Vec<String> = Vec::new();
    for file in files {
        for line in fs::read_to_string(file).unwrap().lines() {
            if let Some(first) = line.strip_prefix(">>> ") {
                found.push(first.to_owned());
            } else if let Some(more) = line.strip_prefix("...") {
                let attack = found.last_mut().expect("a case begins with >>>");
                attack.push('\n');
                attack.push_str(more.strip_prefix(' ').unwrap_or_default());
            }
        }
    }
    assert!(found.len() > 100, "{} attacks", found.len());
    found
}

/// Writes a corpus as the generators read it: a JSON string a line.
pub(crate) fn write_corpus(path: &Path, texts: &[String]) {
    let lines: Vec<String> = texts
        .iter()
        .map(|text| serde_json::to_string(text).unwrap())
        .collect();
    fs::write(path, lines.join("\n")).unwrap();
}
