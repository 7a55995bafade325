//! The interpreters of a sandbox under the names that clients know.
//!
//! A client's context keeps its id when it is restarted; the runtime's does not.
//! So a client's id names an [`Interpreter`], and that has a runtime's context.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandcell::{Context, ContextId, Execution, Result, RunCode, Sandbox};
use serde::{Deserialize, Serialize};

/// The language that is there.
pub(crate) const LANGUAGE: &str = "python";

/// Where code starts when nobody says otherwise.
const HOME: &str = "/home/user";

/// The name of a language as a client may write it.
pub(crate) fn normalise(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.as_str() {
        "js" => "javascript".to_owned(),
        "ts" => "typescript".to_owned(),
        "py" | "python3" => "python".to_owned(),
        _ => name,
    }
}

/// The interpreters of one sandbox, in the order of their making.
#[derive(Debug)]
pub(crate) struct Contexts {
    sandbox: Sandbox,
    listed: Mutex<Vec<Arc<Interpreter>>>,
    /// Held while the default context is made anew.
    renewing: tokio::sync::Mutex<()>,
}

/// One interpreter.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) id: String,
    pub(crate) language: &'static str,
    pub(crate) cwd: String,
    default: bool,
    live: Mutex<Live>,
    restarting: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Live {
    context: Context,
    /// Counts restarts.
    generation: u64,
    /// Counts executions since the last restart.
    executions: u64,
    /// The interpreter is fresh and does not yet stand in its folder.
    astray: bool,
}

/// One interpreter as it is saved with its sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedInterpreter {
    id: String,
    /// The runtime's context.
    context: String,
    cwd: String,
    default: bool,
    executions: u64,
    astray: bool,
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

impl Interpreter {
    fn new(id: String, context: Context, cwd: String, default: bool) -> Arc<Self> {
        let astray = cwd != HOME;
        Arc::new(Self {
            id,
            language: LANGUAGE,
            cwd,
            default,
            live: Mutex::new(Live {
                context,
                generation: 0,
                executions: 0,
                astray,
            }),
            restarting: tokio::sync::Mutex::default(),
        })
    }

    fn saved(&self) -> SavedInterpreter {
        let live = self.lock();
        SavedInterpreter {
            id: self.id.clone(),
            context: live.context.id().to_string(),
            cwd: self.cwd.clone(),
            default: self.default,
            executions: live.executions,
            astray: live.astray,
        }
    }

