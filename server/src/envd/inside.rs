//! What it is like inside of a sandbox.

use std::sync::Arc;

use axum::Json;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::clock;
use crate::lease::Lease;

/// `GET /health`
pub(super) async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `GET /envs`
pub(super) async fn environment(Extension(lease): Extension<Arc<Lease>>) -> Response {
    Json(&lease.who.order.environment).into_response()
}

/// `GET /metrics`
pub(super) async fn metrics(Extension(lease): Extension<Arc<Lease>>) -> Response {
    let limits = lease.sandbox.limits();
    let last = lease.samples.last();
    Json(json!({
        "ts": clock::unix_seconds(),
        "cpu_count": 1,
        "cpu_used_pct": last.map_or(0.0, |sample| sample.cpu_percent),
        "mem_total": limits.memory_bytes,
        "mem_used": last.map_or(0, |sample| sample.memory_used),
        "mem_cache": 0,
        "disk_used": lease.sandbox.files().usage().bytes,
        "disk_total": limits.file_bytes,
    }))
    .into_response()
}
