//! What the build recipes of guests share.
//!
//! A recipe is a [`Plan`]: a table of steps, each a script that the crate of its
//! language embeds, and the files that they need. [`Recipe::run`] goes through
//! it. What a step makes is kept in the cache folder under a key of everything
//! that it was made from, so that a step is run again exactly when something
//! before it changed, a build that was broken off goes on where it stopped, and
//! two languages that need the same thing (the compiler) make it once.

#![forbid(unsafe_code)]

mod assemble;
mod check;
mod error;
mod file;
mod inputs;
mod key;
mod options;
mod plan;
mod process;
mod progress;
mod recipe;
mod schedule;
mod store;
mod teller;

pub use check::Rejection;
pub use error::{BuildError, Cause};
pub use file::{File, SHARED, files_on_disk};
pub use inputs::{Input, locked_crates, locked_packages, pinned_wheels};
pub use key::Key;
pub use options::Options;
pub use plan::{Definition, Environment, FETCH_COMPILER, Keep, Parts, Plan, Step};
pub use progress::{Event, Progress, Silent};
pub use recipe::{BuiltGuest, Recipe};
pub use teller::Teller;
