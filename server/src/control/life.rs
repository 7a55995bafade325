//! The life of a sandbox: moving its end, ending it.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use crate::body::Object;
use crate::control::Id;
use crate::control::create::timeout;
use crate::control::wire::{Refresh, Timeout};
use crate::refusal::Refusal;
use crate::settings::DEFAULT_TIMEOUT;
use crate::shared::Shared;

/// The most seconds of a refresh.
const REFRESH: i64 = 3600;

/// `POST /sandboxes/{id}/timeout`
pub(super) async fn set_timeout(
    State(shared): State<Shared>,
    Id(id): Id,
    Object(asked): Object<Timeout>,
) -> Result<StatusCode, Refusal> {
    let seconds = timeout(asked.timeout)?
        .ok_or_else(|| Refusal::bad_request("`timeout` is missing: seconds from now"))?;
    let lease = shared.registry.live(&id)?;
    lease.term.set(seconds);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /sandboxes/{id}/refreshes`
pub(super) async fn refresh(
    State(shared): State<Shared>,
    Id(id): Id,
    Object(asked): Object<Refresh>,
) -> Result<StatusCode, Refusal> {
    if asked.duration.is_some_and(|seconds| seconds > REFRESH) {
        return Err(Refusal::bad_request(format!(
            "a refresh is at most {REFRESH} seconds"
        )));
    }
    let seconds = timeout(asked.duration)?.unwrap_or(DEFAULT_TIMEOUT);
    let lease = shared.registry.live(&id)?;
    lease.term.extend(seconds);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /sandboxes/{id}`
pub(super) async fn kill(State(shared): State<Shared>, Id(id): Id) -> Result<StatusCode, Refusal> {
    if !shared.registry.remove(&id).await {
        return Err(Refusal::no_sandbox(&id));
    }
    tracing::info!(sandbox = %id, "sandbox ended by its owner");
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /sandboxes/{id}/network`: noted. No sandbox has a network here, so there
/// is nothing that the rules could open or close.
pub(super) async fn set_network(
    State(shared): State<Shared>,
    Id(id): Id,
    Object(rules): Object<serde_json::Map<String, Value>>,
) -> Result<StatusCode, Refusal> {
    let lease = shared.registry.live(&id)?;
    lease.set_network(Value::Object(rules));
    lease.journal.note(
        "warn",
        "network rules are noted; this sandbox has no network at all",
    );
    Ok(StatusCode::NO_CONTENT)
}
