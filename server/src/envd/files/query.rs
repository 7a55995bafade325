//! Which file is meant, and whether the request may touch it.

use axum::http::{HeaderMap, Uri};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::access::{Operation, Signed, admits_files, basic_user};
use crate::envd::path::resolve;
use crate::envd::user::User;
use crate::lease::Lease;
use crate::refusal::Refusal;
use crate::secret::Secret;

/// The query of both operations.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Asked {
    path: Option<String>,
    username: Option<String>,
    signature: Option<String>,
    signature_expiration: Option<i64>,
}

/// What a request for a file says.
#[derive(Debug)]
pub(super) struct Target {
    /// As the client wrote it, if it did.
    pub(super) path: Option<String>,
    pub(super) user: User,
}

impl Target {
    /// Reads the query, and checks the token or else the signature.
    pub(super) fn new(
        uri: &Uri,
        headers: &HeaderMap,
        lease: &Lease,
        operation: Operation,
    ) -> Result<Self, Refusal> {
        let token = (!admits_files(lease, headers)).then_some(&lease.who.envd_token);
        Self::checked(uri, headers, token, operation)
    }

    /// As [`Self::new`]; the query must be signed with `token`, if there is one.
    fn checked(
        uri: &Uri,
        headers: &HeaderMap,
        token: Option<&Secret>,
        operation: Operation,
    ) -> Result<Self, Refusal> {
        let asked = parse(uri)?;
        if let Some(token) = token {
            let signed = signed(&asked, operation).ok_or_else(|| {
                Refusal::unauthorized("the sandbox's token, or a signature, is needed")
            })?;
            if !signed.is_of(token) {
                return Err(Refusal::unauthorized("the signature is not valid"));
            }
            if signed.has_expired() {
                return Err(Refusal::unauthorized("the signature has expired"));
            }
        }
        let name = asked.username.filter(|name| !name.is_empty());
        let name = name.or_else(|| basic_user(headers)).unwrap_or_default();
        let user = User::named(&name);
        let user = user.map_err(|error| Refusal::unauthorized(error.to_string()))?;
        Ok(Self {
            path: asked.path,
            user,
        })
    }

    /// The absolute path.
    pub(super) fn resolved(&self) -> Result<String, Refusal> {
        let path = self.path.as_deref().filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| Refusal::bad_request("`path` is missing"))?;
        Ok(resolve(path, self.user))
    }
}

/// The path that a URL allows to whoever has it, if it is signed with `token`.
pub(crate) fn signed_target(uri: &Uri, token: &Secret, operation: Operation) -> Option<String> {
    let target = Target::checked(uri, &HeaderMap::new(), Some(token), operation);
    target.ok()?.resolved().ok()
}

fn parse(uri: &Uri) -> Result<Asked, Refusal> {
    let query = axum::extract::Query::<Asked>::try_from_uri(uri);
    query
        .map(|query| query.0)
        .map_err(|error| Refusal::bad_request(format!("the query is not as expected: {error}")))
}

fn signed(asked: &Asked, operation: Operation) -> Option<Signed> {
    Some(Signed {
        path: asked.path.clone().unwrap_or_default(),
        operation,
        user: asked.username.clone().unwrap_or_default(),
        expiration: asked.signature_expiration,
        signature: asked.signature.clone()?,
    })
}

/// The signed part of a URL that nothing else routes, for who looks for its
/// sandbox.
pub(crate) fn signature_of(uri: &Uri, operation: Operation) -> Option<Signed> {
    signed(&parse(uri).ok()?, operation)
}
