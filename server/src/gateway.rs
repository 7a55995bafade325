//! The Model Context Protocol: the server's own door at `/mcp`, and the gateway
//! into one sandbox at its port 50005, which E2B's SDKs start by a command.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::lease::Lease;
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::shared::Shared;

/// The port of a sandbox at which its gateway is.
pub(crate) const GATEWAY_PORT: u16 = 50005;

/// The command that starts it.
const COMMAND: &str = "mcp-gateway";

/// The folder of its token, and the token: who may read the sandbox's files may
/// use its gateway.
const FOLDER: &str = "/etc/mcp-gateway";
const TOKEN: &str = "/etc/mcp-gateway/.token";

/// Bytes of a token.
const TOKEN_BYTES: u64 = 256;

/// The server whose tools a gateway offers: run_code, files and the like.
const OFFERED: &str = "sandcell";

/// Why a gateway does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStarted {
    /// Servers out of a catalogue are containers.
    #[error(
        "these MCP servers cannot run here: {0}; a sandbox offers the server `sandcell`, with tools \
         for code and files"
    )]
    NotOffered(String),
    /// The command is not as the SDKs send it.
    #[error("mcp-gateway: {0}")]
    Usage(&'static str),
    /// The token has no place.
    #[error("mcp-gateway: the token cannot be written: {0}")]
    Token(String),
}

/// Refuses servers that are not offered, by their names.
pub(crate) fn check(servers: &Map<String, Value>) -> Result<(), NotStarted> {
    let names = servers.keys().filter(|name| *name != OFFERED);
    let names: Vec<String> = names
        .take(20)
        .map(|name| format!("`{}`", name.chars().take(50).collect::<String>()))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(NotStarted::NotOffered(names.join(", ")))
}

/// The servers that a command wants a gateway for; `None` when it is another
/// command. No shell is needed to see that.
pub(crate) fn asked(words: &[String]) -> Option<Result<Map<String, Value>, NotStarted>> {
    let (first, rest) = words.split_first()?;
    if first != COMMAND {
        return None;
    }
    let usage = NotStarted::Usage("it is called `mcp-gateway --config JSON`");
    let [option, config] = rest else {
        return Some(Err(usage));
    };
    let object = match serde_json::from_str(config) {
        Ok(Value::Object(object)) if option == "--config" => Ok(object),
        _ => Err(usage),
    };
    Some(object)
}

/// Starts the gateway of a sandbox: from now on it answers to this token.
pub(crate) fn start(
    lease: &Lease,
    servers: &Map<String, Value>,
    token: Option<&str>,
) -> Result<(), NotStarted> {
    check(servers)?;
    let known = |token: &&str| {
        !token.is_empty()
            && token.len() as u64 <= TOKEN_BYTES
            && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let token = token.filter(known);
    let token = token.ok_or(NotStarted::Usage(
        "the variable GATEWAY_ACCESS_TOKEN holds no token",
    ))?;
    let files = lease.sandbox.files();
    let written = files.make_dirs(FOLDER).and_then(|()| {
        files.write(TOKEN, token)?;
        files.set_owner(TOKEN, 0, 0)
    });
    written.map_err(|error| NotStarted::Token(error.to_string()))
}

/// Whether a gateway was started in this sandbox, and by which token.
fn token_of(lease: &Lease) -> Option<Secret> {
    let bytes = lease.sandbox.files().read_range(TOKEN, 0, TOKEN_BYTES + 1);
    let text = String::from_utf8(bytes.ok()?).ok()?;
    let text = text.trim();
    (!text.is_empty() && text.len() as u64 <= TOKEN_BYTES).then(|| Secret::new(text))
}

/// A request to the gateway of a sandbox; `None` when it was not started.
pub(crate) async fn into_sandbox(
    shared: &Shared,
    lease: &Arc<Lease>,
    request: Request,
) -> Option<Response> {
    let token = token_of(lease)?;
    if !shows(request.headers(), &token) {
        return Some(unauthorized());
    }
    if request.uri().path() != "/mcp" {
        return Some(Refusal::not_found("the gateway is at the path /mcp").into_response());
    }
    let door = lease
        .gateway
        .get_or_init(|| shared.mcp.http_into(&lease.sandbox));
    Some(door.answer(request).await.map(Body::new))
}

/// A request to the server's own door.
pub(crate) async fn own(shared: &Shared, request: Request) -> Result<Response, Refusal> {
    let (Some(token), Some(door)) = (&shared.settings.mcp_token, &shared.tools) else {
        return Err(Refusal::not_found("this server offers no MCP"));
    };
    if !shows(request.headers(), token) {
        return Ok(unauthorized());
    }
    Ok(door.answer(request).await.map(Body::new))
}

fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .is_some_and(|(_, given)| token.matches(given.trim()))
}

fn unauthorized() -> Response {
    let refusal = Refusal::unauthorized("a bearer token is needed in the header Authorization");
    let mut response = refusal.into_response();
    let scheme = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_command_is_known_and_others_are_left_alone() {
        let servers = |text: &[&str]| asked(&words(text));
        assert_eq!(servers(&[]), None);
        assert_eq!(servers(&["ls", "--config", "{}"]), None);
        let found = servers(&["mcp-gateway", "--config", "{\"sandcell\": {}}"]);
        assert!(found.is_some_and(|found| found.is_ok_and(|found| found.contains_key(OFFERED))));
        for wrong in [
            &["mcp-gateway"] as &[&str],
            &["mcp-gateway", "--config"],
            &["mcp-gateway", "--config", "{"],
            &["mcp-gateway", "--config", "[]"],
            &["mcp-gateway", "--other", "{}"],
            &["mcp-gateway", "--config", "{}", "more"],
        ] {
            assert!(
                matches!(servers(wrong), Some(Err(NotStarted::Usage(_)))),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn servers_that_are_not_offered_are_named() {
        let servers = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        assert_eq!(check(&servers("{}")), Ok(()));
        assert_eq!(check(&servers("{\"sandcell\": {}}")), Ok(()));
        let refused = check(&servers("{\"github\": {}, \"sandcell\": {}, \"x\": 1}")).unwrap_err();
        assert!(refused.to_string().contains("`github`, `x`"), "{refused}");
    }
}
