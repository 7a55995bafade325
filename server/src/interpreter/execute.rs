//! `POST /execute`: runs code and streams what it shows.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use crate::body;
use crate::interpreter::Trouble;
use crate::interpreter::lines::Lines;
use crate::interpreter::wire::Execute;
use crate::lease::{Interpreter, Lease};
use crate::shared::Shared;

/// Bytes that a body may have besides its code: JSON's escapes and variables.
const AROUND: usize = 1 << 20;

pub(super) async fn execute(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    request: Request,
) -> Result<Response, Trouble> {
    let cell = usize::try_from(shared.settings.limits.cell_bytes).unwrap_or(usize::MAX);
    let limit = cell.saturating_mul(2).saturating_add(AROUND);
    let bytes = body::whole(request.into_body(), limit).await?;
    let asked: Execute = body::parse(&bytes)?;
    drop(bytes);
    let place = shared.stream()?;
    let interpreter = find(&lease, &asked)?;
    let environment = asked.env_vars.unwrap_or_default();
    let unsound = |name: &String| name.is_empty() || name.contains(['=', '\0']);
    if environment.keys().any(unsound) || environment.values().any(|v| v.contains('\0')) {
        return Err(Trouble::bad(
            "a variable has a name, without `=`, and no NUL",
        ));
    }
    let contexts = &lease.contexts;
    let started = contexts.execute(&interpreter, asked.code, environment);
    let started = started.await?;
    shared.counters.executions.add(1);
    let lines = Lines::new(lease, interpreter, started, place);
    let mut response = Response::new(Body::from_stream(lines.stream()));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// The interpreter that is meant.
fn find(lease: &Lease, asked: &Execute) -> Result<Arc<Interpreter>, Trouble> {
    let context = asked.context_id.as_deref().filter(|id| !id.is_empty());
    let language = asked.language.as_deref().filter(|name| !name.is_empty());
    match (context, language) {
        (Some(_), Some(_)) => Err(Trouble::bad(
            "Only one of context_id or language can be provided",
        )),
        (Some(id), None) => lease
            .contexts
            .find(id)
            .ok_or_else(|| Trouble::no_context(id)),
        (None, language) => {
            let languages = lease.contexts.languages();
            let language = language.map(|name| languages.find(name)).transpose()?;
            Ok(lease.contexts.default_one(language))
        }
    }
}
