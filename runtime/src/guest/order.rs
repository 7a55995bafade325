//! What the host tells a guest: renewal and execution options.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// See "Renewal" in docs/guest-abi.md.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Renewal {
    pub(crate) entropy: String,
    /// The guest goes on as itself: its random states stay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) resumed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) functions: Vec<FunctionNotice>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) environment: BTreeMap<String, String>,
}

/// A host function, as the guest is told of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FunctionNotice {
    pub(crate) name: String,
    pub(crate) doc: Option<String>,
    pub(crate) schema: Option<Value>,
}

/// See "Execution options" in docs/guest-abi.md.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct ExecutionOptions {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) env: BTreeMap<String, Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cwd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) argv: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stdin: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) silent: bool,
}

impl ExecutionOptions {
    /// The bytes for the guest: none when nothing is set.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        serde_json::to_vec(self)
    }
}

/// How an execution ended, as the guest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Finished,
    Raised,
    Interrupted,
    Failed,
}

impl Status {
    /// Anything unknown counts as a failure of the guest's kernel.
    pub(crate) fn from_raw(raw: i32) -> Self {
        match raw {
            0 => Self::Finished,
            1 => Self::Raised,
            2 => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}
