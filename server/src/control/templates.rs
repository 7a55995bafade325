//! Templates: there is one, under the names that the SDKs ask for.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::control::Id;
use crate::control::create::TEMPLATES;
use crate::control::later;
use crate::refusal::Refusal;

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
pub(super) async fn remove(Id(name): Id) -> Refusal {
    if TEMPLATES.contains(&name.as_str()) {
        return Refusal::forbidden("this template is built in");
    }
    Refusal::not_found(format!("there is no template or snapshot `{name}`"))
}
