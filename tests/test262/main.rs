//! Conformance of the JavaScript guest: test262 from the folder that
//! `SANDCELL_TEST262` names. Without it nothing is run, and the test says so.
//!
//! `SANDCELL_TEST262_PART` runs a part only, such as `language/statements`;
//! `SANDCELL_TEST262_SKIP` names a file of paths that are known to fail, one at
//! the start of each line, as the engine's own list `test262_errors.txt` has them.
//! `differences.txt` names the tests that end otherwise here, and why; one that is
//! listed and passes fails the run. `docs/javascript.md` has the counts.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a report for people; what cannot be read fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandcell::{Cache, Context, Files, Limits, Outcome, RunCode, Runtime};

mod about;
mod lists;

use about::About;
use lists::{Differences, known_failures};

/// What tests ask of their host, beside `print`.
const HOST: &str = "var $262 = { global: globalThis, gc() {}, detachArrayBuffer: (b) => b.transfer(), \
    evalScript: (text) => require('vm').runInThisContext(text) };\n";

/// What is said at the end of an asynchronous test. A test that never says it has failed.
const PRINT: &str = "var sandcellSaid = 'nothing'; var print = (text) => { sandcellSaid = String(text); \
    if (sandcellSaid !== 'Test262:AsyncTestComplete') throw new Error(sandcellSaid) };\n";
const SAID: &str =
    "if (sandcellSaid !== 'Test262:AsyncTestComplete') throw new Error('$DONE was not called')";

fn tests(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of tests") {
            let path = entry.unwrap().path();
            let name = name_of(&path);
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

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What stands before a test: the host, the harness, what the test includes of it.
fn prelude(root: &Path, about: &About) -> String {
    let mut text = String::from(HOST);
    let mut harness = vec!["assert.js".to_owned(), "sta.js".to_owned()];
    text.push_str(PRINT);
    if about.flag("async") {
        harness.push("doneprintHandle.js".to_owned());
    }
    harness.extend(about.includes.iter().cloned());
    for name in harness {
        let path = root.join("harness").join(&name);
        text.push_str(&std::fs::read_to_string(path).expect("a file of the harness"));
        text.push('\n');
    }
    text
}

/// The whole cell of a test. A module is imported by it, and finds the harness among the globals.
fn program(root: &Path, name: &str, text: &str, about: &About) -> String {
    if about.flag("module") {
        let name = name.replace('\'', "\\'");
        return format!(
            "{}await import('./{name}'); undefined",
            prelude(root, about)
        );
    }
    if about.flag("raw") {
        return text.to_owned();
    }
    let strict = if about.flag("onlyStrict") {
        "'use strict';\n"
    } else {
        ""
    };
    // A last value that is a promise would be awaited.
    format!("{strict}{}{text}\n;undefined;\n", prelude(root, about))
}

/// The test itself and the modules that lie beside it, in a folder of modules.
fn write_modules(files: &Files, test: &Path, text: &str) {
    let folder = test.parent().expect("a test lies in a folder");
    let write = |name: &str, bytes: Vec<u8>| {
        files.write(&format!("/home/user/{name}"), bytes).unwrap();
    };
    write("package.json", b"{\"type\":\"module\"}".to_vec());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = name_of(&path);
        if !name.contains("_FIXTURE") || !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        // One may import what has an ordinary name.
        for other in String::from_utf8_lossy(&bytes).split(['\'', '"']) {
            let other = other.strip_prefix("./").unwrap_or_default();
            if let Ok(bytes) = std::fs::read(folder.join(other)) {
                write(other, bytes);
            }
        }
        write(&name, bytes);
    }
    write(&name_of(test), text.as_bytes().to_vec());
}

async fn run(context: &Context, cell: RunCode) -> Outcome {
    let execution = context.execute(cell).unwrap();
    execution.outcome().await.unwrap()
}

/// Runs a test: how it ended, if not as it should.
async fn wrong_end(
    runtime: &Runtime,
    root: &Path,
    path: &Path,
    text: &str,
    about: &About,
) -> Option<String> {
    let mut limits = Limits::default();
    limits.wall = Some(Duration::from_secs(20));
    let sandbox = runtime.sandbox().limits(limits).start().await.unwrap();
    let name = name_of(path);
    if about.flag("module") || text.contains("_FIXTURE") || text.contains(&name) {
        write_modules(&sandbox.files(), path, text);
    }
    // A file, so that nothing is taken for TypeScript.
    let cell = RunCode::new(program(root, &name, text, about)).filename(name);
    let context = sandbox.context().unwrap();
    let mut outcome = run(&context, cell.silent()).await;
    if outcome.is_finished() && about.flag("async") && about.negative.is_none() {
        let said = RunCode::new(SAID).filename("said.js");
        outcome = run(&context, said.silent()).await;
    }
    let right = match (&outcome.end, &about.negative) {
        (sandcell::End::Finished, None) => true,
        (sandcell::End::Raised(exception), Some(name)) => {
            exception.name == *name || name == "Test262Error"
        }
        _ => false,
    };
    (!right).then(|| outcome.end.to_string())
}

/// What came of all tests, by their paths.
#[derive(Default)]
struct Run {
    passed: BTreeSet<String>,
    failed: BTreeMap<String, String>,
    skipped: BTreeMap<&'static str, usize>,
}

async fn run_all(runtime: &Runtime, root: &Path, folders: &[String]) -> Run {
    let mut run = Run::default();
    let all = folders
        .iter()
        .flat_map(|folder| tests(&root.join("test").join(folder)));
    for path in all {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let about = About::of(&text);
        if let Some(reason) = about.skipped_for(&text) {
            *run.skipped.entry(reason).or_default() += 1;
            continue;
        }
        let name = path.strip_prefix(root).unwrap();
        let name = name.to_string_lossy().into_owned();
        match wrong_end(runtime, root, &path, &text, &about).await {
            None => {
                run.passed.insert(name);
            }
            Some(end) => {
                run.failed.insert(name, end);
            }
        }
    }
    run
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
    let builder = Runtime::builder().cache(cache).image("javascript");
    let runtime = builder.open().unwrap();
    let folders = std::env::var("SANDCELL_TEST262_PART").map_or_else(
        |_| {
            ["language", "built-ins", "annexB"]
                .map(String::from)
                .to_vec()
        },
        |part| vec![part],
    );
    let run = run_all(&runtime, &root, &folders).await;

    let (known, differences) = (known_failures(), Differences::read());
    let failed: BTreeSet<String> = run.failed.keys().cloned().collect();
    let expected = failed.iter().filter(|path| known.contains(*path)).count();
    let skipped: usize = run.skipped.values().sum();
    let by_reason = differences.count(&failed);
    let new: Vec<String> = run
        .failed
        .iter()
        .filter(|(path, _)| !known.contains(*path) && !differences.has(path))
        .map(|(path, end)| format!("{path}: {end}"))
        .collect();
    println!(
        "test262: {} passed, {} failed, {expected} failed as known, {} differ, {skipped} skipped",
        run.passed.len(),
        new.len(),
        by_reason.values().sum::<usize>(),
    );
    for (reason, count) in by_reason {
        println!("differ: {count:5} {reason}");
    }
    for (feature, count) in &run.skipped {
        println!("skipped: {count:5} {feature}");
    }
    assert!(new.is_empty(), "{}", new.join("\n"));
    let stale = differences.stale(&run.passed);
    assert!(
        stale.is_empty(),
        "listed, but passed:\n{}",
        stale.join("\n")
    );
}
