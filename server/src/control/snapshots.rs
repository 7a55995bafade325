//! Snapshots and forks.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::body::Object;
use crate::control::create::{TEMPLATES, timeout};
use crate::control::domain::Domain;
use crate::control::page::{limit, read_token, write_token};
use crate::control::wire::{Fork, Made, NewSnapshot, SnapshotInfo};
use crate::control::{Id, Query};
use crate::lease::{Kept, full_name};
use crate::refusal::Refusal;
use crate::settings::RESUME_TIMEOUT;
use crate::shared::Shared;

/// Most copies of one call.
const COPIES: i64 = 100;

/// `POST /sandboxes/{id}/snapshots`: 409 while code runs.
pub(super) async fn make(
    State(shared): State<Shared>,
    Id(id): Id,
    Object(asked): Object<NewSnapshot>,
) -> Result<Response, Refusal> {
    let name = asked.name.filter(|name| !name.is_empty());
    let name = name.map(|name| check_name(&name)).transpose()?;
    let lease = shared.registry.live(&id)?;
    let files_only = asked.memory == Some(false);
    let registry = std::sync::Arc::clone(&shared.registry);
    // Who goes away leaves nothing half done.
    let making = tokio::spawn(async move {
        let made = registry.snapshots.make(&lease, name, files_only).await;
        if let Ok(kept) = &made {
            let id = kept.full_id();
            lease.journal.note("info", format!("snapshot {id} taken"));
            tracing::info!(sandbox = %lease.who.id, snapshot = id, "snapshot taken");
        }
        made
    });
    let kept = making
        .await
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    Ok((StatusCode::CREATED, Json(SnapshotInfo::new(&kept))).into_response())
}

fn check_name(name: &str) -> Result<String, Refusal> {
    let full = full_name(name).ok_or_else(|| {
        Refusal::bad_request(
            "a snapshot's name is letters, digits, `-`, `_`, `.`, parts divided by `/`, and may end with `:` and a tag; it has at most 120 characters",
        )
    })?;
    let plain = full.split(':').next().unwrap_or_default();
    if TEMPLATES.contains(&plain) {
        return Err(Refusal::bad_request(format!(
            "`{plain}` is a built-in template"
        )));
    }
    Ok(full)
}

/// The query of the list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    #[serde(rename = "sandboxID")]
    sandbox: Option<String>,
    name: Option<String>,
    limit: Option<String>,
    next_token: Option<String>,
}

impl Filter {
    /// A name without a tag stands for all its tags.
    fn takes(&self, kept: &Kept) -> bool {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let of = given(&self.sandbox).is_none_or(|sandbox| kept.sandbox == sandbox);
        let named = given(&self.name).is_none_or(|wanted| {
            let id = kept.full_id();
            id == wanted || id.split(':').next() == Some(&*wanted)
        });
        of && named
    }
}

/// `GET /snapshots`: newest first, page by page.
pub(super) async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
) -> Result<Response, Refusal> {
    let limit = limit(filter.limit.as_deref())?;
    let mark = filter.next_token.as_deref().filter(|text| !text.is_empty());
    let mark = mark.map(read_token).transpose()?;
    let mut found = shared.registry.snapshots.all();
    found.reverse();
    found.retain(|kept| mark.is_none_or(|mark| kept.number < mark) && filter.takes(kept));
    let more = found.len() > limit;
    found.truncate(limit);
    let page: Vec<_> = found.iter().map(|kept| SnapshotInfo::new(kept)).collect();
    let mut response = Json(page).into_response();
    if let Some(last) = found.last().filter(|_| more) {
        let name = HeaderName::from_static("x-next-token");
        if let Ok(token) = HeaderValue::from_str(&write_token(last.number)) {
            response.headers_mut().insert(name, token);
        }
    }
    Ok(response)
}

/// `POST /sandboxes/{id}/fork`: 409 while code runs; else an answer for each copy.
pub(super) async fn fork(
    State(shared): State<Shared>,
    Id(id): Id,
    Domain(domain): Domain,
    Object(asked): Object<Fork>,
) -> Result<Response, Refusal> {
    let seconds = timeout(asked.timeout)?.unwrap_or(RESUME_TIMEOUT);
    let count = asked.count.unwrap_or(1);
    let count = usize::try_from(count)
        .ok()
        .filter(|_| (1..=COPIES).contains(&count))
        .ok_or_else(|| {
            Refusal::bad_request(format!("a count of {count} is not between 1 and {COPIES}"))
        })?;
    let lease = shared.registry.live(&id)?;
    let copies = shared.registry.fork(&lease, count, seconds).await?;
    let told: Vec<Value> = copies
        .into_iter()
        .map(|copy| match copy {
            Ok(copy) => {
                shared.counters.sandboxes.add(1);
                json!({"sandbox": Made::new(&copy, &domain)})
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                let code = refusal.status.as_u16();
                json!({"error": {"code": code, "message": refusal.message}})
            }
        })
        .collect();
    tracing::info!(sandbox = %id, count, "sandbox forked");
    Ok((StatusCode::CREATED, Json(told)).into_response())
}
