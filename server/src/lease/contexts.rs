//! The interpreters of a sandbox under the names that clients know.
//!
//! A client's context keeps its id when it is restarted; the runtime's does not.
//! So a client's id names an [`Interpreter`], and that has a runtime's context,
//! which is made when it is first needed: most sandboxes run one language.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandcell::{Context, ContextId, Error, Execution, Result, RunCode, Sandbox};
use serde::{Deserialize, Serialize};

use crate::lease::{Language, Languages};

/// Where code starts when nobody says otherwise.
const HOME: &str = "/home/user";

/// The interpreters of one sandbox, in the order of their making.
#[derive(Debug)]
pub(crate) struct Contexts {
    sandbox: Sandbox,
    languages: Arc<Languages>,
    listed: Mutex<Vec<Arc<Interpreter>>>,
}

/// One interpreter.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) id: String,
    pub(crate) language: Language,
    pub(crate) cwd: String,
    /// Code runs in it that names its language and no context.
    default: bool,
    live: Mutex<Live>,
    /// Held while its runtime's context is made.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Live {
    /// `None` until it is needed.
    context: Option<Context>,
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
    #[serde(default = "python")]
    language: Language,
    /// The runtime's context; empty if there is none yet.
    context: String,
    cwd: String,
    default: bool,
    executions: u64,
    astray: bool,
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

impl Interpreter {
    fn new(
        id: String,
        language: Language,
        context: Option<Context>,
        cwd: String,
        default: bool,
    ) -> Arc<Self> {
        let astray = cwd != HOME;
        Arc::new(Self {
            id,
            language,
            cwd,
            default,
            live: Mutex::new(Live {
                context,
                generation: 0,
                executions: 0,
                astray,
            }),
            making: tokio::sync::Mutex::default(),
        })
    }

    fn saved(&self) -> SavedInterpreter {
        let live = self.lock();
        SavedInterpreter {
            id: self.id.clone(),
            language: self.language,
            context: live
                .context
                .as_ref()
                .map_or_else(String::new, |context| context.id().to_string()),
            cwd: self.cwd.clone(),
            default: self.default,
            executions: live.executions,
            astray: live.astray,
        }
    }

