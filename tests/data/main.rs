//! The data image as a program uses it: numpy, pandas, matplotlib, Pillow.
//!
//! Its build takes a quarter of an hour, so these tests run where the image is in
//! the cache; elsewhere each says that it is not, and passes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that finds something else than it expects has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod charts;
mod csv;
mod examples;
mod exceptions;
mod figures;
mod hostile;
mod packages;
mod programs;
mod random;

use sandcell::{Cache, Context, Language as _, Runtime, RuntimeBuilder, Sandbox};

use crate::support::{first, start};

/// A runtime over the data image; none when the image is not built.
pub(crate) fn runtime() -> Option<Runtime> {
    runtime_with(|builder| builder)
}

pub(crate) fn runtime_with(change: fn(RuntimeBuilder) -> RuntimeBuilder) -> Option<Runtime> {
    let cache = Cache::of_user().expect("a cache");
    let python = sandcell_python::Python::data();
    let current = cache
        .image(python.name())
        .is_ok_and(|image| image.recipe == python.recipe());
    if !current {
        eprintln!("data image: not built");
        return None;
    }
    let builder = Runtime::builder().cache(cache).image(python.name()).warm(0);
    Some(
        change(builder)
            .open()
            .expect("a runtime over the data image"),
    )
}

/// A sandbox of the data image.
pub(crate) async fn sandbox() -> Option<Sandbox> {
    let runtime = runtime()?;
    Some(start(runtime.sandbox().grace(support::LONG)).await)
}

/// A context of a sandbox of its own.
pub(crate) async fn context() -> Option<Context> {
    Some(first(&sandbox().await?))
}
