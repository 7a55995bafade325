//! Programs in JavaScript: whole ones from eslump, and splices of our own, taken
//! apart by acorn and written down by astring.

use std::fs;

use sandcell::{Cache, Runtime};

use crate::generator::{Batch, Program, attacks, folder, generate, write_corpus};
use crate::oracle::{Bystander, survives};
use crate::packages::node_with;
use crate::{batches, each};

async fn runtime() -> Runtime {
    let cache = Cache::of_user().expect("a cache");
    let language = sandcell_javascript::JavaScript::default();
    let built = cache.ensure(&language, &mut ()).await;
    built.expect("the JavaScript image is built");
    let runtime = Runtime::builder()
        .cache(cache)
        .image("javascript")
        .warm(0)
        .open();
    runtime.expect("a runtime over the JavaScript image")
}

/// The attacks, and the blocks of `seeds.js`.
fn corpus() -> Vec<String> {
    let seeds = fs::read_to_string(folder().join("javascript/seeds.js")).unwrap();
    let blocks = seeds.split("\n{\n").skip(1);
    let blocks: Vec<String> = blocks.map(|block| format!("{{\n{block}")).collect();
    assert!(blocks.len() >= 10);
    [attacks("javascript"), blocks].concat()
}

async fn made(kind: &'static str, batch: Batch) -> Vec<Program> {
    let work = move || {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("corpus");
        write_corpus(&path, &corpus());
        let command = node_with(
            "programs-javascript",
            &folder().join("javascript"),
            "generate.mjs",
        );
        generate(command, kind, batch, &path)
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_end_within_their_limits() {
    let runtime = runtime().await;
    let bystander = Bystander::start(&runtime).await;
    batches(async |batch| {
        let third = Batch {
            count: batch.count.div_ceil(3),
            ..batch
        };
        for kind in ["grammar", "spliced", "broken"] {
            let programs = made(kind, third).await;
            each(programs, |program| survives(runtime.clone(), program)).await;
        }
    })
    .await;
    bystander.unharmed().await;
}
