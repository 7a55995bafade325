//! The logs of a sandbox.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::control::{Id, Query};
use crate::lease::Line;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Lines in an answer when nobody says otherwise.
const LINES: usize = 1000;

/// Where to start and how much to read.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Window {
    /// Milliseconds since 1970, the first line's time at the earliest.
    cursor: Option<i64>,
    /// The same in the first version of the call.
    start: Option<i64>,
    limit: Option<usize>,
    direction: Option<String>,
}

fn milliseconds(line: &Line) -> i128 {
    line.time.unix_timestamp_nanos() / 1_000_000
}

fn lines(shared: &Shared, id: &str, window: &Window) -> Result<Vec<Line>, Refusal> {
    let held = shared.registry.held(id);
    let held = held.ok_or_else(|| Refusal::no_sandbox(id))?;
    let backward = window.direction.as_deref() == Some("backward");
    let mut lines = held.journal().lines();
    if backward {
        lines.reverse();
    }
    if let Some(cursor) = window.cursor.or(window.start) {
        let cursor = i128::from(cursor);
        lines.retain(|line| {
            let time = milliseconds(line);
            if backward {
                time <= cursor
            } else {
                time >= cursor
            }
        });
    }
    lines.truncate(window.limit.unwrap_or(LINES).min(LINES));
    Ok(lines)
}

fn entry(line: &Line) -> Value {
    json!({
        "timestamp": clock::rfc3339(line.time),
        "message": line.message,
        "level": line.level,
        "fields": {},
    })
}

/// `GET /sandboxes/{id}/logs`
pub(super) async fn first_version(
    State(shared): State<Shared>,
    Id(id): Id,
    Query(window): Query<Window>,
) -> Result<Response, Refusal> {
    let lines = lines(&shared, &id, &window)?;
    let plain = |line: &Line| json!({"timestamp": clock::rfc3339(line.time), "line": line.message});
    let logs: Vec<_> = lines.iter().map(plain).collect();
    let entries: Vec<_> = lines.iter().map(entry).collect();
    Ok(Json(json!({"logs": logs, "logEntries": entries})).into_response())
}

/// `GET /v2/sandboxes/{id}/logs`
pub(super) async fn second_version(
    State(shared): State<Shared>,
    Id(id): Id,
    Query(window): Query<Window>,
) -> Result<Response, Refusal> {
    let lines = lines(&shared, &id, &window)?;
    let entries: Vec<_> = lines.iter().map(entry).collect();
    Ok(Json(json!({"logs": entries})).into_response())
}
