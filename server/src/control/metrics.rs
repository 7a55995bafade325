//! What sandboxes use.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::control::wire::Metric;
use crate::control::{Id, Query};
use crate::lease::Lease;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// How long an answer waits for a first sample, which is taken between two cells.
const FIRST: Duration = Duration::from_secs(1);

/// Sandboxes in one question.
const MANY: usize = 100;

/// The time that is asked for, in seconds since 1970.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Span {
    start: Option<i64>,
    end: Option<i64>,
}

async fn refresh(lease: &Arc<Lease>) {
    let lease = Arc::clone(lease);
    let taking = tokio::spawn(async move { lease.samples.take(&lease.sandbox).await });
    // A busy sandbox has its older samples, or none yet.
    let _late = tokio::time::timeout(FIRST, taking).await;
}

/// `GET /sandboxes/{id}/metrics`
pub(super) async fn one(
    State(shared): State<Shared>,
    Id(id): Id,
    Query(span): Query<Span>,
) -> Result<Response, Refusal> {
    let lease = shared.registry.live(&id)?;
    if lease.samples.last().is_none() {
        refresh(&lease).await;
    }
    let samples = lease.samples.between(span.start, span.end);
    let metrics: Vec<_> = samples
        .iter()
        .map(|sample| Metric::new(&lease, sample))
        .collect();
    Ok(Json(metrics).into_response())
}

/// The sandboxes that are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Asked {
    sandbox_ids: Option<String>,
}

/// `GET /sandboxes/metrics`
pub(super) async fn many(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let ids = asked.sandbox_ids.unwrap_or_default();
    let ids: Vec<_> = ids.split(',').filter(|id| !id.is_empty()).collect();
    if ids.len() > MANY {
        return Err(Refusal::bad_request(format!(
            "at most {MANY} sandboxes in one question"
        )));
    }
    let mut found = Map::new();
    for id in ids {
        let Some(lease) = shared.registry.find(id) else {
            continue;
        };
        if lease.samples.last().is_none() {
            refresh(&lease).await;
        }
        if let Some(sample) = lease.samples.last() {
            found.insert(id.to_owned(), json!(Metric::new(&lease, &sample)));
        }
    }
    Ok(Json(json!({"sandboxes": found})).into_response())
}
