//! The ladder of stopping: ask, wait a grace time, stop by force.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::execution::InterruptCause;
use crate::interrupt::Control;

/// What has to be done with a guest now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Nothing: it may go on.
    GoOn,
    /// Set its interrupt words.
    Ask,
    /// Trap it.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rung {
    Running,
    Asked {
        cause: InterruptCause,
        stop_at: Instant,
    },
    Stopped {
        cause: InterruptCause,
    },
}

/// How far one execution has been stopped.
#[derive(Debug)]
pub(crate) struct Ladder {
    pub(crate) control: Arc<Control>,
    ask_at: Option<Instant>,
    grace: Duration,
    rung: Rung,
    /// Whoever asks again is heard again.
    repeats: bool,
}

impl Ladder {
    pub(crate) fn new(control: Arc<Control>, wall: Option<Duration>, grace: Duration) -> Self {
        Self {
            control,
            ask_at: wall.and_then(|wall| Instant::now().checked_add(wall)),
            grace,
            rung: Rung::Running,
            repeats: false,
        }
    }

    /// A ladder of a program: each interrupt is told, and none ends it by force.
    pub(crate) fn of_program(control: Arc<Control>) -> Self {
        const NEVER: Duration = Duration::from_secs(1 << 32);
        Self {
            repeats: true,
            ..Self::new(control, None, NEVER)
        }
    }

    /// Climbs as far as `now` asks for.
    pub(crate) fn review(&mut self, now: Instant) -> Demand {
        let asked = self.control.asked();
        // Time in which it was held does not count.
        let now = now.checked_sub(self.control.held()).unwrap_or(now);
        match self.rung {
            Rung::Running => {
                let late = self.ask_at.is_some_and(|at| now >= at);
                let Some(cause) = asked.or_else(|| late.then_some(InterruptCause::Deadline)) else {
                    return Demand::GoOn;
                };
                if cause == InterruptCause::Closed || self.grace.is_zero() {
                    self.rung = Rung::Stopped { cause };
                    return Demand::Stop;
                }
                let stop_at = now + self.grace;
                self.rung = Rung::Asked { cause, stop_at };
                Demand::Ask
            }
            Rung::Asked { cause, stop_at } => {
                let closed = asked == Some(InterruptCause::Closed);
                if self.repeats && self.control.take_again() {
                    return Demand::Ask;
                }
                if now < stop_at && !closed {
                    return Demand::GoOn;
                }
                let cause = if closed {
                    InterruptCause::Closed
                } else {
                    cause
                };
                self.rung = Rung::Stopped { cause };
                Demand::Stop
            }
            Rung::Stopped { .. } => Demand::Stop,
        }
    }

    /// When the next review may demand something by itself.
    pub(crate) fn alarm(&self) -> Option<Instant> {
        let alarm = match self.rung {
            Rung::Running => self.ask_at,
            Rung::Asked { stop_at, .. } => Some(stop_at),
            Rung::Stopped { .. } => None,
        };
        alarm.and_then(|alarm| alarm.checked_add(self.control.held()))
    }

    /// Who asked, once the guest was told.
    pub(crate) fn cause(&self) -> Option<InterruptCause> {
        match self.rung {
            Rung::Running => None,
            Rung::Asked { cause, .. } | Rung::Stopped { cause } => Some(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control() -> Arc<Control> {
        Control::new(Arc::new(|| ()))
    }

    #[test]
    fn a_deadline_asks_once_then_stops() {
        let second = Duration::from_secs(1);
        let mut ladder = Ladder::new(control(), Some(second), second);
        let start = Instant::now();
        assert_eq!(ladder.review(start), Demand::GoOn);
        assert_eq!(ladder.review(start + 2 * second), Demand::Ask);
        assert_eq!(ladder.review(start + 2 * second), Demand::GoOn);
        assert_eq!(ladder.cause(), Some(InterruptCause::Deadline));
        assert_eq!(ladder.review(start + 3 * second), Demand::Stop);
        assert_eq!(ladder.review(start), Demand::Stop);
    }

    #[test]
    fn time_in_which_it_was_held_does_not_count() {
        let second = Duration::from_secs(1);
        let mut ladder = Ladder::new(control(), Some(second), second);
        let start = Instant::now();
        ladder.control.held_for(10 * second);
        assert_eq!(ladder.review(start + 10 * second), Demand::GoOn);
        assert!(ladder.alarm().is_some_and(|at| at > start + 10 * second));
        assert_eq!(ladder.review(start + 12 * second), Demand::Ask);
        assert_eq!(ladder.review(start + 12 * second), Demand::GoOn);
        assert_eq!(ladder.review(start + 14 * second), Demand::Stop);
    }

    #[test]
    fn a_close_allows_no_grace() {
        let control = control();
        let mut ladder = Ladder::new(Arc::clone(&control), None, Duration::from_secs(9));
        control.ask(InterruptCause::Handle);
        assert_eq!(ladder.review(Instant::now()), Demand::Ask);
        control.ask(InterruptCause::Closed);
        assert_eq!(ladder.review(Instant::now()), Demand::Stop);
        assert_eq!(ladder.cause(), Some(InterruptCause::Closed));
    }

    #[test]
    fn no_grace_means_force_at_once() {
        let control = control();
        let mut ladder = Ladder::new(Arc::clone(&control), None, Duration::ZERO);
        control.ask(InterruptCause::Handle);
        control.ask(InterruptCause::Dropped);
        assert_eq!(ladder.review(Instant::now()), Demand::Stop);
        assert_eq!(ladder.cause(), Some(InterruptCause::Handle));
    }
}
