//! What can go wrong on the host's side.
//!
//! What a guest program does to itself (an exception, an interrupt, a limit, a
//! trap) is an [`crate::Outcome`], never an error.

use std::path::PathBuf;

use crate::files::{FileError, SpillError};
use crate::limits::Limit;

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the host. Each variant says in which state it leaves things;
/// where it says nothing, everything is as it was before the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No image of this name is in the cache.
    #[error("there is no image `{name}` in {cache}; `sandcell image build {name}` makes it", cache = cache.display())]
    NoImage {
        /// The name that was asked for.
        name: String,
        /// The cache that was searched.
        cache: PathBuf,
    },
    /// An image, or a file that should hold one, is not what it should be.
    #[error("{path} is not a usable image: {reason}", path = path.display())]
    BadImage {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong.
        reason: ImageFault,
    },
    /// A guest module breaks the rules that make its state savable.
    #[error("the guest module is refused: {reason}")]
    BadGuest {
        /// Which rule it breaks.
        reason: String,
    },
    /// The guest did not boot, so there is no image.
    #[error("the guest did not boot: {reason}")]
    Boot {
        /// What happened, with the last lines that the guest wrote.
        reason: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{setting} cannot be {value}: {reason}")]
    BadSetting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value as text.
        value: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// Fuel was asked for, but the image has no variant that counts it.
    #[error("image `{image}` does not count fuel; `sandcell image build {image} --fuel` adds that")]
    NoFuel {
        /// Name of the image.
        image: String,
    },
    /// Something that the host hands in is larger than a limit allows.
    #[error("{limit} allows {allowed} and {asked} were asked for")]
    LimitExceeded {
        /// The limit.
        limit: Limit,
        /// Its value.
        allowed: u64,
        /// What would have been needed.
        asked: u64,
    },
    /// Too many executions wait in a context.
    #[error("{queued} executions are waiting in this context and no more are taken")]
    Busy {
        /// How many wait.
        queued: usize,
    },
    /// A host function executed code in the context that was calling it.
    #[error("a host function may not execute code in the context that calls it")]
    Reentrant,
    /// The sandbox, or the context, has ended.
    #[error("{what} has ended")]
    Ended {
        /// `the sandbox` or `the context`.
        what: &'static str,
    },
    /// The guest could not be created. The sandbox has one context less than
    /// asked for.
    #[error("a guest could not be created: {reason}")]
    Create {
        /// What the engine or the system said.
        reason: String,
    },
    /// No tokio runtime is there to run guests on.
    #[error("a runtime must be opened inside of a tokio runtime, or be given the handle of one")]
    NoReactor,
    /// The sandbox's files refused an operation.
    #[error(transparent)]
    Files(#[from] FileError),
    /// A snapshot on disk is not what it should be. Nothing of it was used.
    #[error("{path} is not a usable snapshot: {reason}", path = path.display())]
    BadSnapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: SnapshotFault,
    },
    /// A cell is running and the caller did not want to wait for it, or to
    /// interrupt it.
    #[error("a cell is running in context {context}")]
    Running {
        /// The context.
        context: String,
    },
    /// A command is running and the caller did not want to wait for it, or to
    /// end it.
    #[error("the command {name} runs as process {pid}")]
    CommandRunning {
        /// Its process.
        pid: u32,
        /// Its first argument, as text.
        name: String,
    },
    /// A command could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The sandbox is paused.
    #[error("the sandbox is paused")]
    Paused,
    /// There is no earlier state to go back to.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// The disk space for checkpoints and snapshots could not be used.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The system refused an operation on one of our own files.
    #[error("cannot {operation} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, an infinitive.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The language's own build failed.
    #[error("{0}")]
    Build(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A rule of our own was broken; please report it.
    #[error("a bug in sandcell: {place}")]
    Bug {
        /// What should not have happened.
        place: String,
    },
}

/// Why a file cannot be executed, in the words of the system's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotExecutable {
    /// It is a directory.
    #[error("Is a directory")]
    Directory,
    /// No bit of its mode says so, or it is a device.
    #[error("Permission denied")]
    Permission,
    /// It is none of the programs and no script.
    #[error("Exec format error")]
    Format,
    /// Its links, or the scripts that interpret it, lead around in a circle.
    #[error("Too many levels of symbolic links")]
    Circle,
    /// It could not be read.
    #[error("Input/output error")]
    Unreadable,
}

