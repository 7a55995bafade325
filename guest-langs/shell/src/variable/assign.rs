//! Assignments with all that attributes do to them.

use super::scope::NoRoom;
use super::{Value, Variable};
use crate::arith::{self, ArithmeticError, Names};
use crate::run::Shell;

/// Why a variable was not changed; bash's words.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AssignError {
    #[error("{0}: readonly variable")]
    Readonly(String),
    #[error("{0}: bad array subscript")]
    Subscript(String),
    #[error("`{0}': not a valid identifier")]
    Name(String),
    #[error("{0}: circular name reference")]
    Circular(String),
    #[error("{0}: cannot allocate memory for variables")]
    NoRoom(String),
    #[error("{0}: cannot assign list to array member")]
    ListToMember(String),
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl Shell {
    /// The variable that a name means, through name references, and the
    /// subscript that a reference brought.
    pub(crate) fn resolve(&self, name: &str) -> Result<(String, Option<String>), AssignError> {
        let mut name = name.to_owned();
        for _ in 0..8 {
            let Some(variable) = self.variables.get(&name) else {
                return Ok((name, None));
            };
            if !variable.attributes.reference {
                return Ok((name, None));
            }
            let Some(target) = variable.first().filter(|target| !target.is_empty()) else {
                return Ok((name, None));
            };
            if let Some((base, subscript)) = split_subscript(target) {
                return Ok((base.to_owned(), Some(subscript.to_owned())));
            }
            name = target.to_owned();
        }
        Err(AssignError::Circular(name))
    }

    /// `name[subscript]=value` or `+=`.
    pub(crate) fn assign(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        value: &str,
        append: bool,
    ) -> Result<(), AssignError> {
        self.assign_level(name, subscript, value, append, 0)
    }

    fn assign_level(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        value: &str,
        append: bool,
        level: u32,
    ) -> Result<(), AssignError> {
        let (name, through) = self.resolve(name)?;
        let subscript = subscript.map(str::to_owned).or(through);
        let variable = self.variables.get(&name);
        let attributes = variable.map(|v| v.attributes).unwrap_or_default();
        if attributes.readonly {
            return Err(AssignError::Readonly(name));
        }
        let is_associative = variable.is_some_and(Variable::is_associative);
        let is_array = variable.is_some_and(Variable::is_array);
        let key = match subscript {
            Some(key) if is_associative => Some(key),
            Some(text) if text == "@" || text == "*" => {
                return Err(AssignError::Subscript(format!("{name}[{text}]")));
            }
            Some(text) => {
                let index = arith::evaluate(&text, self, level)?;
                let position = self.variables.get(&name).map_or_else(
                    || Some(index).filter(|index| *index >= 0),
                    |variable| variable.position(index),
                );
                let Some(position) = position else {
                    return Err(AssignError::Subscript(format!("{name}[{text}]")));
                };
                Some(position.to_string())
            }
            None if is_array => Some("0".to_owned()),
            None => None,
        };
        let value = self.converted(&name, key.as_deref(), value, append, level)?;
        self.store(&name, key, value)?;
        self.assigned(&name);
        Ok(())
    }

    /// The value that is stored: after `+=`, `-i`, `-l`, `-u`.
    fn converted(
        &mut self,
        name: &str,
        key: Option<&str>,
        value: &str,
        append: bool,
        level: u32,
    ) -> Result<String, AssignError> {
        let variable = self.variables.get(name);
        let attributes = variable.map(|v| v.attributes).unwrap_or_default();
        let before = if append {
            variable
                .and_then(|variable| member(variable, key))
                .map(str::to_owned)
        } else {
            None
        };
        let mut value = value.to_owned();
        if attributes.integer {
            let mut number = arith::evaluate(&value, self, level)?;
            if let Some(before) = before {
                number = number.wrapping_add(arith::evaluate(&before, self, level)?);
            }
            value = number.to_string();
        } else if let Some(mut before) = before {
            before.push_str(&value);
            value = before;
        }
        if attributes.lower {
            value = value.to_lowercase();
        } else if attributes.upper {
            value = value.to_uppercase();
        }
        Ok(value)
    }

    fn store(&mut self, name: &str, key: Option<String>, value: String) -> Result<(), AssignError> {
        let exported = self.options.all_export;
        let old = self
            .variables
            .get(name)
            .and_then(|v| member(v, key.as_deref()));
        let old = old.map_or(0, str::len);
        let more = value.len() + key.as_ref().map_or(0, |key| key.len() + 48);
        let put = |variable: &mut Variable| {
            variable.attributes.exported |= exported;
            let Some(key) = key else {
                variable.value = Value::Scalar(value);
                return;
            };
            if variable.is_associative() {
                if !matches!(variable.value, Value::Associative(_)) {
                    variable.value = Value::Associative([].into());
                }
            } else if !matches!(variable.value, Value::Indexed(_)) {
                let first = variable.first().map(str::to_owned);
                variable.value =
                    Value::Indexed(first.map(|first| (0, first)).into_iter().collect());
            }
            match &mut variable.value {
                Value::Associative(items) => {
                    items.insert(key, value);
                }
                Value::Indexed(items) => {
                    items.insert(key.parse().unwrap_or(0), value);
                }
                _ => {}
            }
        };
        self.variables
            .change(name, more, put)
            .map_err(|NoRoom| AssignError::NoRoom(name.to_owned()))?;
        self.variables.forget(old + name.len());
        Ok(())
    }

    /// Puts a whole variable, keeping its attributes.
    pub(crate) fn assign_value(&mut self, name: &str, value: Value) -> Result<(), AssignError> {
        let (name, _) = self.resolve(name)?;
        let attributes = self
            .variables
            .get(&name)
            .map(|v| v.attributes)
            .unwrap_or_default();
        if attributes.readonly {
            return Err(AssignError::Readonly(name));
        }
        self.put(&name, Variable { value, attributes })?;
        self.assigned(&name);
        Ok(())
    }

    /// Puts a variable, attributes and all.
    pub(crate) fn put(&mut self, name: &str, variable: Variable) -> Result<(), AssignError> {
        self.variables
            .put(name, variable)
            .map_err(|NoRoom| AssignError::NoRoom(name.to_owned()))
    }

    /// Sets a variable of the shell's own; what cannot be set stays.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let _stays_if_readonly = self.assign(name, None, value, false);
    }

    /// Sets an array of the shell's own.
    pub(crate) fn set_list(&mut self, name: &str, items: impl IntoIterator<Item = String>) {
        let value = Variable::list(items).value;
        let _stays_if_readonly = self.assign_value(name, value);
    }

    /// `unset name` or `unset name[subscript]`.
    pub(crate) fn unset(&mut self, name: &str, subscript: Option<&str>) -> Result<(), AssignError> {
        let (name, _) = self.resolve(name)?;
        let Some(variable) = self.variables.get(&name) else {
            return Ok(());
        };
        if variable.attributes.readonly {
            return Err(AssignError::Readonly(name));
        }
        let Some(subscript) = subscript else {
            self.variables.remove(&name);
            return Ok(());
        };
        let mut variable = variable.clone();
        match &mut variable.value {
            Value::Associative(items) => {
                items.remove(subscript);
            }
            _ if subscript == "@" || subscript == "*" => variable.value = Value::Unset,
            Value::Indexed(_) | Value::Scalar(_) => {
                let index = arith::evaluate(subscript, self, 0)?;
                let Some(index) = variable.position(index) else {
                    return Err(AssignError::Subscript(format!("{name}[{subscript}]")));
                };
                if let Value::Indexed(items) = &mut variable.value {
                    items.remove(&index);
                } else if index == 0 {
                    variable.value = Value::Unset;
                }
            }
            Value::Unset => {}
        }
        self.put(&name, variable)
    }
}

