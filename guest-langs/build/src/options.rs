//! What can be chosen about a build.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Where to build, from what, and how hard. Defaults:
///
/// - the interpreter's source comes from Debian through this machine's apt
/// - as many parallel jobs as the machine has cores
///
/// No option changes a byte of the guest.
#[derive(Clone, Debug)]
pub struct Options {
    cache: PathBuf,
    source: Option<PathBuf>,
    jobs: NonZeroUsize,
}

impl Options {
    /// Keeps everything in the folder `guests` of `cache`, which is made with
    /// mode 0700 when it is not there.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            source: None,
            jobs: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }

    /// Take the interpreter's source from this tarball instead of fetching it.
    /// It must be the pinned one: its SHA-256 is checked.
    #[must_use]
    pub fn source(mut self, tarball: impl Into<PathBuf>) -> Self {
        self.source = Some(tarball.into());
        self
    }

    /// How many compilers run at the same time in one step.
    #[must_use]
    pub const fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.cache.join("guests")
    }

    pub(crate) fn tarball(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    pub(crate) const fn job_count(&self) -> NonZeroUsize {
        self.jobs
    }
}
