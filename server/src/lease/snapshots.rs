//! Snapshots that clients keep: what sandboxes can be made of, besides templates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandcell::{Busy, Durability, Runtime, Snapshot};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::clock;
use crate::lease::pausing::NotPaused;
use crate::lease::{Lease, NotMade, Quota, SavedInterpreter, Space};
use crate::store::{ENTRIES, Shelf, is_id};

/// The form of records that this build writes and reads.
const VERSION: u32 = 1;

/// The longest name, its tag included.
const NAME_BYTES: usize = 120;

/// The tag of a name that has none.
const TAG: &str = "default";

/// A name and its tag, `name:tag`, as clients give and are given them; `None`
/// when it cannot be one.
pub(crate) fn full_name(text: &str) -> Option<String> {
    let (name, tag) = text.split_once(':').unwrap_or((text, TAG));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let sound = |part: &str| {
        !part.is_empty() && part.bytes().all(known) && !part.bytes().all(|byte| byte == b'.')
    };
    let full = format!("{name}:{tag}");
    (sound(tag) && name.split('/').all(sound) && full.len() <= NAME_BYTES).then_some(full)
}

/// One snapshot.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) id: String,
    /// Its name and tag, if it was given one.
    pub(crate) name: Option<String>,
    /// The sandbox that it was taken of.
    pub(crate) sandbox: String,
    /// Its place in the order of making.
    pub(crate) number: u64,
    created: OffsetDateTime,
    /// Sandboxes that are made of it start their interpreters afresh.
    pub(crate) files_only: bool,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) contexts: Vec<SavedInterpreter>,
    /// Its state, if that is in no file.
    state: Option<Snapshot>,
    /// What it takes of the quota.
    _space: Space,
}

impl Kept {
    /// What clients call it.
    pub(crate) fn full_id(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => format!("{}:{TAG}", self.id),
        }
    }
}

/// A snapshot as its record says it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    id: String,
    name: Option<String>,
    sandbox: String,
    created: String,
    files_only: bool,
    environment: BTreeMap<String, String>,
    contexts: Vec<SavedInterpreter>,
}

impl From<&Kept> for Record {
    fn from(kept: &Kept) -> Self {
        Self {
            version: VERSION,
            id: kept.id.clone(),
            name: kept.name.clone(),
            sandbox: kept.sandbox.clone(),
            created: clock::rfc3339(kept.created),
            files_only: kept.files_only,
            environment: kept.environment.clone(),
            contexts: kept.contexts.clone(),
        }
    }
}

impl Record {
    fn restored(self, number: u64, space: Space) -> Option<Kept> {
        let full = |name: &String| full_name(name).as_ref() == Some(name);
        if self.version != VERSION || !is_id(&self.id) || !self.name.iter().all(full) {
            return None;
        }
        Some(Kept {
            id: self.id,
            name: self.name,
            sandbox: self.sandbox,
            number,
            created: clock::parse(&self.created)?,
            files_only: self.files_only,
            environment: self.environment,
            contexts: self.contexts,
            state: None,
            _space: space,
        })
    }
}

/// The snapshots of a server.
#[derive(Debug)]
pub(crate) struct Snapshots {
    shelf: Option<Shelf>,
    quota: Arc<Quota>,
    kept: Mutex<Shown>,
    /// Held while one is made or removed, so that a name means one at a time.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Shown {
    /// In the order of making.
    all: BTreeMap<u64, Arc<Kept>>,
    made: u64,
}

