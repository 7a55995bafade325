//! The control plane: making, finding and ending sandboxes.

mod create;
mod describe;
mod domain;
mod find;
mod journal;
mod later;
mod life;
mod metrics;
mod page;
mod pausing;
mod snapshots;
mod templates;
mod wire;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post, put};

pub(crate) use create::debug_order;
pub(crate) use describe::describe;

use crate::refusal::Refusal;
use crate::shared::Shared;

/// All routes of the control plane. Who asks has shown a key.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/sandboxes", post(create::first_version).get(find::legacy))
        .route(
            "/v2/sandboxes",
            post(create::second_version).get(find::paged),
        )
        .route("/sandboxes/metrics", get(metrics::many))
        .route("/sandboxes/{id}", get(find::one).delete(life::kill))
        .route("/sandboxes/{id}/connect", post(pausing::connect))
        .route("/v2/sandboxes/{id}/connect", post(pausing::connect))
        .route("/sandboxes/{id}/timeout", post(life::set_timeout))
        .route("/sandboxes/{id}/refreshes", post(life::refresh))
        .route("/sandboxes/{id}/network", put(life::set_network))
        .route("/sandboxes/{id}/metrics", get(metrics::one))
        .route("/sandboxes/{id}/logs", get(journal::first_version))
        .route("/v2/sandboxes/{id}/logs", get(journal::second_version))
        .route("/sandboxes/{id}/pause", post(pausing::pause))
        .route("/sandboxes/{id}/resume", post(pausing::resume))
        .route("/sandboxes/{id}/snapshots", post(snapshots::make))
        .route("/sandboxes/{id}/fork", post(snapshots::fork))
        .route("/snapshots", get(snapshots::list))
        .route("/templates", get(templates::list))
        .route("/v2/templates", get(templates::list))
        .route("/default-templates", get(templates::list))
        .route("/templates/aliases/{id}", get(templates::alias))
        .route("/templates/{id}", delete(templates::remove))
        .route("/v3/templates", post(templates::build))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .with_state(shared)
}

async fn nothing() -> impl IntoResponse {
    Refusal::not_found("there is nothing at this path")
}

async fn not_so() -> impl IntoResponse {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not answer to that method",
    )
}

/// An id in a path.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) String);

/// The longest name of anything.
const ID_BYTES: usize = 128;

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.map(|path| path.0).unwrap_or_default();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        let sound =
            !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(known) && !id.contains("..");
        if sound {
            Ok(Self(id))
        } else {
            Err(Refusal::bad_request("this is no valid id"))
        }
    }
}

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let parsed = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        parsed
            .map(|query| Self(query.0))
            .map_err(|error| Refusal::bad_request(format!("the query is not as expected: {error}")))
    }
}
