//! Lists and chains: `;`, `&`, `&&`, `||`, and when a failure ends the shell.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Flow, Run, Shell, Trap};
use crate::syntax::ast::{Chain, Connector, Item, List};
use crate::system::Group;

impl Shell {
    pub(crate) fn run_list<'a>(&'a mut self, list: &'a List) -> BoxFuture<'a, Run> {
        Box::pin(async move {
            let mut status = 0;
            for item in &list.0 {
                status = self.run_item(item).await?;
                if !self.caught.is_empty() && self.trapping.is_none() {
                    self.run_caught().await?;
                }
            }
            Ok(status)
        })
    }

    async fn run_item(&mut self, item: &Item) -> Run {
        self.step().await?;
        if self.options.no_exec && !self.options.interactive {
            return Ok(0);
        }
        if item.background {
            return self.run_background(&item.chain).await;
        }
        self.run_chain(&item.chain).await
    }

    pub(super) async fn run_chain(&mut self, chain: &Chain) -> Run {
        if chain.rest.is_empty() {
            return self.run_pipeline(&chain.first).await;
        }
        let last = chain.rest.len();
        let mut status = self.run_tested(&chain.first).await?;
        for (at, (connector, pipeline)) in chain.rest.iter().enumerate() {
            let wanted = match connector {
                Connector::And => status == 0,
                Connector::Or => status != 0,
            };
            if !wanted {
                continue;
            }
            status = if at + 1 == last {
                self.run_pipeline(pipeline).await?
            } else {
                self.run_tested(pipeline).await?
            };
        }
        Ok(status)
    }

    async fn run_tested(&mut self, pipeline: &crate::syntax::ast::Pipeline) -> Run {
        self.conditions += 1;
        let run = self.run_pipeline(pipeline).await;
        self.conditions = self.conditions.saturating_sub(1);
        run
    }

    /// A list whose status decides something: no failure in it ends the shell.
    pub(super) async fn run_condition(&mut self, list: &List) -> Run {
        self.conditions += 1;
        let run = self.run_list(list).await;
        self.conditions = self.conditions.saturating_sub(1);
        run
    }

    /// After a command that failed where it counts: the ERR trap, `set -e`.
    pub(super) async fn failed(&mut self, status: i32) -> Result<(), Flow> {
        if status == 0 || self.conditions > 0 {
            return Ok(());
        }
        self.status = status;
        let hidden = self.frames.iter().any(|frame| frame.is_function) && !self.options.error_trace;
        if !hidden && self.traps.contains_key(&Trap::Err) {
            Box::pin(self.run_trap(Trap::Err)).await?;
        }
        if self.options.error_exit {
            return Err(Flow::Exit(status));
        }
        Ok(())
    }

    async fn run_background(&mut self, chain: &Arc<Chain>) -> Run {
        self.jobs_swept_if_full();
        if self.jobs.is_full() {
            return self
                .fail(254, "fork: Resource temporarily unavailable")
                .await;
        }
        let group = if self.options.monitor {
            Group::New
        } else {
            Group::Same
        };
        let mut copy = self.copy();
        copy.conditions = 0;
        copy.may_exec = chain.is_single();
        if !self.options.monitor {
            // Without job control what runs in the background reads nothing and
            // leaves interrupts from the keyboard to the foreground.
            if let Ok(null) = self
                .system
                .open("/dev/null", crate::system::Open::Read, 0)
                .await
            {
                copy.descriptors.insert(0, null);
            }
            for signal in [crate::signal::Signal::INT, crate::signal::Signal::QUIT] {
                copy.traps.insert(Trap::Signal(signal), String::new());
            }
        }
        let body = Arc::clone(chain);
        let started = self.fork(&self.name, group, copy, move |shell| {
            Box::pin(async move { shell.run_chain(&body).await })
        });
        match started {
            Ok(child) => {
                let pid = child.pid();
                let group = self.options.monitor.then_some(pid);
                let number = self.jobs.add(vec![child], &chain.source, group);
                if self.options.interactive {
                    self.say(&format!("[{number}] {pid}\n")).await;
                }
                self.status = 0;
                Ok(0)
            }
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("fork: {reason}")).await;
                Err(Flow::Exit(254))
            }
        }
    }

    fn jobs_swept_if_full(&mut self) {
        if self.jobs.is_full() || !self.options.interactive {
            self.jobs.sweep();
        }
    }
}
