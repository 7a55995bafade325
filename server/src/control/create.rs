//! Making sandboxes.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::body::Object;
use crate::control::domain::Domain;
use crate::control::later;
use crate::control::wire::{Made, NewSandbox};
use crate::gateway;
use crate::lease::Order;
use crate::refusal::Refusal;
use crate::settings::{DEFAULT_TIMEOUT, MAX_TIMEOUT};
use crate::shared::Shared;

/// Names that stand for the template that is there.
pub(super) const TEMPLATES: [&str; 4] = ["base", "code-interpreter-v1", "python", "mcp-gateway"];

/// Pairs of metadata, or of variables, of one sandbox.
const PAIRS: usize = 1000;

/// `POST /sandboxes`, as older clients call it.
pub(super) async fn first_version(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Domain(domain): Domain,
    Object(asked): Object<NewSandbox>,
) -> Result<Response, Refusal> {
    create(&shared, &headers, &domain, asked).await
}

/// `POST /v2/sandboxes`: always with tokens, as ours are anyway.
pub(super) async fn second_version(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Domain(domain): Domain,
    Object(asked): Object<NewSandbox>,
) -> Result<Response, Refusal> {
    create(&shared, &headers, &domain, asked).await
}

async fn create(
    shared: &Shared,
    headers: &HeaderMap,
    domain: &str,
    asked: NewSandbox,
) -> Result<Response, Refusal> {
    let seconds = timeout(asked.timeout)?.unwrap_or(DEFAULT_TIMEOUT);
    let name = asked.template.as_deref().unwrap_or(TEMPLATES[0]);
    let snapshot = if TEMPLATES.contains(&name) {
        None
    } else {
        let found = shared.registry.snapshots.find(name);
        Some(found.ok_or_else(|| no_template(name))?)
    };
    let template = match &snapshot {
        Some(kept) => kept.full_id(),
        None => name.to_owned(),
    };
    let order = order(asked, template, seconds)?;
    let make = || async {
        let order = order.clone();
        let lease = match &snapshot {
            Some(kept) => shared.registry.create_from(kept, order, seconds).await?,
            None => shared.registry.create(order, seconds).await?,
        };
        shared.counters.sandboxes.add(1);
        tracing::info!(sandbox = %lease.who.id, seconds, "sandbox created");
        Ok::<_, Refusal>(lease)
    };
    let lease = match headers.get("idempotency-key") {
        Some(key) => shared.once.run(&shared.registry, key, make).await?,
        None => make().await?,
    };
    let made = Made::new(&lease, domain);
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

fn no_template(name: &str) -> Refusal {
    let there = TEMPLATES.join("`, `");
    let name: String = name.chars().take(100).collect();
    Refusal::not_found(format!(
        "there is no template or snapshot `{name}`; there is `{there}`"
    ))
}

/// Seconds of a life, within bounds.
pub(super) fn timeout(seconds: Option<i64>) -> Result<Option<u64>, Refusal> {
    let Some(asked) = seconds else {
        return Ok(None);
    };
    match u64::try_from(asked) {
        Ok(seconds) if seconds <= MAX_TIMEOUT => Ok(Some(seconds)),
        _ => Err(Refusal::bad_request(format!(
            "a timeout of {asked} seconds is not between 0 and {MAX_TIMEOUT}"
        ))),
    }
}

/// What a client asks for, checked.
fn order(asked: NewSandbox, template: String, seconds: u64) -> Result<Order, Refusal> {
    let auto_pause_files = asked.auto_pause_memory == Some(false);
    let auto_resume = asked.auto_resume.unwrap_or_default().enabled;
    if auto_pause_files && auto_resume {
        return Err(Refusal::bad_request(
            "autoResume needs a pause that keeps memory: requests do not reboot a sandbox",
        ));
    }
    if let Some(servers) = &asked.mcp {
        gateway::check(servers).map_err(|refused| Refusal::bad_request(refused.to_string()))?;
    }
    if asked.volume_mounts.is_some_and(|mounts| !mounts.is_empty()) {
        return Err(later::refuse("mount volumes"));
    }
    if asked.iam.is_some() {
        return Err(later::refuse("issue identity tokens"));
    }
    let metadata = asked.metadata.unwrap_or_default();
    let environment = asked.env_vars.unwrap_or_default();
    check_pairs("metadata", &metadata)?;
    check_pairs("envVars", &environment)?;
    check_variables(&environment)?;
    Ok(Order {
        template,
        metadata,
        environment,
        allow_internet_access: asked.allow_internet_access,
        network: asked.network,
        seconds,
        auto_pause: asked.auto_pause == Some(true),
        auto_pause_files,
        auto_resume,
    })
}

fn check_pairs(what: &str, pairs: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if pairs.len() > PAIRS {
        return Err(Refusal::bad_request(format!(
            "{what} has {} entries and at most {PAIRS} are taken",
            pairs.len()
        )));
    }
    Ok(())
}

/// Refuses what no process can have in its environment.
fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let unsound = |name: &str, value: &str| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    if variables.iter().any(|(name, value)| unsound(name, value)) {
        return Err(Refusal::bad_request(
            "a variable has a name, without `=`, and no NUL",
        ));
    }
    Ok(())
}

/// What the sandbox is made of that needs no creation.
pub(crate) fn debug_order() -> Order {
    Order {
        template: "base".to_owned(),
        ..Order::default()
    }
}
