//! A shell that lives on between cells: bash as a language of code contexts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sandcell::command::{self, Child, Group, Process, Running, Spawn};
use sandcell::stream::{Descriptor, PipeReader, pipe};
use sandcell::{Error, Execution, Executor, Limit, Result, Sandbox};
use tokio::sync::{mpsc, oneshot, watch};

use super::cell::{Cell, Streams};
use super::world::World;
use crate::run::Shell;
use crate::state::State;
use crate::system::{Descriptors, System};

/// Cells that may wait.
const WAITING: usize = 1024;

/// A bash interpreter of a sandbox: one shell process that runs cell after cell.
/// The working directory, variables, functions, options, traps, descriptors and
/// jobs live on from cell to cell. A handle; the process ends with the last one.
///
/// Snapshots of the sandbox do not hold it: between cells it is not in their way,
/// and [`Self::state`] is what it can be [restored](Self::restore) from elsewhere.
/// In the midst of a cell it is a running command to them.
///
/// What a background job writes while no cell runs is shown by the next cell;
/// beyond 64 KiB the job waits.
#[derive(Debug, Clone)]
pub struct ShellContext {
    child: Child,
    orders: mpsc::Sender<Order>,
    asks: mpsc::Sender<oneshot::Sender<State>>,
    closing: Arc<watch::Sender<bool>>,
    cells: Arc<AtomicU64>,
    sandbox: Sandbox,
}

/// Code for a [`ShellContext`].
///
/// Defaults: no variables of its own, the sandbox's wall-time limit.
#[derive(Debug, Clone)]
#[must_use]
pub struct ShellCell {
    pub(super) code: Vec<u8>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) wall: Option<Option<Duration>>,
}

impl ShellCell {
    /// Code.
    pub fn new(code: impl Into<Vec<u8>>) -> Self {
        Self {
            code: code.into(),
            env: BTreeMap::new(),
            wall: None,
        }
    }

    /// Exports variables during the cell; afterwards they are as before. A name
    /// that no variable of a shell can have is left out.
    pub fn envs(mut self, variables: BTreeMap<String, String>) -> Self {
        self.env.extend(variables);
        self
    }

    /// A wall-time limit in place of [`sandcell::Limits::wall`]; `None` for none.
    pub fn wall(mut self, limit: Option<Duration>) -> Self {
        self.wall = Some(limit);
        self
    }
}

/// A cell to run, and who carries it out.
pub(super) type Order = Box<(ShellCell, Executor)>;

impl ShellContext {
    /// A fresh shell in the folder `cwd`, with the environment of the sandbox's
    /// commands.
    ///
    /// # Errors
    /// [`Error::Spawn`] when there is no such folder, or no process may be started;
    /// [`Error::Paused`]; [`Error::Ended`].
    pub fn start(sandbox: &Sandbox, cwd: &str) -> Result<Self> {
        Self::spawn(sandbox, cwd, None)
    }

    /// A shell that goes on from a state. A state that is none of this shell's
    /// leaves a fresh shell that says so on its standard error.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restore(sandbox: &Sandbox, state: State) -> Result<Self> {
        Self::spawn(sandbox, "/", Some(state))
    }

    fn spawn(sandbox: &Sandbox, cwd: &str, state: Option<State>) -> Result<Self> {
        let (stdout, out_end) = pipe();
        let (stderr, err_end) = pipe();
        let (orders, waiting) = mpsc::channel(WAITING);
        let (asks, asked) = mpsc::channel(1);
        let (closing, closed) = watch::channel(false);
        let given = std::sync::Mutex::new(Some(Given {
            orders: waiting,
            asked,
            closed,
            state,
            stdout,
            stderr,
        }));
        let program = move |process: Process| -> Running {
            let given = given
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .take();
            Box::pin(async move {
                if let Some(given) = given {
                    live(process, given).await;
                }
                command::ExitStatus::SUCCESS
            })
        };
        let spawn = Spawn::new(["bash"])
            .cwd(cwd)
            .descriptor(0, Descriptor::Null)
            .descriptor(1, out_end)
            .descriptor(2, err_end)
            .group(Group::Own)
            .program(Arc::new(program));
        Ok(Self {
            child: sandbox.spawn(spawn)?,
            orders,
            asks,
            closing: Arc::new(closing),
            cells: Arc::default(),
            sandbox: sandbox.clone(),
        })
    }

    /// Runs a cell after those that wait already.
    ///
    /// A status other than 0 is an exception without a name whose value is the
    /// status, as Jupyter's bash kernel has it. An interrupt, the cell's deadline and
    /// a reader who goes away send `INT` to what runs in the foreground, and the
    /// cell ends; the shell lives on. What does not end within
    /// [`sandcell::Limits::grace`] is killed; a shell that does not stop by itself
    /// then, since it traps `INT` and loops, is killed after a second grace time.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for a cell above [`sandcell::Limits::cell_bytes`];
    /// [`Error::Busy`] when 1,024 wait; [`Error::Ended`].
    pub fn execute(&self, cell: ShellCell) -> Result<Execution> {
        let asked = cell.code.len() as u64;
        let allowed = self.sandbox.limits().cell_bytes;
        if asked > allowed {
            return Err(Error::LimitExceeded {
                limit: Limit::Cell,
                allowed,
                asked,
            });
        }
        let place = self.orders.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => Error::Busy { queued: WAITING },
            mpsc::error::TrySendError::Closed(()) => ENDED,
        })?;
        let number = self.cells.fetch_add(1, Ordering::Relaxed) + 1;
        let (executor, execution) = Executor::new(number);
        place.send(Box::new((cell, executor)));
        Ok(execution)
    }

    /// What can be restored of it, once the cell that runs has ended. Cells that
    /// wait because the sandbox is paused are not waited for.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub async fn state(&self) -> Result<State> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(reply).await.map_err(|_| ENDED)?;
        answer.await.map_err(|_| ENDED)
    }

    /// Ends it, its cell and its jobs, as the end of a terminal does: by `HUP`.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether it has ended: closed, killed, or with its sandbox.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        *self.closing.borrow() || self.orders.is_closed()
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }
}

