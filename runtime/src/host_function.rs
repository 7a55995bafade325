//! Functions of the host that guests may call.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::guest::order::FunctionNotice;

type Answer = Pin<Box<dyn Future<Output = std::result::Result<Value, HostError>> + Send>>;
type Body = Arc<dyn Fn(Value) -> Answer + Send + Sync>;

tokio::task_local! {
    /// The worker on whose behalf a task runs, by its number in the process.
    pub(crate) static WITHIN: u64;
}

/// Names longer than this are refused.
const NAME_BYTES: usize = 128;

/// What a host function says when it fails: an exception in the guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
#[non_exhaustive]
pub struct HostError {
    /// A short name of the kind of failure, shown to the guest.
    pub name: String,
    /// What went wrong, shown to the guest.
    pub message: String,
}

impl HostError {
    /// A failure with the name `HostError`.
    pub fn new(message: impl Into<String>) -> Self {
        Self::named("HostError", message)
    }

    /// A failure with a name of its own.
    pub fn named(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
        }
    }
}

/// A function of the host.
#[derive(Clone)]
pub(crate) struct HostFunction {
    schema: Option<Value>,
    doc: Option<String>,
    /// There for guests of the sandbox's own image only.
    own: bool,
    body: Body,
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunction")
            .field("doc", &self.doc)
            .finish_non_exhaustive()
    }
}

impl HostFunction {
    pub(crate) fn call(&self, arguments: Value) -> Answer {
        (self.body)(arguments)
    }

    /// What the body is given for a call, see
    /// [`crate::SandboxBuilder::host_function`].
    pub(crate) fn arguments(
        &self,
        positional: Vec<Value>,
        mut named: Map<String, Value>,
    ) -> std::result::Result<Value, HostError> {
        if positional.is_empty() {
            return Ok(Value::Object(named));
        }
        let Some(schema) = &self.schema else {
            if named.is_empty() {
                return Ok(one_or_array(positional));
            }
            return Err(HostError::named(
                "TypeError",
                "positional and named arguments cannot be mixed: the function has no schema",
            ));
        };
        let mut names = parameter_names(schema).into_iter();
        for value in positional {
            let Some(name) = names.next() else {
                return Err(HostError::named(
                    "TypeError",
                    "too many positional arguments",
                ));
            };
            if named.contains_key(&name) {
                let message = format!("argument `{name}` is given twice");
                return Err(HostError::named("TypeError", message));
            }
            named.insert(name, value);
        }
        Ok(Value::Object(named))
    }
}

/// A single argument as it is, several as an array.
fn one_or_array(mut positional: Vec<Value>) -> Value {
    match positional.pop() {
        Some(only) if positional.is_empty() => only,
        last => {
            positional.extend(last);
            Value::Array(positional)
        }
    }
}

/// Names of the parameters in a JSON schema: the required ones in their order,
/// then the others by name.
fn parameter_names(schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let mut names: Vec<String> = required
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    for name in properties.into_iter().flat_map(Map::keys) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The host functions of a sandbox, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct HostFunctions {
    by_name: BTreeMap<String, HostFunction>,
}

impl HostFunctions {
    pub(crate) fn add<F, A>(&mut self, name: &str, schema: Option<Value>, body: F) -> Result<()>
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = std::result::Result<Value, HostError>> + Send + 'static,
    {
        check_name(name)?;
        let doc = schema
            .as_ref()
            .and_then(|schema| schema.get("description"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let function = HostFunction {
            schema,
            doc,
            own: false,
            body: Arc::new(move |arguments| Box::pin(body(arguments))),
        };
        self.by_name.insert(name.to_owned(), function);
        Ok(())
    }

    /// Keeps a function from guests of other images than the sandbox's own.
    pub(crate) fn keep_own(&mut self, name: &str) {
        if let Some(function) = self.by_name.get_mut(name) {
            function.own = true;
        }
    }

    /// Those for guests of other images.
    pub(crate) fn of_others(&self) -> Self {
        let mut by_name = self.by_name.clone();
        by_name.retain(|_, function| !function.own);
        Self { by_name }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&HostFunction> {
        self.by_name.get(name)
    }

    pub(crate) fn notices(&self) -> Vec<FunctionNotice> {
        self.by_name
            .iter()
            .map(|(name, function)| FunctionNotice {
                name: name.clone(),
                doc: function.doc.clone(),
                schema: function.schema.clone(),
            })
            .collect()
    }
}

fn check_name(name: &str) -> Result<()> {
    let mut characters = name.chars();
    let starts_well = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on_well = characters.all(|next| next.is_ascii_alphanumeric() || next == '_');
    if starts_well && goes_on_well && name.len() <= NAME_BYTES {
        return Ok(());
    }
    Err(Error::BadSetting {
        setting: "host_function",
        value: name.chars().take(NAME_BYTES).collect(),
        reason: "a name is a letter or _ and then letters, digits and _, 128 at most".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn positional_arguments_get_names_from_the_schema() {
        let mut functions = HostFunctions::default();
        let schema = json!({"properties": {"b": {}, "a": {}, "z": {}}, "required": ["z"]});
        functions
            .add("f", Some(schema), |value| async { Ok(value) })
            .unwrap();
        functions
            .add("g", None, |value| async { Ok(value) })
            .unwrap();
        let check = |name: &str, positional: Value, named: Value, expected: Option<Value>| {
            let function = functions.get(name).unwrap();
            let positional = positional.as_array().unwrap().clone();
            let named = named.as_object().unwrap().clone();
            assert_eq!(function.arguments(positional, named).ok(), expected);
        };
        check("f", json!([1, 2]), json!({}), Some(json!({"z": 1, "a": 2})));
        check(
            "f",
            json!([1]),
            json!({"b": 3}),
            Some(json!({"z": 1, "b": 3})),
        );
        check("f", json!([1]), json!({"z": 3}), None);
        check("f", json!([1, 2, 3, 4]), json!({}), None);
        check("g", json!([]), json!({}), Some(json!({})));
        check("g", json!(["x"]), json!({}), Some(json!("x")));
        check("g", json!([1, 2]), json!({}), Some(json!([1, 2])));
        check("g", json!([1]), json!({"a": 1}), None);
    }

    #[test]
    fn names_are_identifiers() {
        for good in ["a", "_x1", "lookup_user"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "a-b", "a b", "ä", &"a".repeat(129)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
