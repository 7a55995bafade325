//! Parameters: which value a `$...` means.

use std::sync::Arc;

use super::field::Fields;
use super::word::Place;
use crate::run::{Flow, Shell};
use crate::syntax::ast::{Operation, Parameter, Subscript, Word};
use crate::variable::{Value, split_subscript};

/// What a parameter stands for.
#[derive(Debug, Clone)]
pub(super) enum Got {
    /// One value, if it is set.
    One(Option<String>),
    /// `$@`, `$*`, all elements of an array.
    All { items: Vec<String>, star: bool },
}

/// A parameter after its name, its indirection and its subscript were read.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    pub(super) name: String,
    /// An element's subscript.
    pub(super) key: Option<String>,
    pub(super) all: Option<bool>,
}

impl Meant {
    /// As messages name it.
    pub(super) fn shown(&self) -> String {
        match (&self.key, self.all) {
            (Some(key), _) => format!("{}[{key}]", self.name),
            (None, Some(_)) if crate::syntax::is_name(&self.name) => format!("{}[@]", self.name),
            _ => self.name.clone(),
        }
    }
}

impl Shell {
    pub(super) async fn expand_parameter(
        &mut self,
        parameter: &Arc<Parameter>,
        fields: &mut Fields,
        quoted: bool,
    ) -> Result<(), Flow> {
        match &parameter.operation {
            Operation::Bad(text) => {
                self.complain(&format!("${{{text}}}: bad substitution"))
                    .await;
                return Err(Flow::Discard(1));
            }
            Operation::Names { star } => {
                let prefix = parameter.name.as_str();
                let names = self.variables.names().into_iter();
                let names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
                fields.list(&names, quoted, *star);
                return Ok(());
            }
            Operation::Keys => {
                let star = matches!(parameter.subscript, Some(Subscript::Star));
                let keys = self.keys(&parameter.name);
                fields.list(&keys, quoted, star);
                return Ok(());
            }
            _ => {}
        }
        let Some(meant) = self.meant(parameter).await? else {
            return Ok(());
        };
        let got = self.got(&meant).await?;
        self.operate(parameter, &meant, got, fields, quoted).await
    }

    fn keys(&self, name: &str) -> Vec<String> {
        let name = self
            .resolve(name)
            .map_or_else(|_| name.to_owned(), |(name, _)| name);
        self.variable(&name)
            .map(|variable| variable.keys())
            .unwrap_or_default()
    }

    /// The parameter that is meant, through `!`. Nothing if that failed and was
    /// told.
    async fn meant(&mut self, parameter: &Parameter) -> Result<Option<Meant>, Flow> {
        let mut meant = Meant {
            name: parameter.name.clone(),
            key: None,
            all: match parameter.name.as_str() {
                "@" => Some(false),
                "*" => Some(true),
                _ => None,
            },
        };
        match &parameter.subscript {
            None => {}
            Some(Subscript::All) => meant.all = Some(false),
            Some(Subscript::Star) => meant.all = Some(true),
            Some(Subscript::Word(word)) => meant.key = Some(self.expand_text(word).await?),
        }
        if !parameter.indirect {
            return Ok(Some(meant));
        }
        let is_reference = |name: &str| {
            self.variables
                .get(name)
                .is_some_and(|variable| variable.attributes.reference)
        };
        if meant.key.is_none() && meant.all.is_none() && is_reference(&meant.name) {
            // `${!ref}` is the name that a reference holds.
            let target = self.variables.get(&meant.name).and_then(|v| v.first());
            let target = target.unwrap_or_default().to_owned();
            return Ok(Some(Meant {
                name: String::new(),
                key: Some(target),
                all: None,
            }));
        }
        let target = match self.got(&meant).await? {
            Got::One(Some(target)) => target,
            Got::One(None) => {
                self.complain(&format!("{}: invalid indirect expansion", meant.shown()))
                    .await;
                return Err(Flow::Discard(1));
            }
            Got::All { items, .. } => items.join(" "),
        };
        let special = ["@", "*", "?", "$", "#", "!", "-"].contains(&target.as_str())
            || target.parse::<u32>().is_ok();
        let found = if let Some((name, key)) = split_subscript(&target) {
            let all = match key {
                "@" => Some(false),
                "*" => Some(true),
                _ => None,
            };
            let key = all.is_none().then(|| key.to_owned());
            Meant {
                name: name.to_owned(),
                key,
                all,
            }
        } else if special || crate::syntax::is_name(&target) {
            let all = match target.as_str() {
                "@" => Some(false),
                "*" => Some(true),
                _ => None,
            };
            Meant {
                name: target,
                key: None,
                all,
            }
        } else {
            self.complain(&format!("{target}: invalid variable name"))
                .await;
            return Err(Flow::Discard(1));
        };
        Ok(Some(found))
    }

    /// The value or values of a parameter.
    pub(super) async fn got(&mut self, meant: &Meant) -> Result<Got, Flow> {
        if meant.name.is_empty() {
            return Ok(Got::One(meant.key.clone()));
        }
        if let Some(star) = meant.all {
            if meant.name == "@" || meant.name == "*" {
                let items = self.positional.as_ref().clone();
                return Ok(Got::All { items, star });
            }
            let name = self
                .resolve(&meant.name)
                .map_or_else(|_| meant.name.clone(), |(name, _)| name);
            let items = self.variable(&name).map(|variable| variable.values());
            let items = items.unwrap_or_default();
            return Ok(Got::All { items, star });
        }
        let Some(key) = &meant.key else {
            let value = self.special(&meant.name);
            return Ok(Got::One(value.or_else(|| self.value(&meant.name))));
        };
        let (name, _) = self
            .resolve(&meant.name)
            .unwrap_or_else(|_| (meant.name.clone(), None));
        let Some(variable) = self.variable(&name) else {
            return Ok(Got::One(None));
        };
        if let Value::Associative(items) = &variable.value {
            return Ok(Got::One(items.get(key).cloned()));
        }
        // The subscript may change variables: look again behind it.
        drop(variable);
        let index = self.arithmetic(key).await?;
        let variable = self.variable(&name);
        let found = variable
            .as_ref()
            .and_then(|variable| variable.element(index));
        Ok(Got::One(found.map(str::to_owned)))
    }

    /// Expands the word of an operation in place of the value.
    pub(super) async fn operand(
        &mut self,
        word: &Word,
        fields: &mut Fields,
        quoted: bool,
    ) -> Result<(), Flow> {
        let place = if quoted {
            Place::Quoted
        } else {
            Place::Operand
        };
        if word.is_empty() && quoted {
            fields.quoted("");
        }
        self.expand_into(&word.parts, fields, place).await
    }
}
