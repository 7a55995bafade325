//! Watching folders: as a stream, or by asking from time to time.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::StreamExt as _;
use sandcell::Files;
use sandcell::files::{Change, ChangeKind, Kind, Watcher};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use crate::connect::{Answers, Code, ConnectError, Message, Opening, answer};
use crate::envd::fault::Fault;
use crate::envd::filesystem::entries::path;
use crate::envd::filesystem::wire::{EntryInfo, Watch, WatcherId};
use crate::envd::path::below;
use crate::lease::{Lease, WatchFault};
use crate::shared::Shared;

/// Changes that may wait for a client.
const WAITING: usize = 4096;

/// What is watched.
#[derive(Debug)]
struct Scope {
    folder: String,
    recursive: bool,
    entries: bool,
}

impl Scope {
    fn new(files: &Files, headers: &HeaderMap, asked: &Watch) -> Result<Self, ConnectError> {
        let folder = path(headers, &asked.path)?;
        let stat = files.stat(&folder);
        let stat = stat.map_err(|error| Fault::at(&folder, &error))?;
        if stat.kind != Kind::Directory {
            let message = format!("path {folder} is not a directory");
            return Err(ConnectError::invalid(message));
        }
        Ok(Self {
            folder,
            recursive: asked.recursive,
            entries: asked.include_entry,
        })
    }

    /// What a change is to the client: nothing, an event, or two for a rename.
    fn events(&self, files: &Files, change: &Change) -> Vec<Value> {
        let kind = match change.kind {
            ChangeKind::Create => "EVENT_TYPE_CREATE",
            ChangeKind::Write => "EVENT_TYPE_WRITE",
            ChangeKind::Remove => "EVENT_TYPE_REMOVE",
            ChangeKind::Rename => "EVENT_TYPE_RENAME",
            ChangeKind::Chmod => "EVENT_TYPE_CHMOD",
            ChangeKind::Missed => return Vec::new(),
        };
        let moved_to = change.to.as_deref();
        let moved_to = moved_to.and_then(|to| self.event(files, to, "EVENT_TYPE_CREATE"));
        let first = self.event(files, &change.path, kind);
        first.into_iter().chain(moved_to).collect()
    }

    fn event(&self, files: &Files, path: &str, kind: &str) -> Option<Value> {
        let name = below(path, &self.folder)?;
        if !self.recursive && name.contains('/') {
            return None;
        }
        let mut event = json!({"name": name, "type": kind});
        if self.entries
            && let Some(object) = event.as_object_mut()
            && let Ok(entry) = EntryInfo::at(files, path)
        {
            object.insert("entry".to_owned(), json!(entry));
        }
        Some(event)
    }
}

fn missed() -> ConnectError {
    let message = "changes came faster than they were read, and some were lost: watch anew";
    ConnectError::new(Code::ResourceExhausted, message)
}

/// `WatchDir`
pub(crate) async fn watch_dir(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    opening: Opening<Watch>,
) -> Response {
    let files = lease.sandbox.files();
    let scope = opening
        .message
        .and_then(|asked| Scope::new(&files, &headers, &asked));
    let ready = scope.and_then(|scope| Ok((scope, shared.stream()?)));
    let (scope, place) = match ready {
        Ok(ready) => ready,
        Err(error) => return Answers::failed(&error),
    };
    let watcher = files.watch(WAITING);
    let (answers, response) = Answers::new();
    tokio::spawn(tell(
        lease,
        scope,
        watcher,
        answers,
        opening.keepalive,
        place,
    ));
    response
}

/// Tells changes until somebody has had enough.
async fn tell(
    lease: Arc<Lease>,
    scope: Scope,
    mut watcher: Watcher,
    answers: Answers,
    keepalive: Duration,
    _place: OwnedSemaphorePermit,
) {
    if !answers.send(json!({"start": {}})).await {
        return;
    }
    let files = lease.sandbox.files();
    loop {
        let change = tokio::select! {
            biased;
            // The answers are dropped without an end: the stream is torn.
            () = lease.gone.cancelled() => return,
            () = answers.unread() => return,
            change = watcher.next() => change,
            () = tokio::time::sleep(keepalive) => {
                if !answers.send(json!({"keepalive": {}})).await {
                    return;
                }
                continue;
            }
        };
        let Some(change) = change else {
            return;
        };
        if change.kind == ChangeKind::Missed {
            return answers.end(Some(missed())).await;
        }
        for event in scope.events(&files, &change) {
            let sent = tokio::select! {
                () = lease.gone.cancelled() => return,
                sent = answers.send(json!({"filesystem": event})) => sent,
            };
            if !sent {
                return;
            }
        }
    }
}

/// `CreateWatcher`
pub(crate) async fn create_watcher(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<Watch>,
) -> Result<Response, ConnectError> {
    let files = lease.sandbox.files();
    let scope = Scope::new(&files, &headers, &asked)?;
    let watcher = files.watch(WAITING);
    let id = lease
        .watches
        .add(watcher, scope.folder, scope.recursive, scope.entries)?;
    Ok(answer(&json!({"watcherId": id})))
}

/// `GetWatcherEvents`
pub(crate) async fn get_watcher_events(
    Extension(lease): Extension<Arc<Lease>>,
    Message(asked): Message<WatcherId>,
) -> Result<Response, ConnectError> {
    let drained = lease.watches.drain(&asked.watcher_id)?;
    let scope = Scope {
        folder: drained.scope,
        recursive: drained.recursive,
        entries: drained.entries,
    };
    let files = lease.sandbox.files();
    let changes = drained.changes.iter();
    let events: Vec<_> = changes
        .flat_map(|change| scope.events(&files, change))
        .collect();
    Ok(answer(&json!({"events": events})))
}

/// `RemoveWatcher`
pub(crate) async fn remove_watcher(
    Extension(lease): Extension<Arc<Lease>>,
    Message(asked): Message<WatcherId>,
) -> Result<Response, ConnectError> {
    lease.watches.remove(&asked.watcher_id)?;
    Ok(answer(&json!({})))
}

impl From<WatchFault> for ConnectError {
    fn from(fault: WatchFault) -> Self {
        match fault {
            WatchFault::TooMany => Self::new(
                Code::ResourceExhausted,
                "this sandbox has as many watchers as it may have",
            ),
            WatchFault::Unknown => Self::not_found("there is no such watcher"),
            WatchFault::Missed => missed(),
        }
    }
}
