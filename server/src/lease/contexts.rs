//! The interpreters of a sandbox under the names that clients know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandcell::{Result, Sandbox};
use tokio::sync::{RwLock, RwLockWriteGuard};

use crate::lease::interpreter::{HOME, Making, Runner};
use crate::lease::{Interpreter, Language, Languages, SavedInterpreter, Started};

/// The interpreters of one sandbox, in the order of their making.
#[derive(Debug)]
pub(crate) struct Contexts {
    sandbox: Sandbox,
    languages: Arc<Languages>,
    listed: Mutex<Vec<Arc<Interpreter>>>,
    /// Held for reading while code is taken, for writing while all of it is saved:
    /// what shells hold is not in the sandbox's own snapshot.
    taking: RwLock<()>,
}

/// Bytes of the states of all shells of a sandbox in its record.
const STATE_BYTES: usize = 8 << 20;

/// A client's id of a context.
fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Contexts {
    pub(crate) fn new(sandbox: &Sandbox, languages: &Arc<Languages>) -> Self {
        let mut first = sandbox.context().ok();
        let listed = languages.at_start().map(|language| {
            let runner = first.take_if(|_| language == languages.own());
            let runner = runner.map(Runner::Guest);
            Interpreter::new(new_id(), language, runner, HOME.to_owned(), true)
        });
        Self {
            sandbox: sandbox.clone(),
            languages: Arc::clone(languages),
            listed: Mutex::new(listed.collect()),
            taking: RwLock::default(),
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
            taking: RwLock::default(),
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
        let _taking = self.taking.read().await;
        interpreter.make(&self.making(interpreter.language)).await?;
        interpreter.execute(code, environment)
    }

    /// Sets variables of the environment in all of them. They have run already,
    /// with the environment of the sandbox that they come from.
    pub(crate) async fn set_variables(&self, variables: &BTreeMap<String, String>) -> Result<()> {
        for one in self.list() {
            // What has not started yet starts with them.
            if one.has_run() {
                let making = self.making(one.language);
                one.set_variables(&making, variables).await?;
            }
        }
        Ok(())
    }

    /// Takes no code as long as the answer lives: what is [saved](Self::saved) then
    /// belongs to one moment with a snapshot of the sandbox.
    pub(crate) async fn still(&self) -> RwLockWriteGuard<'_, ()> {
        self.taking.write().await
    }

    /// All of them, to be saved. Of shells, as many as a record has room for.
    pub(crate) async fn saved(&self) -> Vec<SavedInterpreter> {
        let mut room = STATE_BYTES;
        let mut saved = Vec::new();
        for one in self.list() {
            saved.push(one.saved(&mut room).await);
        }
        saved
    }

    fn making(&self, language: Language) -> Making<'_> {
        Making {
            sandbox: &self.sandbox,
            language,
            image: self.languages.image(language),
        }
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
        let cwd = cwd.unwrap_or_else(|| HOME.to_owned());
        let making = self.making(language);
        let made = Interpreter::create(new_id(), &making, cwd).await?;
        if let Some(made) = &made {
            self.lock().push(Arc::clone(made));
        }
        Ok(made)
    }

    /// A fresh interpreter under the same id; false when there is none of it.
    pub(crate) async fn restart(&self, id: &str) -> Result<bool> {
        match self.find(id) {
            Some(found) => {
                found.restart(&self.making(found.language)).await?;
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
            one.end(&self.sandbox);
            true
        })
    }
}
