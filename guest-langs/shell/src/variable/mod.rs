//! Variables, their attributes and their scopes.

mod assign;
mod scope;
mod special;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use assign::{AssignError, split_subscript};
pub(crate) use scope::{ScopeKind, Variables};
pub(crate) use special::Random;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Value {
    /// Declared, but without a value.
    #[default]
    Unset,
    Scalar(String),
    Indexed(BTreeMap<i64, String>),
    Associative(BTreeMap<String, String>),
}

/// What `declare` says of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    pub(crate) exported: bool,
    pub(crate) readonly: bool,
    pub(crate) integer: bool,
    pub(crate) lower: bool,
    pub(crate) upper: bool,
    /// A name of another variable.
    pub(crate) reference: bool,
    /// An array, though it has no value yet.
    pub(crate) indexed: bool,
    pub(crate) associative: bool,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    pub(crate) attributes: Attributes,
}

impl Variable {
    pub(crate) fn scalar(text: impl Into<String>) -> Self {
        Self {
            value: Value::Scalar(text.into()),
            attributes: Attributes::default(),
        }
    }

    pub(crate) fn list(items: impl IntoIterator<Item = String>) -> Self {
        Self {
            value: Value::Indexed((0..).zip(items).collect()),
            attributes: Attributes::default(),
        }
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.value, Value::Indexed(_) | Value::Associative(_))
            || self.attributes.indexed
            || self.attributes.associative
    }

    pub(crate) fn is_associative(&self) -> bool {
        matches!(self.value, Value::Associative(_)) || self.attributes.associative
    }

    /// The value without a subscript: that of element 0 of an array.
    pub(crate) fn first(&self) -> Option<&str> {
        match &self.value {
            Value::Unset => None,
            Value::Scalar(text) => Some(text),
            Value::Indexed(items) => items.get(&0).map(String::as_str),
            Value::Associative(items) => items.get("0").map(String::as_str),
        }
    }

    /// All values.
    pub(crate) fn values(&self) -> Vec<String> {
        match &self.value {
            Value::Unset => Vec::new(),
            Value::Scalar(text) => vec![text.clone()],
            Value::Indexed(items) => items.values().cloned().collect(),
            Value::Associative(items) => items.values().cloned().collect(),
        }
    }

    /// All subscripts.
    pub(crate) fn keys(&self) -> Vec<String> {
        match &self.value {
            Value::Unset => Vec::new(),
            Value::Scalar(_) => vec!["0".to_owned()],
            Value::Indexed(items) => items.keys().map(ToString::to_string).collect(),
            Value::Associative(items) => items.keys().cloned().collect(),
        }
    }

    /// The element of an indexed array; below 0 from the end.
    pub(crate) fn element(&self, index: i64) -> Option<&str> {
        match &self.value {
            Value::Indexed(items) => {
                let index = self.position(index)?;
                items.get(&index).map(String::as_str)
            }
            Value::Scalar(text) => (index == 0 || index == -1).then_some(text),
            _ => None,
        }
    }

    /// An index counted from the start; none if it lies before it.
    pub(crate) fn position(&self, index: i64) -> Option<i64> {
        if index >= 0 {
            return Some(index);
        }
        let end = match &self.value {
            Value::Indexed(items) => items.last_key_value().map_or(0, |(last, _)| last + 1),
            Value::Scalar(_) => 1,
            _ => 0,
        };
        Some(end + index).filter(|index| *index >= 0)
    }

    /// What it weighs, for the bound of all variables.
    pub(crate) fn weight(&self) -> usize {
        const EACH: usize = 48;
        EACH + match &self.value {
            Value::Unset => 0,
            Value::Scalar(text) => text.len(),
            Value::Indexed(items) => items.values().map(|text| text.len() + EACH).sum(),
            Value::Associative(items) => {
                let each = |(key, text): (&String, &String)| key.len() + text.len() + EACH;
                items.iter().map(each).sum()
            }
        }
    }

    /// The letters of `declare -p` and `${name@a}`.
    pub(crate) fn flags(&self) -> String {
        let attributes = self.attributes;
        let indexed = matches!(self.value, Value::Indexed(_)) || attributes.indexed;
        [
            ('a', indexed),
            ('A', self.is_associative()),
            ('i', attributes.integer),
            ('l', attributes.lower),
            ('n', attributes.reference),
            ('r', attributes.readonly),
            ('u', attributes.upper),
            ('x', attributes.exported),
        ]
        .iter()
        .filter(|(_, set)| *set)
        .map(|(letter, _)| letter)
        .collect()
    }
}
