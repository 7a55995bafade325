//! Python as a language of the runtime.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sandcell::{GuestFolder, Language, Progress};
use sandcell_guest_build::Teller;

use crate::build::{self, Event, Key, Options, Recipe};

/// Names the interpreter's source when [`Python::source`] does not.
const SOURCE_VARIABLE: &str = "SANDCELL_PYTHON_SOURCE";

/// CPython, built from source by the recipe of this crate.
///
/// Defaults: the interpreter's source comes from Debian through this machine's
/// apt, or from the file named by `SANDCELL_PYTHON_SOURCE`; as many jobs as there
/// are cores.
#[derive(Debug, Clone, Default)]
pub struct Python {
    data: bool,
    source: Option<PathBuf>,
    jobs: Option<NonZeroUsize>,
}

impl Python {
    /// With numpy, pandas, matplotlib, Pillow and the packages that go with them,
    /// linked in and imported: the image `data`. Its first build takes a quarter of
    /// an hour on two cores.
    #[must_use]
    pub fn data() -> Self {
        Self {
            data: true,
            ..Self::default()
        }
    }

    /// Takes the interpreter's source from this tarball. It must be the pinned
    /// one: its SHA-256 is checked.
    #[must_use]
    pub fn source(mut self, tarball: impl Into<PathBuf>) -> Self {
        self.source = Some(tarball.into());
        self
    }

    /// How many compilers run at the same time.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// The recipe that makes this guest below the folder `cache`.
    #[must_use]
    pub fn recipe_in(&self, cache: &Path) -> Recipe {
        let mut options = Options::new(cache);
        let named = || std::env::var_os(SOURCE_VARIABLE).map(PathBuf::from);
        if let Some(source) = self.source.clone().or_else(named) {
            options = options.source(source);
        }
        if let Some(jobs) = self.jobs {
            options = options.jobs(jobs);
        }
        if self.data {
            build::data_recipe(options)
        } else {
            build::recipe(options)
        }
    }
}

/// What a first cell of the data image is like.
const FIRST_FRAME: &str =
    "import pandas as pd\npd.DataFrame({'x': [1, 2, 3], 'y': ['a', 'b', 'c']})";

impl Language for Python {
    fn name(&self) -> &'static str {
        if self.data { "data" } else { "python" }
    }

    fn recipe(&self) -> String {
        self.recipe_in(Path::new(""))
            .key()
            .map(Key::to_string)
            .unwrap_or_default()
    }

    fn build(
        &self,
        cache: &Path,
        progress: &mut dyn Progress,
    ) -> Result<GuestFolder, Box<dyn std::error::Error + Send + Sync>> {
        let mut teller = Teller::new(progress);
        let guest = self
            .recipe_in(cache)
            .run(&mut |event: Event<'_>| teller.tell(&event))?;
        let folder = GuestFolder::new(guest.folder().to_owned(), guest.key().to_string());
        Ok(if self.data {
            folder.sample(FIRST_FRAME)
        } else {
            folder
        })
    }
}
