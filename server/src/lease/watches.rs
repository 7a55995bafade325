//! Watches that clients ask for events from time to time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rand::RngExt;
use sandcell::files::{Change, ChangeKind, Watcher};

/// Watches of one sandbox.
const WATCHES: usize = 256;

/// The polled watches of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    live: Mutex<BTreeMap<String, Polled>>,
}

#[derive(Debug)]
struct Polled {
    watcher: Watcher,
    scope: String,
    recursive: bool,
    entries: bool,
}

/// Why a watch cannot be made or asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchFault {
    /// There are as many as a sandbox may have.
    TooMany,
    /// There is none of this id.
    Unknown,
    /// Nobody asked for so long that changes were lost.
    Missed,
}

/// Changes that waited, and how the watch was asked for.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) changes: Vec<Change>,
    pub(crate) scope: String,
    pub(crate) recursive: bool,
    pub(crate) entries: bool,
}

impl Watches {
    /// Keeps a watch of the folder `scope`, and answers its id.
    pub(crate) fn add(
        &self,
        watcher: Watcher,
        scope: String,
        recursive: bool,
        entries: bool,
    ) -> Result<String, WatchFault> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.len() >= WATCHES {
            return Err(WatchFault::TooMany);
        }
        let id = format!("w{:032x}", rand::rng().random::<u128>());
        let polled = Polled {
            watcher,
            scope,
            recursive,
            entries,
        };
        live.insert(id.clone(), polled);
        Ok(id)
    }

    /// The changes since the last time.
    pub(crate) fn drain(&self, id: &str) -> Result<Drained, WatchFault> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = live.get_mut(id).ok_or(WatchFault::Unknown)?;
        let mut changes = Vec::new();
        while let Some(change) = polled.watcher.try_next() {
            if change.kind == ChangeKind::Missed {
                return Err(WatchFault::Missed);
            }
            changes.push(change);
        }
        Ok(Drained {
            changes,
            scope: polled.scope.clone(),
            recursive: polled.recursive,
            entries: polled.entries,
        })
    }

    /// Ends a watch.
    pub(crate) fn remove(&self, id: &str) -> Result<(), WatchFault> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.remove(id).map(drop).ok_or(WatchFault::Unknown)
    }
}
