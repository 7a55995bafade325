//! The tools as something to be built.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandcell::command::{GuestProgram, Programs};

use sandcell_guest_build::Teller;

use crate::build::{self, BuildError, BuiltGuest, Event, Options, Recipe};
use crate::programs::programs;

/// Names the sources' folder when [`Tools::source`] does not.
const SOURCE_VARIABLE: &str = "SANDCELL_TOOLS_SOURCE";

/// The tools, built from source by the recipe of this crate.
///
/// Defaults: the sources come from Debian through this machine's apt, or from the
/// folder named by `SANDCELL_TOOLS_SOURCE`; as many jobs as there are cores.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    source: Option<PathBuf>,
    jobs: Option<NonZeroUsize>,
}

impl Tools {
    /// Takes the source packages from the files of this folder, by their names in
    /// `recipe/sources.txt`. They must be the pinned ones: SHA-256 is checked.
    #[must_use]
    pub fn source(mut self, folder: impl Into<PathBuf>) -> Self {
        self.source = Some(folder.into());
        self
    }

    /// How many compilers run at the same time.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Builds the tools below the folder `cache` if they are not there.
    ///
    /// # Errors
    /// As [`Recipe::run`]; what was finished is kept.
    pub fn build(
        &self,
        cache: &Path,
        progress: &mut dyn sandcell::Progress,
    ) -> Result<BuiltTools, BuildError> {
        let mut teller = Teller::new(progress);
        let built = self
            .recipe_in(cache)
            .run(&mut |event: Event<'_>| teller.tell(&event))?;
        Ok(built.into())
    }

    /// The recipe that makes the tools below the folder `cache`.
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
        build::recipe(options)
    }
}

/// The tools, built.
///
/// ```no_run
/// use sandcell::command::Programs;
/// use sandcell_tools::{BuiltTools, Tools, build::Silent};
///
/// let recipe = Tools::default().recipe_in("/var/cache/example".as_ref());
/// let mut programs = Programs::new();
/// BuiltTools::from(recipe.run(&mut Silent)?).add_to(&mut programs);
/// # Ok::<(), sandcell_tools::build::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BuiltTools {
    built: BuiltGuest,
}

impl From<BuiltGuest> for BuiltTools {
    fn from(built: BuiltGuest) -> Self {
        Self { built }
    }
}

impl BuiltTools {
    /// Adds all tools, by their names. A module is read and compiled when the
    /// first of its tools runs.
    pub fn add_to(&self, programs: &mut Programs) {
        let mut modules: BTreeMap<&'static str, Arc<GuestProgram>> = BTreeMap::new();
        for program in self::programs() {
            let module = modules
                .entry(program.module)
                .or_insert_with(|| GuestProgram::of_file(self.built.program(program.module)));
            programs.add(&program.name, Arc::<GuestProgram>::clone(module));
        }
    }

    /// The folder of licence texts of everything inside.
    #[must_use]
    pub fn licences(&self) -> PathBuf {
        self.built.licences()
    }
}
