//! Contexts by their ids.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::body::Object;
use crate::interpreter::Trouble;
use crate::interpreter::wire::{Described, NewContext};
use crate::lease::Lease;
use crate::refusal::Refusal;

/// Longest folder name that is looked at.
const CWD_BYTES: usize = 4096;

/// `GET /contexts`
pub(super) async fn list(Extension(lease): Extension<Arc<Lease>>) -> Response {
    let all = lease.contexts.list();
    let all: Vec<_> = all.iter().map(|one| Described::from(&**one)).collect();
    Json(all).into_response()
}

/// `POST /contexts`
pub(super) async fn create(
    Extension(lease): Extension<Arc<Lease>>,
    asked: Result<Object<NewContext>, Refusal>,
) -> Result<Response, Trouble> {
    let Object(asked) = asked?;
    let languages = lease.contexts.languages();
    let language = asked.language.filter(|name| !name.is_empty());
    let language = language.map(|name| languages.find(&name)).transpose()?;
    let cwd = asked.cwd.filter(|cwd| !cwd.is_empty());
    if cwd
        .as_ref()
        .is_some_and(|cwd| cwd.len() > CWD_BYTES || cwd.contains('\0'))
    {
        return Err(Trouble::bad("the cwd is no valid path"));
    }
    let shown: String = cwd.iter().flat_map(|cwd| cwd.chars()).take(200).collect();
    match lease.contexts.create(language, cwd).await? {
        Some(made) => Ok(Json(Described::from(&*made)).into_response()),
        None => Err(Trouble::bad(format!("there is no folder {shown}"))),
    }
}

/// `POST /contexts/{id}/restart`
pub(super) async fn restart(
    Extension(lease): Extension<Arc<Lease>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    if !lease.contexts.restart(&id).await? {
        return Err(Trouble::no_context(&id));
    }
    lease
        .journal
        .note("info", format!("context {id} restarted"));
    Ok(Json(()).into_response())
}

/// `DELETE /contexts/{id}`
pub(super) async fn remove(
    Extension(lease): Extension<Arc<Lease>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Trouble> {
    if !lease.contexts.remove(&id) {
        return Err(Trouble::no_context(&id));
    }
    Ok(StatusCode::OK)
}
