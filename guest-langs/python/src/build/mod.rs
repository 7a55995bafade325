//! The build of the guest: from pinned sources in the registries to a folder
//! with the module, its library and their papers.
//!
//! [`Recipe::run`] is the one entry. It goes through a handful of [`Step`]s,
//! each a script of `recipe/steps` that is embedded in this crate. What a step
//! makes is kept in the cache folder under a key of everything that it was made
//! from, so that a step is run again exactly when something before it changed,
//! and a build that was broken off goes on where it stopped.

mod assemble;
mod check;
mod error;
mod files;
mod inputs;
mod key;
mod options;
mod process;
mod progress;
mod recipe;
mod schedule;
mod step;
mod store;

pub use check::Rejection;
pub use error::{BuildError, Cause};
pub use inputs::Input;
pub use key::Key;
pub use options::Options;
pub use progress::{Event, Progress, Silent};
pub use recipe::{BuiltGuest, Recipe};
pub use step::Step;
