//! Tools for whole sandboxes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Arguments, Effect, Spec, number, text, within};
use crate::answer::{Answer, Refusal};
use crate::desk::Desk;

/// Copies of one call.
const COPIES: u64 = 16;

pub(super) fn specs() -> Vec<Spec> {
    vec![
        Spec {
            name: "create_sandbox",
            title: "Create a sandbox",
            description: "Creates a further sandbox, apart from all others: fresh, or from a snapshot.",
            arguments: vec![(
                "snapshot",
                text("Id of a snapshot to go on from; left out: fresh."),
            )],
            required: &[],
            effect: Effect::Adds,
        },
        Spec {
            name: "list_sandboxes",
            title: "List sandboxes",
            description: "Lists the sandboxes that this session has.",
            arguments: Vec::new(),
            required: &[],
            effect: Effect::Nothing,
        },
        Spec {
            name: "end_sandbox",
            title: "End a sandbox",
            description: "Ends a sandbox with all that is in it.",
            arguments: vec![("sandbox", text("Id of the sandbox."))],
            required: &["sandbox"],
            effect: Effect::Changes,
        },
        Spec {
            name: "fork",
            title: "Copy a sandbox",
            description: "Copies a sandbox as it is, variables and files, so that several ways can be \
                tried from one point. The answer names the copies.",
            arguments: vec![("count", number("How many copies (1).", 1, COPIES))],
            required: &[],
            effect: Effect::Adds,
        },
        Spec {
            name: "snapshot",
            title: "Take a snapshot",
            description: "Keeps the state of a sandbox, variables and files, until this session ends; \
                `create_sandbox` goes on from it.",
            arguments: Vec::new(),
            required: &[],
            effect: Effect::Adds,
        },
        Spec {
            name: "delete_snapshot",
            title: "Delete a snapshot",
            description: "Deletes a snapshot. Sandboxes that were made of it live on.",
            arguments: vec![("snapshot", text("Id of the snapshot."))],
            required: &["snapshot"],
            effect: Effect::Changes,
        },
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    snapshot: Option<String>,
}

pub(super) async fn create(desk: &Desk, asked: Arguments<Create>) -> Result<Answer, Refusal> {
    let place = desk.create(asked?.snapshot.as_deref()).await?;
    Ok(Answer::text(format!("sandbox {} is there", place.id)).with("sandbox", place.id.as_str()))
}

pub(super) fn list(desk: &Desk, asked: &Arguments<Nothing>) -> Result<Answer, Refusal> {
    if let Err(refusal) = asked {
        return Err(Refusal::Arguments(refusal.to_string()));
    }
    let all = desk.all();
    let ids: Vec<_> = all.iter().map(|place| place.id.as_str()).collect();
    let text = if ids.is_empty() {
        "there is no sandbox yet; the first call that needs one makes it".to_owned()
    } else {
        ids.join("\n")
    };
    let described: Vec<Value> = all
        .iter()
        .map(|place| json!({"sandbox": place.id, "contexts": place.seats().len()}))
        .collect();
    Ok(Answer::text(text).with("sandboxes", described))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    sandbox: String,
}

pub(super) fn end(desk: &Desk, asked: Arguments<Named>) -> Result<Answer, Refusal> {
    let id = asked?.sandbox;
    desk.end(&id)?;
    Ok(Answer::text(format!("sandbox {id} is gone")).with("sandbox", id))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fork {
    count: Option<u64>,
    sandbox: Option<String>,
}

pub(super) async fn fork(desk: &Desk, asked: Arguments<Fork>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let count = within("count", asked.count.unwrap_or(1), 1, COPIES)?;
    let count = usize::try_from(count).unwrap_or(1);
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let copies = desk.fork(&place, count).await?;
    let ids: Vec<_> = copies.iter().map(|copy| copy.id.clone()).collect();
    Ok(
        Answer::text(format!("copies of {}:\n{}", place.id, ids.join("\n")))
            .with("sandbox", place.id.as_str())
            .with("copies", ids),
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taken {
    sandbox: Option<String>,
}

pub(super) async fn snapshot(desk: &Desk, asked: Arguments<Taken>) -> Result<Answer, Refusal> {
    let place = desk.place(asked?.sandbox.as_deref()).await?;
    let id = desk.snapshot(&place).await?;
    Ok(
        Answer::text(format!("snapshot {id} of sandbox {}", place.id))
            .with("sandbox", place.id.as_str())
            .with("snapshot", id),
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snapshot {
    snapshot: String,
}

pub(super) fn delete_snapshot(desk: &Desk, asked: Arguments<Snapshot>) -> Result<Answer, Refusal> {
    let id = asked?.snapshot;
    desk.delete_snapshot(&id)?;
    Ok(Answer::text(format!("snapshot {id} is gone")).with("snapshot", id))
}
