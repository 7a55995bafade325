//! Values as people want to see them.

use serde_json::{Map, Value};

/// A value in one or more MIME types, as Jupyter knows it. Binary types are
/// base64 text; `application/json` is any JSON.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RichResult {
    /// Contents by MIME type.
    pub data: Map<String, Value>,
    /// Hints by MIME type, for example the size of a picture.
    pub metadata: Map<String, Value>,
    /// The name under which it can be updated.
    pub display_id: Option<String>,
}

impl RichResult {
    /// The `text/plain` form: what `repr` says.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.get("text/plain")
    }

    /// The `text/html` form.
    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.get("text/html")
    }

    /// The text of one MIME type, if it is there and is text.
    #[must_use]
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.data.get(mime).and_then(Value::as_str)
    }
}
