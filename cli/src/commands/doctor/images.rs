//! Images: whether they are there, whole and current, and whether a sandbox runs.

use std::time::Instant;

use sandcell::{Cache, Error, Runtime};

use super::finding::Finding;
use super::tools;
use crate::exit::Failure;
use crate::language::{self, BuildSettings};
use crate::open;

/// Checks all images of a cache; what is needed to build those that are missing;
/// and whether each that is whole runs.
pub(super) fn check(cache: &Cache) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut must_build = false;
    match cache.check() {
        Ok(checked) => {
            for image in checked {
                let subject = format!("image {}", image.image);
                match (image.problem, image.remedy) {
                    (None, _) => {
                        findings.push(current(cache, &image.image, &mut must_build));
                        findings.push(probe(cache, &image.image));
                    }
                    (Some(problem), remedy) => {
                        let finding = Finding::problem(subject, problem);
                        must_build |= remedy.as_deref().is_some_and(is_build);
                        findings.push(match remedy {
                            Some(remedy) => finding.remedy(remedy),
                            None => finding,
                        });
                    }
                }
            }
        }
        Err(error) => findings.push(Finding::problem("images", error.to_string())),
    }
    for (place, name) in language::NAMES.into_iter().enumerate() {
        if !matches!(cache.image(name), Err(Error::NoImage { .. })) {
            continue;
        }
        let subject = format!("image {name}");
        if place > 0 {
            // Who never uses a language misses nothing.
            findings.push(Finding::well(subject, "not built; its first run builds it"));
            continue;
        }
        must_build = true;
        let finding = Finding::problem(subject, "is not built");
        findings.push(finding.remedy(format!("sandcell image build {name}")));
    }
    if must_build {
        findings.extend(tools::check());
    }
    findings
}

/// True for a command that builds a guest.
fn is_build(remedy: &str) -> bool {
    remedy.starts_with("sandcell image build")
}

/// Whether an image is what this version would build.
fn current(cache: &Cache, name: &str, must_build: &mut bool) -> Finding {
    let subject = format!("image {name}");
    let language = language::find(name, BuildSettings::default());
    match (cache.image(name), language) {
        (Ok(image), Some(language)) if image.recipe != language.recipe() => {
            *must_build = true;
            Finding::problem(
                subject,
                "was built by another version; the next run builds it anew",
            )
            .remedy(format!("sandcell image build {name}"))
        }
        (Ok(_), _) => Finding::well(subject, "whole and compiled"),
        (Err(error), _) => Finding::problem(subject, error.to_string()),
    }
}

/// Runs a cell in a sandbox.
fn probe(cache: &Cache, name: &str) -> Finding {
    let subject = format!("sandbox {name}");
    match run(cache, name) {
        Ok(microseconds) => {
            Finding::well(subject, format!("runs; made and run in {microseconds} µs"))
        }
        Err(failure) => {
            let finding = Finding::problem(subject, failure.message);
            match failure.hint {
                Some(hint) => finding.remedy(hint),
                None => finding,
            }
        }
    }
}

fn run(cache: &Cache, name: &str) -> Result<u128, Failure> {
    open::reactor()?.block_on(async {
        let runtime = Runtime::builder()
            .cache(cache.clone())
            .image(name)
            .warm(0)
            .open()?;
        let timer = Instant::now();
        let sandbox = runtime.sandbox().start().await?;
        let outcome = sandbox.context()?.execute("1")?.outcome().await?;
        if outcome.is_finished() {
            Ok(timer.elapsed().as_micros())
        } else {
            Err(Failure::own(format!(
                "a sandbox could not run `1`: {}",
                outcome.end
            )))
        }
    })
}
