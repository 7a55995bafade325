//! What a language must supply: a recipe that ends in a guest module.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A language that can be made into images.
pub trait Language: Send + Sync {
    /// Name of its images in the cache, for example `python`.
    fn name(&self) -> &str;

    /// Digest of the recipe and its inputs, as text: an image of another digest
    /// is out of date.
    fn recipe(&self) -> String;

    /// Builds the guest below `cache`, or finds it there. May take minutes the
    /// first time; a later call goes on where an earlier one stopped.
    ///
    /// # Errors
    /// The language's own error, which names the step, its log and the cause.
    fn build(
        &self,
        cache: &Path,
        progress: &mut dyn Progress,
    ) -> Result<GuestFolder, Box<dyn std::error::Error + Send + Sync>>;
}

/// A built guest on disk.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GuestFolder {
    /// The folder, with `guest.wasm`, `lib.zip`, `licences/` and `build.json`.
    pub path: PathBuf,
    /// Digest of the recipe that made it, see [`Language::recipe`].
    pub recipe: String,
    /// Code of a usual first cell, `1+1` by default: the pages that it writes to
    /// stay resident in memories that are used again.
    pub sample: String,
}

impl GuestFolder {
    /// A folder as a build left it.
    #[must_use]
    pub fn new(path: PathBuf, recipe: String) -> Self {
        Self {
            path,
            recipe,
            sample: "1+1".to_owned(),
        }
    }

    /// Sets the usual first cell.
    #[must_use]
    pub fn sample(mut self, code: impl Into<String>) -> Self {
        self.sample = code.into();
        self
    }
}

/// Watches something long being done.
pub trait Progress: Send {
    /// Told at each change.
    fn step(&mut self, step: Step<'_>);
}

/// A change in the progress of something long.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A step begins.
    Started {
        /// Its name.
        name: &'a str,
        /// Its place, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// About how long it takes on two cores.
        estimate: Duration,
    },
    /// A line of what the running step says.
    Line(&'a str),
    /// The step is done.
    Finished {
        /// Its name.
        name: &'a str,
        /// How long it took.
        took: Duration,
    },
    /// The step had been done before.
    Cached {
        /// Its name.
        name: &'a str,
    },
}

/// Watches nothing.
impl Progress for () {
    fn step(&mut self, _step: Step<'_>) {}
}
