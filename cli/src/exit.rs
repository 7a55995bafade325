//! How the command ends: the one place that decides what exit code a thing has.

use std::fmt;
use std::process::ExitCode;

use sandcell::{End, Error, ErrorKind, GuestException, SnapshotFault};

use crate::language;

/// The exit codes of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All went well.
    Success,
    /// The guest's code failed, met a limit, was interrupted, or broke.
    Guest,
    /// What the user asked for cannot be: a wrong argument, or something named
    /// that is not there.
    Usage,
    /// A failure of the command or of the machine.
    Own,
    /// What a command of the sandbox ended with.
    Command(u8),
}

impl ExitStatus {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Guest => 1,
            Self::Usage => 2,
            Self::Own => 3,
            Self::Command(code) => code,
        }
    }

    /// What a guest's end means.
    pub(crate) fn of_end(end: &End) -> Self {
        match end {
            End::Finished => Self::Success,
            End::Raised(exception) if is_good_exit(exception) => Self::Success,
            _ => Self::Guest,
        }
    }

    /// What an error of the host means.
    pub(crate) fn of_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::Invalid => Self::Usage,
            ErrorKind::Limit => Self::Guest,
            ErrorKind::State | ErrorKind::Image | ErrorKind::System | ErrorKind::Bug => Self::Own,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}

/// True for an exception by which a program ends itself, such as `sys.exit(2)`.
pub(crate) fn is_exit(exception: &GuestException) -> bool {
    exception.name == "SystemExit"
}

/// True for `sys.exit()` and `sys.exit(0)`.
fn is_good_exit(exception: &GuestException) -> bool {
    is_exit(exception) && matches!(exception.value.as_str(), "" | "0" | "None" | "False")
}

/// Why the command cannot do what it was told.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: ExitStatus,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// The user asked for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// The command or the machine failed.
    pub(crate) fn own(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Own, message)
    }

    pub(crate) fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A failure of what runs a command: the codes 0 to 123 belong to the command.
    pub(crate) fn of_command(mut self) -> Self {
        if !self.is_silent() && !matches!(self.status, ExitStatus::Command(_)) {
            self.status = ExitStatus::Command(NOT_RUN);
        }
        self
    }

    /// The reader of our output is gone. That is no failure: nothing is said.
    pub(crate) fn is_silent(&self) -> bool {
        self.status == ExitStatus::Success
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The exit code when a command was not run, as that of `env` and `timeout`.
const NOT_RUN: u8 = 125;

/// What to do about an error that does not say it itself.
fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::BadImage { .. } => Some("`sandcell doctor` says what mends it"),
        Error::BadSetting { setting, .. } => match *setting {
            "memory_bytes" => Some("`--memory SIZE` sets it, for example `--memory 256M`"),
            "fuel" => Some("leave out `--fuel` for no limit"),
            _ => None,
        },
        Error::BadSnapshot {
            reason: SnapshotFault::MissingMount { .. },
            ..
        } => Some("`--mount HOST:GUEST` gives it"),
        Error::Boot { .. } => Some("`sandcell image build python --force` makes it anew"),
        Error::Bug { .. } => Some("please report this"),
        _ => None,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Build(reason) => language::advice(&**reason),
            other => hint(other).map(str::to_owned),
        };
        let status = match &error {
            Error::Spawn(reason) => ExitStatus::Command(reason.exit_code()),
            other => ExitStatus::of_error(other),
        };
        Self {
            status,
            message: error.to_string(),
            hint,
        }
    }
}

/// Failures of writing to our own output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(ExitStatus::Success, "the reader of the output is gone");
        }
        Self::own(format!("cannot write the output: {error}"))
    }
}
