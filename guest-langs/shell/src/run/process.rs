//! Processes of the shell's own kind: subshells, stages of pipelines, jobs.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;

use super::{Flow, Run, Shell};
use crate::limits::{LEVELS_PER_TASK, SUBSHELLS};
use crate::system::{Child, ExitStatus, Group};

/// A task that ends with who waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
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
        let (status, signal) = match run {
            Ok(status) | Err(Flow::Return(status) | Flow::Exit(status) | Flow::Discard(status)) => {
                (status, None)
            }
            Err(Flow::Break(_) | Flow::Continue(_)) => (self.status, None),
            Err(Flow::Killed(signal)) => (128 + i32::from(signal.0), Some(signal)),
        };
        let status = self.run_exit_trap(status).await;
        match signal {
            Some(signal) => ExitStatus::Signalled(signal),
            None => ExitStatus::Exited(u8::try_from(status & 0xff).unwrap_or_default()),
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