    /// The saved interpreter in a sandbox that goes on from what was saved; it
    /// starts afresh when its context is not there.
    fn restored(sandbox: &Sandbox, saved: &SavedInterpreter) -> Arc<Self> {
        let kept = ContextId::parse(&saved.context).and_then(|id| sandbox.find(id).ok());
        let fresh = kept.is_none();
        let (id, cwd) = (saved.id.clone(), saved.cwd.clone());
        let made = Self::new(id, saved.language, kept, cwd, saved.default);
        if !fresh {
            let mut live = made.lock();
            live.executions = saved.executions;
            live.astray = saved.astray;
        }
        made
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes its context unless that is there.
    async fn make(&self, sandbox: &Sandbox, image: Option<&str>) -> Result<()> {
        let _one_at_a_time = self.making.lock().await;
        if self.lock().context.is_some() {
            return Ok(());
        }
        let fresh = fresh(sandbox, image).await?;
        self.lock().context = Some(fresh);
        Ok(())
    }

    /// Runs code after what waits already.
    fn execute(&self, code: String, environment: BTreeMap<String, String>) -> Result<Started> {
        let mut live = self.lock();
        let context = live.context.clone().ok_or(GONE)?;
        let mut run = RunCode::new(code).envs(environment);
        if live.astray {
            run = run.cwd(&self.cwd);
        }
        let execution = context.execute(run)?;
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
        let context = self.lock().context.clone().ok_or(GONE)?;
        let execution = context.execute(RunCode::new("").silent().cwd(&self.cwd))?;
        let settled = execution.outcome().await?.is_finished();
        self.lock().astray = !settled;
        Ok(settled)
    }

    async fn restart(&self, sandbox: &Sandbox, image: Option<&str>) -> Result<()> {
        let _one_at_a_time = self.making.lock().await;
        let old = {
            let mut live = self.lock();
            live.generation += 1;
            live.context.as_ref().map(Context::id)
        };
        if let Some(old) = old {
            // What was closed already needs no closing.
            let _was_closed = sandbox.close_context(old);
        }
        let fresh = fresh(sandbox, image).await?;
        let mut live = self.lock();
        live.context = Some(fresh);
        live.executions = 0;
        live.astray = self.cwd != HOME;
        Ok(())
    }
}

/// The context went away between two steps.
const GONE: Error = Error::Ended {
    what: "the context",
};

async fn fresh(sandbox: &Sandbox, image: Option<&str>) -> Result<Context> {
    match image {
        None => sandbox.create_context().await,
        Some(image) => sandbox.create_context_over(image).await,
    }
}

/// A client's id of a context.
fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Contexts {
    pub(crate) fn new(sandbox: &Sandbox, languages: &Arc<Languages>) -> Self {
        let mut first = sandbox.context().ok();
        let listed = languages.at_start().map(|language| {
            let context = first.take_if(|_| language == languages.own());
            Interpreter::new(new_id(), language, context, HOME.to_owned(), true)
        });
        Self {
            sandbox: sandbox.clone(),
            languages: Arc::clone(languages),
            listed: Mutex::new(listed.collect()),
        }
    }

    /// Those of a sandbox that goes on from what was saved.
    pub(crate) fn restored(
        sandbox: &Sandbox,
        languages: &Arc<Languages>,
        saved: &[SavedInterpreter],
    ) -> Self {
        // This server may have fewer languages than the one that saved them.
        let there = saved.iter().filter(|one| languages.has(one.language));
        let listed = there.map(|one| Interpreter::restored(sandbox, one));
        Self {
            sandbox: sandbox.clone(),
            languages: Arc::clone(languages),
            listed: Mutex::new(listed.collect()),
        }
    }

    /// The languages that there are.
    pub(crate) fn languages(&self) -> &Languages {
        &self.languages
    }

    /// Runs code in one of them, after what waits there already.
    pub(crate) async fn execute(
        &self,
        interpreter: &Interpreter,
        code: String,
        environment: BTreeMap<String, String>,
    ) -> Result<Started> {
        let image = self.languages.image(interpreter.language);
        interpreter.make(&self.sandbox, image).await?;
        interpreter.execute(code, environment)
    }

    /// Sets variables of the environment in all of them. They have run already,
    /// with the environment of the sandbox that they come from.
    pub(crate) async fn set_variables(&self, variables: &BTreeMap<String, String>) -> Result<()> {
        for one in self.list() {
            // What has not started yet starts with them.
            let Some(context) = one.lock().context.clone() else {
                continue;
            };
            let run = RunCode::new(one.language.setting(variables)).silent();
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

    /// The one that code of a language runs in which names none; without a
    /// language, of the sandbox's own. There is a new one if it was removed.
    pub(crate) fn default_one(&self, language: Option<Language>) -> Arc<Interpreter> {
        let language = language.unwrap_or_else(|| self.languages.own());
        let mut listed = self.lock();
        let there = listed
            .iter()
            .find(|one| one.default && one.language == language);
        if let Some(found) = there {
            return Arc::clone(found);
        }
        let made = Interpreter::new(new_id(), language, None, HOME.to_owned(), true);
        listed.push(Arc::clone(&made));
        made
    }

    /// A further one that starts in the folder `cwd`; `None` when there is no such
    /// folder.
    pub(crate) async fn create(
        &self,
        language: Option<Language>,
        cwd: Option<String>,
    ) -> Result<Option<Arc<Interpreter>>> {
        let language = language.unwrap_or_else(|| self.languages.own());
        let context = fresh(&self.sandbox, self.languages.image(language)).await?;
        let id = context.id();
        let cwd = cwd.unwrap_or_else(|| HOME.to_owned());
        let made = Interpreter::new(new_id(), language, Some(context), cwd, false);
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
            Some(found) => {
                let image = self.languages.image(found.language);
                found.restart(&self.sandbox, image).await?;
                Ok(true)
            }
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
            if let Some(context) = one.lock().context.as_ref().map(Context::id) {
                // It may have ended by itself, with its sandbox.
                let _was_closed = self.sandbox.close_context(context);
            }
            true
        })
    }
}
