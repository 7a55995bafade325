//! Runs a list of steps, two at a time where they do not need one another.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::error::BuildError;
use crate::plan::{Plan, Step};
use crate::progress::{Event, Progress};
use crate::store::Store;

/// Two: much of the build is one program after another (configure, the
/// compilation of SQLite, fetching), and machines have at least two cores.
const LANES: usize = 2;

/// Does one step, telling the lines it prints.
pub(crate) type Execute<'a> =
    dyn Fn(Step, &mut dyn FnMut(&str)) -> Result<(), BuildError> + Sync + 'a;

enum News {
    Line(Step, String),
    Ended(Step, Result<(), BuildError>),
}

/// Run `steps`, which stand in the order of their needs. `execute` does one; it
/// is called on threads of its own. The first failure ends the build as soon as
/// the step beside it has ended, whose outcome is kept.
pub(crate) fn run(
    plan: &Plan,
    steps: &[Step],
    store: &Store,
    progress: &mut dyn Progress,
    execute: &Execute<'_>,
) -> Result<(), BuildError> {
    let mut waiting: Vec<Step> = steps.to_vec();
    let mut running: Vec<(Step, Instant)> = Vec::new();
    let mut done = BTreeSet::new();
    let mut outcome = Ok(());
    let (sender, receiver) = mpsc::channel();

    thread::scope(|scope| {
        loop {
            while outcome.is_ok() && running.len() < LANES {
                let Some(step) = next(plan, &mut waiting, steps, &done) else {
                    break;
                };
                progress.tell(Event::Started {
                    step,
                    estimate: plan.estimate(&[step]),
                    log: &store.log(step),
                });
                running.push((step, Instant::now()));
                let sender = sender.clone();
                scope.spawn(move || {
                    let lines = sender.clone();
                    // The receiver outlives every step: a send cannot fail.
                    let mut tell = |text: &str| drop(lines.send(News::Line(step, text.to_owned())));
                    let ended = execute(step, &mut tell);
                    drop(sender.send(News::Ended(step, ended)));
                });
            }
            if running.is_empty() {
                break;
            }
            let Ok(news) = receiver.recv() else { break };
            match news {
                News::Line(step, text) => progress.tell(Event::Line { step, text: &text }),
                News::Ended(step, ended) => {
                    let place = running.iter().position(|(other, _)| *other == step);
                    let begun = place.map(|place| running.swap_remove(place).1);
                    match ended {
                        Ok(()) => {
                            done.insert(step);
                            progress.tell(Event::Finished {
                                step,
                                elapsed: begun.map(|begun| begun.elapsed()).unwrap_or_default(),
                            });
                        }
                        Err(error) if outcome.is_ok() => outcome = Err(error),
                        // The first one is told.
                        Err(_) => {}
                    }
                }
            }
        }
        outcome
    })
}

/// Take the first waiting step whose needs are met: done, or not to be run at all.
fn next(
    plan: &Plan,
    waiting: &mut Vec<Step>,
    steps: &[Step],
    done: &BTreeSet<Step>,
) -> Option<Step> {
    let ready = |step: &Step| {
        plan.definition(*step)
            .needs
            .iter()
            .all(|(_, needed)| done.contains(needed) || !steps.contains(needed))
    };
    let place = waiting.iter().position(ready)?;
    Some(waiting.remove(place))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::*;
    use crate::plan::example::{ASSEMBLE, CONFIGURE, LIBRARY, MAKE, PLAN};
    use crate::progress::Silent;

    fn store() -> Store {
        Store::new(PathBuf::from("unused"), &PLAN, PLAN.keys("test", "1"))
    }

    #[test]
    fn each_step_runs_once_and_after_its_needs() {
        let steps = PLAN.all_towards(ASSEMBLE);
        let finished = Mutex::new(Vec::new());
        run(&PLAN, &steps, &store(), &mut Silent, &|step, _| {
            for (_, needed) in PLAN.definition(step).needs {
                assert!(finished.lock().unwrap().contains(needed));
            }
            finished.lock().unwrap().push(step);
            Ok(())
        })
        .unwrap();
        let mut finished = finished.into_inner().unwrap();
        let mut steps = steps;
        finished.sort();
        steps.sort();
        assert_eq!(finished, steps);
    }

    #[test]
    fn a_failure_stops_what_comes_after_it() {
        let steps = PLAN.all_towards(ASSEMBLE);
        let run_steps = Mutex::new(Vec::new());
        let ended = run(&PLAN, &steps, &store(), &mut Silent, &|step, _| {
            run_steps.lock().unwrap().push(step);
            match step {
                CONFIGURE => Err(BuildError::Tool { step, tool: "sh" }),
                _ => Ok(()),
            }
        });
        assert!(matches!(
            ended,
            Err(BuildError::Tool {
                step: CONFIGURE,
                ..
            })
        ));
        let run_steps = run_steps.into_inner().unwrap();
        assert!(!run_steps.contains(&MAKE));
        assert!(!run_steps.contains(&ASSEMBLE));
    }

    #[test]
    fn lines_reach_the_caller_before_the_end() {
        let mut told = Vec::new();
        let mut listener = |event: Event<'_>| match event {
            Event::Line { text, .. } => told.push(text.to_owned()),
            Event::Finished { .. } => told.push("finished".to_owned()),
            _ => {}
        };
        run(&PLAN, &[LIBRARY], &store(), &mut listener, &|_, line| {
            line("hello");
            Ok(())
        })
        .unwrap();
        assert_eq!(told, ["hello", "finished"]);
    }
}
