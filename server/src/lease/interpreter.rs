//! One interpreter under the name that clients know.
//!
//! A client's context keeps its id when it is restarted; the runtime's does not.
//! So a client's id names an [`Interpreter`], and that has what runs its code,
//! which is made when it is first needed: most sandboxes run one language.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandcell::{Context, ContextId, Error, Execution, Result, RunCode, Sandbox, SpawnError};
use sandcell_shell::{ShellCell, ShellContext, State};
use serde::{Deserialize, Serialize};

use crate::lease::Language;

/// Where code starts when nobody says otherwise.
pub(super) const HOME: &str = "/home/user";

/// One interpreter.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) id: String,
    pub(crate) language: Language,
    pub(crate) cwd: String,
    /// Code runs in it that names its language and no context.
    pub(super) default: bool,
    live: Mutex<Live>,
    /// Held while what runs its code is made.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Live {
    /// `None` until it is needed.
    runner: Option<Runner>,
    /// What a shell that is not there yet goes on from.
    shell: Option<State>,
    /// Counts restarts.
    generation: u64,
    /// Counts executions since the last restart.
    executions: u64,
    /// The guest is fresh and does not yet stand in its folder.
    astray: bool,
}

/// What runs code.
#[derive(Debug, Clone)]
pub(super) enum Runner {
    Guest(Context),
    Shell(ShellContext),
}

/// What a runner is made of.
#[derive(Debug)]
pub(super) struct Making<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) language: Language,
    /// The image of its guest, where that is not the sandbox's own.
    pub(super) image: Option<&'a str>,
}

impl Making<'_> {
    /// A fresh runner; a shell stands in the folder `cwd` at once.
    async fn fresh(&self, cwd: &str) -> Result<Runner> {
        Ok(match (self.language, self.image) {
            (Language::Bash, _) => Runner::Shell(ShellContext::start(self.sandbox, cwd)?),
            (_, None) => Runner::Guest(self.sandbox.create_context().await?),
            (_, Some(image)) => Runner::Guest(self.sandbox.create_context_over(image).await?),
        })
    }

    /// As [`Self::fresh`]; where the folder is gone, the shell starts at the root.
    async fn fresh_anyway(&self, cwd: &str) -> Result<Runner> {
        match self.fresh(cwd).await {
            Err(Error::Spawn(SpawnError::BadDirectory { .. })) => self.fresh("/").await,
            made => made,
        }
    }
}

impl Runner {
    fn execute(&self, code: String, environment: BTreeMap<String, String>) -> Result<Execution> {
        match self {
            Self::Guest(context) => context.execute(RunCode::new(code).envs(environment)),
            Self::Shell(shell) => shell.execute(ShellCell::new(code).envs(environment)),
        }
    }

    fn end(&self, sandbox: &Sandbox) {
        match self {
            Self::Guest(context) => {
                // It may have ended by itself, with its sandbox.
                let _was_closed = sandbox.close_context(context.id());
            }
            Self::Shell(shell) => shell.close(),
        }
    }

    /// Whether it has to be made anew: a process can be killed.
    fn is_gone(&self) -> bool {
        matches!(self, Self::Shell(shell) if shell.is_closed())
    }
}

/// One interpreter as it is saved with its sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedInterpreter {
    id: String,
    #[serde(default = "python")]
    pub(super) language: Language,
    /// The runtime's context; empty if there is none yet.
    context: String,
    cwd: String,
    default: bool,
    executions: u64,
    astray: bool,
    /// The shell of one for bash, which is in no snapshot of the runtime's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shell: Option<State>,
}

impl SavedInterpreter {
    /// The same one without what it had run.
    pub(super) fn afresh(&self) -> Self {
        Self {
            shell: None,
            ..self.clone()
        }
    }
}

/// The language of records from before there were others.
fn python() -> Language {
    Language::Python
}

/// An execution that was taken.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) execution: Execution,
    /// Its number within the context, from 1.
    pub(crate) count: u64,
    /// The life of the context that it belongs to.
    pub(crate) generation: u64,
}

/// The context went away between two steps.
const GONE: Error = Error::Ended {
    what: "the context",
};

impl Interpreter {
    pub(super) fn new(
        id: String,
        language: Language,
        runner: Option<Runner>,
        cwd: String,
        default: bool,
    ) -> Arc<Self> {
        let astray = language != Language::Bash && cwd != HOME;
        Arc::new(Self {
            id,
            language,
            cwd,
            default,
            live: Mutex::new(Live {
                runner,
                shell: None,
                generation: 0,
                executions: 0,
                astray,
            }),
            making: tokio::sync::Mutex::default(),
        })
    }

    /// One that stands in the folder `cwd`; `None` when there is no such folder.
    pub(super) async fn create(
        id: String,
        making: &Making<'_>,
        cwd: String,
    ) -> Result<Option<Arc<Self>>> {
        let runner = match making.fresh(&cwd).await {
            Ok(runner) => runner,
            Err(Error::Spawn(SpawnError::BadDirectory { .. })) => return Ok(None),
            Err(error) => return Err(error),
        };
        let made = Self::new(id, making.language, Some(runner.clone()), cwd, false);
        if made.lock().astray && !made.settle().await? {
            runner.end(making.sandbox);
            return Ok(None);
        }
        Ok(Some(made))
    }

