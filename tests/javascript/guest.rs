//! A runtime over the JavaScript image, and short ways to run its cells.

use std::time::Duration;

use sandcell::{Cache, Context, Limits, Runtime, Sandbox, SandboxBuilder};
use tokio::sync::OnceCell;

use crate::support::{check, first, start};

/// The user's cache, with the image in it: built once, if it is missing.
pub(crate) async fn runtime() -> Runtime {
    static READY: OnceCell<()> = OnceCell::const_new();
    let cache = Cache::of_user().expect("a cache");
    READY
        .get_or_init(|| async {
            let language = sandcell_javascript::JavaScript::default();
            let built = cache.ensure(&language, &mut ()).await;
            built.expect("the JavaScript image is built");
        })
        .await;
    let runtime = Runtime::builder()
        .cache(cache)
        .image("javascript")
        .warm(0)
        .open();
    runtime.expect("a runtime over the JavaScript image")
}

pub(crate) async fn builder() -> SandboxBuilder {
    runtime().await.sandbox().grace(crate::support::LONG)
}

pub(crate) async fn sandbox() -> Sandbox {
    start(builder().await).await
}

/// A context of a sandbox of its own.
pub(crate) async fn context() -> Context {
    first(&sandbox().await)
}

/// A context whose cells end soon.
pub(crate) async fn short_context(wall: Duration) -> Context {
    let mut limits = Limits::default();
    limits.wall = Some(wall);
    let builder = builder().await.limits(limits);
    first(&start(builder.grace(Duration::from_millis(500))).await)
}

/// Runs cells one after the other in one context and checks the text of each
/// one's value.
pub(crate) async fn cells(expected: &[(&str, &str)]) {
    let context = context().await;
    for (code, text) in expected {
        check(&context, *code, text).await;
    }
}
