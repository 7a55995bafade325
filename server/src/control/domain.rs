//! What clients are told to call their sandboxes by.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use crate::settings::Settings;
use crate::shared::Shared;

/// The domain that answers to a request name.
#[derive(Debug)]
pub(super) struct Domain(pub(super) String);

impl FromRequestParts<Shared> for Domain {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Infallible> {
        let agent = parts.headers.get(USER_AGENT);
        let agent = agent.and_then(|value| value.to_str().ok());
        Ok(Self::of(&shared.settings, agent.unwrap_or_default()))
    }
}

impl Domain {
    /// With TLS, older Python SDKs are given an address, since they resolve no
    /// names below `localhost`: what they put in front of it becomes the user part
    /// of the URL, which their HTTP library sends on.
    fn of(settings: &Settings, agent: &str) -> Self {
        Self(match settings.tls_port {
            Some(port) if resolves_nothing(agent) => format!("u@127.0.0.1:{port}"),
            _ => settings.domain.clone(),
        })
    }
}

/// Python SDKs before 2.39, whose HTTP library asks the system for addresses.
fn resolves_nothing(agent: &str) -> bool {
    let version = agent.strip_prefix("e2b-python-sdk/2.");
    let minor = version.and_then(|version| version.split('.').next());
    minor
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor < 39)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_clients_are_told_apart() {
        for (agent, older) in [
            ("e2b-python-sdk/2.20.3", true),
            ("e2b-python-sdk/2.38.1", true),
            ("e2b-python-sdk/2.39.0", false),
            ("e2b-python-sdk/2.63.0", false),
            ("e2b-js-sdk/2.20.0", false),
            ("python-httpx/0.28", false),
            ("", false),
        ] {
            assert_eq!(resolves_nothing(agent), older, "{agent}");
        }
    }
}
