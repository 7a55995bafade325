//! The build of the tools: from pinned sources in the registries to a folder
//! with their modules and papers.
//!
//! [`recipe`] is the one entry. How it goes is the affair of the crate
//! `sandcell-guest-build`; here is what it goes through.

mod files;
mod plan;

pub use sandcell_guest_build::{
    BuildError, BuiltGuest, Cause, Event, Input, Key, Options, Progress, Recipe, Rejection, Silent,
    Step,
};

/// How to make the tools of this version of the crate, and where. The source of
/// [`Options`] is a folder with the files that `recipe/sources.txt` names.
///
/// ```no_run
/// use sandcell_tools::build::{Options, Silent, recipe};
///
/// let tools = recipe(Options::new("/var/cache/example")).run(&mut Silent)?;
/// println!("{}", tools.program("jq").display());
/// # Ok::<(), sandcell_tools::build::BuildError>(())
/// ```
#[must_use]
pub fn recipe(options: Options) -> Recipe {
    Recipe::new(&plan::PLAN, options)
}

/// The commands taken from toybox, as its configuration names them.
pub(crate) const TOYBOX_COMMANDS: &str = include_str!("../../recipe/toybox.txt");

/// The table of our own programs.
pub(crate) const OWN_PROGRAMS: &str = include_str!("../../c/programs.list");
