//! Looking at files, moving and removing them.

use std::sync::Arc;

use axum::extract::Extension;
use axum::http::HeaderMap;
use axum::response::Response;
use sandcell::Files;
use sandcell::files::Kind;
use serde_json::json;

use crate::connect::{Code, ConnectError, Message, answer};
use crate::envd::fault::Fault;
use crate::envd::filesystem::wire::{EntryInfo, ListDir, Move, Path};
use crate::envd::folder;
use crate::envd::path::{parent, resolve};
use crate::envd::user::{NoUser, User};
use crate::lease::Lease;

/// Entries of one list.
const ENTRIES: usize = 100_000;

impl From<NoUser> for ConnectError {
    fn from(error: NoUser) -> Self {
        Self::new(Code::Unauthenticated, error.to_string())
    }
}

/// The absolute path that a message means.
pub(super) fn path(headers: &HeaderMap, path: &str) -> Result<String, ConnectError> {
    Ok(resolve(path, User::of(headers)?))
}

fn entry(files: &Files, path: &str) -> Result<EntryInfo, ConnectError> {
    EntryInfo::at(files, path).map_err(|error| Fault::at(path, &error).into())
}

/// `Stat`
pub(crate) async fn stat(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<Path>,
) -> Result<Response, ConnectError> {
    let path = path(&headers, &asked.path)?;
    Ok(answer(
        &json!({"entry": entry(&lease.sandbox.files(), &path)?}),
    ))
}

/// `MakeDir`: with all folders above it.
pub(crate) async fn make_dir(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<Path>,
) -> Result<Response, ConnectError> {
    let path = path(&headers, &asked.path)?;
    let files = lease.sandbox.files();
    match files.stat(&path) {
        Ok(stat) if stat.kind == Kind::Directory => {
            let message = format!("directory already exists: {path}");
            return Err(ConnectError::new(Code::AlreadyExists, message));
        }
        Ok(_) => {
            let message = format!("path already exists but it is not a directory: {path}");
            return Err(ConnectError::invalid(message));
        }
        Err(_) => {}
    }
    folder::make(&files, &path, User::of(&headers)?)?;
    Ok(answer(&json!({"entry": entry(&files, &path)?})))
}

/// `Move`
pub(crate) async fn rename(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<Move>,
) -> Result<Response, ConnectError> {
    let source = path(&headers, &asked.source)?;
    let destination = path(&headers, &asked.destination)?;
    let files = lease.sandbox.files();
    files
        .stat_link(&source)
        .map_err(|error| Fault::at(&source, &error))?;
    folder::make(&files, parent(&destination), User::of(&headers)?)?;
    let renamed = files.rename(&source, &destination);
    renamed.map_err(|error| Fault::at(&destination, &error))?;
    Ok(answer(&json!({"entry": entry(&files, &destination)?})))
}

/// `Remove`: with all that is in it. What is not there is removed already.
pub(crate) async fn remove(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<Path>,
) -> Result<Response, ConnectError> {
    let path = path(&headers, &asked.path)?;
    if let Err(error) = lease.sandbox.files().remove(&path) {
        let fault = Fault::at(&path, &error);
        if !fault.is_missing() {
            return Err(fault.into());
        }
    }
    Ok(answer(&json!({})))
}

/// `ListDir`: so many levels deep; links below the start are not followed.
pub(crate) async fn list_dir(
    Extension(lease): Extension<Arc<Lease>>,
    headers: HeaderMap,
    Message(asked): Message<ListDir>,
) -> Result<Response, ConnectError> {
    let top = path(&headers, &asked.path)?;
    let files = lease.sandbox.files();
    let mut found = Vec::new();
    let mut folders = vec![(top, asked.depth.max(1))];
    while let Some((folder, depth)) = folders.pop() {
        let listed = files.list(&folder);
        let listed = match listed {
            Ok(listed) => listed,
            // What vanished meanwhile is not there to be listed.
            Err(_) if !found.is_empty() => continue,
            Err(error) => return Err(Fault::at(&folder, &error).into()),
        };
        let mut deeper = Vec::new();
        for child in listed {
            let path = format!("{}/{}", folder.trim_end_matches('/'), child.name);
            let Ok(info) = EntryInfo::at(&files, &path) else {
                continue;
            };
            if found.len() >= ENTRIES {
                let message = format!("there are more than {ENTRIES} entries; list fewer levels");
                return Err(ConnectError::new(Code::ResourceExhausted, message));
            }
            found.push(info);
            if child.kind == Kind::Directory && depth > 1 {
                deeper.push((path, depth - 1));
            }
        }
        folders.extend(deeper.into_iter().rev());
    }
    Ok(answer(&json!({"entries": found})))
}
