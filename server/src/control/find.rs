//! Finding sandboxes.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::clock;
use crate::control::domain::Domain;
use crate::control::page::{limit, read_token, write_token};
use crate::control::wire::{Detail, Listed};
use crate::control::{Id, Query};
use crate::lease::Held;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// The query of both lists.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    state: Option<String>,
    metadata: Option<String>,
    limit: Option<String>,
    next_token: Option<String>,
    order: Option<String>,
    started_after: Option<String>,
    template: Option<String>,
}

/// A filter, understood.
#[derive(Debug)]
struct Wanted {
    running: bool,
    paused: bool,
    pairs: Vec<(String, String)>,
    after: Option<OffsetDateTime>,
    template: Option<String>,
}

impl Wanted {
    fn new(filter: &Filter) -> Result<Self, Refusal> {
        let states = filter.state.as_deref().unwrap_or("running,paused");
        let (mut running, mut paused) = (false, false);
        for state in states.split(',').map(str::trim) {
            match state {
                "running" => running = true,
                "paused" => paused = true,
                _ => return Err(Refusal::bad_request("a state is `running` or `paused`")),
            }
        }
        let after = filter
            .started_after
            .as_deref()
            .filter(|text| !text.is_empty());
        let after = after.map(|text| {
            // A plus sign that was not escaped has become a space.
            clock::parse(&text.replace(' ', "+"))
                .ok_or_else(|| Refusal::bad_request("startedAfter is no RFC 3339 time"))
        });
        let metadata = filter.metadata.as_deref().unwrap_or_default();
        let pairs = form_urlencoded::parse(metadata.as_bytes());
        Ok(Self {
            running,
            paused,
            pairs: pairs.into_owned().collect(),
            after: after.transpose()?,
            template: filter.template.clone().filter(|text| !text.is_empty()),
        })
    }

    fn takes(&self, held: &Held) -> bool {
        let who = held.who();
        let metadata = &who.order.metadata;
        let template = |wanted: &String| *wanted == who.order.template;
        let state = match held {
            Held::Live(_) => self.running,
            Held::Paused(_) => self.paused,
        };
        state
            && self.pairs.iter().all(|(name, value)| {
                // Some clients quote each part before they quote the whole.
                metadata.get(name) == Some(value)
                    || metadata.get(&unquote(name)) == Some(&unquote(value))
            })
            && self.after.is_none_or(|after| who.started > after)
            && self.template.as_ref().is_none_or(template)
    }
}

fn unquote(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// `GET /v2/sandboxes`: newest first unless told otherwise, page by page.
pub(super) async fn paged(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
) -> Result<Response, Refusal> {
    let wanted = Wanted::new(&filter)?;
    let ascending = match filter.order.as_deref() {
        None | Some("" | "desc") => false,
        Some("asc") => true,
        Some(_) => return Err(Refusal::bad_request("an order is `asc` or `desc`")),
    };
    let limit = limit(filter.limit.as_deref())?;
    let mark = filter.next_token.as_deref().filter(|text| !text.is_empty());
    let mark = mark.map(read_token).transpose()?;
    let mut found = shared.registry.everything();
    if !ascending {
        found.reverse();
    }
    let behind = |held: &Held| {
        mark.is_none_or(|mark| {
            if ascending {
                held.who().number > mark
            } else {
                held.who().number < mark
            }
        })
    };
    found.retain(|held| behind(held) && wanted.takes(held));
    let more = found.len() > limit;
    found.truncate(limit);
    let page: Vec<_> = found.iter().map(Listed::new).collect();
    let mut response = Json(page).into_response();
    if let Some(last) = found.last().filter(|_| more) {
        let name = HeaderName::from_static("x-next-token");
        if let Ok(token) = HeaderValue::from_str(&write_token(last.who().number)) {
            response.headers_mut().insert(name, token);
        }
    }
    Ok(response)
}

/// `GET /sandboxes`: all that run, at once. Who calls it knows of no others.
pub(super) async fn legacy(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
) -> Result<Response, Refusal> {
    let mut wanted = Wanted::new(&filter)?;
    wanted.paused &= filter.state.is_some();
    let mut found = shared.registry.everything();
    found.retain(|held| wanted.takes(held));
    let page: Vec<_> = found.iter().map(Listed::new).collect();
    Ok(Json(page).into_response())
}

/// `GET /sandboxes/{id}`
pub(super) async fn one(
    State(shared): State<Shared>,
    Id(id): Id,
    Domain(domain): Domain,
) -> Result<Response, Refusal> {
    let held = shared.registry.held(&id);
    let held = held.ok_or_else(|| Refusal::no_sandbox(&id))?;
    Ok(Json(Detail::new(&held, &domain)).into_response())
}
