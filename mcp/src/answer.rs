//! What a tool answers: content for a model to read, and the same as data.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

/// The answer of a tool.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) content: Vec<ContentBlock>,
    pub(crate) data: Map<String, Value>,
    /// What was asked for did not come about: code raised, a file is missing.
    pub(crate) failed: bool,
}

impl Answer {
    /// A sentence.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![ContentBlock::text(text)],
            ..Self::default()
        }
    }

    /// With a member of its data.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

impl From<Answer> for CallToolResult {
    fn from(answer: Answer) -> Self {
        let mut result = if answer.failed {
            Self::error(answer.content)
        } else {
            Self::success(answer.content)
        };
        result.structured_content = Some(Value::Object(answer.data));
        result
    }
}

/// Why a tool did nothing. The model is told, and may do better.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The arguments are not those of the tool.
    #[error("the arguments are not as expected: {0}")]
    Arguments(String),
    /// A sandbox that is not on the desk.
    #[error(
        "there is no sandbox `{0}` here: it was ended, lay unused for too long, or is another client's"
    )]
    NoSandbox(String),
    /// A context that the sandbox does not have.
    #[error("there is no context `{0}` in this sandbox; `list_contexts` lists those that are")]
    NoContext(String),
    /// A snapshot that is not on the desk.
    #[error("there is no snapshot `{0}` here")]
    NoSnapshot(String),
    /// A language that is not there.
    #[error("there is no language `{asked}`; there is {there}")]
    NoLanguage {
        /// As it was asked for.
        asked: String,
        /// What there is.
        there: String,
    },
    /// As many as may be.
    #[error("there are {allowed} {what} and no more are allowed; {way_out}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        allowed: usize,
        /// What makes room.
        way_out: &'static str,
    },
    /// A file or folder cannot be had.
    #[error("{path}: {error}")]
    File {
        /// Which one.
        path: String,
        /// Why.
        error: Box<sandcell::Error>,
    },
    /// The runtime says no.
    #[error(transparent)]
    Runtime(Box<sandcell::Error>),
}

impl From<sandcell::Error> for Refusal {
    fn from(error: sandcell::Error) -> Self {
        Self::Runtime(Box::new(error))
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            failed: true,
            ..Self::text(refusal.to_string())
        }
    }
}
