//! Programs in Python, made by hypothesis with hypothesmith.

use std::path::PathBuf;
use std::process::Command;

use sandcell::End;

use crate::generator::{Batch, Program, attacks, folder, generate, write_corpus};
use crate::oracle::{Bystander, survives};
use crate::packages::python_with;
use crate::support::{first, run, runtime, start};
use crate::{batches, each, host};

/// The generators' interpreter.
fn interpreter() -> PathBuf {
    python_with("programs", &folder().join("python/requirements.txt"))
}

async fn made(kind: &'static str, batch: Batch) -> Vec<Program> {
    let work = move || {
        let mut command = Command::new(interpreter());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.args(["-W", "ignore"]);
        command.arg(folder().join("python/generate.py"));
        let place = tempfile::tempdir().unwrap();
        let corpus = place.path().join("corpus");
        write_corpus(&corpus, &attacks("python"));
        // The generator's library keeps notes in its working directory.
        command.current_dir(place.path());
        generate(command, kind, batch, &corpus)
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn part(batch: Batch, of: u64) -> Batch {
    Batch {
        count: batch.count.div_ceil(of),
        ..batch
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_end_within_their_limits() {
    let runtime = runtime().await;
    let bystander = Bystander::start(&runtime).await;
    batches(async |batch| {
        let third = part(batch, 3);
        let (grammar, spliced, broken) = tokio::join!(
            made("grammar", third),
            made("spliced", third),
            made("broken", third)
        );
        let programs = [grammar, spliced, broken].concat();
        each(programs, |program| survives(runtime.clone(), program)).await;
    })
    .await;
    bystander.unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_with_a_meaning_do_what_they_do_on_the_host() {
    let runtime = runtime().await;
    batches(async |batch| {
        let programs = made("meaning", part(batch, 2)).await;
        let judged = programs.clone();
        let told = tokio::task::spawn_blocking(move || host::judge(&interpreter(), &judged));
        let told = told.await.unwrap();
        let compared = told.iter().flatten().count();
        assert!(compared * 10 >= told.len() * 9, "{compared} programs ended");
        let pairs = programs.into_iter().zip(told);
        let pairs = pairs.filter_map(|(program, told)| Some((program, told?)));
        each(pairs.collect(), |(program, told)| {
            let runtime = runtime.clone();
            async move {
                let sandbox = start(runtime.sandbox()).await;
                let report = run(&first(&sandbox), program.source.clone()).await;
                let raised = match &report.outcome.end {
                    End::Finished => None,
                    End::Raised(exception) => Some(exception.name.clone()),
                    other => panic!("{other}: {}", program.shown()),
                };
                let here = host::Told {
                    stdout: report.stdout_text(),
                    raised,
                };
                assert_eq!(here, told, "{}", program.shown());
            }
        })
        .await;
    })
    .await;
}
