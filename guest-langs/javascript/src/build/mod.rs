//! The build of the guest: from pinned sources in the registries to a folder
//! with the module, its library and their papers.
//!
//! [`recipe`] is the one entry. How it goes is the affair of the crate
//! `sandcell-guest-build`; here is what it goes through.

mod files;
mod plan;

pub use plan::NATIVE;
pub use sandcell_guest_build::{
    BuildError, BuiltGuest, Cause, Event, Input, Key, Options, Progress, Recipe, Rejection, Silent,
    Step,
};

/// How to make the guest of this version of the crate, and where.
///
/// ```no_run
/// use sandcell_javascript::build::{Options, Silent, recipe};
///
/// let guest = recipe(Options::new("/var/cache/example")).run(&mut Silent)?;
/// println!("{}", guest.module().display());
/// # Ok::<(), sandcell_javascript::build::BuildError>(())
/// ```
#[must_use]
pub fn recipe(options: Options) -> Recipe {
    Recipe::new(&plan::PLAN, options)
}