    /// What is saved of it. Of a shell, if it takes no more than `room`, which it
    /// is taken from.
    pub(super) async fn saved(&self, room: &mut usize) -> SavedInterpreter {
        let (runner, kept) = {
            let live = self.lock();
            (live.runner.clone(), live.shell.clone())
        };
        let shell = match &runner {
            // One that was killed has nothing left.
            Some(Runner::Shell(shell)) => shell.state().await.ok(),
            _ => kept,
        };
        let shell = shell.filter(|state| {
            let bytes = serde_json::to_vec(state).map_or(usize::MAX, |state| state.len());
            let fits = bytes <= *room;
            if fits {
                *room -= bytes;
            } else {
                tracing::warn!(id = self.id, bytes, "this shell is too large to be saved");
            }
            fits
        });
        let live = self.lock();
        let context = match &runner {
            Some(Runner::Guest(context)) => context.id().to_string(),
            _ => String::new(),
        };
        SavedInterpreter {
            id: self.id.clone(),
            language: self.language,
            context,
            cwd: self.cwd.clone(),
            default: self.default,
            executions: live.executions,
            astray: live.astray,
            shell,
        }
    }

    /// The saved interpreter in a sandbox that goes on from what was saved; it
    /// starts afresh when what ran its code is not there.
    pub(super) fn restored(sandbox: &Sandbox, saved: &SavedInterpreter) -> Arc<Self> {
        let kept = ContextId::parse(&saved.context).and_then(|id| sandbox.find(id).ok());
        let fresh = kept.is_none() && saved.shell.is_none();
        let (id, cwd) = (saved.id.clone(), saved.cwd.clone());
        let runner = kept.map(Runner::Guest);
        let made = Self::new(id, saved.language, runner, cwd, saved.default);
        if !fresh {
            let mut live = made.lock();
            live.executions = saved.executions;
            live.astray = saved.astray;
            live.shell.clone_from(&saved.shell);
        }
        made
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has a state of its own.
    pub(super) fn has_run(&self) -> bool {
        let live = self.lock();
        live.runner.is_some() || live.shell.is_some()
    }

    /// Makes what runs its code unless that is there.
    pub(super) async fn make(&self, making: &Making<'_>) -> Result<()> {
        let _one_at_a_time = self.making.lock().await;
        let state = {
            let mut live = self.lock();
            if live.runner.as_ref().is_some_and(|runner| !runner.is_gone()) {
                return Ok(());
            }
            live.shell.take()
        };
        let fresh = match state {
            Some(state) => Runner::Shell(ShellContext::restore(making.sandbox, state)?),
            None => making.fresh_anyway(&self.cwd).await?,
        };
        self.lock().runner = Some(fresh);
        Ok(())
    }

    /// Runs code after what waits already.
    pub(super) fn execute(
        &self,
        code: String,
        environment: BTreeMap<String, String>,
    ) -> Result<Started> {
        let mut live = self.lock();
        let runner = live.runner.clone().ok_or(GONE)?;
        let execution = match &runner {
            Runner::Guest(context) if live.astray => {
                context.execute(RunCode::new(code).envs(environment).cwd(&self.cwd))?
            }
            other => other.execute(code, environment)?,
        };
        live.astray = false;
        live.executions += 1;
        Ok(Started {
            execution,
            count: live.executions,
            generation: live.generation,
        })
    }

    /// Sets variables of the environment for good.
    pub(super) async fn set_variables(
        &self,
        making: &Making<'_>,
        variables: &BTreeMap<String, String>,
    ) -> Result<()> {
        self.make(making).await?;
        let runner = self.lock().runner.clone().ok_or(GONE)?;
        let setting = self.language.setting(variables);
        let execution = match &runner {
            Runner::Guest(context) => context.execute(RunCode::new(setting).silent())?,
            Runner::Shell(shell) => shell.execute(ShellCell::new(setting))?,
        };
        execution.outcome().await?;
        Ok(())
    }

    /// Notes that the interpreter broke and a fresh one stands in for it.
    pub(crate) fn broke(&self, generation: u64) {
        let mut live = self.lock();
        if live.generation == generation {
            live.astray = self.language != Language::Bash && self.cwd != HOME;
        }
    }

    /// Whether it was restarted since.
    pub(crate) fn is_later_than(&self, generation: u64) -> bool {
        self.lock().generation > generation
    }

    /// Goes to its folder, so that a folder which is not there is told at once.
    async fn settle(&self) -> Result<bool> {
        let Some(Runner::Guest(context)) = self.lock().runner.clone() else {
            return Ok(true);
        };
        let execution = context.execute(RunCode::new("").silent().cwd(&self.cwd))?;
        let settled = execution.outcome().await?.is_finished();
        self.lock().astray = !settled;
        Ok(settled)
    }

    pub(super) async fn restart(&self, making: &Making<'_>) -> Result<()> {
        let _one_at_a_time = self.making.lock().await;
        let old = {
            let mut live = self.lock();
            live.generation += 1;
            live.shell = None;
            live.runner.clone()
        };
        if let Some(old) = old {
            old.end(making.sandbox);
        }
        let fresh = making.fresh_anyway(&self.cwd).await?;
        let mut live = self.lock();
        live.runner = Some(fresh);
        live.executions = 0;
        live.astray = self.language != Language::Bash && self.cwd != HOME;
        Ok(())
    }

    /// Ends what runs its code.
    pub(super) fn end(&self, sandbox: &Sandbox) {
        let runner = self.lock().runner.clone();
        if let Some(runner) = runner {
            runner.end(sandbox);
        }
    }
}
