//! Why the wall does not stand.

use std::path::PathBuf;

/// Why the wall does not stand. After an error the process may be confined in part:
/// the way out is to end it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardenError {
    /// The kernel has no Landlock, or it is switched off.
    #[error(
        "this kernel has no Landlock: it needs Linux 5.13 with `landlock` among its security modules (`lsm=` on the kernel's command line)"
    )]
    NoLandlock,
    /// The process has several threads; those that are there already would stay
    /// outside of the wall.
    #[error("files can be confined while there is one thread, and there are {count}")]
    Threads {
        /// How many there are.
        count: usize,
    },
    /// A file or folder that was named cannot be opened.
    #[error("cannot open {path}: {source}", path = path.display())]
    Path {
        /// Its name.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Landlock refused.
    #[error("Landlock refused: {0}")]
    Landlock(#[from] landlock::RulesetError),
    /// No filter of calls can be made for this kind of processor.
    #[error("calls cannot be filtered on {arch}")]
    Architecture {
        /// Its name.
        arch: &'static str,
    },
    /// The filter of calls was refused.
    #[error("seccomp refused: {0}")]
    Seccomp(#[from] seccompiler::Error),
    /// The threads of the process cannot be counted.
    #[error("cannot count the threads of this process: {0}")]
    Uncounted(std::io::Error),
}