/// Why a command was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// There is no such program.
    #[error("{name}: command not found")]
    NotFound {
        /// Its name or path.
        name: String,
    },
    /// It is there and cannot be executed: no bit says so, or it is none of the
    /// programs and no script.
    #[error("{name}: cannot be executed: {reason}")]
    NotExecutable {
        /// Its name or path.
        name: String,
        /// Why.
        reason: NotExecutable,
    },
    /// The working directory is not there or is no directory.
    #[error("{path}: {error}")]
    BadDirectory {
        /// The directory.
        path: String,
        /// What is wrong with it.
        error: FileError,
    },
    /// There are as many processes as there may be.
    #[error("{allowed} processes are running and no more are started")]
    TooMany {
        /// [`crate::Limits::processes`].
        allowed: u32,
    },
    /// Processes would have started each other too often in a row.
    #[error("processes start each other {allowed} deep at most")]
    TooDeep {
        /// The most.
        allowed: u32,
    },
    /// There is no memory for another process.
    #[error("the processes of the sandbox have no memory left")]
    NoMemory,
    /// Arguments and environment are too long together.
    #[error("arguments and environment of {bytes} bytes are more than {allowed}")]
    TooLong {
        /// What they have.
        bytes: usize,
        /// The most.
        allowed: usize,
    },
    /// An argument, a name or a value holds a NUL, or no argument is there.
    #[error("it has an argument or a variable that cannot be")]
    Invalid,
    /// The sandbox has ended, is paused or is being saved.
    #[error("the sandbox starts no process now")]
    Closed,
}

impl SpawnError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::TooMany { .. } | Self::TooDeep { .. } | Self::NoMemory => ErrorKind::Limit,
            Self::Closed => ErrorKind::State,
            _ => ErrorKind::Invalid,
        }
    }

    /// What a shell answers: 127 for what is not there, 126 for all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            _ => 126,
        }
    }
}

/// What is wrong with an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFault {
    /// A file of it is missing.
    #[error("{file} is missing")]
    Missing {
        /// Name of the file.
        file: String,
    },
    /// The manifest cannot be read.
    #[error("its manifest is malformed: {detail}")]
    Manifest {
        /// What the parser said.
        detail: String,
    },
    /// It was made for another version of the image format.
    #[error("it has format {found}, this version reads {expected}")]
    Format {
        /// The format that it has.
        found: u32,
        /// The format that we read.
        expected: u32,
    },
    /// A file is not the one that was published.
    #[error("{file} was changed after it was published")]
    Changed {
        /// Name of the file.
        file: String,
    },
    /// A file's contents do not have the recorded digest.
    #[error("{file} is damaged: its digest is not the recorded one")]
    Digest {
        /// Name of the file.
        file: String,
    },
    /// A file is larger than any image's.
    #[error("{file} has {bytes} bytes, more than {allowed}")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// Its size.
        bytes: u64,
        /// The bound.
        allowed: u64,
    },
    /// An archive holds something that no image has.
    #[error("it holds an unexpected entry `{entry}`")]
    Unexpected {
        /// Name of the entry.
        entry: String,
    },
    /// Somebody else could have written it.
    #[error("{detail}")]
    NotPrivate {
        /// Which file, and why.
        detail: String,
    },
    /// The file is not an exported image, or ends too early.
    #[error("it cannot be unpacked: {detail}")]
    Archive {
        /// What the reader said.
        detail: String,
    },
}

/// What is wrong with a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// It is no snapshot, or ends too early.
    #[error("it is no snapshot, or not a whole one")]
    NotASnapshot,
    /// It was made by another version of the format.
    #[error("it has format {found}, this version reads {expected}")]
    Format {
        /// The format that it has.
        found: u32,
        /// The format that we read.
        expected: u32,
    },
    /// It was altered, or written by another user.
    #[error("it was altered, or made with another key")]
    Digest,
    /// It was taken of another guest.
    #[error("it was taken over image {found}, and `{name}` is image {expected}")]
    OtherImage {
        /// Name of the image that is there.
        name: String,
        /// Id of the image that the snapshot needs.
        found: String,
        /// Id of the image that is there.
        expected: String,
    },
    /// It is larger than any snapshot may be.
    #[error("it has {bytes} bytes, more than {allowed}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The bound.
        allowed: u64,
    },
    /// Somebody else could have written it.
    #[error("{detail}")]
    NotPrivate {
        /// Why.
        detail: String,
    },
    /// A folder of the host was mounted in the sandbox and was not handed in again.
    #[error("a folder was mounted at {path}; it has to be given again")]
    MissingMount {
        /// Where it was mounted.
        path: String,
    },
    /// Something else was handed in than was mounted.
    #[error("at {path}, {expected} was mounted, and {found} was given")]
    WrongMount {
        /// Where it was mounted.
        path: String,
        /// What was mounted.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Something in it breaks a rule of the format.
    #[error("it is malformed: {detail}")]
    Malformed {
        /// What, and where.
        detail: String,
    },
}

