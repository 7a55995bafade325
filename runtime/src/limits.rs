//! What a sandbox may use, and what it used.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};

const MIB: u64 = 1 << 20;

/// What the guests of a sandbox may use. All limits are enforced; none is a
/// hint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Linear memory of each context, in bytes, the interpreter included.
    /// A guest that needs more gets its language's own error (`MemoryError`).
    /// Default 512 MiB; at most 4 GiB; at least the image's own size.
    pub memory_bytes: u64,
    /// Wall time of each execution, from the moment it starts to run. When it is
    /// over the guest is interrupted (`KeyboardInterrupt`); variables live on.
    /// Default 300 seconds; `None` for no limit.
    pub wall: Option<Duration>,
    /// How long an interrupted guest may go on before it is stopped by force,
    /// which costs the context. Default 500 ms; zero is allowed.
    pub grace: Duration,
    /// Fuel of each execution: about one unit an instruction. Running out stops
    /// the guest by force. Default `None`: not counted. Needs an image that
    /// counts fuel.
    pub fuel: Option<u64>,
    /// Bytes of output of each execution, all frames together: streams, results,
    /// displays. Default 64 MiB.
    pub output_bytes: u64,
    /// Bytes of source text of one cell. Default 4 MiB, at most 64 MiB.
    pub cell_bytes: u64,
    /// Host functions under way at once in one context. Default 64.
    pub calls_at_once: u32,
    /// Host function calls of each execution. Default 10,000.
    pub calls: u64,
    /// Bytes of the arguments, and of the answer, of one host function call.
    /// Default 16 MiB, at most 256 MiB.
    pub call_bytes: u64,
    /// Contexts of the sandbox, the default one included. Default 64.
    pub contexts: u32,
    /// Bytes in the sandbox's files. Default 1 GiB.
    pub file_bytes: u64,
    /// Files, folders and links in the sandbox. Default 100,000.
    pub file_entries: u64,
    /// Bytes that may be written to each mounted folder of the host, in all.
    /// Default 1 GiB.
    pub mount_bytes: u64,
    /// Open descriptors of each context, and of each process. Default 1,024.
    pub descriptors: u32,
    /// Processes at once, those that commands start included. A guest that asks
    /// for more is told to try again. Default 256.
    pub processes: u32,
    /// Memory of all processes together, in bytes: each counts with 1 MiB and
    /// with what it takes beyond its image. Default 1 GiB.
    pub process_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 * MIB,
            wall: Some(Duration::from_secs(300)),
            grace: Duration::from_millis(500),
            fuel: None,
            output_bytes: 64 * MIB,
            cell_bytes: 4 * MIB,
            calls_at_once: 64,
            calls: 10_000,
            call_bytes: 16 * MIB,
            contexts: 64,
            file_bytes: 1024 * MIB,
            file_entries: 100_000,
            mount_bytes: 1024 * MIB,
            descriptors: 1024,
            processes: 256,
            process_bytes: 1024 * MIB,
        }
    }
}

impl Limits {
    /// Checks the bounds that do not depend on an image.
    pub(crate) fn check(&self) -> Result<()> {
        let at_most = |setting, value: u64, bound: u64| {
            if value <= bound {
                return Ok(());
            }
            Err(Error::BadSetting {
                setting,
                value: value.to_string(),
                reason: format!("it is at most {bound}"),
            })
        };
        at_most("memory_bytes", self.memory_bytes, 1 << 32)?;
        at_most("cell_bytes", self.cell_bytes, 64 * MIB)?;
        at_most("call_bytes", self.call_bytes, 256 * MIB)?;
        at_most("calls_at_once", u64::from(self.calls_at_once), 10_000)?;
        if self.contexts == 0 {
            return Err(Error::BadSetting {
                setting: "contexts",
                value: "0".to_owned(),
                reason: "the default context counts as one".to_owned(),
            });
        }
        if self.fuel == Some(0) {
            return Err(Error::BadSetting {
                setting: "fuel",
                value: "0".to_owned(),
                reason: "no guest runs without fuel".to_owned(),
            });
        }
        Ok(())
    }
}

/// The name of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::memory_bytes`].
    Memory,
    /// [`Limits::wall`].
    Wall,
    /// [`Limits::fuel`].
    Fuel,
    /// [`Limits::output_bytes`].
    Output,
    /// [`Limits::cell_bytes`].
    Cell,
    /// [`Limits::contexts`].
    Contexts,
    /// [`Limits::processes`].
    Processes,
    /// [`Limits::process_bytes`].
    ProcessMemory,
    /// Memory mappings of the process, of which guests get four fifths of
    /// `vm.max_map_count`: about 10,000 contexts with the system's default.
    Mappings,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory_bytes",
            Self::Wall => "wall",
            Self::Fuel => "fuel",
            Self::Output => "output_bytes",
            Self::Cell => "cell_bytes",
            Self::Contexts => "contexts",
            Self::Processes => "processes",
            Self::ProcessMemory => "process_bytes",
            Self::Mappings => "memory mappings",
        })
    }
}

/// What one execution used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// From the start of the execution to its end, waiting included; not the
    /// time in the queue.
    pub wall: Duration,
    /// Processor time of the guest and of the host on its behalf.
    pub cpu: Duration,
    /// Fuel burnt, when the image counts it.
    pub fuel: Option<u64>,
    /// Size of the linear memory at the end, in bytes: the peak, since a linear
    /// memory does not shrink.
    pub peak_memory_bytes: u64,
    /// Bytes of all frames that the guest emitted and the host took.
    pub output_bytes: u64,
    /// Host function calls made.
    pub calls: u64,
}

/// What a sandbox holds right now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Residency {
    /// Bytes of memory that belong to its contexts alone: the pages that they
    /// wrote, in linear memories and stacks. Pages shared with the image do not
    /// count.
    pub resident_bytes: u64,
    /// Of those, bytes of stacks.
    pub stack_bytes: u64,
    /// Bytes of linear memory, resident or not.
    pub memory_bytes: u64,
    /// Bytes of disk that the checkpoints of its contexts take, each page of several
    /// checkpoints once, see [`crate::Checkpoints`].
    pub checkpoint_bytes: u64,
    /// Live contexts.
    pub contexts: u32,
    /// Executions finished since the start.
    pub executions: u64,
    /// Processor time of all of them.
    pub cpu: Duration,
}
