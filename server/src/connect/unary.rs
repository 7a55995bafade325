//! Calls with one answer.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body;
use crate::connect::ConnectError;

/// The most bytes of a message.
pub(super) const MESSAGE_BYTES: usize = 4 << 20;

/// The message of a call.
#[derive(Debug)]
pub(crate) struct Message<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Message<T> {
    type Rejection = ConnectError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ConnectError> {
        check(&request, "application/json")?;
        let bytes = body::whole(request.into_body(), MESSAGE_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// Refuses messages that are no JSON, or compressed.
pub(super) fn check(request: &Request, expected: &str) -> Result<(), ConnectError> {
    let header = |name| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(expected) {
        return Err(ConnectError::invalid(format!(
            "a message is {expected}; other forms are not taken"
        )));
    }
    match header(CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(_) => Err(ConnectError::invalid("compressed messages are not taken")),
    }
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ConnectError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ConnectError::invalid(format!("the message is not as expected: {error}")))
}

/// The answer of a call.
pub(crate) fn answer<T: Serialize>(message: &T) -> Response {
    Json(message).into_response()
}
