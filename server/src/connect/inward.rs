//! Calls with a stream of messages from the client.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::BytesMut;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::body::BodyFault;
use crate::connect::ConnectError;
use crate::connect::envelope;
use crate::connect::unary::{MESSAGE_BYTES, check, parse};

/// What is still read of a call that has failed.
const FORGOTTEN_BYTES: usize = 1 << 20;
const FORGETTING: Duration = Duration::from_secs(1);

/// The messages of a client, as they come. A client may be silent between them
/// for as long as it likes.
#[derive(Debug)]
pub(crate) struct Inward {
    body: Result<Body, ConnectError>,
    ahead: BytesMut,
}

impl<S: Send + Sync> FromRequest<S> for Inward {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let checked = check(&request, "application/connect+json");
        Ok(Self {
            body: checked.map(|()| request.into_body()),
            ahead: BytesMut::new(),
        })
    }
}

impl Inward {
    /// Reads and forgets what is left, within bounds: a client that is still
    /// writing when an error is answered sees a torn connection instead of it.
    pub(crate) async fn forget(mut self) {
        let Ok(body) = self.body.as_mut() else { return };
        let reading = async {
            let mut left = FORGOTTEN_BYTES;
            while left > 0 {
                match body.frame().await {
                    None | Some(Err(_)) => return,
                    Some(Ok(frame)) => {
                        let len = frame.data_ref().map_or(0, bytes::Bytes::len);
                        left = left.saturating_sub(len);
                    }
                }
            }
        };
        let _late = tokio::time::timeout(FORGETTING, reading).await;
    }

    /// The next message; none at the end.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ConnectError> {
        let body = self.body.as_mut().map_err(|error| error.clone())?;
        loop {
            if let Some(message) = envelope::split(&mut self.ahead, MESSAGE_BYTES)? {
                return parse(&message).map(Some);
            }
            match body.frame().await {
                None if self.ahead.is_empty() => return Ok(None),
                None | Some(Err(_)) => return Err(BodyFault::Broken.into()),
                Some(Ok(frame)) => {
                    // Trailers say nothing that we want to know.
                    if let Ok(bytes) = frame.into_data() {
                        self.ahead.extend_from_slice(&bytes);
                    }
                }
            }
        }
    }
}
