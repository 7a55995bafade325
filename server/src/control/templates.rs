//! Templates: there is one, under the names that the SDKs ask for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::control::Id;
use crate::control::create::TEMPLATES;
use crate::control::later;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// `GET /templates`
pub(super) async fn list() -> Response {
    let describe = |name: &str| {
        json!({
            "templateID": name,
            "aliases": [name],
            "names": [name],
            "public": true,
            "buildStatus": "ready",
        })
    };
    let all: Vec<_> = TEMPLATES.iter().map(|name| describe(name)).collect();
    Json(all).into_response()
}

/// `GET /templates/aliases/{alias}`
pub(super) async fn alias(Id(name): Id) -> Result<Response, Refusal> {
    if !TEMPLATES.contains(&name.as_str()) {
        return Err(Refusal::not_found(format!("there is no template `{name}`")));
    }
    Ok(Json(json!({"templateID": name, "public": true})).into_response())
}

/// `POST /v3/templates`
pub(super) async fn build() -> Refusal {
    later::refuse("build templates")
}

/// `DELETE /templates/{id}`: of templates and snapshots.
pub(super) async fn remove(
    State(shared): State<Shared>,
    Id(name): Id,
) -> Result<StatusCode, Refusal> {
    if TEMPLATES.contains(&name.as_str()) {
        return Err(Refusal::forbidden("this template is built in"));
    }
    if !shared.registry.snapshots.remove(&name).await {
        return Err(Refusal::not_found(format!(
            "there is no template or snapshot `{name}`"
        )));
    }
    tracing::info!(snapshot = name, "snapshot removed");
    Ok(StatusCode::NO_CONTENT)
}
