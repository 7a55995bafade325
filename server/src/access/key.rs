//! The key of the control plane.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::refusal::Refusal;
use crate::settings::{KeyRule, Settings};

/// Lets a request with the right key pass: in `X-API-KEY`, or as a bearer token,
/// as the command line client and scrapers send it.
pub(crate) fn check_key(headers: &HeaderMap, settings: &Settings) -> Result<(), Refusal> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let bearer = || {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    };
    let Some(key) = key.or_else(bearer).filter(|key| !key.is_empty()) else {
        return Err(Refusal::unauthorized(
            "an API key is needed in the header X-API-KEY; `sandcell env` prints it",
        ));
    };
    match &settings.keys {
        KeyRule::Any => Ok(()),
        KeyRule::Only(secret) if secret.matches(key) => Ok(()),
        KeyRule::Only(_) => Err(Refusal::unauthorized(
            "this is not the API key of this server; `sandcell env` prints it",
        )),
    }
}
