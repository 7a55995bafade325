//! The description of the HTTP interface at `/openapi.json`.
//!
//! Rooms describe their own calls, with the structs that they parse and render.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// A description that grows call by call.
#[derive(Debug)]
pub(crate) struct Document {
    paths: Map<String, Value>,
    schemas: SchemaGenerator,
}

/// One call of the description.
#[derive(Debug)]
pub(crate) struct Call<'d> {
    document: &'d mut Document,
    method: &'static str,
    path: &'static str,
    operation: Map<String, Value>,
    parameters: Vec<Value>,
    answers: Map<String, Value>,
}

impl Document {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12();
        let settings = settings.with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            paths: Map::new(),
            schemas: settings.into_generator(),
        }
    }

    /// Adds a call; it is in the description when it is dropped. Parts of the path
    /// in braces are texts.
    pub(crate) fn call(
        &mut self,
        method: &'static str,
        path: &'static str,
        summary: &str,
    ) -> Call<'_> {
        let names = path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            Some(json!({
                "name": name, "in": "path", "required": true, "schema": {"type": "string"},
            }))
        });
        let parameters = names.collect();
        let mut operation = Map::new();
        operation.insert("summary".to_owned(), json!(summary));
        Call {
            document: self,
            method,
            path,
            operation,
            parameters,
            answers: Map::new(),
        }
    }

    /// The whole description.
    pub(crate) fn finish(mut self) -> Value {
        let schemas = self.schemas.take_definitions(true);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Sandcell: E2B's protocol on this machine",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
                    "token": {"type": "apiKey", "in": "header", "name": "X-Access-Token"},
                },
            },
        })
    }
}

impl Call<'_> {
    /// What of the query is looked at.
    pub(crate) fn query<T: JsonSchema>(mut self) -> Self {
        let schema = self.document.schemas.root_schema_for::<T>();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            self.parameters
                .push(json!({"name": name, "in": "query", "schema": schema}));
        }
        self
    }

    /// The object that is sent.
    pub(crate) fn body<T: JsonSchema>(mut self) -> Self {
        let schema = self.document.schemas.subschema_for::<T>();
        let content = json!({"content": {"application/json": {"schema": schema}}});
        self.operation.insert("requestBody".to_owned(), content);
        self
    }

    /// Bytes are sent.
    pub(crate) fn bytes(mut self) -> Self {
        let content = json!({"content": {
            "application/octet-stream": {},
            "multipart/form-data": {},
        }});
        self.operation.insert("requestBody".to_owned(), content);
        self
    }

    /// The answer when all goes well, as JSON.
    pub(crate) fn answers<T: JsonSchema>(mut self, status: u16) -> Self {
        let schema = self.document.schemas.subschema_for::<T>();
        let answer = json!({
            "description": "as asked",
            "content": {"application/json": {"schema": schema}},
        });
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// The answer when all goes well, without or with another body.
    pub(crate) fn ends(mut self, status: u16) -> Self {
        let answer = json!({"description": "as asked"});
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// Other answers.
    pub(crate) fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            let answer = json!({"description": "refused, for a reason that the body tells"});
            self.answers.insert(status.to_string(), answer);
        }
        self
    }

    /// Who asks shows the key of the control plane, or a sandbox's token.
    pub(crate) fn with(mut self, scheme: &str) -> Self {
        let empty: [&str; 0] = [];
        self.operation
            .insert("security".to_owned(), json!([{scheme: empty}]));
        self
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut operation = std::mem::take(&mut self.operation);
        let parameters = std::mem::take(&mut self.parameters);
        operation.insert("parameters".to_owned(), Value::from(parameters));
        let answers = std::mem::take(&mut self.answers);
        operation.insert("responses".to_owned(), Value::from(answers));
        let path = self.document.paths.entry(self.path).or_insert(json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(self.method.to_owned(), Value::from(operation));
        }
    }
}

/// The calls `METHOD /path` of a description.
#[cfg(test)]
pub(crate) fn calls(description: &Value) -> std::collections::BTreeSet<String> {
    let paths = description["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

/// The calls `METHOD /path` that a router's source text names.
#[cfg(test)]
pub(crate) fn routes(source: &str, below: &str) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let mut quoted = part.split('"');
        let path = quoted.nth(1).unwrap_or_default();
        let rest = part.split_once(path).map_or("", |(_, rest)| rest);
        let rest = rest.split(".fallback").next().unwrap_or_default();
        for method in ["get", "post", "put", "delete"] {
            if rest.contains(&format!("{method}(")) {
                found.insert(format!("{} {below}{path}", method.to_uppercase()));
            }
        }
    }
    found
}