impl Shown {
    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

impl Snapshots {
    pub(crate) fn new(shelf: Option<Shelf>, quota: Arc<Quota>) -> Self {
        Self {
            shelf,
            quota,
            kept: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Finds those that an earlier server kept.
    pub(crate) fn restore(&self) -> std::io::Result<()> {
        let Some(shelf) = &self.shelf else {
            return Ok(());
        };
        let mut records = shelf.read_all::<Record>()?;
        records.sort_by_key(|(_, record)| clock::parse(&record.created));
        let mut shown = self.lock();
        for (id, record) in records {
            let number = shown.next();
            let space = self.quota.count(shelf.state_bytes(&id));
            match record.restored(number, space).filter(|kept| kept.id == id) {
                Some(kept) => {
                    shown.all.insert(number, Arc::new(kept));
                }
                None => tracing::warn!(id, "this record is damaged"),
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Kept>> {
        self.lock().all.values().cloned().collect()
    }

    /// The one that a client means, by name or id, with its tag or without.
    pub(crate) fn find(&self, text: &str) -> Option<Arc<Kept>> {
        let full = full_name(text)?;
        let shown = self.lock();
        // Of a name that two have after a crash the newer one counts.
        let mut all = shown.all.values().rev();
        all.find(|kept| kept.full_id() == full).cloned()
    }

    /// Takes one of a sandbox, which goes on. One that has the same name is
    /// replaced.
    pub(crate) async fn make(
        &self,
        lease: &Lease,
        name: Option<String>,
        files_only: bool,
    ) -> Result<Arc<Kept>, NotPaused> {
        let _changing = self.changing.lock().await;
        if self.lock().all.len() >= ENTRIES {
            return Err(NotPaused::TooManySnapshots(ENTRIES));
        }
        let still = lease.contexts.still().await;
        let snapshot = lease.sandbox.snapshot(Busy::Refuse).await?;
        let contexts = lease.contexts.saved().await;
        drop(still);
        let space = self.quota.take(snapshot.bytes())?;
        let mut kept = Kept {
            _space: space,
            id: snapshot.id().to_string(),
            name,
            sandbox: lease.who.id.clone(),
            number: self.lock().next(),
            created: clock::now(),
            files_only,
            environment: lease.who.order.environment.clone(),
            contexts,
            state: None,
        };
        match &self.shelf {
            Some(shelf) => {
                let saved = async {
                    let path = shelf.state(&kept.id);
                    snapshot.save(path, Durability::Process).await?;
                    shelf.put(&kept.id, &Record::from(&kept)).await?;
                    Ok::<_, NotPaused>(())
                };
                if let Err(error) = saved.await {
                    shelf.remove(&kept.id).await;
                    return Err(error);
                }
            }
            None => kept.state = Some(snapshot),
        }
        let before = kept.name.as_deref().and_then(|name| self.find(name));
        let kept = Arc::new(kept);
        self.lock().all.insert(kept.number, Arc::clone(&kept));
        if let Some(before) = before {
            self.forget(&before).await;
        }
        Ok(kept)
    }

    /// Removes one; false when there is none of this name or id. Sandboxes that
    /// were made of it live on.
    pub(crate) async fn remove(&self, text: &str) -> bool {
        let _changing = self.changing.lock().await;
        match self.find(text) {
            Some(kept) => {
                self.forget(&kept).await;
                true
            }
            None => false,
        }
    }

    async fn forget(&self, kept: &Kept) {
        self.lock().all.remove(&kept.number);
        if let Some(shelf) = &self.shelf {
            shelf.remove(&kept.id).await;
        }
    }

    /// The state of one.
    pub(crate) async fn load(&self, runtime: &Runtime, kept: &Kept) -> Result<Snapshot, NotMade> {
        let loaded = match (&kept.state, &self.shelf) {
            (None, Some(shelf)) => runtime.load_snapshot(shelf.state(&kept.id)).await,
            (Some(state), _) => Ok(state.clone()),
            // What has no file has a state.
            (None, None) => Err(sandcell::Error::Ended {
                what: "the snapshot",
            }),
        };
        loaded.map_err(|error| {
            if self.lock().all.contains_key(&kept.number) {
                error.into()
            } else {
                // Its file went while it was read.
                NotMade::NoSnapshot(kept.full_id())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_tag() {
        for (text, full) in [
            ("a", Some("a:default")),
            ("a:default", Some("a:default")),
            ("team/a-b_c.d:v2", Some("team/a-b_c.d:v2")),
            ("", None),
            (":", None),
            ("a:", None),
            (":a", None),
            ("a:b:c", None),
            ("a//b", None),
            ("/a", None),
            ("../a", None),
            ("a b", None),
            ("ä", None),
            ("a\0", None),
        ] {
            assert_eq!(full_name(text).as_deref(), full, "{text:?}");
        }
        assert_eq!(full_name(&"a".repeat(NAME_BYTES)), None);
    }
}
