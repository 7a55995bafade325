//! Conformance of the JavaScript guest: test262 from the folder that
//! `SANDCELL_TEST262` names. Without it nothing is run, and the test says so.
//!
//! `SANDCELL_TEST262_PART` runs a part only, such as `language/statements`;
//! `SANDCELL_TEST262_SKIP` names a file of paths that are known to fail, one at
//! the start of each line, as the engine's own list `test262_errors.txt` has them.
//! `tests/test262.txt` names what is otherwise in a cell, and why.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a report for people; what cannot be read fails the test"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandcell::{Cache, End, Limits, RunCode, Runtime};

/// Features that the engine does not have, as its own configuration says.
const ABSENT: [&str; 16] = [
    "Atomics",
    "Intl",
    "ShadowRealm",
    "SharedArrayBuffer",
    "Temporal",
    "cross-realm",
    "decorators",
    "explicit-resource-management",
    "host-gc-required",
    "import-defer",
    "source-phase-imports",
    "immutable-arraybuffer",
    "legacy-regexp",
    "IsHTMLDDA",
    "tail-call-optimization",
    "caller",
];

/// What a test says of itself.
#[derive(Default)]
struct About {
    negative: Option<String>,
    includes: Vec<String>,
    flags: Vec<String>,
    features: Vec<String>,
}

impl About {
    fn of(text: &str) -> Self {
        let mut about = Self::default();
        let front = text
            .split_once("/*---")
            .and_then(|(_, rest)| rest.split_once("---*/"))
            .map_or("", |(front, _)| front);
        let list = |line: &str| -> Vec<String> {
            let inside = line
                .split_once('[')
                .and_then(|(_, rest)| rest.split_once(']'));
            let inside = inside.map_or("", |(inside, _)| inside);
            inside
                .split(',')
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        };
        for line in front.lines() {
            let line = line.trim();
            if line.starts_with("includes:") {
                about.includes = list(line);
            } else if line.starts_with("flags:") {
                about.flags = list(line);
            } else if line.starts_with("features:") {
                about.features = list(line);
            } else if let Some(name) = line.strip_prefix("type:") {
                about.negative = Some(name.trim().to_owned());
            }
        }
        about
    }

    /// Modules, hosts of many realms and the engine's absent features.
    fn is_skipped(&self) -> bool {
        let flag = |name: &str| self.flags.iter().any(|flag| flag == name);
        flag("module")
            || flag("CanBlockIsFalse")
            || flag("CanBlockIsTrue")
            || self
                .features
                .iter()
                .any(|feature| ABSENT.iter().any(|absent| feature.starts_with(absent)))
    }
}

fn tests(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of tests") {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".js") && !name.contains("_FIXTURE") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The whole program of a test: the harness, what it includes, itself.
fn program(root: &Path, text: &str, about: &About) -> String {
    let flag = |name: &str| about.flags.iter().any(|flag| flag == name);
    if flag("raw") {
        return text.to_owned();
    }
    let mut program = String::new();
    if flag("onlyStrict") {
        program.push_str("'use strict';\n");
    }
    program.push_str("var $262 = { global: globalThis, gc() {}, evalScript: globalThis.eval, detachArrayBuffer: (b) => b.transfer() };\n");
    let mut harness = vec!["assert.js".to_owned(), "sta.js".to_owned()];
    let is_async = flag("async");
    if is_async {
        program.push_str("var print = (t) => { if (String(t) !== 'Test262:AsyncTestComplete') throw new Error(t) };\n");
        harness.push("doneprintHandle.js".to_owned());
    }
    harness.extend(about.includes.iter().cloned());
    for name in harness {
        let path = root.join("harness").join(&name);
        program.push_str(&std::fs::read_to_string(path).expect("a file of the harness"));
        program.push('\n');
    }
    program.push_str(text);
    program
}

/// What is otherwise in a cell than in a script: beginnings of paths.
fn otherwise() -> Vec<&'static str> {
    let lines = include_str!("test262.txt").lines();
    lines.filter(|line| line.starts_with("test/")).collect()
}

/// The modules that lie beside a test.
fn beside(test: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = test.parent().expect("a test lies in a folder");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.contains("_FIXTURE") && path.is_file() {
            found.push((name, std::fs::read(path).unwrap()));
        }
    }
    found
}

fn known_failures() -> BTreeSet<String> {
    let Some(file) = std::env::var_os("SANDCELL_TEST262_SKIP") else {
        return BTreeSet::new();
    };
    let text = std::fs::read_to_string(file).expect("the list of known failures");
    let path = |line: &str| {
        let start = line.find("test/")?;
        let path = line.get(start..)?.split([':', ' ']).next()?;
        Some(path.to_owned())
    };
    text.lines().filter_map(path).collect()
}

/// Runs a test: how it ended, if not as it should.
async fn wrong_end(
    runtime: &Runtime,
    root: &Path,
    path: &Path,
    text: &str,
    about: &About,
) -> Option<End> {
    let mut limits = Limits::default();
    limits.wall = Some(Duration::from_secs(20));
    let sandbox = runtime.sandbox().limits(limits).start().await.unwrap();
    if text.contains("_FIXTURE") {
        for (file, bytes) in beside(path) {
            let place = format!("/home/user/{file}");
            sandbox.files().write(&place, bytes).unwrap();
        }
    }
    // A file, so that nothing is taken for TypeScript.
    let cell = RunCode::new(program(root, text, about))
        .filename("test.js")
        .silent();
    let report = sandbox
        .context()
        .unwrap()
        .execute(cell)
        .unwrap()
        .report()
        .await
        .unwrap();
    let right = match (&report.outcome.end, &about.negative) {
        (End::Finished, None) => true,
        (End::Raised(exception), Some(name)) => exception.name == *name || name == "Test262Error",
        _ => false,
    };
    (!right).then_some(report.outcome.end)
}

#[tokio::test]
async fn test262() {
    let Some(root) = std::env::var_os("SANDCELL_TEST262").map(PathBuf::from) else {
        println!("test262: not run; SANDCELL_TEST262 names no folder");
        return;
    };
    let cache = Cache::of_user().unwrap();
    let language = sandcell_javascript::JavaScript::default();
    cache.ensure(&language, &mut ()).await.unwrap();
    let runtime = Runtime::builder()
        .cache(cache)
        .image("javascript")
        .open()
        .unwrap();
    let part = std::env::var("SANDCELL_TEST262_PART");
    let folders = part.map_or_else(
        |_| vec!["language".to_owned(), "built-ins".to_owned()],
        |part| vec![part],
    );
    let known = known_failures();
    let otherwise = otherwise();
    let (mut passed, mut skipped, mut expected, mut differ) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for path in folders
        .iter()
        .flat_map(|folder| tests(&root.join("test").join(folder)))
    {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let about = About::of(&text);
        if about.is_skipped() {
            skipped += 1;
            continue;
        }
        let wrong = wrong_end(&runtime, &root, &path, &text, &about).await;
        let name = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let Some(end) = wrong else {
            passed += 1;
            continue;
        };
        if known.contains(&name) {
            expected += 1;
        } else if otherwise.iter().any(|start| name.starts_with(start)) {
            differ += 1;
        } else {
            failed.push(format!("{name}: {end}"));
        }
    }
    println!(
        "test262: {passed} passed, {} failed, {expected} failed as known, {differ} \
         are otherwise in a cell, {skipped} skipped",
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
