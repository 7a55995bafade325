//! A local sandbox for code that nobody has reviewed.
//!
//! Real interpreters, compiled to WebAssembly, run under wasmtime with limits on
//! time, memory, fuel and output: no virtual machine, no container. An
//! interpreter is booted once into an image; every sandbox maps it copy-on-write
//! and is there in microseconds.
//!
//! ```no_run
//! # async fn example() -> sandcell::Result<()> {
//! use sandcell::Runtime;
//!
//! let runtime = Runtime::open("python")?;
//! let sandbox = runtime.sandbox().memory_bytes(256 << 20).start().await?;
//! let context = sandbox.context()?;
//! context.execute("x = 20")?.outcome().await?;
//! let mut execution = context.execute("print('hello'); x + 1")?;
//! while let Some(event) = execution.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The words: a [`Runtime`] per process; a [`Sandbox`] with one or more
//! [`Context`]s (interpreters); an [`Execution`] is one run of code, a stream of
//! [`Event`]s that ends in an [`Outcome`]. What user code does to itself is an
//! outcome; an [`Error`] is always the host's.

#![forbid(unsafe_code)]

mod access;
mod checkpoints;
pub mod command;
mod context;
mod determinism;
mod engine;
mod error;
mod execution;
pub mod files;
mod guest;
mod host_function;
mod id;
mod image;
mod interrupt;
mod limits;
mod runtime;
mod sandbox;
mod snapshot;
mod state;
pub mod stream;
mod wasi;
mod worker;

/// For tests only, and not part of the interface: plain programs over the
/// sandbox's files, which no sandbox runs, and the readers of snapshots and of what
/// guests send, by themselves.
#[doc(hidden)]
pub mod conformance {
    pub use crate::engine::{Ended, read_call, read_spawn, run_program};
    pub use crate::guest::frame::read as read_frame;
    pub use crate::snapshot::reread;
}

pub use access::Files;
pub use checkpoints::Checkpoints;
pub use context::{Context, RunCode};
pub use determinism::Determinism;
pub use error::{Error, ErrorKind, ImageFault, NotExecutable, Result, SnapshotFault, SpawnError};
pub use execution::{
    End, Event, Execution, Executor, GuestException, InterruptCause, Lost, Outcome, Report,
    RichResult, TrapKind,
};
pub use files::FileError;
pub use guest::{ABI_VERSION, GuestFolder, Language, Progress, Step};
pub use host_function::HostError;
pub use id::{ContextId, ExecutionId, SandboxId, SnapshotId};
pub use image::{Cache, Finding, ImageSummary};
pub use interrupt::InterruptHandle;
pub use limits::{Limit, Limits, Residency, Usage};
pub use runtime::{Runtime, RuntimeBuilder, SnapshotFile};
pub use sandbox::{Sandbox, SandboxBuilder};
pub use snapshot::{
    AboutSnapshot, Busy, Durability, EndedCommand, NamedSnapshot, Snapshot, SnapshotStore,
};
pub use state::State;
