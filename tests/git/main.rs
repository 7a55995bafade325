//! git as people and agents use it in a sandbox: sessions that real git has been
//! through, and repositories that nobody should trust.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

mod hostile;
mod session;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use sandcell::command::{CommandOutput, Input};
use sandcell::{Runtime, Sandbox};

use support::{IMAGE, LONG, cache};

/// The most that a command may print here.
const OUTPUT: usize = 64 << 20;

/// A sandbox with all programs.
async fn sandbox() -> Sandbox {
    let cache = cache().await;
    let programs = sandcell_programs::build_silently(&cache).expect("the tools are built");
    let builder = Runtime::builder().cache(cache).image(IMAGE).warm(0);
    let runtime = builder.programs(programs).open().expect("a runtime");
    runtime.sandbox().start().await.expect("a sandbox")
}

/// Runs a line of a shell in a folder.
async fn bash(
    sandbox: &Sandbox,
    folder: &str,
    variables: &[(&str, String)],
    line: &str,
) -> CommandOutput {
    let mut command = sandbox
        .command(["bash", "-c", line])
        .cwd(folder)
        .timeout(LONG)
        .stdin(Input::Bytes(Vec::new().into()));
    for (name, value) in variables {
        command = command.env(*name, value.as_str());
    }
    let command = command.start().expect("it starts");
    command.output(OUTPUT).await.expect("its end")
}