const ENDED: Error = Error::Ended {
    what: "the context",
};

/// What the process of a context starts with.
struct Given {
    orders: mpsc::Receiver<Order>,
    asked: mpsc::Receiver<oneshot::Sender<State>>,
    closed: watch::Receiver<bool>,
    state: Option<State>,
    stdout: PipeReader,
    stderr: PipeReader,
}

/// The life of the process: cell after cell.
async fn live(process: Process, given: Given) {
    let Given {
        mut orders,
        mut asked,
        mut closed,
        state,
        stdout,
        stderr,
    } = given;
    let streams = Streams { stdout, stderr };
    let (world, mut shell) = open(process, state).await;
    let process = world.process();
    loop {
        process.rest();
        // An order is taken up when the sandbox is not being saved.
        let next = async {
            let order = orders.recv().await;
            process.wake().await;
            order
        };
        let order = tokio::select! {
            biased;
            () = ended(&mut closed) => break,
            order = answering(&mut asked, &shell, next) => order,
        };
        let Some((code, executor)) = order.map(|order| *order) else {
            break;
        };
        let cell = Cell {
            world: &world,
            streams: &streams,
            executor,
        };
        if !cell.run(&mut shell, code, &mut orders, &mut closed).await {
            break;
        }
    }
    // Who ignores it lives on, as `nohup` asks.
    let _nobody_else = process.kill_group(process.group(), command::Signal::HUP);
}

/// Waits until it is closed, or until nobody is left who could close it.
pub(super) async fn ended(closed: &mut watch::Receiver<bool>) {
    // An error says that nobody is left.
    let _nobody = closed.wait_for(|closed| *closed).await;
}

/// Does something, and meanwhile tells who asks how the shell stands.
async fn answering<T>(
    asked: &mut mpsc::Receiver<oneshot::Sender<State>>,
    shell: &Shell,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some(reply) = asked.recv() => {
                // Who does not wait any more needs no answer.
                let _gone = reply.send(shell.state());
            }
            done = &mut work => return done,
        }
    }
}

/// The shell of a new process.
async fn open(process: Process, state: Option<State>) -> (Arc<World>, Shell) {
    let (world, mut start) = World::open(process);
    let system: Arc<dyn System> = Arc::clone(&world) as _;
    let descriptors: Descriptors = start.descriptors.clone();
    let restored = state.map(|state| Shell::restore(&system, descriptors, state));
    let (mut shell, trouble) = match restored {
        Some(Ok(shell)) => (shell, None),
        Some(Err(error)) => {
            start.cwd = "/home/user".to_owned();
            (Shell::new(&system, start), Some(error.to_string()))
        }
        None => (Shell::new(&system, start), None),
    };
    if let Some(trouble) = trouble {
        let text = format!("bash: this context starts afresh: {trouble}\n");
        if let Some(stderr) = shell.descriptors.get(&2) {
            // There is room: the pipe is new.
            let _room = stderr.write(text.as_bytes()).await;
        }
    }
    shell.options.expand_aliases = true;
    shell.serves_cells = true;
    (world, shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_defaults() {
        let cell = ShellCell::new("x").wall(None);
        assert_eq!((cell.code.as_slice(), cell.wall), (&b"x"[..], Some(None)));
        assert!(ShellCell::new("").wall.is_none());
    }
}
