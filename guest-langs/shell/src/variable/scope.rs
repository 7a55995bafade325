//! Where variables live: globals, functions' locals, what stands before a
//! command. Copies of a shell share what neither has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Value, Variable};
use crate::limits::VARIABLE_BYTES;

type Map = BTreeMap<String, Variable>;

/// Why a scope is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    /// The locals of a function.
    Function,
    /// `NAME=value` before a command.
    Temporary,
}

#[derive(Debug, Clone)]
struct Scope {
    kind: ScopeKind,
    map: Arc<Map>,
}

/// All variables of a shell.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    globals: Arc<Map>,
    scopes: Vec<Scope>,
    /// Bytes of all shells that came from one.
    total: Arc<AtomicUsize>,
    /// Bytes that this one has written and still holds.
    own: usize,
}

/// There is no room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Clone for Variables {
    fn clone(&self) -> Self {
        Self {
            globals: Arc::clone(&self.globals),
            scopes: self.scopes.clone(),
            total: Arc::clone(&self.total),
            own: 0,
        }
    }
}

impl Drop for Variables {
    fn drop(&mut self) {
        self.total.fetch_sub(self.own, Ordering::Relaxed);
    }
}

impl Variables {
    pub(crate) fn get(&self, name: &str) -> Option<&Variable> {
        let local = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.map.get(name));
        local.or_else(|| self.globals.get(name))
    }

    /// The scope that has the name: its place, or none for the globals.
    fn holder(&self, name: &str) -> Option<usize> {
        self.scopes
            .iter()
            .rposition(|scope| scope.map.contains_key(name))
    }

    fn map_mut(&mut self, scope: Option<usize>) -> &mut Map {
        match scope.and_then(|at| self.scopes.get_mut(at)) {
            Some(scope) => Arc::make_mut(&mut scope.map),
            None => Arc::make_mut(&mut self.globals),
        }
    }

    /// Counts bytes before they are kept.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let before = self.total.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > VARIABLE_BYTES {
            self.total.fetch_sub(bytes, Ordering::Relaxed);
            return Err(NoRoom);
        }
        self.own += bytes;
        Ok(())
    }

    fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.own);
        self.own -= bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Changes a variable where it lives, making it a global one if it is new.
    /// `more` is how many bytes it may grow by.
    pub(crate) fn change<T>(
        &mut self,
        name: &str,
        more: usize,
        change: impl FnOnce(&mut Variable) -> T,
    ) -> Result<T, NoRoom> {
        let scope = self.holder(name);
        self.change_in(scope, name, more, change)
    }

    /// As [`Variables::change`], but of the global variable.
    pub(crate) fn change_global<T>(
        &mut self,
        name: &str,
        more: usize,
        change: impl FnOnce(&mut Variable) -> T,
    ) -> Result<T, NoRoom> {
        self.change_in(None, name, more, change)
    }

    fn change_in<T>(
        &mut self,
        scope: Option<usize>,
        name: &str,
        more: usize,
        change: impl FnOnce(&mut Variable) -> T,
    ) -> Result<T, NoRoom> {
        self.charge(more + name.len())?;
        if let Some(variable) = self.map_mut(scope).get_mut(name) {
            return Ok(change(variable));
        }
        let mut variable = Variable::default();
        let result = change(&mut variable);
        self.map_mut(scope).insert(name.to_owned(), variable);
        Ok(result)
    }

    /// Puts a variable in place of what was there.
    pub(crate) fn put(&mut self, name: &str, variable: Variable) -> Result<(), NoRoom> {
        let weight = variable.weight();
        let before = self.get(name).map_or(0, Variable::weight);
        self.change(name, weight, |place| *place = variable)?;
        self.release(before + name.len());
        Ok(())
    }

    /// Gives back the bytes of a value that is about to be replaced.
    pub(crate) fn forget(&mut self, bytes: usize) {
        self.release(bytes);
    }

    pub(crate) fn push(&mut self, kind: ScopeKind) {
        self.scopes.push(Scope {
            kind,
            map: Arc::default(),
        });
    }

    pub(crate) fn pop(&mut self) {
        if let Some(scope) = self.scopes.pop() {
            self.release(scope.map.values().map(Variable::weight).sum());
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// Drops scopes until `depth` are left.
    pub(crate) fn truncate(&mut self, depth: usize) {
        while self.scopes.len() > depth {
            self.pop();
        }
    }

    /// Makes a variable of the newest scope. `false` if there is none.
    pub(crate) fn put_temporary(&mut self, name: &str, variable: Variable) -> Result<(), NoRoom> {
        self.charge(variable.weight() + name.len())?;
        let scope = self.scopes.len().checked_sub(1);
        self.map_mut(scope).insert(name.to_owned(), variable);
        Ok(())
    }

    pub(crate) fn in_function(&self) -> bool {
        self.function_scope().is_some()
    }

    fn function_scope(&self) -> Option<usize> {
        self.scopes
            .iter()
            .rposition(|scope| scope.kind == ScopeKind::Function)
    }

    /// Makes a local variable, hiding an outer one, and says whether it is new.
    pub(crate) fn make_local(&mut self, name: &str, inherit: bool) -> Result<bool, NoRoom> {
        let Some(scope) = self.function_scope() else {
            return Ok(false);
        };
        let known = self.scopes.get(scope);
        if known.is_some_and(|scope| scope.map.contains_key(name)) {
            return Ok(false);
        }
        let outer = self.get(name).cloned().unwrap_or_default();
        // A value before the call (`X=1 f`) is the local's first value.
        let temporary = self.scopes.get(..scope).unwrap_or_default().iter().rev();
        let temporary = temporary
            .take_while(|scope| scope.kind == ScopeKind::Temporary)
            .any(|scope| scope.map.contains_key(name));
        let mut variable = Variable::default();
        if inherit || temporary {
            variable = outer;
        } else {
            variable.attributes.exported = outer.attributes.exported && outer.value != Value::Unset;
        }
        self.charge(variable.weight() + name.len())?;
        self.map_mut(Some(scope)).insert(name.to_owned(), variable);
        Ok(true)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let scope = self.holder(name);
        let local = scope.is_some();
        if let Some(variable) = self.map_mut(scope).get(name) {
            let weight = variable.weight();
            if local && scope == self.function_scope() {
                // Unset in its own function: it stays local, without a value.
                let empty = Variable::default();
                self.map_mut(scope).insert(name.to_owned(), empty);
            } else {
                self.map_mut(scope).remove(name);
            }
            self.release(weight);
        }
    }

    /// Names of all variables that are visible.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let locals = self.scopes.iter().flat_map(|scope| scope.map.keys());
        self.globals.keys().chain(locals).cloned().collect()
    }

    /// Names of the locals of the innermost function.
    pub(crate) fn locals(&self) -> Vec<String> {
        let scope = self.function_scope().and_then(|at| self.scopes.get(at));
        scope.map_or_else(Vec::new, |scope| scope.map.keys().cloned().collect())
    }

    /// The environment of programs.
    pub(crate) fn environment(&self) -> BTreeMap<&str, &str> {
        let mut environment = BTreeMap::new();
        let maps = self.scopes.iter().map(|scope| &scope.map);
        for map in std::iter::once(&self.globals).chain(maps) {
            for (name, variable) in map.iter() {
                environment.remove(name.as_str());
                if variable.attributes.exported
                    && let Value::Scalar(text) = &variable.value
                {
                    environment.insert(name.as_str(), text.as_str());
                }
            }
        }
        environment
    }

    pub(crate) fn globals(&self) -> &Map {
        &self.globals
    }
}
