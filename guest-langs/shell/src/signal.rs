//! Signals by number and name, Linux's numbers.

use serde::{Deserialize, Serialize};

/// A signal by its number, 1 to 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal(pub u8);

const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

impl Signal {
    /// Hang up.
    pub const HUP: Self = Self(1);
    /// Interrupt from the keyboard.
    pub const INT: Self = Self(2);
    /// Quit from the keyboard.
    pub const QUIT: Self = Self(3);
    /// Kill; cannot be caught.
    pub const KILL: Self = Self(9);
    /// A pipe without readers.
    pub const PIPE: Self = Self(13);
    /// End, please.
    pub const TERM: Self = Self(15);
    /// A child ended.
    pub const CHLD: Self = Self(17);
    /// Go on.
    pub const CONT: Self = Self(18);

    /// `KILL`, `SIGKILL`, `kill` or `9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u8>() {
            return (1..=64).contains(&number).then_some(Self(number));
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        (1..=31).map(Self).find(|signal| signal.name() == name)
    }

    /// The name without `SIG`, or the number.
    #[must_use]
    pub fn name(self) -> String {
        NAMES
            .get(usize::from(self.0.saturating_sub(1)))
            .map_or_else(|| self.0.to_string(), |name| (*name).to_owned())
    }

    /// What a shell says of a process that the signal ended.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self.0 {
            1 => "Hangup",
            2 => "Interrupt",
            3 => "Quit",
            4 => "Illegal instruction",
            6 => "Aborted",
            8 => "Floating point exception",
            9 => "Killed",
            10 => "User defined signal 1",
            11 => "Segmentation fault",
            12 => "User defined signal 2",
            13 => "Broken pipe",
            14 => "Alarm clock",
            15 => "Terminated",
            _ => "Unknown signal",
        }
    }

    /// Whether a process that does not catch the signal lives on.
    #[must_use]
    pub fn is_ignored_by_default(self) -> bool {
        matches!(self.0, 17 | 18 | 23 | 28)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_ways() {
        assert_eq!(Signal::parse("SIGTERM"), Some(Signal::TERM));
        assert_eq!(Signal::parse("int"), Some(Signal::INT));
        assert_eq!(Signal::parse("9"), Some(Signal::KILL));
        assert_eq!(Signal::parse("0"), None);
        assert_eq!(Signal::TERM.name(), "TERM");
    }
}
