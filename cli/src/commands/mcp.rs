//! `sandcell mcp`: tools for a desktop agent, over standard input and output.
//!
//! Nothing but the protocol goes to standard output; what is built, compiled or
//! wrong is told on standard error.

use sandcell::{Limits, Runtime};
use sandcell_mcp::Mcp;

use crate::args::McpArguments;
use crate::exit::{ExitStatus, Failure};
use crate::language::{JAVASCRIPT, PYTHON};
use crate::open;

pub(crate) fn execute(arguments: &McpArguments) -> Result<ExitStatus, Failure> {
    let reactor = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::own(format!("cannot start: {error}")))?;
    let served = reactor.block_on(serve(arguments));
    // The thread that reads standard input cannot be told to stop.
    reactor.shutdown_background();
    served.map(|()| ExitStatus::Success)
}

async fn serve(arguments: &McpArguments) -> Result<(), Failure> {
    let settings = Runtime::builder().warm(1);
    let runtime = open::runtime_with(PYTHON.as_ref(), settings).await?;
    open::ensure(runtime.cache(), JAVASCRIPT).await?;
    let mut limits = Limits::default();
    // Each call says how long its code may run.
    limits.wall = None;
    if let Some(memory) = arguments.memory {
        limits.memory_bytes = memory;
    }
    let mcp = Mcp::builder(runtime)
        .language(PYTHON, None)
        .language(JAVASCRIPT, Some(JAVASCRIPT))
        .language("typescript", Some(JAVASCRIPT))
        .limits(limits)
        .sandboxes(usize::try_from(arguments.max_sandboxes).unwrap_or(usize::MAX))
        .build();
    mcp.serve_stdio()
        .await
        .map_err(|error| Failure::own(error.to_string()))
}