/// The kinds of [`Error`], closed so that callers in other crates can be
/// exhaustive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Something named does not exist.
    NotFound,
    /// What was handed in is wrong.
    Invalid,
    /// A limit or quota stands in the way.
    Limit,
    /// It cannot be done in the present state.
    State,
    /// An image or guest is damaged or of the wrong kind.
    Image,
    /// The system or the environment refused.
    System,
    /// Our own fault.
    Bug,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::NotFound,
        Self::Invalid,
        Self::Limit,
        Self::State,
        Self::Image,
        Self::System,
        Self::Bug,
    ];
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoImage { .. } => ErrorKind::NotFound,
            Self::BadSetting { .. } | Self::NoFuel { .. } => ErrorKind::Invalid,
            Self::LimitExceeded { .. } | Self::Busy { .. } => ErrorKind::Limit,
            Self::Reentrant
            | Self::Ended { .. }
            | Self::NoReactor
            | Self::Running { .. }
            | Self::CommandRunning { .. }
            | Self::Paused
            | Self::NothingToUndo => ErrorKind::State,
            Self::BadImage { .. }
            | Self::BadGuest { .. }
            | Self::Boot { .. }
            | Self::BadSnapshot { .. } => ErrorKind::Image,
            Self::Create { .. } | Self::Io { .. } | Self::Build(_) | Self::Spill(_) => {
                ErrorKind::System
            }
            Self::Files(error) => files_kind(error),
            Self::Spawn(error) => error.kind(),
            Self::Bug { .. } => ErrorKind::Bug,
        }
    }

    /// What code in a sandbox may read of it: nothing of where the host keeps its
    /// files.
    pub(crate) fn for_guests(&self) -> String {
        match self {
            Self::NoImage { name, .. } => format!("there is no image `{name}` on this machine"),
            Self::BadImage { .. }
            | Self::BadSnapshot { .. }
            | Self::Io { .. }
            | Self::Build(_)
            | Self::Spill(_)
            | Self::Files(FileError::Host { .. } | FileError::Spill(_)) => {
                "the host of this sandbox could not run it".to_owned()
            }
            other => other.to_string(),
        }
    }

    /// An operation on a file of the host's that failed, for `map_err`.
    pub(crate) fn io(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }

    pub(crate) fn bug(place: impl Into<String>) -> Self {
        Self::Bug {
            place: place.into(),
        }
    }
}

fn files_kind(error: &FileError) -> ErrorKind {
    match error {
        FileError::NotFound => ErrorKind::NotFound,
        FileError::TooManyLinks { .. }
        | FileError::NameTooLong { .. }
        | FileError::PathTooLong { .. }
        | FileError::TooDeep { .. }
        | FileError::NoSpace { .. }
        | FileError::TooManyEntries { .. }
        | FileError::FileTooLarge { .. }
        | FileError::TooManyHardLinks { .. }
        | FileError::TooManyOpen { .. } => ErrorKind::Limit,
        FileError::Spill(_) | FileError::Host { .. } => ErrorKind::System,
        FileError::Library(_) => ErrorKind::Image,
        FileError::Stale | FileError::Busy => ErrorKind::State,
        _ => ErrorKind::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_told_nothing_of_the_host_s_folders() {
        let path = PathBuf::from("/home/somebody/cache");
        let missing = Error::NoImage {
            name: "python".to_owned(),
            cache: path.clone(),
        };
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let unreadable = Error::io("open", path)(denied);
        assert!(missing.for_guests().contains("`python`"));
        for error in [missing, unreadable] {
            assert!(error.to_string().contains("somebody"), "{error}");
            assert!(!error.for_guests().contains("somebody"), "{error}");
        }
    }
}
