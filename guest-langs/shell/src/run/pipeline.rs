//! Pipelines: stages at the same time, joined by bounded pipes.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Flow, Run, Shell};
use crate::syntax::ast::{Command, Kind, Pipeline, Timed};
use crate::system::{Child, Group, Stream};

impl Shell {
    pub(super) async fn run_pipeline(&mut self, pipeline: &Pipeline) -> Run {
        if pipeline.timed.is_none() && !pipeline.negated {
            return self.run_stages(pipeline).await;
        }
        let started = self.system.monotonic();
        let children = self.system.children_times();
        self.conditions += u32::from(pipeline.negated);
        let run = self.run_stages(pipeline).await;
        if pipeline.negated {
            self.conditions = self.conditions.saturating_sub(1);
        }
        if let Some(format) = pipeline.timed {
            let real = self.system.monotonic().saturating_sub(started);
            let (user, system) = self.system.children_times();
            let user = user.saturating_sub(children.0);
            let system = system.saturating_sub(children.1);
            let text = times_text(format, real, user, system);
            self.say(&text).await;
        }
        let mut status = run?;
        if pipeline.negated {
            status = i32::from(status == 0);
            self.status = status;
        }
        Ok(status)
    }

    async fn run_stages(&mut self, pipeline: &Pipeline) -> Run {
        match pipeline.stages.as_slice() {
            [] => {
                self.status = 0;
                Ok(0)
            }
            [stage] => {
                let status = self.run_command(stage).await?;
                self.status = status;
                self.pipe_status = vec![status];
                if fails_alone(stage) {
                    self.failed(status).await?;
                }
                Ok(status)
            }
            stages => {
                let status = self.run_joined(stages).await?;
                self.failed(status).await?;
                Ok(status)
            }
        }
    }

    async fn run_joined(&mut self, stages: &[Command]) -> Run {
        let lastpipe = self.options.lastpipe && !self.options.monitor;
        let mut children: Vec<Arc<dyn Child>> = Vec::new();
        let mut input: Option<Stream> = None;
        let mut last_here = None;
        let mut group = if self.options.monitor {
            Group::New
        } else {
            Group::Same
        };
        for (at, stage) in stages.iter().enumerate() {
            let is_last = at + 1 == stages.len();
            let mut copy = self.copy();
            copy.may_exec = true;
            if let Some(input) = input.take() {
                copy.descriptors.insert(0, input);
            }
            if !is_last {
                match self.system.pipe() {
                    Ok((reading, writing)) => {
                        copy.descriptors.insert(1, writing);
                        input = Some(reading);
                    }
                    Err(error) => return self.no_fork(&error).await,
                }
            } else if lastpipe {
                last_here = copy.descriptors.get(&0).cloned();
                continue;
            }
            let command = stage.clone();
            let started = self.fork(&self.name, group, copy, move |shell| {
                Box::pin(async move { shell.run_stage(&command).await })
            });
            match started {
                Ok(child) => {
                    if group == Group::New {
                        group = Group::Join(child.pid());
                    }
                    children.push(child);
                }
                Err(error) => return self.no_fork(&error).await,
            }
        }
        let last = match (last_here, stages.last()) {
            (Some(input), Some(stage)) => {
                let before = self.descriptors.insert(0, input);
                let run = self.run_command(stage).await;
                match before {
                    Some(before) => self.descriptors.insert(0, before),
                    None => self.descriptors.remove(&0),
                };
                Some(run?)
            }
            _ => None,
        };
        let mut all = Vec::new();
        for child in &children {
            let status = self.wait_foreground(child).await?;
            if all.len() + 1 == children.len() && last.is_none() {
                self.report_end(status).await;
            }
            all.push(status.code());
        }
        all.extend(last);
        let mut status = all.last().copied().unwrap_or(0);
        if self.options.pipe_fail {
            let failed = all.iter().rev().find(|status| **status != 0);
            status = failed.copied().unwrap_or(0);
        }
        self.pipe_status = all;
        self.status = status;
        Ok(status)
    }

    async fn no_fork(&mut self, error: &std::io::Error) -> Run {
        let reason = crate::errno::message(error);
        self.complain(&format!("fork: {reason}")).await;
        Err(Flow::Exit(254))
    }

    /// A stage in its own process: `set -e` counts as in a list.
    async fn run_stage(&mut self, command: &Command) -> Run {
        let status = self.run_command(command).await?;
        self.status = status;
        Ok(status)
    }

    pub(crate) fn run_command<'a>(&'a mut self, command: &'a Command) -> BoxFuture<'a, Run> {
        Box::pin(async move {
            match command {
                Command::Simple(simple) => self.run_simple(simple).await,
                Command::Compound(compound) => {
                    let compound = Arc::clone(compound);
                    self.deeper(|shell| Box::pin(shell.run_compound(compound)))
                        .await
                }
                Command::Function(function) => self.define(function).await,
            }
        })
    }
}

/// Whether a failure of this command, and not of one within it, ends a shell
/// under `set -e`.
fn fails_alone(command: &Command) -> bool {
    match command {
        Command::Simple(_) => true,
        Command::Compound(compound) => matches!(
            compound.kind,
            Kind::Subshell(_) | Kind::Arithmetic(_) | Kind::Condition(_)
        ),
        Command::Function(_) => false,
    }
}

fn times_text(format: Timed, real: Duration, user: Duration, system: Duration) -> String {
    let bash = |time: Duration| {
        let minutes = time.as_secs() / 60;
        format!(
            "{minutes}m{}.{:03}s",
            time.as_secs() % 60,
            time.subsec_millis()
        )
    };
    match format {
        Timed::Bash => format!(
            "\nreal\t{}\nuser\t{}\nsys\t{}\n",
            bash(real),
            bash(user),
            bash(system)
        ),
        Timed::Posix => format!(
            "real {:.2}\nuser {:.2}\nsys {:.2}\n",
            real.as_secs_f64(),
            user.as_secs_f64(),
            system.as_secs_f64()
        ),
    }
}
