//! How the server says no: a status and a JSON object with `code` and
//! `message`, which the SDKs parse before they look at the status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sandcell::{Error, ErrorKind};
use serde_json::json;

/// A request that is not served, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    /// Something that the protocol knows and this server cannot do.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, message)
    }

    /// The sandbox ended meanwhile: the SDKs look for these words.
    pub(crate) fn gone() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "The sandbox was not found")
    }

    /// No sandbox of this id lives: the SDKs look for these words.
    pub(crate) fn no_sandbox(id: &str) -> Self {
        Self::not_found(format!("sandbox `{id}` was not found"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"code": self.status.as_u16(), "message": self.message});
        let mut response = (self.status, Json(body)).into_response();
        if matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::NOT_IMPLEMENTED
        ) {
            // Nothing gets better by asking again at once.
            let never = HeaderValue::from_static("false");
            response.headers_mut().insert("should-retry", never);
        }
        response
    }
}

/// What an error of the runtime is for a client: its own fault, a limit, or ours.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(status_of(error.kind()), error.to_string())
    }
}

fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Limit => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::State => StatusCode::CONFLICT,
        ErrorKind::Image | ErrorKind::System | ErrorKind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_status() {
        let statuses = ErrorKind::ALL.map(|kind| status_of(kind).as_u16());
        assert_eq!(statuses, [404, 400, 429, 409, 500, 500, 500]);
    }
}
