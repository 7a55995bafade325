//! Which sandbox a request is for. One port serves all of them, so clients say
//! it in the host's name, in headers, in the user part of the URL, or only by
//! their token; the first that says it counts.

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::lease::{Held, Lease, Paused, Registry};

/// The port of files and processes.
pub(crate) const ENVD_PORT: u16 = 49983;

/// The port of the code interpreter.
pub(crate) const CODE_PORT: u16 = 49999;

/// A sandbox as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) id: String,
    /// The port of the sandbox, if it was named.
    pub(crate) port: Option<u16>,
}

/// What came of looking for the sandbox.
#[derive(Debug)]
pub(crate) enum Found {
    /// It lives.
    Live(Arc<Lease>, Option<u16>),
    /// It is paused.
    Paused(Arc<Paused>, Addressed),
    /// It was named and does not live.
    Gone(Addressed),
    /// The request names none.
    Nobody,
}

/// Looks for the sandbox that a request is for.
pub(crate) fn find(registry: &Registry, uri: &Uri, headers: &HeaderMap) -> Found {
    if let Some(addressed) = addressed(uri, headers) {
        return match registry.held(&addressed.id) {
            Some(Held::Live(lease)) => Found::Live(lease, addressed.port),
            Some(Held::Paused(paused)) => Found::Paused(paused, addressed),
            None => Found::Gone(addressed),
        };
    }
    let tokens = ["x-access-token", "e2b-traffic-access-token"];
    let mut tokens = tokens.iter().filter_map(|name| text(headers, name));
    match tokens.find_map(|token| registry.held_by_token(token)) {
        Some(Held::Live(lease)) => Found::Live(lease, None),
        Some(Held::Paused(paused)) => {
            let id = paused.who.id.clone();
            Found::Paused(paused, Addressed { id, port: None })
        }
        None => Found::Nobody,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn addressed(uri: &Uri, headers: &HeaderMap) -> Option<Addressed> {
    let host = text(headers, HOST.as_str())
        .or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    host.and_then(in_name)
        .or_else(|| in_headers(headers))
        .or_else(|| in_user(headers))
}

/// `49999-<id>.` in front of a name.
fn in_name(name: &str) -> Option<Addressed> {
    let (label, _) = name.split_once('.')?;
    let (port, id) = label.split_once('-')?;
    let port = port.parse().ok()?;
    (!id.is_empty()).then(|| Addressed {
        id: id.to_owned(),
        port: Some(port),
    })
}

fn in_headers(headers: &HeaderMap) -> Option<Addressed> {
    let id = text(headers, "e2b-sandbox-id").filter(|id| !id.is_empty())?;
    let port = text(headers, "e2b-sandbox-port").and_then(|port| port.parse().ok());
    Some(Addressed {
        id: id.to_owned(),
        port,
    })
}

/// `https://49999-<id>.u@127.0.0.1/`, as clients send its user part.
fn in_user(headers: &HeaderMap) -> Option<Addressed> {
    in_name(&basic(headers)?)
}

/// The user and password of a request, `user:password`.
pub(super) fn basic(headers: &HeaderMap) -> Option<String> {
    let coded = text(headers, AUTHORIZATION.as_str())?.strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &str)]) -> Option<(String, Option<u16>)> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        let found = addressed(&Uri::from_static("/"), &headers)?;
        Some((found.id, found.port))
    }

    #[test]
    fn the_name_counts_before_headers_before_the_user() {
        let name = ("host", "49999-one.e2b.localhost:49980");
        let id = ("e2b-sandbox-id", "two");
        let port = ("e2b-sandbox-port", "49983");
        // 49999-three.u:
        let user = ("authorization", "Basic NDk5OTktdGhyZWUudTo=");
        let one = Some(("one".to_owned(), Some(49999)));
        let two = Some(("two".to_owned(), Some(49983)));
        let three = Some(("three".to_owned(), Some(49999)));
        assert_eq!(of(&[name, id, port, user]), one);
        assert_eq!(of(&[("host", "127.0.0.1:49980"), id, port, user]), two);
        assert_eq!(of(&[("host", "127.0.0.1:49980"), user]), three);
    }

    #[test]
    fn plain_hosts_and_users_name_nobody() {
        // user:
        let user = ("authorization", "Basic dXNlcjo=");
        for host in [
            "127.0.0.1",
            "localhost:1",
            "api.e2b.localhost",
            "-a.b",
            "x-a.b",
        ] {
            assert_eq!(of(&[("host", host), user]), None, "{host}");
        }
        assert_eq!(of(&[("authorization", "Basic %%%")]), None);
    }
}
