//! Reading what a client sends, with a bound on its size and on the client's
//! silence.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// How long a client may be silent in the middle of a body.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a small body may take as a whole, however steadily it drips.
const WHOLE: Duration = Duration::from_secs(60);

/// The most bytes of a request of the control plane.
const JSON_BYTES: usize = 1 << 20;

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// It is larger than it may be.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The client is too slow.
    #[error("the body did not come in time")]
    TooSlow,
    /// The client went away, or sent no valid chunks.
    #[error("the body could not be read")]
    Broken,
}

impl BodyFault {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        Self::new(fault.status(), fault.to_string())
    }
}

/// The next bytes of a body; `None` at its end.
pub(crate) async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyFault> {
    loop {
        let frame = tokio::time::timeout(PATIENCE, body.frame())
            .await
            .map_err(|_| BodyFault::TooSlow)?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(BodyFault::Broken),
            Some(Ok(frame)) => {
                // Trailers say nothing that we want to know.
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// A whole body of at most `limit` bytes.
pub(crate) async fn whole(body: Body, limit: usize) -> Result<Bytes, BodyFault> {
    tokio::time::timeout(WHOLE, collect(body, limit))
        .await
        .map_err(|_| BodyFault::TooSlow)?
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, BodyFault> {
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    let mut all = BytesMut::from(first);
    loop {
        if all.len() > limit {
            return Err(BodyFault::TooLarge(limit));
        }
        match next(&mut body).await? {
            Some(bytes) => all.extend_from_slice(&bytes),
            None => return Ok(all.freeze()),
        }
    }
}

/// A JSON object; an empty body is the empty object.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Object<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = whole(request.into_body(), JSON_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// The object that some bytes are.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::bad_request(format!("the body is not as expected: {error}")))
}