    /// The saved interpreter in a sandbox that goes on from what was saved; a
    /// fresh one in its place when its context is not there.
    async fn restored(sandbox: &Sandbox, saved: &SavedInterpreter) -> Result<Arc<Self>> {
        let kept = ContextId::parse(&saved.context).and_then(|id| sandbox.find(id).ok());
        let fresh = kept.is_none();
        let context = match kept {
            Some(context) => context,
            None => sandbox.create_context().await?,
        };
        let made = Self::new(saved.id.clone(), context, saved.cwd.clone(), saved.default);
        if !fresh {
            let mut live = made.lock();
            live.executions = saved.executions;
            live.astray = saved.astray;
        }
        Ok(made)
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs code after what waits already.
    pub(crate) fn execute(
        &self,
        code: String,
        environment: BTreeMap<String, String>,
    ) -> Result<Started> {
        let mut live = self.lock();
        let mut run = RunCode::new(code).envs(environment);
        if live.astray {
            run = run.cwd(&self.cwd);
        }
        let execution = live.context.execute(run)?;
        live.astray = false;
        live.executions += 1;
        Ok(Started {
            execution,
            count: live.executions,
            generation: live.generation,
        })
    }

    /// Notes that the interpreter broke and a fresh one stands in for it.
    pub(crate) fn broke(&self, generation: u64) {
        let mut live = self.lock();
        if live.generation == generation {
            live.astray = self.cwd != HOME;
        }
    }

    /// Whether it was restarted since.
    pub(crate) fn is_later_than(&self, generation: u64) -> bool {
        self.lock().generation > generation
    }

    /// Goes to its folder, so that a folder which is not there is told at once.
    async fn settle(&self) -> Result<bool> {
        let execution = {
            let live = self.lock();
            let run = RunCode::new("").silent().cwd(&self.cwd);
            live.context.execute(run)?
        };
        let settled = execution.outcome().await?.is_finished();
        self.lock().astray = !settled;
        Ok(settled)
    }

    async fn restart(&self, sandbox: &Sandbox) -> Result<()> {
        let _one_at_a_time = self.restarting.lock().await;
        let old = {
            let mut live = self.lock();
            live.generation += 1;
            live.context.id()
        };
        // What was closed already needs no closing.
        let _was_closed = sandbox.close_context(old);
        let fresh = sandbox.create_context().await?;
        let mut live = self.lock();
        live.context = fresh;
        live.executions = 0;
        live.astray = self.cwd != HOME;
        Ok(())
    }
}

impl Contexts {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let first = sandbox.context().ok().map(|context| {
            Interpreter::new(context.id().to_string(), context, HOME.to_owned(), true)
        });
        Self {
            sandbox: sandbox.clone(),
            listed: Mutex::new(first.into_iter().collect()),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    /// Those of a sandbox that goes on from what was saved.
    pub(crate) async fn restored(sandbox: &Sandbox, saved: &[SavedInterpreter]) -> Result<Self> {
        let mut listed = Vec::new();
        for one in saved {
            listed.push(Interpreter::restored(sandbox, one).await?);
        }
        Ok(Self {
            sandbox: sandbox.clone(),
            listed: Mutex::new(listed),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// Sets variables of the environment in all of them. They have run already,
    /// with the environment of the sandbox that they come from.
    pub(crate) async fn set_variables(&self, variables: &BTreeMap<String, String>) -> Result<()> {
        // Strings of JSON are strings of Python.
        let literal = serde_json::json!(variables);
        let code = format!("__import__('os').environ.update({literal})");
        for one in self.list() {
            let context = one.lock().context.clone();
            let run = RunCode::new(code.clone()).silent();
            context.execute(run)?.outcome().await?;
        }
        Ok(())
    }

    /// All of them, to be saved.
    pub(crate) fn saved(&self) -> Vec<SavedInterpreter> {
        self.lock().iter().map(|one| one.saved()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Interpreter>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Arc<Interpreter>> {
        self.lock().clone()
    }

    /// The one of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Interpreter>> {
        self.lock().iter().find(|one| one.id == id).cloned()
    }

    fn find_default(&self) -> Option<Arc<Interpreter>> {
        self.lock().iter().find(|one| one.default).cloned()
    }

    /// The one that code runs in which names none; made anew if it was removed.
    pub(crate) async fn default_one(&self) -> Result<Arc<Interpreter>> {
        if let Some(found) = self.find_default() {
            return Ok(found);
        }
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(found) = self.find_default() {
            return Ok(found);
        }
        let context = self.sandbox.create_context().await?;
        let made = Interpreter::new(context.id().to_string(), context, HOME.to_owned(), true);
        self.lock().push(Arc::clone(&made));
        Ok(made)
    }

    /// A further one that starts in the folder `cwd`; `None` when there is no such
    /// folder.
    pub(crate) async fn create(&self, cwd: Option<String>) -> Result<Option<Arc<Interpreter>>> {
        let context = self.sandbox.create_context().await?;
        let id = context.id();
        let cwd = cwd.unwrap_or_else(|| HOME.to_owned());
        let made = Interpreter::new(id.to_string(), context, cwd, false);
        if made.lock().astray && !made.settle().await? {
            self.sandbox.close_context(id)?;
            return Ok(None);
        }
        self.lock().push(Arc::clone(&made));
        Ok(Some(made))
    }

    /// A fresh interpreter under the same id; false when there is none of it.
    pub(crate) async fn restart(&self, id: &str) -> Result<bool> {
        match self.find(id) {
            Some(found) => found.restart(&self.sandbox).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Ends one; false when there is none of this id.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let removed = {
            let mut listed = self.lock();
            let at = listed.iter().position(|one| one.id == id);
            at.map(|at| listed.remove(at))
        };
        removed.is_some_and(|one| {
            let context = one.lock().context.id();
            // It may have ended by itself, with its sandbox.
            let _was_closed = self.sandbox.close_context(context);
            true
        })
    }
}
