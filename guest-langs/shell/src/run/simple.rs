//! Simple commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Flow, Found, Run, Shell, Trap};
use crate::syntax::ast::{Argument, AssignedValue, Assignment, Element, Simple};
use crate::text::quote_if_needed;
use crate::variable::{AssignError, ScopeKind, Value, Variable};

/// The words of a command, expanded.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) words: Vec<String>,
    /// Words that were `name=( ... )`, by their place.
    pub(crate) arrays: BTreeMap<usize, ArrayArgument>,
}

/// `name=( ... )` as an argument.
#[derive(Debug)]
pub(crate) struct ArrayArgument {
    pub(crate) name: String,
    pub(crate) append: bool,
    pub(crate) items: Vec<Item>,
}

/// One element of an array's value, expanded.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) key: Option<String>,
    pub(crate) append: bool,
    pub(crate) value: String,
}

impl Shell {
    pub(super) async fn run_simple(&mut self, simple: &Arc<Simple>) -> Run {
        self.line = simple.line;
        self.substitution_status = None;
        self.expanded = (0, 0);
        if self.traps.contains_key(&Trap::Debug) && self.trapping.is_none() {
            let hidden = self.frames.iter().any(|frame| frame.is_function);
            if !hidden || self.options.function_trace {
                Box::pin(self.run_trap(Trap::Debug)).await?;
            }
        }
        let substitutions = self.substitutions.len();
        let run = self.run_expanded(simple).await;
        for number in self.substitutions.split_off(substitutions) {
            self.descriptors.remove(&number);
        }
        run
    }

    async fn run_expanded(&mut self, simple: &Simple) -> Run {
        let may_exec = std::mem::take(&mut self.may_exec);
        let arguments = self.expand_arguments(&simple.words).await?;
        let Some(name) = arguments.words.first() else {
            return self.run_assignments(simple).await;
        };
        let found = self.find_command(name).await;
        let is_exec = name == "exec" && matches!(found, Found::Builtin);
        let before = self.descriptors.clone();
        if !self.redirect(&simple.redirects).await? {
            self.descriptors = before;
            return Ok(1);
        }
        let scopes = self.variables.depth();
        let run = match self.temporary(&simple.assignments).await {
            Ok(true) => {
                self.trace_command(&arguments.words).await;
                self.may_exec = may_exec;
                let run = self.run_found(&found, &arguments).await;
                self.may_exec = false;
                run
            }
            Ok(false) => Ok(1),
            Err(flow) => Err(flow),
        };
        self.variables.truncate(scopes);
        // Redirections of `exec` without a command stay.
        if !is_exec || arguments.words.len() > 1 || run != Ok(0) {
            self.descriptors = before;
        }
        if let Some(last) = arguments.words.last() {
            self.set("_", last);
        }
        run
    }

    /// Words of a command; assignments after `declare` stay one word each.
    async fn expand_arguments(&mut self, words: &[Argument]) -> Result<Arguments, Flow> {
        let mut arguments = Arguments::default();
        for word in words {
            match word {
                Argument::Word(word) => {
                    let more = self.expand_words(std::slice::from_ref(word)).await?;
                    arguments.words.extend(more);
                }
                Argument::Assignment(assignment) => {
                    let at = arguments.words.len();
                    let name = match &assignment.subscript {
                        Some(subscript) => {
                            let subscript = self.expand_text(subscript).await?;
                            format!("{}[{subscript}]", assignment.name)
                        }
                        None => assignment.name.clone(),
                    };
                    match &assignment.value {
                        AssignedValue::Word(word) => {
                            let value = self.expand_assigned(word).await?;
                            let sign = if assignment.append { "+=" } else { "=" };
                            arguments.words.push(format!("{name}{sign}{value}"));
                        }
                        AssignedValue::Array(elements) => {
                            let items = self.expand_elements(elements).await?;
                            arguments.words.push(name.clone());
                            let append = assignment.append;
                            arguments.arrays.insert(
                                at,
                                ArrayArgument {
                                    name,
                                    append,
                                    items,
                                },
                            );
                        }
                    }
                }
            }
        }
        Ok(arguments)
    }

    async fn expand_elements(&mut self, elements: &[Element]) -> Result<Vec<Item>, Flow> {
        let mut items = Vec::new();
        for element in elements {
            match &element.subscript {
                Some(subscript) => {
                    let key = Some(self.expand_text(subscript).await?);
                    let value = self.expand_assigned(&element.value).await?;
                    let append = element.append;
                    items.push(Item { key, append, value });
                }
                None => {
                    let word = std::slice::from_ref(&element.value);
                    let values = self.expand_words(word).await?;
                    items.extend(values.into_iter().map(|value| Item {
                        key: None,
                        append: false,
                        value,
                    }));
                }
            }
        }
        Ok(items)
    }

    /// Assignments without a command: they stay.
    async fn run_assignments(&mut self, simple: &Simple) -> Run {
        let before = self.descriptors.clone();
        let redirected = self.redirect(&simple.redirects).await?;
        self.descriptors = before;
        if !redirected {
            return Ok(1);
        }
        for assignment in &simple.assignments {
            if let Err(error) = self.run_assignment(assignment).await? {
                self.complain(&error.to_string()).await;
                self.status = 1;
                return Err(Flow::Discard(1));
            }
        }
        Ok(self.substitution_status.unwrap_or(0))
    }

