//! The build of the guest: from pinned sources in the registries to a folder
//! with the module, its library and their papers.
//!
//! [`recipe`] is the one entry. How it goes is the affair of the crate
//! `sandcell-guest-build`; here is what it goes through.

mod data;
mod files;
mod plan;

use std::path::PathBuf;

pub use sandcell_guest_build::{
    BuildError, BuiltGuest, Cause, Event, Input, Key, Options, Progress, Recipe, Rejection, Silent,
    Step,
};

/// How to make the guest of this version of the crate, and where.
///
/// ```no_run
/// use sandcell_python::build::{Options, Silent, recipe};
///
/// let guest = recipe(Options::new("/var/cache/example")).run(&mut Silent)?;
/// println!("{}", guest.module().display());
/// # Ok::<(), sandcell_python::build::BuildError>(())
/// ```
#[must_use]
pub fn recipe(options: Options) -> Recipe {
    Recipe::new(&plan::PLAN, options)
}

/// As [`recipe`], for the guest that has numpy, pandas and matplotlib inside.
#[must_use]
pub fn data_recipe(options: Options) -> Recipe {
    Recipe::new(&data::PLAN, options)
}

/// CPython's own tests as an archive with the tree `python3.13/test`, to be
/// mounted at `/usr/lib` beside the library. Fetches the sources again when
/// a build has removed them.
///
/// # Errors
///
/// As [`Recipe::run`].
pub fn tests(recipe: &Recipe, progress: &mut dyn Progress) -> Result<PathBuf, BuildError> {
    let outcome = recipe.outcome(plan::TESTS, progress)?;
    Ok(outcome.join(plan::TESTS_ARCHIVE))
}

/// Where the interpreter's static libraries and headers are, after a build.
#[must_use]
pub fn interpreter(recipe: &Recipe) -> PathBuf {
    recipe.finished(plan::MAKE)
}
