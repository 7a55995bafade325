//! Tells the runtime's progress what a build tells.

use crate::progress::Event;

/// Passes the events of a build on to a [`sandcell::Progress`].
#[expect(
    missing_debug_implementations,
    reason = "the runtime's progress has no text form"
)]
pub struct Teller<'a> {
    progress: &'a mut dyn sandcell::Progress,
    number: usize,
    of: usize,
}

impl<'a> Teller<'a> {
    /// Nothing has been told yet.
    pub fn new(progress: &'a mut dyn sandcell::Progress) -> Self {
        Self {
            progress,
            number: 0,
            of: 0,
        }
    }

    /// Passes on one event.
    pub fn tell(&mut self, event: &Event<'_>) {
        let step = match *event {
            Event::Waiting => sandcell::Step::Line("waiting for another build in the same cache"),
            Event::Planned { steps, .. } => {
                self.of = steps.len();
                return;
            }
            Event::Cached { step } => sandcell::Step::Cached { name: step.name() },
            Event::Started { step, estimate, .. } => {
                self.number += 1;
                sandcell::Step::Started {
                    name: step.name(),
                    number: self.number,
                    of: self.of,
                    estimate,
                }
            }
            Event::Line { text, .. } => sandcell::Step::Line(text),
            Event::Finished { step, elapsed } => sandcell::Step::Finished {
                name: step.name(),
                took: elapsed,
            },
        };
        self.progress.step(step);
    }
}
