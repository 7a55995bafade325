//! The tools: what they are called, what they take, what they do.

mod code;
mod commands;
mod files;
mod sandboxes;

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::desk::Desk;
use crate::run::Call;
use crate::source::Source;

/// A tool as it is announced.
struct Spec {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Its arguments besides `sandbox`: a name and a JSON schema each.
    arguments: Vec<(&'static str, Value)>,
    /// Those that must be given.
    required: &'static [&'static str],
    effect: Effect,
}

/// What a tool may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Nothing,
    Adds,
    Changes,
}

/// All tools.
fn specs(source: &Source) -> Vec<Spec> {
    let mut all = code::specs(source);
    all.extend(commands::specs());
    all.extend(files::specs());
    all.extend(sandboxes::specs());
    all
}

/// All tools as the protocol announces them.
pub(crate) fn list(source: &Source) -> Vec<Tool> {
    specs(source).into_iter().map(Spec::into_tool).collect()
}

impl Spec {
    fn into_tool(self) -> Tool {
        let mut properties = JsonObject::new();
        for (name, schema) in self.arguments {
            properties.insert(name.to_owned(), schema);
        }
        if !properties.contains_key("snapshot") && !self.name.starts_with("list_sandboxes") {
            let sandbox = text(
                "Id of the sandbox, as earlier answers name it. Left out: this session's own; \
                 without a session, a new one, whose id the answer names.",
            );
            properties.entry("sandbox").or_insert(sandbox);
        }
        let schema = json!({
            "type": "object",
            "properties": properties,
            "required": self.required,
            "additionalProperties": false,
        });
        let schema = match schema {
            Value::Object(schema) => schema,
            _ => JsonObject::new(),
        };
        let hints = ToolAnnotations::new()
            .read_only(self.effect == Effect::Nothing)
            .destructive(self.effect == Effect::Changes)
            .open_world(false);
        Tool::new(self.name, self.description, Arc::new(schema))
            .with_title(self.title)
            .with_annotations(hints)
    }
}

/// Calls a tool; `None` when there is none of this name.
pub(crate) async fn call(
    desk: &Desk,
    name: &str,
    arguments: JsonObject,
    call: &Call,
) -> Option<Answer> {
    let arguments = Value::Object(arguments);
    let answered = match name {
        "run_code" => code::run(desk, parse(arguments), call).await,
        "run_command" => commands::run(desk, parse(arguments), call).await,
        "create_context" => code::create(desk, parse(arguments)).await,
        "list_contexts" => code::list(desk, parse(arguments)).await,
        "restart_context" => code::restart(desk, parse(arguments)).await,
        "remove_context" => code::remove(desk, parse(arguments)).await,
        "undo" => code::undo(desk, parse(arguments)).await,
        "read_file" => files::read(desk, parse(arguments)).await,
        "write_file" => files::write(desk, parse(arguments)).await,
        "list_files" => files::list(desk, parse(arguments)).await,
        "make_folder" => files::make_folder(desk, parse(arguments)).await,
        "move_file" => files::rename(desk, parse(arguments)).await,
        "remove_file" => files::remove(desk, parse(arguments)).await,
        "create_sandbox" => sandboxes::create(desk, parse(arguments)).await,
        "list_sandboxes" => sandboxes::list(desk, &parse(arguments)),
        "end_sandbox" => sandboxes::end(desk, parse(arguments)),
        "fork" => sandboxes::fork(desk, parse(arguments)).await,
        "snapshot" => sandboxes::snapshot(desk, parse(arguments)).await,
        "delete_snapshot" => sandboxes::delete_snapshot(desk, parse(arguments)),
        _ => return None,
    };
    Some(answered.unwrap_or_else(Answer::from))
}

/// Arguments of a tool, or why they are none.
type Arguments<T> = Result<T, Refusal>;

fn parse<T: DeserializeOwned>(arguments: Value) -> Arguments<T> {
    serde_json::from_value(arguments).map_err(|error| Refusal::Arguments(error.to_string()))
}

/// The schema of a text.
fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// The schema of a whole number.
fn number(description: &str, least: u64, most: u64) -> Value {
    json!({
        "type": "integer",
        "description": description,
        "minimum": least,
        "maximum": most,
    })
}

/// Refuses a number outside of its bounds.
fn within(name: &str, value: u64, least: u64, most: u64) -> Result<u64, Refusal> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Refusal::Arguments(format!(
        "`{name}` is {value} and must be from {least} to {most}"
    )))
}
