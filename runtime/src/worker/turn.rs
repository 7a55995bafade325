//! A worker's life: one order after the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::determinism::Determinism;
use crate::engine::{Cell, Guest, Metering, Ran, Run, Stopped, World};
use crate::error::Result;
use crate::execution::{End, GuestException, InterruptCause, Lost, Outcome, TrapKind};
use crate::files::Tree;
use crate::guest::order::{Renewal, Status};
use crate::host_function::{HostFunctions, WITHIN};
use crate::id::{ContextId, ExecutionId};
use crate::image::Image;
use crate::limits::{Limit, Limits, Residency, Usage};
use crate::worker::mailbox::{Job, Mailbox, Order, Shared, mailbox};

/// Processor time of cells after which it is worth to look for memory to give
/// back, and how long a guest lies idle before it is done.
const WORTH_A_TRIM: Duration = Duration::from_millis(1);
const IDLE_BEFORE_TRIM: Duration = Duration::from_millis(20);

/// What all contexts of a sandbox have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) image: Image,
    pub(crate) limits: Limits,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) determinism: Option<Determinism>,
    pub(crate) tree: Arc<Mutex<Tree>>,
}

impl Settings {
    fn metering(&self) -> Metering {
        if self.limits.fuel.is_some() {
            Metering::Fuel
        } else {
            Metering::Time
        }
    }

    fn world(&self) -> World {
        World {
            tree: Arc::clone(&self.tree),
            descriptors: self.limits.descriptors,
            memory_bytes: self.limits.memory_bytes,
            clocks: self.image.clocks(self.determinism.as_ref()),
            determinism: self.determinism,
            functions: Arc::clone(&self.functions),
            call_bytes: self.limits.call_bytes,
            calls_at_once: self.limits.calls_at_once,
        }
    }

    /// A guest in this sandbox's world.
    pub(crate) async fn guest(&self) -> Result<Guest> {
        let renewal = Renewal {
            entropy: String::new(),
            functions: self.functions.notices(),
            environment: self.environment.clone(),
        };
        self.image
            .guest(self.metering(), self.world(), renewal)
            .await
    }
}

/// Makes a guest and starts the worker that owns it.
pub(crate) async fn spawn(
    id: ContextId,
    settings: Arc<Settings>,
    handle: &tokio::runtime::Handle,
) -> Result<Mailbox> {
    let guest = settings.guest().await?;
    let (mailbox, orders, shared) = mailbox();
    let worker = Worker {
        guest: Some(guest),
        settings,
        shared,
        oldest: ExecutionId(1),
        newest: ExecutionId(0),
        lost: None,
        executions: 0,
        cpu: Duration::ZERO,
        untrimmed: Duration::ZERO,
    };
    handle.spawn(WITHIN.scope(id, worker.work(orders)));
    Ok(mailbox)
}

struct Worker {
    /// `None` after the guest broke, until the next cell needs a fresh one.
    guest: Option<Guest>,
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    /// The oldest execution whose effects the guest holds.
    oldest: ExecutionId,
    /// The last execution that ran in a guest.
    newest: ExecutionId,
    /// What was lost while no execution was there to say so.
    lost: Option<Lost>,
    executions: u64,
    cpu: Duration,
    /// Processor time since the guest gave back what it does not use.
    untrimmed: Duration,
}

impl Worker {
    async fn work(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = self.next(&mut orders).await {
            match order {
                Order::Execute(job) => self.execute(*job).await,
                Order::Residency(reply) => {
                    // A caller who is gone needs no answer.
                    let _unread = reply.send(self.residency());
                }
            }
        }
    }

