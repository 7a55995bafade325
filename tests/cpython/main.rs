//! CPython's own tests in sandboxes: the list of docs/cpython-tests.md, no test
//! failing that is not on it, none on it that does not fail.
//!
//! `cargo test --release --workspace --test cpython -- --include-ignored` runs
//! the whole list. With `SANDCELL_CPYTHON_TESTS="test_re test_json"` those
//! modules run, on the list or not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects has failed, and says what it found"
)]

mod archive;
mod list;
mod module;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use archive::Archive;
use list::Expected;

/// Names the modules to run instead of those of the list.
const CHOICE: &str = "SANDCELL_CPYTHON_TESTS";

/// Modules that take seconds each; only the run of the whole list has them.
const SLOW: &[&str] = &[
    "test___all__",
    "test_asyncio.test_eager_task_factory",
    "test_asyncio.test_taskgroups",
    "test_asyncio.test_tasks",
    "test_decimal",
    "test_email",
    "test_fstring",
    "test_io",
    "test_itertools",
    "test_logging",
    "test_pickle",
    "test_random",
    "test_set",
    "test_tarfile",
    "test_zipfile",
    "test_zipimport",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_quick_modules_of_the_list() {
    let mut modules = list::modules();
    for slow in SLOW {
        assert!(modules.remove(*slow).is_some(), "{slow} is not listed");
    }
    check(modules).await;
}

#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_list() {
    let listed = list::modules();
    let Ok(choice) = std::env::var(CHOICE) else {
        return check(listed).await;
    };
    let expected = |name: &str| listed.get(name).cloned().unwrap_or_default();
    let names = choice.split_whitespace();
    check(
        names
            .map(|name| (name.to_owned(), expected(name)))
            .collect(),
    )
    .await;
}

/// Runs modules, as many at once as there are cores, and compares.
async fn check(modules: BTreeMap<String, Expected>) {
    let runtime = support::runtime().await;
    let archive = Archive::made(runtime.cache()).await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let places = Arc::new(Semaphore::new(cores));
    let mut tasks = JoinSet::new();
    for (module, expected) in modules {
        let (runtime, archive) = (runtime.clone(), archive.clone());
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let outcome = module::run(&runtime, &archive, &module, &expected).await;
            let wrong = match outcome {
                Ok(outcome) => {
                    let (run, skipped) = (outcome.run, outcome.skipped);
                    let (bad, seconds) = (outcome.bad.len(), outcome.seconds);
                    println!("{module}: {run} run, {skipped} skipped, {bad} failed, {seconds} s");
                    module::differences(&module, &expected, &outcome)
                }
                Err(end) => vec![end],
            };
            wrong
                .into_iter()
                .map(|line| format!("{module}: {line}"))
                .collect::<Vec<_>>()
        });
    }
    let mut wrong = tasks.join_all().await.concat();
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
