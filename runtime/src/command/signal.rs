//! Signals, and what processes do about them.

use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Names of the signals from 1 on, with Linux's numbers.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// A signal, by Linux's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(u8);

impl Signal {
    /// The terminal is gone.
    pub const HUP: Self = Self(1);
    /// Ctrl-C.
    pub const INT: Self = Self(2);
    /// Ctrl-\.
    pub const QUIT: Self = Self(3);
    /// It gave up by itself.
    pub const ABRT: Self = Self(6);
    /// Ends a process whatever it does.
    pub const KILL: Self = Self(9);
    /// Free for programs.
    pub const USR1: Self = Self(10);
    /// It touched memory that it does not have.
    pub const SEGV: Self = Self(11);
    /// Free for programs.
    pub const USR2: Self = Self(12);
    /// It wrote into a pipe that nobody reads.
    pub const PIPE: Self = Self(13);
    /// A timer ran out.
    pub const ALRM: Self = Self(14);
    /// Asks a process to end.
    pub const TERM: Self = Self(15);
    /// A child ended.
    pub const CHLD: Self = Self(17);
    /// Goes on.
    pub const CONT: Self = Self(18);
    /// The terminal has another size.
    pub const WINCH: Self = Self(28);

    /// The signal of a number from 1 to 31.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (1..=31).contains(&number).then_some(Self(number))
    }

    /// The signal of a name, as `TERM`, `SIGTERM` or `15`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Ok(number) = name.parse() {
            return Self::from_number(number);
        }
        let upper = name.to_ascii_uppercase();
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        let at = NAMES.iter().position(|known| *known == short)?;
        u8::try_from(at + 1).ok().map(Self)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name without `SIG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0) - 1).copied().unwrap_or("")
    }

    /// Whether a process that says nothing about it goes on. Stopping is none of
    /// what our processes can do, so those signals do nothing.
    const fn is_harmless(self) -> bool {
        matches!(self.0, 17..=23 | 28)
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIG{}", self.name())
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a process does about a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The usual: most signals end it.
    Default,
    /// Nothing.
    Ignore,
    /// It gets it from [`crate::command::Process::signal`].
    Catch,
}

/// What one process was told, and what it does about it.
#[derive(Debug)]
pub(super) struct Signals {
    state: Mutex<State>,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    ignored: u64,
    caught: u64,
    pending: u64,
    fatal: Option<Signal>,
}

impl Signals {
    /// A process that ignores the signals of this set.
    pub(super) fn new(ignored: u64) -> Self {
        Self {
            state: Mutex::new(State {
                ignored,
                ..State::default()
            }),
            told: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set of ignored signals, which children inherit.
    pub(super) fn ignored(&self) -> u64 {
        self.lock().ignored
    }

    pub(super) fn ignores(&self, signal: Signal) -> bool {
        self.lock().ignored & signal.bit() != 0
    }

    pub(super) fn set(&self, signal: Signal, disposition: Disposition) {
        if signal == Signal::KILL {
            return;
        }
        let mut state = self.lock();
        state.ignored &= !signal.bit();
        state.caught &= !signal.bit();
        match disposition {
            Disposition::Default => {}
            Disposition::Ignore => state.ignored |= signal.bit(),
            Disposition::Catch => state.caught |= signal.bit(),
        }
    }

    pub(super) fn send(&self, signal: Signal) {
        let mut state = self.lock();
        if signal == Signal::KILL {
            state.fatal = Some(signal);
        } else if state.ignored & signal.bit() != 0 {
            return;
        } else if state.caught & signal.bit() != 0 {
            state.pending |= signal.bit();
        } else if signal.is_harmless() {
            return;
        } else {
            state.fatal.get_or_insert(signal);
        }
        drop(state);
        self.told.notify_waiters();
    }

    /// The caught signal of the lowest number that came.
    pub(super) fn take(&self) -> Option<Signal> {
        let mut state = self.lock();
        let number = state.pending.trailing_zeros();
        let signal = Signal::from_number(i32::try_from(number).ok()?)?;
        state.pending &= !signal.bit();
        Some(signal)
    }

    /// Waits for a caught signal.
    pub(super) async fn next(&self) -> Signal {
        self.until(Self::take).await
    }

    /// Waits for a signal that ends the process.
    pub(super) async fn fatal(&self) -> Signal {
        self.until(Self::has_fatal).await
    }

    /// The signal that ends the process, if it was sent one.
    pub(super) fn has_fatal(&self) -> Option<Signal> {
        self.lock().fatal
    }

    async fn until(&self, look: impl Fn(&Self) -> Option<Signal>) -> Signal {
        loop {
            let mut told = pin!(self.told.notified());
            told.as_mut().enable();
            if let Some(signal) = look(self) {
                return signal;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(Signal::from_name("sigterm"), Some(Signal::TERM));
        assert_eq!(Signal::from_name("KILL"), Some(Signal::KILL));
        assert_eq!(Signal::from_name("2"), Some(Signal::INT));
        assert_eq!(Signal::from_name("NO"), None);
        assert_eq!(Signal::from_number(0), None);
        assert_eq!(Signal::from_number(32), None);
        assert_eq!(Signal::WINCH.to_string(), "SIGWINCH");
    }

    #[tokio::test]
    async fn dispositions_decide() {
        let signals = Signals::new(Signal::HUP.bit());
        signals.send(Signal::HUP);
        signals.send(Signal::CHLD);
        signals.set(Signal::TERM, Disposition::Catch);
        signals.set(Signal::INT, Disposition::Catch);
        signals.send(Signal::TERM);
        signals.send(Signal::INT);
        assert_eq!(signals.next().await, Signal::INT);
        assert_eq!(signals.next().await, Signal::TERM);
        assert_eq!(signals.take(), None);
        signals.set(Signal::KILL, Disposition::Ignore);
        signals.set(Signal::TERM, Disposition::Default);
        signals.send(Signal::TERM);
        assert_eq!(signals.fatal().await, Signal::TERM);
        signals.send(Signal::KILL);
        assert_eq!(signals.fatal().await, Signal::KILL);
    }
}
