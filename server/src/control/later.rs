//! What the protocol knows and this build cannot do: pause, resume, snapshots,
//! fork. The runtime has no verbs for them yet; each answers so in the form that
//! the SDKs show to their users.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::control::Id;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Says what cannot be done.
pub(super) fn refuse(what: &str) -> Refusal {
    Refusal::unavailable(format!("this build of sandcell cannot {what} yet"))
}

fn refuse_for(shared: &Shared, id: &str, what: &str) -> Refusal {
    match shared.registry.held(id) {
        Some(_) => refuse(what),
        None => Refusal::no_sandbox(id),
    }
}

/// `POST /sandboxes/{id}/snapshots`
pub(super) async fn snapshot(State(shared): State<Shared>, Id(id): Id) -> Refusal {
    refuse_for(&shared, &id, "make snapshots")
}

/// `POST /sandboxes/{id}/fork`
pub(super) async fn fork(State(shared): State<Shared>, Id(id): Id) -> Refusal {
    refuse_for(&shared, &id, "fork a sandbox")
}

/// `GET /snapshots`: none can have been made.
pub(super) async fn list_snapshots() -> Response {
    Json(Vec::<Value>::new()).into_response()
}
