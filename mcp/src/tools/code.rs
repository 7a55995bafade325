//! Tools that run code.

use std::time::Duration;

use sandcell::RunCode;
use serde::Deserialize;
use serde_json::json;

use super::{Arguments, Effect, Spec, number, text, within};
use crate::answer::{Answer, Refusal};
use crate::desk::Desk;
use crate::place::{Place, Seat};
use crate::run::{Call, follow};
use crate::source::Source;

/// Seconds that code may run when nobody says otherwise, and at most.
const SECONDS: u64 = 60;
const MOST_SECONDS: u64 = 3600;

pub(super) fn specs(source: &Source) -> Vec<Spec> {
    let names: Vec<_> = source.languages.iter().map(|one| &one.name).collect();
    let default = source.languages.first().map(|one| &one.name);
    let language = json!({
        "type": "string",
        "enum": names,
        "default": default,
        "description": "Language of the code.",
    });
    let context = || text("Id of a context, as `list_contexts` and `create_context` name it.");
    vec![
        Spec {
            name: "run_code",
            title: "Run code",
            description: "Runs code in a sandbox on the user's machine, without network, and answers \
                what it printed, its last expression's value, images, and its error. Variables, \
                imports and files live on from call to call. Top-level await works.",
            arguments: vec![
                (
                    "code",
                    text("The code. The value of its last expression is answered."),
                ),
                ("language", language.clone()),
                (
                    "context",
                    text("Id of a context to run in; left out: the language's own."),
                ),
                (
                    "timeout_seconds",
                    number(
                        "Seconds after which the code is interrupted (60). Variables live on.",
                        1,
                        MOST_SECONDS,
                    ),
                ),
            ],
            required: &["code"],
            effect: Effect::Changes,
        },
        Spec {
            name: "create_context",
            title: "Create a context",
            description: "Creates a further interpreter with variables of its own and the same files.",
            arguments: vec![("language", language)],
            required: &[],
            effect: Effect::Adds,
        },
        Spec {
            name: "list_contexts",
            title: "List contexts",
            description: "Lists the interpreters of a sandbox.",
            arguments: Vec::new(),
            required: &[],
            effect: Effect::Nothing,
        },
        Spec {
            name: "restart_context",
            title: "Restart a context",
            description: "Gives a context a fresh interpreter: its variables are gone, files stay.",
            arguments: vec![("context", context())],
            required: &["context"],
            effect: Effect::Changes,
        },
        Spec {
            name: "remove_context",
            title: "Remove a context",
            description: "Ends an interpreter with its variables.",
            arguments: vec![("context", context())],
            required: &["context"],
            effect: Effect::Changes,
        },
        Spec {
            name: "undo",
            title: "Undo the last code",
            description: "Takes back what the last `run_code` did to the variables of a context. \
                Files stay as they are.",
            arguments: vec![("context", text("Id of a context; left out: the first one."))],
            required: &[],
            effect: Effect::Changes,
        },
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    code: String,
    language: Option<String>,
    context: Option<String>,
    timeout_seconds: Option<u64>,
    sandbox: Option<String>,
}

pub(super) async fn run(
    desk: &Desk,
    asked: Arguments<Run>,
    call: &Call,
) -> Result<Answer, Refusal> {
    let asked = asked?;
    let seconds = asked.timeout_seconds.unwrap_or(SECONDS);
    let seconds = within("timeout_seconds", seconds, 1, MOST_SECONDS)?;
    // What cannot be is said before a sandbox is made for it.
    let language = desk.source.language(asked.language.as_deref())?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let seat = match &asked.context {
        None => place.default_seat(language).await?,
        Some(id) => {
            let seat = place.seat(id)?;
            if asked
                .language
                .as_ref()
                .is_some_and(|named| *named != seat.language)
            {
                return Err(Refusal::Arguments(format!(
                    "context `{id}` is one of {}",
                    seat.language
                )));
            }
            seat
        }
    };
    let code = RunCode::new(asked.code).wall(Some(Duration::from_secs(seconds)));
    let execution = seat.context.execute(code)?;
    let answer = follow(execution, call).await;
    Ok(answer
        .with("sandbox", place.id.as_str())
        .with("context", seat.id.as_str())
        .with("language", seat.language.as_str()))
}

/// A context that is named, or none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    context: Option<String>,
    sandbox: Option<String>,
}

impl Named {
    fn context(&self) -> Result<&str, Refusal> {
        let missing = || Refusal::Arguments("`context` is missing".to_owned());
        self.context.as_deref().ok_or_else(missing)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    language: Option<String>,
    sandbox: Option<String>,
}

fn described(seat: &Seat) -> serde_json::Value {
    json!({"context": seat.id, "language": seat.language, "default": seat.default})
}

fn told(place: &Place, seat: &Seat, what: &str) -> Answer {
    Answer::text(format!("context {} ({}) {what}", seat.id, seat.language))
        .with("sandbox", place.id.as_str())
        .with("context", seat.id.as_str())
        .with("language", seat.language.as_str())
}

pub(super) async fn create(desk: &Desk, asked: Arguments<New>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let language = desk.source.language(asked.language.as_deref())?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let seat = place.add(language, false).await?;
    Ok(told(&place, &seat, "is there"))
}

pub(super) async fn list(desk: &Desk, asked: Arguments<Named>) -> Result<Answer, Refusal> {
    let place = desk.place(asked?.sandbox.as_deref()).await?;
    let all: Vec<_> = place.seats().iter().map(described).collect();
    let lines: Vec<_> = place
        .seats()
        .iter()
        .map(|seat| format!("{} {}", seat.id, seat.language))
        .collect();
    let text = if lines.is_empty() {
        "there is no context yet; `run_code` makes one".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(Answer::text(text)
        .with("sandbox", place.id.as_str())
        .with("contexts", all))
}

pub(super) async fn restart(desk: &Desk, asked: Arguments<Named>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let id = asked.context()?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let seat = place.restart(id, &desk.source).await?;
    Ok(told(&place, &seat, "has a fresh interpreter"))
}

pub(super) async fn remove(desk: &Desk, asked: Arguments<Named>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let id = asked.context()?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let seat = place.seat(id)?;
    place.remove(id)?;
    Ok(told(&place, &seat, "is gone"))
}

pub(super) async fn undo(desk: &Desk, asked: Arguments<Named>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let seat = match &asked.context {
        Some(id) => place.seat(id)?,
        None => place.default_seat(desk.source.language(None)?).await?,
    };
    let lost = seat.context.undo().await?;
    let count = lost.last.number() - lost.first.number() + 1;
    let what = format!("is as it was before the last {count} of its executions");
    Ok(told(&place, &seat, &what).with("undone", count))
}
