//! The tools as scripts use them: command lines with what they must print.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that finds something else than it expects has failed"
)]

mod lines;
mod table;
mod world;

use sandcell::Cache;
use sandcell_tools::build::{BuiltGuest, Silent};
use sandcell_tools::{Program, Tools, programs};

/// The tools, built once for all tests, when they are not there.
fn built() -> BuiltGuest {
    let cache = Cache::of_user().expect("a cache");
    let recipe = Tools::default().recipe_in(cache.path());
    recipe.run(&mut Silent).expect("the tools are built")
}

/// The module that a name belongs to.
fn module_of(name: &str) -> Option<&'static str> {
    let all: Vec<Program> = programs();
    all.iter()
        .find(|program| program.name == name)
        .map(|program| program.module)
}
