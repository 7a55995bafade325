//! JavaScript as a language of the runtime.

use std::num::NonZeroUsize;
use std::path::Path;

use sandcell::{GuestFolder, Language, Progress};
use sandcell_guest_build::Teller;

use crate::build::{self, Event, Key, Options, Recipe};

/// QuickJS, built from source by the recipe of this crate. Runs JavaScript and
/// TypeScript.
///
/// Default: as many jobs as there are cores.
#[derive(Debug, Clone, Default)]
pub struct JavaScript {
    jobs: Option<NonZeroUsize>,
}

impl JavaScript {
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
        if let Some(jobs) = self.jobs {
            options = options.jobs(jobs);
        }
        build::recipe(options)
    }
}

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
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
        Ok(GuestFolder::new(
            guest.folder().to_owned(),
            guest.key().to_string(),
        ))
    }
}
