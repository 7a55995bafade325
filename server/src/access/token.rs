//! The tokens of a sandbox.

use axum::http::HeaderMap;

use crate::access::identity::basic;
use crate::lease::{Identity, Lease};
use crate::secret::Secret;

/// Whether a token was given, and is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    No,
    Right,
    Wrong,
}

fn given(headers: &HeaderMap, name: &str, secret: &Secret) -> Given {
    match headers.get(name) {
        None => Given::No,
        Some(token) => match token.to_str() {
            Ok(token) if secret.matches(token) => Given::Right,
            _ => Given::Wrong,
        },
    }
}

/// True when the request may use the files and processes of the sandbox.
pub(crate) fn admits_files(lease: &Lease, headers: &HeaderMap) -> bool {
    lease.is_open_to_all() || shows_files_token(&lease.who, headers)
}

/// True when the request may run code in the sandbox: with either token, and
/// with no wrong one.
pub(crate) fn admits_code(lease: &Lease, headers: &HeaderMap) -> bool {
    lease.is_open_to_all() || shows_code_token(&lease.who, headers)
}

/// True when the request shows the token of files and processes.
pub(crate) fn shows_files_token(who: &Identity, headers: &HeaderMap) -> bool {
    given(headers, "x-access-token", &who.envd_token) == Given::Right
}

/// True when the request shows a token that runs code, and no wrong one.
pub(crate) fn shows_code_token(who: &Identity, headers: &HeaderMap) -> bool {
    let envd = given(headers, "x-access-token", &who.envd_token);
    let traffic = given(headers, "e2b-traffic-access-token", &who.traffic_token);
    matches!(
        (envd, traffic),
        (Given::Right, Given::Right | Given::No) | (Given::No, Given::Right)
    )
}

/// The user that a request names, if it does.
pub(crate) fn basic_user(headers: &HeaderMap) -> Option<String> {
    let user = basic(headers)?;
    let name = user.split(':').next().unwrap_or_default();
    // A user part of the URL that only says which sandbox is meant.
    let routing = name.contains('.');
    (!name.is_empty() && !routing).then(|| name.to_owned())
}
