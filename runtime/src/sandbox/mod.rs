//! Contexts, files and limits under one identity.

mod builder;
mod saving;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use builder::SandboxBuilder;

use crate::access::Files;
use crate::command::{Child, Command, CommandBuilder, CommandInfo, Processes, Spawn};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::id::{ContextId, SandboxId};
use crate::interrupt::Nudge;
use crate::limits::{Limit, Limits, Residency};
use crate::runtime::Runtime;
use crate::state::State;
use crate::worker::{Family, Mailbox, Settings, Start, spawn};

/// A sandbox: interpreters that share files and limits, and nothing with the
/// host or with other sandboxes. A cheap handle; the sandbox ends when it is
/// closed or when its last handle, contexts included, is dropped.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    id: SandboxId,
    runtime: Runtime,
    settings: Arc<Settings>,
    limits: Arc<Limits>,
    nudge: Nudge,
    first: ContextId,
    contexts: Mutex<Contexts>,
    processes: Arc<Processes>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Contexts {
    state: State,
    live: BTreeMap<ContextId, Mailbox>,
    /// Contexts that are being made and have no mailbox yet.
    coming: u32,
}

impl Contexts {
    /// Ends a pause.
    fn go_on(&mut self) {
        self.state = State::Running;
        for mailbox in self.live.values() {
            mailbox.set_paused(false);
            mailbox.let_go();
        }
    }
}

/// Who a new sandbox is and what its contexts start from.
#[derive(Debug)]
struct Origin {
    id: SandboxId,
    first: ContextId,
    contexts: Vec<(ContextId, Start)>,
}

impl Origin {
    /// A sandbox with one fresh context.
    fn fresh() -> Self {
        let first = ContextId::random();
        Self {
            id: SandboxId::random(),
            first,
            contexts: vec![(first, Start::default())],
        }
    }
}

