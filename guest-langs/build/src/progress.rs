//! What a build tells about itself while it goes on.

use std::path::Path;
use std::time::Duration;

use crate::plan::Step;

/// One piece of news of a build. Up to two steps run at the same time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another build holds the cache: this one waits for its end.
    Waiting,
    /// What will be run, in no binding order, and how long that takes on two
    /// idle cores. Empty steps are not in it: see [`Event::Cached`].
    Planned {
        /// The steps to run.
        steps: &'a [Step],
        /// A guess for all of them.
        estimate: Duration,
    },
    /// A step's outcome was in the cache.
    Cached {
        /// The step that need not be run.
        step: Step,
    },
    /// A step begins.
    Started {
        /// The step.
        step: Step,
        /// How long it takes on two idle cores, roughly.
        estimate: Duration,
        /// Where its whole output goes.
        log: &'a Path,
    },
    /// A line that a step printed, at most 400 bytes of it.
    Line {
        /// The step.
        step: Step,
        /// The line without its end; control characters are those of the program.
        text: &'a str,
    },
    /// A step is done and its outcome kept.
    Finished {
        /// The step.
        step: Step,
        /// How long it took.
        elapsed: Duration,
    },
}

/// Who is told. Called on the thread that called [`run`](super::Recipe::run),
/// which waits for it: return soon.
pub trait Progress {
    /// Take one piece of news.
    fn tell(&mut self, event: Event<'_>);
}

impl<F: FnMut(Event<'_>)> Progress for F {
    fn tell(&mut self, event: Event<'_>) {
        self(event);
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&mut self, _event: Event<'_>) {}
}
