//! Compound commands.

use std::sync::Arc;

use super::{Flow, Run, Shell};
use crate::arith;
use crate::syntax::ast::{After, Arm, Compound, Kind, List, Word};
use crate::system::Group;

impl Shell {
    pub(super) async fn run_compound(&mut self, compound: Arc<Compound>) -> Run {
        if compound.line > 0 {
            self.line = compound.line;
        }
        let may_exec = std::mem::take(&mut self.may_exec);
        if compound.redirects.is_empty() {
            return self.run_kind(&compound, may_exec).await;
        }
        let before = self.descriptors.clone();
        let run = match self.redirect(&compound.redirects).await? {
            true => self.run_kind(&compound, may_exec).await,
            false => Ok(1),
        };
        self.descriptors = before;
        run
    }

    async fn run_kind(&mut self, compound: &Compound, may_exec: bool) -> Run {
        match &compound.kind {
            Kind::Brace(list) => self.run_list(list).await,
            Kind::Subshell(list) => self.run_subshell(list, may_exec).await,
            Kind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    if self.run_condition(condition).await? == 0 {
                        return self.run_list(body).await;
                    }
                }
                match otherwise {
                    Some(body) => self.run_list(body).await,
                    None => {
                        self.status = 0;
                        Ok(0)
                    }
                }
            }
            Kind::While {
                until,
                condition,
                body,
            } => self.run_while(*until, condition, body).await,
            Kind::For { name, words, body } => self.run_for(name, words.as_deref(), body).await,
            Kind::ArithmeticFor {
                init,
                condition,
                step,
                body,
            } => self.run_arithmetic_for(init, condition, step, body).await,
            Kind::Case { word, arms } => self.run_case(word, arms).await,
            Kind::Arithmetic(word) => {
                let text = self.expand_arithmetic(word).await?;
                self.trace(&format!("(({text}))")).await;
                match arith::evaluate(&text, self, 0) {
                    Ok(value) => Ok(i32::from(value == 0)),
                    Err(error) => self.fail(1, &format!("((: {error}")).await,
                }
            }
            Kind::Condition(condition) => self.run_test(condition).await,
        }
    }

    async fn run_subshell(&mut self, list: &Arc<List>, in_place: bool) -> Run {
        if in_place {
            // This process is a copy already, and has nothing else to do.
            return self.run_list(list).await;
        }
        let body = Arc::clone(list);
        let child = self.fork(&self.name, Group::Same, self.copy(), move |shell| {
            Box::pin(async move { shell.run_list(&body).await })
        });
        match child {
            Ok(child) => {
                let status = self.wait_foreground(&child).await?;
                self.report_end(status).await;
                Ok(status.code())
            }
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("fork: {reason}")).await;
                Err(Flow::Exit(254))
            }
        }
    }

    /// One turn of a loop: its status, or nothing to leave with the status given.
    async fn turn(&mut self, body: &List, status: &mut i32) -> Result<bool, Flow> {
        match self.run_list(body).await {
            Ok(done) => {
                *status = done;
                Ok(true)
            }
            Err(Flow::Break(levels)) => {
                *status = 0;
                if levels > 1 {
                    return Err(Flow::Break(levels - 1));
                }
                Ok(false)
            }
            Err(Flow::Continue(levels)) => {
                *status = 0;
                if levels > 1 {
                    return Err(Flow::Continue(levels - 1));
                }
                Ok(true)
            }
            Err(flow) => Err(flow),
        }
    }

    async fn run_while(&mut self, until: bool, condition: &List, body: &List) -> Run {
        self.loops += 1;
        let mut status = 0;
        let run = loop {
            if let Err(flow) = self.step().await {
                break Err(flow);
            }
            match self.run_condition(condition).await {
                Ok(tested) if (tested == 0) != until => {}
                Ok(_) => break Ok(status),
                Err(Flow::Break(1)) => break Ok(0),
                Err(Flow::Break(levels)) => break Err(Flow::Break(levels - 1)),
                Err(Flow::Continue(1)) => continue,
                Err(Flow::Continue(levels)) => break Err(Flow::Continue(levels - 1)),
                Err(flow) => break Err(flow),
            }
            match self.turn(body, &mut status).await {
                Ok(true) => {}
                Ok(false) => break Ok(status),
                Err(flow) => break Err(flow),
            }
        };
        self.loops = self.loops.saturating_sub(1);
        self.status = status;
        run
    }

    async fn run_for(&mut self, name: &str, words: Option<&[Word]>, body: &List) -> Run {
        if !crate::syntax::is_name(name) {
            return self
                .fail(1, &format!("`{name}': not a valid identifier"))
                .await;
        }
        let items = match words {
            Some(words) => self.expand_words(words).await?,
            None => self.positional.as_ref().clone(),
        };
        self.loops += 1;
        let mut status = 0;
        let mut run = Ok(());
        for item in items {
            if let Err(flow) = self.step().await {
                run = Err(flow);
                break;
            }
            if self.options.trace {
                self.trace(&format!(
                    "for {name} in {}",
                    words.map_or("\"$@\"", |_| "...")
                ))
                .await;
            }
            if let Err(error) = self.assign(name, None, &item, false) {
                self.complain(&error.to_string()).await;
                status = 1;
                break;
            }
            match self.turn(body, &mut status).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(flow) => {
                    run = Err(flow);
                    break;
                }
            }
        }
        self.loops = self.loops.saturating_sub(1);
        self.status = status;
        run.map(|()| status)
    }

    async fn run_arithmetic_for(
        &mut self,
        init: &Word,
        condition: &Word,
        step: &Word,
        body: &List,
    ) -> Run {
        if self.arithmetic_part(init, 1).await?.is_none() {
            return Ok(1);
        }
        self.loops += 1;
        let mut status = 0;
        let run = loop {
            if let Err(flow) = self.step().await {
                break Err(flow);
            }
            match self.arithmetic_part(condition, 1).await {
                Ok(Some(0)) => break Ok(status),
                Ok(Some(_)) => {}
                Ok(None) => break Ok(1),
                Err(flow) => break Err(flow),
            }
            match self.turn(body, &mut status).await {
                Ok(true) => {}
                Ok(false) => break Ok(status),
                Err(flow) => break Err(flow),
            }
            match self.arithmetic_part(step, 1).await {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(1),
                Err(flow) => break Err(flow),
            }
        };
        self.loops = self.loops.saturating_sub(1);
        run
    }

    /// One of the three parts of `for ((;;))`; `empty` if there is none.
    async fn arithmetic_part(&mut self, word: &Word, empty: i64) -> Result<Option<i64>, Flow> {
        let text = self.expand_arithmetic(word).await?;
        if text.trim().is_empty() {
            return Ok(Some(empty));
        }
        match arith::evaluate(&text, self, 0) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.complain(&format!("((: {error}")).await;
                Ok(None)
            }
        }
    }

    async fn run_case(&mut self, word: &Word, arms: &[Arm]) -> Run {
        let subject = self.expand_text(word).await?;
        let mut status = 0;
        self.status = 0;
        let mut falls_through = false;
        for arm in arms {
            let mut fits = falls_through;
            for pattern in &arm.patterns {
                if fits {
                    break;
                }
                let pattern = self.expand_pattern(pattern).await?;
                fits = self.pattern_fits(&pattern, &subject).await;
            }
            if !fits {
                continue;
            }
            status = self.run_list(&arm.body).await?;
            match arm.after {
                After::Leave => break,
                After::FallThrough => falls_through = true,
                After::GoOn => falls_through = false,
            }
        }
        Ok(status)
    }

    /// Whether a text matches a pattern of `case` or `[[`.
    pub(super) async fn pattern_fits(&mut self, pattern: &str, text: &str) -> bool {
        let fold_case = self.options.nocasematch;
        let result = crate::pattern::Pattern::new(pattern, true)
            .and_then(|pattern| pattern.fold_case(fold_case).matches(text));
        match result {
            Ok(fits) => fits,
            Err(error) => {
                self.complain(&error.to_string()).await;
                false
            }
        }
    }
}
