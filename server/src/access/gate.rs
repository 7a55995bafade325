//! Keeps web pages out: a page that a browser shows can send requests to this
//! machine (and, by a name that changes its address, under a name of its own).
//! So the name that a request calls us by, and the page that it comes from, must
//! be known ones.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;

use crate::refusal::Refusal;
use crate::settings::Settings;

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// A program.
    Program,
    /// A web page that may ask.
    Page(HeaderValue),
}

/// Checks the name that we are called by and the page that a request comes from.
pub(crate) fn visitor(
    uri: &Uri,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<Visitor, Refusal> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    let host = host.ok_or_else(|| Refusal::bad_request("the request names no host"))?;
    if !is_known(name_of(host), &settings.hosts) {
        return Err(Refusal::forbidden(
            "this server is not called by that name; `--allow-host` adds one",
        ));
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(Visitor::Program);
    };
    let allowed = settings
        .origins
        .iter()
        .any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes());
    if !allowed {
        return Err(Refusal::forbidden(
            "web pages may not use this server; `--allow-origin` lets one in",
        ));
    }
    Ok(Visitor::Page(origin.clone()))
}

/// The name in a `Host` header: without the port.
fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// Addresses cannot be made to point elsewhere; names can.
fn is_known(name: &str, hosts: &[String]) -> bool {
    if name.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let below = |domain: &str| {
        name == domain
            || name
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    below("localhost") || hosts.iter().any(|host| below(host))
}

/// Lets a page read the answer.
pub(crate) fn allow_origin(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(VARY, HeaderValue::from_static("origin"));
}

/// The answer to a page's question whether it may ask.
pub(crate) fn preflight(asked: Option<&HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(asked) = asked {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_bent_are_not_known() {
        let hosts = vec!["box.lan".to_owned()];
        for host in [
            "127.0.0.1:49980",
            "[::1]:49980",
            "localhost",
            "LOCALHOST:1",
            "49999-abc.e2b.localhost:49980",
            "box.lan",
            "49999-abc.box.lan:80",
            "192.168.1.7",
        ] {
            assert!(is_known(name_of(host), &hosts), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "notbox.lan",
            "",
            "[",
        ] {
            assert!(!is_known(name_of(host), &hosts), "{host}");
        }
    }
}
