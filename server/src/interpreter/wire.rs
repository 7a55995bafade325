//! The objects of the code interpreter as they are on the wire.

use std::collections::BTreeMap;

use sandcell::{GuestException, RichResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lease::Interpreter;

/// Code to run.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Execute {
    pub(super) code: String,
    pub(super) context_id: Option<String>,
    pub(super) language: Option<String>,
    pub(super) env_vars: Option<BTreeMap<String, String>>,
}

/// A context to make.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct NewContext {
    pub(super) language: Option<String>,
    pub(super) cwd: Option<String>,
}

/// A context that is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Described<'i> {
    id: &'i str,
    language: &'i str,
    cwd: &'i str,
}

impl<'i> From<&'i Interpreter> for Described<'i> {
    fn from(interpreter: &'i Interpreter) -> Self {
        Self {
            id: &interpreter.id,
            language: interpreter.language.name(),
            cwd: &interpreter.cwd,
        }
    }
}

/// One line of an execution's stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line {
    NumberOfExecutions {
        execution_count: u64,
    },
    Stdout {
        text: String,
        timestamp: String,
    },
    Stderr {
        text: String,
        timestamp: String,
    },
    Result {
        is_main_result: bool,
        #[serde(flatten)]
        forms: Map<String, Value>,
    },
    Error {
        name: String,
        value: String,
        traceback: String,
    },
    Keepalive,
    EndOfExecution,
}

/// The names that clients know for MIME types.
const FORMS: [(&str, &str); 14] = [
    ("text/plain", "text"),
    ("text/html", "html"),
    ("text/markdown", "markdown"),
    ("image/svg+xml", "svg"),
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("application/pdf", "pdf"),
    ("text/latex", "latex"),
    ("application/json", "json"),
    ("application/javascript", "javascript"),
    ("e2b/data", "data"),
    ("application/vnd.sandcell.data+json", "data"),
    ("e2b/chart", "chart"),
    ("application/vnd.sandcell.chart+json", "chart"),
];

impl Line {
    /// A value in all the forms that it has.
    pub(super) fn result(rich: RichResult, is_main_result: bool) -> Self {
        let mut forms = Map::new();
        let mut extra = Map::new();
        for (mime, value) in rich.data {
            match FORMS.iter().find(|(known, _)| *known == mime) {
                Some((_, name)) => {
                    let value = if *name == "text" { bare(value) } else { value };
                    forms.insert((*name).to_owned(), value);
                }
                None => {
                    extra.insert(mime, value);
                }
            }
        }
        forms.insert("extra".to_owned(), Value::Object(extra));
        Self::Result {
            is_main_result,
            forms,
        }
    }

    pub(super) fn error(exception: GuestException) -> Self {
        Self::Error {
            name: exception.name,
            value: exception.value,
            traceback: exception.traceback,
        }
    }

    /// As bytes, with the end of the line.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// A text without the quotes around it: that of a string is the string.
fn bare(value: Value) -> Value {
    let Value::String(text) = &value else {
        return value;
    };
    let inner = ['\'', '"'].iter().find_map(|quote| {
        text.strip_prefix(*quote)
            .and_then(|rest| rest.strip_suffix(*quote))
    });
    inner.map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_loses_one_pair_of_quotes() {
        for (text, expected) in [
            ("'a'", "a"),
            ("\"a\"", "a"),
            ("''a''", "'a'"),
            ("'a\"", "'a\""),
            ("'", "'"),
            ("", ""),
            ("2", "2"),
        ] {
            assert_eq!(bare(json!(text)), json!(expected), "{text}");
        }
    }

    #[test]
    fn lines_are_those_of_the_protocol() {
        let mut rich = RichResult::default();
        rich.data.insert("text/plain".to_owned(), json!("'x'"));
        rich.data.insert("image/png".to_owned(), json!("AAAA"));
        rich.data.insert("x/y".to_owned(), json!(1));
        let chart = json!({"type": "line"});
        rich.data
            .insert("application/vnd.sandcell.chart+json".to_owned(), chart);
        let line: Value = serde_json::from_slice(&Line::result(rich, true).to_bytes()).unwrap();
        let expected = json!({
            "type": "result", "is_main_result": true,
            "text": "x", "png": "AAAA", "chart": {"type": "line"}, "extra": {"x/y": 1},
        });
        assert_eq!(line, expected);
        assert_eq!(Line::Keepalive.to_bytes(), b"{\"type\":\"keepalive\"}\n");
        assert_eq!(
            Line::EndOfExecution.to_bytes(),
            b"{\"type\":\"end_of_execution\"}\n"
        );
    }
}
