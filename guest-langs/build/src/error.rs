//! Why a build ended without a guest.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::check::Rejection;
use crate::plan::Step;

/// How a build failed. Whatever it is, all steps finished before are kept, and
/// the same call goes on behind them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A step's program failed.
    #[error("step {step} failed: {cause}; see {}", log.display())]
    Step {
        /// The step.
        step: Step,
        /// What it looks like.
        cause: Cause,
        /// The whole output of the step.
        log: PathBuf,
        /// The last lines of it, joined by line feeds; at most 20.
        tail: String,
    },
    /// A program that a step runs is not on the search path. Nothing was run.
    #[error("step {step} needs the program {tool}, which is not on the search path")]
    Tool {
        /// The first step that would need it.
        step: Step,
        /// The program's name.
        tool: &'static str,
    },
    /// The linked module is not one that the runtime takes: a fault of the
    /// recipe or of the kernel.
    #[error("the guest module was refused: {0}")]
    Refused(#[from] Rejection),
    /// The cache folder could not be read or written.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl BuildError {
    /// For `map_err`: adds the operation and the path.
    pub(crate) fn io(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }

    /// What the user can do, as one sentence of running text; none when it is
    /// not the user's fault.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Step { cause, .. } => cause.advice(),
            Self::Tool { .. } => Some("Install it; then the same command starts the build."),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Cause::DiskFull.advice()
            }
            Self::Io { .. } | Self::Refused(_) => None,
        }
    }
}

/// What lies behind a failed step, judged by what it printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A registry or mirror did not answer.
    NoNetwork,
    /// Something fetched or given is not what the recipe pins.
    WrongChecksum,
    /// No interpreter source: no apt that reaches Debian, and no file given.
    NoSource,
    /// Neither pip nor a way to get one.
    NoPip,
    /// No working compiler for this machine.
    NoCompiler,
    /// The file system is full.
    DiskFull,
    /// A compiler was killed, most often for want of memory.
    Killed,
    /// None of these.
    Unknown,
}

/// What is looked for in the output, first match first. A full disk comes
/// first: it makes all else fail in odd ways.
const SIGNS: &[(Cause, &[&str])] = &[
    (
        Cause::DiskFull,
        &[
            "No space left on device",
            "Disk quota exceeded",
            "NoSpaceLeft",
        ],
    ),
    (
        Cause::WrongChecksum,
        &[
            "wrong checksum:",
            "DO NOT MATCH THE HASHES",
            "the listed checksum of",
            "failed to verify the checksum",
            "Hash Sum mismatch",
            "EINTEGRITY",
        ],
    ),
    (Cause::NoPip, &["no pip:", "ensurepip is not"]),
    (
        Cause::NoSource,
        &["no apt-get and no source file", "no mirror: "],
    ),
    (
        Cause::NoNetwork,
        &[
            "Temporary failure in name resolution",
            "Temporary failure resolving",
            "Name or service not known",
            "Could not resolve",
            "Could not connect",
            "Connection refused",
            "Connection timed out",
            "Network is unreachable",
            "NewConnectionError",
            "ProxyError",
            "Cannot connect to proxy",
            "Read timed out",
            "download of config.json failed",
            "spurious network error",
            "SSLError",
            "npm error network",
            "ENOTFOUND",
            "ETIMEDOUT",
            "EAI_AGAIN",
        ],
    ),
    (Cause::NoSource, &["no mirror gave the source package"]),
    (
        Cause::NoCompiler,
        &[
            "no acceptable C compiler",
            "C compiler cannot create executables",
        ],
    ),
    (
        Cause::Killed,
        &[
            "Killed",
            "out of memory",
            "OutOfMemory",
            "Cannot allocate memory",
        ],
    ),
];