impl Sandbox {
    async fn start(
        runtime: Runtime,
        settings: Settings,
        limits: Limits,
        origin: Origin,
    ) -> Result<Self> {
        let settings = Arc::new(settings);
        let nudge = runtime.nudge();
        let processes = Processes::new(Arc::clone(&settings), runtime.host());
        let family: Arc<dyn Family> = Arc::clone(&processes) as _;
        // Nobody has seen these settings yet.
        let _first = settings.family.set(Arc::downgrade(&family));
        let mut live = BTreeMap::new();
        for (id, start) in origin.contexts {
            let mailbox = spawn(Arc::clone(&settings), start, runtime.handle()).await?;
            live.insert(id, mailbox);
        }
        let contexts = Contexts {
            state: State::Running,
            live,
            coming: 0,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                id: origin.id,
                runtime,
                settings,
                limits: Arc::new(limits),
                nudge,
                first: origin.first,
                contexts: Mutex::new(contexts),
                processes,
            }),
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SandboxId {
        self.inner.id
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.inner.lock().state
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The context that every sandbox starts with. A closed one answers, too; its
    /// cells do not run.
    ///
    /// # Errors
    /// [`Error::Ended`] when it, or the sandbox, was closed.
    pub fn context(&self) -> Result<Context> {
        self.find(self.inner.first)
    }

    /// A further interpreter with variables of its own and the same files.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] at [`Limits::contexts`]; [`Error::Create`];
    /// [`Error::Ended`].
    pub async fn create_context(&self) -> Result<Context> {
        self.create(Start::default()).await
    }

    /// A further interpreter of another image, by its name in the cache: another
    /// language over the same files.
    ///
    /// The library in `/usr/lib` stays that of the sandbox's own image. Guests
    /// that read theirs while they run, as Python does, are to be the sandbox's
    /// own; JavaScript needs none.
    ///
    /// # Errors
    /// As [`Self::create_context`]; [`Error::NoImage`], [`Error::BadImage`];
    /// [`Error::BadSetting`] when the image needs more memory than the sandbox's
    /// limit.
    pub async fn create_context_over(&self, image: &str) -> Result<Context> {
        let image = self.inner.runtime.image(Some(image))?;
        image.check_fits(&self.inner.limits)?;
        let own = image.id() == self.inner.settings.image.id();
        self.create(Start {
            image: (!own).then_some(image),
            ..Start::default()
        })
        .await
    }

    async fn create(&self, start: Start) -> Result<Context> {
        let inner = &self.inner;
        {
            let mut contexts = inner.lock();
            contexts.state.running()?;
            let count = u32::try_from(contexts.live.len()).unwrap_or(u32::MAX);
            let count = count.saturating_add(contexts.coming);
            if count >= inner.limits.contexts {
                return Err(Error::LimitExceeded {
                    limit: Limit::Contexts,
                    allowed: u64::from(inner.limits.contexts),
                    asked: u64::from(count) + 1,
                });
            }
            contexts.coming += 1;
        }
        let id = ContextId::random();
        let settings = Arc::clone(&inner.settings);
        let made = spawn(settings, start, inner.runtime.handle()).await;
        let mut contexts = inner.lock();
        contexts.coming -= 1;
        let mailbox = made?;
        contexts.state.running().inspect_err(|_| mailbox.close())?;
        contexts.live.insert(id, mailbox.clone());
        drop(contexts);
        Ok(self.handle(id, mailbox))
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> Files {
        Files::new(Arc::clone(&self.inner.settings))
    }

    /// A command to be started in this sandbox: the program's name or path, then
    /// its arguments. A name without a slash is looked up in `PATH`.
    pub fn command<A: Into<Vec<u8>>>(&self, argv: impl IntoIterator<Item = A>) -> CommandBuilder {
        let argv = argv.into_iter().map(Into::into).collect();
        let processes = Arc::clone(&self.inner.processes);
        let sandbox: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(&self.inner) as _;
        CommandBuilder::new(processes, sandbox, argv)
    }

    /// Starts a process that is no command: [`Self::commands`] does not list it,
    /// and its streams are those of `spawn`, whose variables stand above those
    /// that commands start with. It ends with the sandbox.
    ///
    /// # Errors
    /// [`Error::Spawn`]; [`Error::Paused`]; [`Error::Ended`]. Nothing is left of it.
    pub fn spawn(&self, spawn: Spawn) -> Result<Child> {
        self.inner.processes.start(spawn)
    }

    /// The running commands that were started by [`Self::command`], by number.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandInfo> {
        self.inner.processes.commands()
    }

    /// All running processes: the commands, and what commands and cells started.
    #[must_use]
    pub fn processes(&self) -> Vec<CommandInfo> {
        self.inner.processes.all()
    }

    /// A further handle of a command. Of one that ended a while ago it has the
    /// end only.
    ///
    /// # Errors
    /// [`Error::Ended`] when there is none of this number.
    pub fn attach(&self, pid: u32) -> Result<Command> {
        let sandbox: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(&self.inner) as _;
        self.inner.processes.attach(pid, sandbox)
    }

    /// The number of the last command of this tag that runs or ended a while ago.
    #[must_use]
    pub fn find_command(&self, tag: &str) -> Option<u32> {
        self.inner.processes.tagged(tag)
    }

    /// The ids of its live contexts.
    #[must_use]
    pub fn contexts(&self) -> Vec<ContextId> {
        self.inner.lock().live.keys().copied().collect()
    }

    /// A live context by its id.
    ///
    /// # Errors
    /// [`Error::Ended`] when there is none of this id.
    pub fn find(&self, id: ContextId) -> Result<Context> {
        let mailbox = self.inner.lock().live.get(&id).cloned();
        mailbox
            .map(|mailbox| self.handle(id, mailbox))
            .ok_or(Error::Ended {
                what: "the context",
            })
    }

    /// Ends one context: its cell is stopped by force, its variables are gone.
    ///
    /// # Errors
    /// [`Error::Ended`] when there is none of this id.
    pub fn close_context(&self, id: ContextId) -> Result<()> {
        let mailbox = self.inner.lock().live.remove(&id);
        mailbox
            .ok_or(Error::Ended {
                what: "the context",
            })?
            .close();
        Ok(())
    }

    /// Ends the sandbox: running cells are stopped by force, nothing of it is
    /// left. Ending an ended one does nothing.
    pub fn close(&self) {
        self.inner.close();
    }

    /// What all its contexts hold. Answered between their cells.
    ///
    /// # Errors
    /// [`Error::Ended`]; [`Error::Io`] when `/proc` cannot be read.
    pub async fn residency(&self) -> Result<Residency> {
        self.inner.lock().state.running()?;
        let mut all = Residency::default();
        for id in self.contexts() {
            let Ok(context) = self.find(id) else { continue };
            let one = context.residency().await?;
            all.resident_bytes += one.resident_bytes;
            all.stack_bytes += one.stack_bytes;
            all.checkpoint_bytes += one.checkpoint_bytes;
            all.memory_bytes += one.memory_bytes;
            all.contexts += one.contexts;
            all.executions += one.executions;
            all.cpu += one.cpu;
        }
        Ok(all)
    }

    fn handle(&self, id: ContextId, mailbox: Mailbox) -> Context {
        let sandbox = Arc::clone(&self.inner);
        Context {
            id,
            mailbox,
            limits: Arc::clone(&self.inner.limits),
            nudge: Arc::clone(&self.inner.nudge),
            _sandbox: sandbox,
        }
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Contexts> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut contexts = self.lock();
        contexts.state = State::Ended;
        self.processes.close();
        for mailbox in std::mem::take(&mut contexts.live).into_values() {
            mailbox.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
