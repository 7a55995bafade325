//! How long a client waits for a call.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::time::Instant;

/// The longest time that is taken at its word, in milliseconds: a year.
const LONGEST: u64 = 365 * 24 * 3600 * 1000;

/// When the client's time is over, as the header `connect-timeout-ms` says it.
/// None for a client that waits for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Option<Instant>);

impl<S: Send + Sync> FromRequestParts<S> for Deadline {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get("connect-timeout-ms");
        let value = value.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let time = value.filter(|ms| *ms > 0).map(|ms| ms.min(LONGEST));
        Ok(Self(
            time.map(|ms| Instant::now() + Duration::from_millis(ms)),
        ))
    }
}
