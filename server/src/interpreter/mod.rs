//! The code interpreter: contexts, and executions as streams of events.

mod contexts;
mod describe;
mod execute;
mod lines;
mod wire;
mod words;

pub(crate) use describe::describe;
pub(crate) use words::Words;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};

use crate::body::BodyFault;
use crate::lease::NoLanguage;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// All routes of the code interpreter. Who asks has shown a token of the sandbox,
/// whose lease is an extension of the request.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/execute", post(execute::execute))
        .route("/contexts", get(contexts::list).post(contexts::create))
        .route("/contexts/{id}", delete(contexts::remove))
        .route("/contexts/{id}/restart", post(contexts::restart))
        .fallback(nothing)
        .with_state(shared)
}

async fn nothing() -> Trouble {
    Trouble(
        StatusCode::NOT_FOUND,
        "there is nothing at this path".to_owned(),
    )
}

/// How this service says no: a status and plain text, which clients show.
#[derive(Debug)]
pub(crate) struct Trouble(StatusCode, String);

impl Trouble {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn no_context(id: &str) -> Self {
        let id: String = id.chars().take(100).collect();
        Self(StatusCode::NOT_FOUND, format!("Context {id} not found"))
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.status, refusal.message)
    }
}

impl From<BodyFault> for Trouble {
    fn from(fault: BodyFault) -> Self {
        Refusal::from(fault).into()
    }
}

impl From<NoLanguage> for Trouble {
    fn from(error: NoLanguage) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<sandcell::Error> for Trouble {
    fn from(error: sandcell::Error) -> Self {
        Refusal::from(error).into()
    }
}
