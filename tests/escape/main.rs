//! Ways out of a sandbox, tried one after the other. Each case is a cell and the
//! exact words of its refusal; a file of cases runs in one sandbox, and when it
//! has ended the host must look as before.
//!
//! The cases stand in `python/` and `javascript/`, by what they attack. With
//! `SANDCELL_UPDATE_CASES` set, the files are written anew with what was found:
//! read the difference before you believe it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod case;
mod host;

use std::path::{Path, PathBuf};
use std::time::Duration;

use case::{Case, File};
use host::Host;
use sandcell::files::Access;
use sandcell::{Cache, Checkpoints, Context, Report, Runtime, SandboxBuilder};

/// Most time for one case: none needs it, and a case that hangs must end.
const WALL: Duration = Duration::from_secs(8);

/// Most memory of a sandbox.
const MEMORY: u64 = 128 << 20;

fn runtime(cache: Cache, image: &str) -> Runtime {
    let runtime = Runtime::builder().cache(cache).image(image).warm(0).open();
    runtime.expect("a runtime")
}

fn hardened(runtime: &Runtime, host: &Host) -> SandboxBuilder {
    let limits = runtime.sandbox().memory_bytes(MEMORY).wall(WALL);
    // A case that breaks its guest undoes nothing but itself.
    let limits = limits.checkpoints(Checkpoints::EveryCell);
    limits
        .mount("/ro", host.shared("ro"), Access::ReadOnly)
        .mount("/rw", host.shared("rw"), Access::ReadWrite)
}

/// What came of a case, in the form of the files.
fn answer(report: &Report, host: &Host) -> String {
    let end = if report.outcome.is_finished() {
        report.text().unwrap_or_default().to_owned()
    } else {
        report.outcome.end.to_string()
    };
    let mut whole = String::new();
    for part in [&report.stdout, &report.stderr] {
        whole.push_str(&String::from_utf8_lossy(part));
    }
    // What was written before a cell failed is not part of its answer, but counts here.
    assert!(
        !format!("{whole}{end}").contains(host.secret()),
        "the secret of the host came out: {whole}{end}"
    );
    // A traceback on stderr repeats what the end says.
    if report.outcome.is_finished() && !whole.is_empty() {
        whole.push_str(&end);
    } else {
        whole = end;
    }
    let whole = host.hide(whole.trim_end());
    let plain = whole.chars().map(|letter| match letter {
        '\n' => "\n".to_owned(),
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    });
    // An empty line ends a case.
    plain.collect::<String>().replace("\n\n", "\n<empty>\n")
}

async fn run(context: &Context, case: &Case, host: &Host) -> String {
    let code = host.show(&case.code);
    let execution = match context.execute(code) {
        Ok(execution) => execution,
        Err(error) => return format!("refused: {error}"),
    };
    match execution.report().await {
        Ok(report) => answer(&report, host),
        Err(error) => format!("lost: {error}"),
    }
}

/// Runs a file of cases; answers the differences.
async fn check(runtime: &Runtime, path: &Path) -> String {
    let host = Host::new();
    let sandbox = hardened(runtime, &host).start().await.expect("a sandbox");
    let context = sandbox.context().expect("its first context");
    let mut file = File::read(path);
    let mut differences = String::new();
    for case in &mut file.cases {
        let found = run(&context, case, &host).await;
        if found != case.expected {
            differences.push_str(&format!(
                "{}:{}\n{}\nexpected: {}\n   found: {found}\n\n",
                path.display(),
                case.line,
                case.code,
                case.expected
            ));
            case.expected = found;
        }
    }
    sandbox.close();
    host.check();
    if std::env::var_os("SANDCELL_UPDATE_CASES").is_some() && !differences.is_empty() {
        file.write(path);
    }
    differences
}

/// Runs all files of a language, each beside the others.
async fn all(runtime: Runtime, language: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/escape")
        .join(language);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are cases");
    let checks = paths.iter().map(|path| check(&runtime, path));
    let differences: String = futures::future::join_all(checks).await.concat();
    assert!(differences.is_empty(), "\n{differences}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_python() {
    all(runtime(support::cache().await, support::IMAGE), "python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_javascript() {
    let cache = Cache::of_user().expect("a cache");
    let guest = sandcell_javascript::JavaScript::default();
    cache.ensure(&guest, &mut ()).await.expect("the image");
    all(runtime(cache, "javascript"), "javascript").await;
}

/// A file that is lost, or read wrongly, is missed here.
#[test]
fn there_are_enough_cases() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/escape");
    let mut count = 0;
    for language in ["python", "javascript"] {
        for entry in std::fs::read_dir(folder.join(language)).expect("the cases") {
            count += File::read(&entry.expect("an entry").path()).cases.len();
        }
    }
    assert!(count >= 250, "{count}");
}
