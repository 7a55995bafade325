//! Pausing sandboxes and letting them go on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::body::Object;
use crate::control::Id;
use crate::control::create::timeout;
use crate::control::domain::Domain;
use crate::control::wire::{Made, Pause, Resume};
use crate::lease::{Held, Lease};
use crate::refusal::Refusal;
use crate::settings::{DEFAULT_TIMEOUT, RESUME_TIMEOUT};
use crate::shared::Shared;

/// `POST /sandboxes/{id}/pause`: 409 when it is paused already, which clients do
/// not take for an error.
pub(super) async fn pause(
    State(shared): State<Shared>,
    Id(id): Id,
    Object(asked): Object<Pause>,
) -> Result<StatusCode, Refusal> {
    let registry = &shared.registry;
    match registry.held(&id) {
        Some(Held::Live(lease)) => {
            let files_only = asked.memory == Some(false);
            registry.pause(&lease, files_only).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Some(Held::Paused(_)) => Err(Refusal::new(
            StatusCode::CONFLICT,
            format!("sandbox `{id}` is paused already"),
        )),
        None => Err(Refusal::no_sandbox(&id)),
    }
}

/// `POST /sandboxes/{id}/resume`, as older clients call it.
pub(super) async fn resume(
    State(shared): State<Shared>,
    Id(id): Id,
    Domain(domain): Domain,
    Object(asked): Object<Resume>,
) -> Result<Response, Refusal> {
    let seconds = timeout(asked.timeout)?.unwrap_or(RESUME_TIMEOUT);
    let reboot = asked.memory == Some(false);
    match shared.registry.settled(&id).await {
        Some(Held::Paused(paused)) => {
            let resumed = shared
                .registry
                .resume(&paused, seconds, reboot, asked.auto_pause)
                .await?;
            let lease = resumed.ok_or_else(|| Refusal::no_sandbox(&id))?;
            Ok(made(&domain, &lease, StatusCode::CREATED))
        }
        Some(Held::Live(_)) => Err(Refusal::new(
            StatusCode::CONFLICT,
            format!("sandbox `{id}` is running already"),
        )),
        None => Err(Refusal::no_sandbox(&id)),
    }
}

/// `POST /sandboxes/{id}/connect`: extends its life, never shortens it; a paused
/// one goes on.
pub(super) async fn connect(
    State(shared): State<Shared>,
    Id(id): Id,
    Domain(domain): Domain,
    Object(asked): Object<Resume>,
) -> Result<Response, Refusal> {
    let seconds = timeout(asked.timeout)?.unwrap_or(DEFAULT_TIMEOUT);
    let reboot = asked.memory == Some(false);
    match shared.registry.settled(&id).await {
        Some(Held::Live(lease)) => {
            lease.term.extend(seconds);
            Ok(made(&domain, &lease, StatusCode::OK))
        }
        Some(Held::Paused(paused)) => {
            let resumed = shared.registry.resume(&paused, seconds, reboot, None);
            let lease = resumed.await?.ok_or_else(|| Refusal::no_sandbox(&id))?;
            lease.term.extend(seconds);
            Ok(made(&domain, &lease, StatusCode::CREATED))
        }
        None => Err(Refusal::no_sandbox(&id)),
    }
}

fn made(domain: &str, lease: &Lease, status: StatusCode) -> Response {
    (status, Json(Made::new(lease, domain))).into_response()
}
