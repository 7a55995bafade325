//! Processes of the shell's own kind: subshells, stages of pipelines, jobs.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;

use super::{Flow, Run, Shell};
use crate::limits::{LEVELS_PER_TASK, SUBSHELLS};
use crate::signal::Signal;
use crate::system::{Child, ExitStatus, Group};

/// A task that ends with who waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn end(status: i32, signal: Option<Signal>) -> ExitStatus {
    match signal {
        Some(signal) => ExitStatus::Signalled(signal),
        None => ExitStatus::Exited(u8::try_from(status & 0xff).unwrap_or_default()),
    }
}

impl Shell {
    /// Runs `body` in a copy of this shell, as a process.
    pub(crate) fn fork(
        &self,
        name: &str,
        group: Group,
        mut shell: Self,
        body: impl for<'a> FnOnce(&'a mut Self) -> BoxFuture<'a, Run> + Send + 'static,
    ) -> io::Result<Arc<dyn Child>> {
        if shell.subshell > SUBSHELLS {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.system.fork(
            name,
            group,
            Box::new(move |system| {
                Box::pin(async move {
                    shell.system = system;
                    let run = body(&mut shell).await;
                    shell.finish(run).await
                })
            }),
        )
    }

    /// The end of a process: its EXIT trap, and how it ended.
    pub(crate) async fn finish(&mut self, run: Run) -> ExitStatus {
        let (status, signal) = self.outcome(run);
        let status = self.run_exit_trap(status).await;
        end(status, signal)
    }

    /// The end of a cell: the shell goes on, and its EXIT trap waits, unless the
    /// cell called `exit`.
    pub(crate) async fn finish_cell(&mut self, run: Run) -> ExitStatus {
        let (status, signal) = self.outcome(run);
        let status = match run {
            Err(Flow::Exit(_)) => self.run_exit_trap(status).await,
            _ => status,
        };
        end(status, signal)
    }

    fn outcome(&self, run: Run) -> (i32, Option<Signal>) {
        match run {
            Ok(status) | Err(Flow::Return(status) | Flow::Exit(status) | Flow::Discard(status)) => {
                (status, None)
            }
            Err(Flow::Break(_) | Flow::Continue(_)) => (self.status, None),
            Err(Flow::Killed(signal)) => (128 + i32::from(signal.0), Some(signal)),
        }
    }

    /// Runs `body` one level deeper; where the stack of this task has enough
    /// levels, on one of its own.
    pub(crate) async fn deeper(
        &mut self,
        body: impl for<'a> FnOnce(&'a mut Self) -> BoxFuture<'a, Run> + Send + 'static,
    ) -> Run {
        let level = self.level;
        if level < LEVELS_PER_TASK {
            self.level += 1;
            let run = body(self).await;
            self.level = level;
            return run;
        }
        let hollow = Self::hollow(&self.system);
        let mut shell = std::mem::replace(self, hollow);
        shell.level = 0;
        let mut task = Task(tokio::spawn(async move {
            let run = body(&mut shell).await;
            (shell, run)
        }));
        match (&mut task.0).await {
            Ok((shell, run)) => {
                *self = shell;
                self.level = level;
                run
            }
            // The task was lost with its shell: nothing can go on.
            Err(_) => Err(Flow::Exit(125)),
        }
    }
}
