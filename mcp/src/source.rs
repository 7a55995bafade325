//! Where new sandboxes come from.

use std::sync::Arc;

use sandcell::{Limits, Runtime, Sandbox, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Refusal;

/// A language that code can be written in, and its image; `None` for that which
/// sandboxes start from.
#[derive(Debug, Clone)]
pub(crate) struct Language {
    pub(crate) name: String,
    pub(crate) image: Option<String>,
}

/// What all clients of a server share.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) runtime: Runtime,
    pub(crate) limits: Limits,
    /// The first is that of code that names none.
    pub(crate) languages: Vec<Language>,
    /// Sandboxes that may live at once.
    pub(crate) allowed: usize,
    pub(crate) places: Arc<Semaphore>,
}

impl Source {
    /// The language of a name; without one, the first.
    pub(crate) fn language(&self, name: Option<&str>) -> Result<&Language, Refusal> {
        let found = match name {
            None => self.languages.first(),
            Some(name) => self.languages.iter().find(|one| one.name == name),
        };
        found.ok_or_else(|| {
            let there = self.languages.iter().map(|one| format!("`{}`", one.name));
            Refusal::NoLanguage {
                asked: name.unwrap_or_default().chars().take(50).collect(),
                there: there.collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// Takes a place for one more sandbox, kept while it lives.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let taken = Arc::clone(&self.places).try_acquire_owned();
        taken.map_err(|_| Refusal::TooMany {
            what: "sandboxes",
            allowed: self.allowed,
            way_out: "`end_sandbox` ends one",
        })
    }

    /// A fresh sandbox, or one that goes on from a snapshot.
    pub(crate) async fn sandbox(&self, from: Option<&Snapshot>) -> Result<Sandbox, Refusal> {
        let builder = match from {
            None => self.runtime.sandbox().limits(self.limits.clone()),
            Some(snapshot) => self.runtime.sandbox().snapshot(snapshot),
        };
        Ok(builder.start().await?)
    }
}