    /// The next order. While none comes, the guest is put in order.
    async fn next(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<Order> {
        if self.guest.is_some() && self.untrimmed >= WORTH_A_TRIM {
            match tokio::time::timeout(IDLE_BEFORE_TRIM, orders.recv()).await {
                Ok(order) => return order,
                Err(_elapsed) => self.trim().await,
            }
        }
        orders.recv().await
    }

    async fn trim(&mut self) {
        self.untrimmed = Duration::ZERO;
        let Some(guest) = &mut self.guest else { return };
        if guest.trim().await.is_err() {
            self.guest = None;
            // The next outcome will say so.
            self.lost = self.lose();
        }
    }

    /// The executions whose effects went with the guest.
    fn lose(&mut self) -> Option<Lost> {
        let first = self.lost.take().map_or(self.oldest, |lost| lost.first);
        let last = self.newest;
        self.oldest = ExecutionId(last.0 + 1);
        (first <= last).then_some(Lost { first, last })
    }

    async fn execute(&mut self, job: Job) {
        let may_start = self.shared.begin(&job.control);
        let early = if may_start {
            job.control.asked()
        } else {
            Some(InterruptCause::Closed)
        };
        let outcome = match early {
            Some(by) => Outcome {
                end: End::Interrupted { by },
                usage: Usage::default(),
                lost: None,
            },
            None => self.run(&job).await,
        };
        self.shared.end();
        job.channel.finish(outcome);
    }

    async fn run(&mut self, job: &Job) -> Outcome {
        let mut guest = match self.guest.take() {
            Some(guest) => guest,
            None => match self.settings.guest().await {
                Ok(guest) => guest,
                Err(error) => {
                    return broken(TrapKind::Other {
                        name: error.to_string(),
                    });
                }
            },
        };
        let Ok(options) = job.options.to_bytes() else {
            return broken(TrapKind::Kernel);
        };
        let cell = Cell {
            code: &job.code,
            options: &options,
        };
        let outlet = Some(job.channel.outlet.clone());
        let mut run = Run::new(Arc::clone(&job.control), &job.limits, outlet);
        run.stdin.bytes = job.stdin.clone();
        let ran = guest.execute(cell, run, job.limits.fuel).await;
        self.newest = job.id;
        self.executions += 1;
        self.cpu += ran.cpu;
        self.untrimmed += ran.cpu;
        let memory = guest.memory_bytes();
        let (end, intact) = judge(&ran, &job.limits);
        let usage = usage(&ran, memory);
        let lost = if intact {
            self.guest = Some(guest);
            self.lost.take()
        } else {
            self.lose()
        };
        Outcome { end, usage, lost }
    }

    fn residency(&self) -> Result<Residency> {
        let (memory, resident, stack) = match &self.guest {
            Some(guest) => guest.residency()?,
            None => (0, 0, 0),
        };
        Ok(Residency {
            resident_bytes: resident + stack,
            stack_bytes: stack,
            memory_bytes: memory,
            contexts: 1,
            executions: self.executions,
            cpu: self.cpu,
        })
    }
}

/// The outcome of a cell that had no guest to run in.
fn broken(kind: TrapKind) -> Outcome {
    Outcome {
        end: End::Trapped { kind },
        usage: Usage::default(),
        lost: None,
    }
}

fn usage(ran: &Ran, memory_bytes: u64) -> Usage {
    Usage {
        wall: ran.wall,
        cpu: ran.cpu,
        fuel: ran.fuel,
        peak_memory_bytes: memory_bytes,
        output_bytes: ran.run.as_ref().map_or(0, |run| run.output_spent),
        calls: ran.run.as_ref().map_or(0, |run| run.calls_made),
    }
}

/// How the cell ended, and whether the guest may go on.
fn judge(ran: &Ran, limits: &Limits) -> (End, bool) {
    let run = ran.run.as_ref();
    let asked = run.and_then(|run| run.ladder.cause());
    let output_denied = run.is_some_and(|run| run.output_denied);
    let exhausted = |limit, allowed| End::Exhausted { limit, allowed };
    let (end, intact) = match &ran.status {
        Ok(Status::Finished) => (End::Finished, true),
        Ok(Status::Interrupted) => match asked {
            Some(by) => (End::Interrupted { by }, true),
            None => (End::Raised(raised(run)), true),
        },
        Ok(Status::Raised) => (End::Raised(raised(run)), true),
        Ok(Status::Failed) => (
            End::Trapped {
                kind: TrapKind::Kernel,
            },
            false,
        ),
        Err(Stopped::ByForce) => {
            let by = asked.unwrap_or(InterruptCause::Closed);
            (End::Interrupted { by }, false)
        }
        Err(Stopped::Fuel) => (exhausted(Limit::Fuel, limits.fuel.unwrap_or(0)), false),
        Err(Stopped::Trapped(kind)) => (End::Trapped { kind: kind.clone() }, false),
    };
    if intact && output_denied {
        return (exhausted(Limit::Output, limits.output_bytes), true);
    }
    (end, intact)
}

/// The exception that the guest reported last.
fn raised(run: Option<&Run>) -> GuestException {
    run.and_then(|run| run.exception.clone())
        .unwrap_or_else(|| GuestException {
            name: "UnknownError".to_owned(),
            value: "the guest reported no exception".to_owned(),
            traceback: String::new(),
        })
}
