//! Functions.

use std::sync::Arc;

use super::{Flow, Frame, Run, Shell, Trap};
use crate::limits::CALLS;
use crate::syntax::ast::Function;
use crate::variable::ScopeKind;

impl Shell {
    pub(super) async fn define(&mut self, function: &Arc<Function>) -> Run {
        let name = &function.name;
        if self.options.posix && !crate::syntax::is_name(name) {
            return self
                .fail(1, &format!("`{name}': not a valid identifier"))
                .await;
        }
        if self.variables.charge(function.source.len()).is_err() {
            return self
                .fail(1, &format!("{name}: cannot allocate memory for functions"))
                .await;
        }
        Arc::make_mut(&mut self.functions).insert(name.clone(), Arc::clone(function));
        Ok(0)
    }

    /// Opens a call, or says that there are too many.
    pub(super) async fn open_call(&mut self, name: &str) -> Result<(), Flow> {
        let most = self.value("FUNCNEST").and_then(|text| text.parse().ok());
        let most = most.filter(|most| *most > 0).unwrap_or(CALLS).min(CALLS);
        if self.calls >= most {
            let message = format!("{name}: maximum function nesting level exceeded ({most})");
            self.complain(&message).await;
            return Err(Flow::Discard(1));
        }
        self.calls += 1;
        Ok(())
    }

    pub(super) async fn call(&mut self, function: &Arc<Function>, arguments: &[String]) -> Run {
        self.open_call(&function.name).await?;
        let outer = std::mem::replace(&mut self.positional, Arc::new(arguments.to_vec()));
        let loops = std::mem::take(&mut self.loops);
        let scopes = self.variables.depth();
        self.variables.push(ScopeKind::Function);
        self.frames.push(Frame {
            name: function.name.clone(),
            source: self
                .script
                .clone()
                .unwrap_or_else(|| "environment".to_owned()),
            line: self.line,
            is_function: true,
        });
        // A trap on RETURN counts in the function that sets it, unless it is handed down.
        let hidden = if self.options.function_trace {
            None
        } else {
            self.traps.remove(&Trap::Return)
        };
        let body = Arc::clone(function);
        let run = self
            .deeper(move |shell| Box::pin(async move { shell.run_command(&body.body).await }))
            .await;
        let mut run = match run {
            Err(Flow::Return(status)) => Ok(status),
            Err(Flow::Break(_) | Flow::Continue(_)) => Ok(0),
            other => other,
        };
        if let Ok(status) = run
            && self.traps.contains_key(&Trap::Return)
        {
            self.status = status;
            if let Err(flow) = Box::pin(self.run_trap(Trap::Return)).await {
                run = Err(flow);
            }
        }
        if let Some(hidden) = hidden {
            self.traps.entry(Trap::Return).or_insert(hidden);
        }
        self.frames.pop();
        self.variables.truncate(scopes);
        self.loops = loops;
        self.positional = outer;
        self.calls -= 1;
        run
    }
}
