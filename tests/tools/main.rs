//! The tools as scripts use them: command lines with what they must print.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

mod lines;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod world;

use sandcell_tools::Tools;
use sandcell_tools::build::{BuiltGuest, Silent};

/// The tools, built when they are not there.
fn built() -> sandcell_tools::BuiltTools {
    let cache = sandcell::Cache::of_user().expect("a cache");
    let recipe = Tools::default().recipe_in(cache.path());
    let built: BuiltGuest = recipe.run(&mut Silent).expect("the tools are built");
    built.into()
}