fn member<'a>(variable: &'a Variable, key: Option<&str>) -> Option<&'a str> {
    match (&variable.value, key) {
        (Value::Associative(items), Some(key)) => items.get(key).map(String::as_str),
        (Value::Indexed(items), Some(key)) => key
            .parse()
            .ok()
            .and_then(|key: i64| items.get(&key))
            .map(String::as_str),
        (_, None | Some("0")) => variable.first(),
        _ => None,
    }
}

/// `name[subscript]` in its parts.
pub(crate) fn split_subscript(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('[')?;
    let subscript = rest.strip_suffix(']')?;
    crate::syntax::is_name(name).then_some((name, subscript))
}

impl Names for Shell {
    fn read(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        level: u32,
    ) -> Result<Option<String>, ArithmeticError> {
        let (name, through) = self.resolve(name).map_err(|error| reason(name, &error))?;
        let subscript = subscript.map(str::to_owned).or(through);
        let Some(subscript) = subscript else {
            let value = self.value(&name);
            if value.is_none() && self.options.no_unset {
                return Err(ArithmeticError::new(&name, "unbound variable", &name));
            }
            return Ok(value);
        };
        let Some(variable) = self.variable(&name) else {
            return Ok(None);
        };
        if let Value::Associative(items) = &variable.value {
            return Ok(items.get(&subscript).cloned());
        }
        let variable = variable.into_owned();
        let index = arith::evaluate(&subscript, self, level)?;
        Ok(variable.element(index).map(str::to_owned))
    }

    fn write(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        value: i64,
        level: u32,
    ) -> Result<(), ArithmeticError> {
        self.assign_level(name, subscript, &value.to_string(), false, level)
            .map_err(|error| reason(name, &error))
    }
}

fn reason(name: &str, error: &AssignError) -> ArithmeticError {
    match error {
        AssignError::Arithmetic(error) => error.clone(),
        other => ArithmeticError::new(name, other.to_string(), name),
    }
}