    async fn run_assignment(
        &mut self,
        assignment: &Assignment,
    ) -> Result<Result<(), AssignError>, Flow> {
        let name = &assignment.name;
        match &assignment.value {
            AssignedValue::Word(word) => {
                let value = self.expand_assigned(word).await?;
                let subscript = match &assignment.subscript {
                    Some(subscript) => Some(self.expand_text(subscript).await?),
                    None => None,
                };
                if self.options.trace {
                    let sign = if assignment.append { "+=" } else { "=" };
                    self.trace(&format!("{name}{sign}{}", quote_if_needed(&value)))
                        .await;
                }
                Ok(self.assign(name, subscript.as_deref(), &value, assignment.append))
            }
            AssignedValue::Array(elements) => {
                if assignment.subscript.is_some() {
                    return Ok(Err(AssignError::ListToMember(name.clone())));
                }
                let items = self.expand_elements(elements).await?;
                Ok(self.assign_items(name, assignment.append, items))
            }
        }
    }

    /// `name=( ... )`.
    pub(crate) fn assign_items(
        &mut self,
        name: &str,
        append: bool,
        items: Vec<Item>,
    ) -> Result<(), AssignError> {
        let (name, _) = self.resolve(name)?;
        let empty = Variable::default();
        let variable = self.variables.get(&name).unwrap_or(&empty);
        let attributes = variable.attributes;
        if attributes.readonly {
            return Err(AssignError::Readonly(name));
        }
        let is_associative = variable.is_associative();
        let stays = append && matches!(variable.value, Value::Indexed(_) | Value::Associative(_));
        let mut next = match &variable.value {
            Value::Indexed(items) if stays => {
                items.last_key_value().map_or(0, |(last, _)| last + 1)
            }
            _ => 0,
        };
        if !stays {
            let first = variable.first().filter(|_| append).map(str::to_owned);
            let value = if is_associative {
                Value::Associative(BTreeMap::new())
            } else {
                next = i64::from(first.is_some());
                Value::Indexed(first.map(|first| (0, first)).into_iter().collect())
            };
            self.put(&name, Variable { value, attributes })?;
        }
        if is_associative && items.iter().all(|item| item.key.is_none()) {
            // Keys and values in turn.
            for pair in items.chunks(2) {
                let key = pair.first().map_or("", |item| item.value.as_str());
                let value = pair.get(1).map_or("", |item| item.value.as_str());
                self.assign(&name, Some(key), value, false)?;
            }
            return Ok(());
        }
        for item in items {
            let key = match item.key {
                Some(key) if is_associative => key,
                Some(key) => {
                    let index = crate::arith::evaluate(&key, self, 0)?;
                    next = index;
                    index.to_string()
                }
                None => next.to_string(),
            };
            next = next.wrapping_add(1);
            self.assign(&name, Some(&key), &item.value, item.append)?;
        }
        Ok(())
    }

    /// Assignments before a command: they live as long as it runs. `false` if
    /// one failed, and was told.
    async fn temporary(&mut self, assignments: &[Assignment]) -> Result<bool, Flow> {
        if assignments.is_empty() {
            return Ok(true);
        }
        self.variables.push(ScopeKind::Temporary);
        for assignment in assignments {
            let value = match &assignment.value {
                AssignedValue::Word(word) => self.expand_assigned(word).await?,
                AssignedValue::Array(_) => String::new(),
            };
            let before = self.variables.get(&assignment.name);
            let readonly = before.is_some_and(|variable| variable.attributes.readonly);
            let value = match before.and_then(Variable::first) {
                Some(before) if assignment.append => format!("{before}{value}"),
                _ => value,
            };
            if readonly {
                self.complain(&format!("{}: readonly variable", assignment.name))
                    .await;
                return Ok(false);
            }
            let mut variable = Variable::scalar(value);
            variable.attributes.exported = true;
            if self
                .variables
                .put_temporary(&assignment.name, variable)
                .is_err()
            {
                self.complain("cannot allocate memory for variables").await;
                return Ok(false);
            }
            self.assigned(&assignment.name);
        }
        Ok(true)
    }

    /// `set -x`: the command's words.
    async fn trace_command(&mut self, words: &[String]) {
        if self.options.trace {
            let words: Vec<String> = words.iter().map(|word| quote_if_needed(word)).collect();
            self.trace(&words.join(" ")).await;
        }
        if self.options.trace
            || self.traps.contains_key(&Trap::Err)
            || self.traps.contains_key(&Trap::Debug)
        {
            self.command_text = words.join(" ");
        }
    }

    /// `set -x`: one line.
    pub(crate) async fn trace(&mut self, text: &str) {
        if !self.options.trace {
            return;
        }
        let prompt = self.value("PS4").unwrap_or_else(|| "+ ".to_owned());
        self.options.trace = false;
        let prompt = self.expand_prompt(&prompt).await;
        self.options.trace = true;
        self.say(&format!("{prompt}{text}\n")).await;
    }
}