impl Cause {
    /// Judge by what a step printed, and by whether a signal ended it.
    pub(crate) fn of(output: &str, killed: bool) -> Self {
        let seen = SIGNS
            .iter()
            .find(|(_, signs)| signs.iter().any(|sign| output.contains(sign)))
            .map(|(cause, _)| *cause);
        match seen {
            Some(cause) => cause,
            None if killed => Self::Killed,
            None => Self::Unknown,
        }
    }

    /// What the user can do about it, as running text; none when unknown.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::NoNetwork => {
                "Check that this machine reaches PyPI, crates.io, npm and its Debian mirror (proxy \
                 settings are passed on); the same command goes on from here."
            }
            Self::WrongChecksum => {
                "What was fetched or given is not the pinned file: take another mirror, or give \
                 the right source file. Nothing of it was used."
            }
            Self::NoSource => {
                "Get the pinned source files and give them: sandcell image build python --source FILE \
                 (or SANDCELL_PYTHON_SOURCE=FILE), sandcell image build tools --source FOLDER (or \
                 SANDCELL_TOOLS_SOURCE=FOLDER). Their checksums are verified."
            }
            Self::NoPip => {
                "Install pip or venv for python3 (Debian: python3-pip or python3-venv); the same \
                 command goes on from here."
            }
            Self::NoCompiler => {
                "Install a C compiler, or remove the broken one from the search path; the same \
                 command goes on from here."
            }
            Self::DiskFull => {
                "Make room, about 1.5 GB for the build and 0.5 GB for what is kept, or choose \
                 another cache folder with SANDCELL_CACHE; the same command goes on from here."
            }
            Self::Killed => {
                "Give fewer jobs (sandcell image build NAME --jobs 1): each takes up to 1 GB \
                 of memory; the same command goes on from here."
            }
            Self::Unknown => return None,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoNetwork => "no network",
            Self::WrongChecksum => "wrong checksum",
            Self::NoSource => "no interpreter source",
            Self::NoPip => "no pip",
            Self::NoCompiler => "no compiler for this machine",
            Self::DiskFull => "disk full",
            Self::Killed => "killed, or out of memory",
            Self::Unknown => "its program ended with an error",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_by_what_programs_really_print() {
        let cases = [
            (
                "pip: WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'",
                Cause::NoNetwork,
            ),
            (
                "W: Failed to fetch: Temporary failure resolving 'mirror'\nno mirror gave the source package python3.13 of trixie",
                Cause::NoNetwork,
            ),
            (
                "warning: spurious network error (3 tries remaining): [7] Could not connect to server",
                Cause::NoNetwork,
            ),
            (
                "Err:1 404 Not Found\nno mirror gave the source package python3.13 of trixie",
                Cause::NoSource,
            ),
            ("no apt-get and no source file given", Cause::NoSource),
            (
                "wrong checksum: a.tar.xz has sha256 00, expected 11",
                Cause::WrongChecksum,
            ),
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
                Cause::WrongChecksum,
            ),
            (
                "error: failed to verify the checksum of `libz-sys v1.1.31`",
                Cause::WrongChecksum,
            ),
            (
                "/bin/sh: python3 -m venv\nno pip: python3 -m pip and python3 -m venv both fail",
                Cause::NoPip,
            ),
            (
                "configure: error: no acceptable C compiler found in $PATH",
                Cause::NoCompiler,
            ),
            (
                "error: unable to write: No space left on device\nConnection refused",
                Cause::DiskFull,
            ),
            ("sh: line 1: 4242 Killed  zig cc", Cause::Killed),
            ("boot.c:3: error: expected ';'", Cause::Unknown),
        ];
        for (output, cause) in cases {
            assert_eq!(Cause::of(output, false), cause, "{output}");
        }
        assert_eq!(Cause::of("", true), Cause::Killed);
    }

    #[test]
    fn every_known_cause_has_advice() {
        for (cause, _) in SIGNS {
            assert!(cause.advice().is_some(), "{cause}");
        }
        assert!(Cause::Unknown.advice().is_none());
    }
}
