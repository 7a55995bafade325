//! A worker's life: one order after the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::checkpoints::Checkpoints;
use crate::determinism::Determinism;
use crate::engine::{
    Cell, Children, Clocks, Course, Guest, GuestState, Metering, Ran, RandomReading, Run, Step,
    Stopped, World,
};
use crate::error::{Error, Result};
use crate::execution::{End, GuestException, InterruptCause, Lost, Outcome, TrapKind};
use crate::files::{Storage, Tree};
use crate::guest::order::{Renewal, Status};
use crate::host_function::{HostFunctions, WITHIN};
use crate::id::ExecutionId;
use crate::image::Image;
use crate::limits::{Limit, Limits, Residency, Usage};
use crate::worker::history::History;
use crate::worker::mailbox::{Job, Mailbox, Order, Park, Release, Shared, mailbox};

/// Processor time of cells after which it is worth to look for memory to give
/// back, and how long a guest lies idle before it is done.
const WORTH_A_TRIM: Duration = Duration::from_millis(1);
const IDLE_BEFORE_TRIM: Duration = Duration::from_millis(20);

/// How long a guest lies idle before it is saved without a cell that waits for it.
const IDLE_BEFORE_SAVE: Duration = Duration::from_millis(500);

/// What all contexts of a sandbox have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What contexts start from that name no other image.
    pub(crate) image: Image,
    pub(crate) limits: Limits,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) determinism: Option<Determinism>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) storage: Storage,
    pub(crate) tree: Arc<Mutex<Tree>>,
    /// Who starts processes for its guests; set once the sandbox is there.
    pub(crate) family: OnceLock<Weak<dyn Family>>,
}

/// Who starts processes for the guests of a sandbox.
pub(crate) trait Family: Send + Sync + std::fmt::Debug {
    /// For a guest of its own, which runs cells.
    fn children(self: Arc<Self>) -> Arc<dyn Children>;
}

impl Settings {
    fn children(&self) -> Option<Arc<dyn Children>> {
        let family = self.family.get()?.upgrade()?;
        Some(family.children())
    }

    pub(crate) fn metering(&self) -> Metering {
        if self.limits.fuel.is_some() {
            Metering::Fuel
        } else {
            Metering::Time
        }
    }

    /// The functions of the host that a guest of `image` may call.
    fn functions_of(&self, image: &Image) -> Arc<HostFunctions> {
        if image.id() == self.image.id() {
            return Arc::clone(&self.functions);
        }
        Arc::new(self.functions.of_others())
    }

    fn world(&self, image: &Image, clocks: Clocks, random: Option<RandomReading>) -> World {
        World {
            tree: Arc::clone(&self.tree),
            descriptors: self.limits.descriptors,
            memory_bytes: self.limits.memory_bytes,
            clocks,
            determinism: self.determinism,
            random,
            functions: self.functions_of(image),
            call_bytes: self.limits.call_bytes,
            calls_at_once: self.limits.calls_at_once,
            children: self.children(),
            given: None,
            budget: None,
        }
    }

    fn renewal(&self, image: &Image, resumed: bool) -> Renewal {
        Renewal {
            entropy: String::new(),
            resumed,
            functions: self.functions_of(image).notices(),
            environment: self.environment.clone(),
        }
    }

    /// A fresh guest in this sandbox's world.
    async fn fresh_guest(&self, image: &Image) -> Result<Guest> {
        let world = self.world(image, image.clocks(self.determinism.as_ref()), None);
        image
            .guest(self.metering(), world, self.renewal(image, false))
            .await
    }

    /// A guest that goes on from `state`: as itself, or as a copy whose
    /// randomness is its own. It has to be woken.
    async fn guest_from(
        &self,
        image: &Image,
        state: &Arc<GuestState>,
        origin: Beginning,
    ) -> Result<Guest> {
        let clocks = Clocks::resumed(state.clocks, self.determinism.as_ref());
        let resumed = origin == Beginning::Resumed;
        image
            .restored(
                self.metering(),
                self.world(image, clocks, state.random),
                self.renewal(image, resumed),
                state,
            )
            .await
    }
}

/// What a guest that is made from a saved state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Beginning {
    /// The same interpreter, which goes on: its random states do, too.
    Resumed,
    /// One of several copies.
    #[default]
    Copied,
}

/// What a new context starts from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// `None`: the sandbox's own.
    pub(crate) image: Option<Image>,
    /// `None`: a fresh guest.
    pub(crate) state: Option<Arc<GuestState>>,
    /// The last execution before.
    pub(crate) after: u64,
    pub(crate) beginning: Beginning,
    /// The guest is renewed with its first cell, not when it is made.
    pub(crate) asleep: bool,
}

/// Makes a guest and starts the worker that owns it.
pub(crate) async fn spawn(
    settings: Arc<Settings>,
    start: Start,
    handle: &tokio::runtime::Handle,
) -> Result<Mailbox> {
    let image = start.image.as_ref().unwrap_or(&settings.image);
    let guest = match &start.state {
        Some(state) => {
            let mut guest = settings.guest_from(image, state, start.beginning).await?;
            if !start.asleep {
                guest.wake().await?;
            }
            guest
        }
        None => settings.fresh_guest(image).await?,
    };
    let (mailbox, orders, parks, shared) = mailbox(start.after);
    let history = History::new(
        settings.checkpoints,
        settings.storage.clone(),
        Arc::clone(&settings.tree),
        start.state,
        ExecutionId(start.after),
    );
    let worker = Worker {
        guest: Some(guest),
        image: start.image,
        settings,
        history,
        reached: ExecutionId(start.after),
        newest: ExecutionId(start.after),
        lost: None,
        executions: 0,
        cpu: Duration::ZERO,
        idle_since: Instant::now(),
        untrimmed: Duration::ZERO,
        parks,
        shared: Arc::clone(&shared),
    };
    handle.spawn(WITHIN.scope(shared.occupant(), worker.work(orders)));
    Ok(mailbox)
}

struct Worker {
    /// `None` after the guest broke or was put away, until the next cell needs
    /// one.
    guest: Option<Guest>,
    /// `None`: the sandbox's own.
    image: Option<Image>,
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    history: History,
    /// The last execution whose effects the guest holds.
    reached: ExecutionId,
    /// The last execution that ran.
    newest: ExecutionId,
    /// What was lost while no execution was there to say so.
    lost: Option<Lost>,
    executions: u64,
    cpu: Duration,
    /// When the last cell ended.
    idle_since: Instant,
    /// Processor time since the guest gave back what it does not use.
    untrimmed: Duration,
    /// What need not wait for the end of a cell that rests.
    parks: mpsc::Receiver<Park>,
}

impl Worker {
    async fn work(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = self.next(&mut orders).await {
            match order {
                Order::Execute(job) => self.execute(*job).await,
                // A caller who is gone needs no answer.
                Order::Residency(reply) => drop(reply.send(self.residency())),
                Order::Undo(reply) => drop(reply.send(self.undo())),
                Order::Park(park) => self.park(park).await,
            }
        }
    }

    /// The next order. While none comes, the guest is put in order.
    async fn next(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<Order> {
        if self.guest.is_some() && self.untrimmed >= WORTH_A_TRIM {
            match tokio::time::timeout(IDLE_BEFORE_TRIM, self.received(orders)).await {
                Ok(order) => return order,
                Err(_elapsed) => self.trim().await,
            }
        }
        if self.guest.is_some() && self.history.is_worth_it() {
            match tokio::time::timeout(IDLE_BEFORE_SAVE, self.received(orders)).await {
                Ok(order) => return order,
                Err(_elapsed) => self.save().await,
            }
        }
        self.received(orders).await
    }

    async fn received(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<Order> {
        tokio::select! {
            biased;
            Some(park) = self.parks.recv() => Some(Order::Park(park)),
            order = orders.recv() => order,
        }
    }

    async fn trim(&mut self) {
        self.untrimmed = Duration::ZERO;
        let Some(guest) = &mut self.guest else { return };
        if guest.trim().await.is_err() {
            self.guest = None;
            // The next outcome will say so.
            self.lost = self.lose(self.reached);
        }
    }

    /// Makes a checkpoint. One that cannot be made leaves the last one in force.
    async fn save(&mut self) {
        let Some(guest) = &mut self.guest else { return };
        if let Ok(state) = self.history.save(guest, self.reached).await {
            self.settle(&state);
        }
    }

    /// The guest is gone, and with it the effects of executions up to `last`.
    fn lose(&mut self, last: ExecutionId) -> Option<Lost> {
        let now = self.history.go_back(last, self.newest);
        self.reached = self.history.after();
        match (self.lost.take(), now) {
            (Some(before), Some(now)) => Some(Lost {
                first: before.first.min(now.first),
                last: before.last.max(now.last),
            }),
            (before, now) => before.or(now),
        }
    }

    /// Goes back to the state before the last cell.
    fn undo(&mut self) -> Result<Lost> {
        let last = self.reached;
        if !self.history.step_back(last) {
            return Err(Error::NothingToUndo);
        }
        self.guest = None;
        let lost = self.history.go_back(last, self.newest);
        self.reached = self.history.after();
        lost.ok_or(Error::NothingToUndo)
    }

    /// Hands out the state and stands still until the caller lets go.
    async fn park(&mut self, park: Park) {
        let mut saved = None;
        let state = match &mut self.guest {
            Some(guest) => match guest.wake().await {
                Ok(()) => {
                    let state = self.history.save(guest, self.reached).await;
                    saved = state.as_ref().ok().map(Arc::clone);
                    state.map(Some)
                }
                Err(error) => Err(error),
            },
            None => Ok(self.history.last()),
        };
        let start = state.map(|state| self.start_from(state));
        if stand_still(park, start).await == Release::PutAway {
            self.guest = None;
        } else if let Some(state) = saved {
            self.settle(&state);
        }
    }

    /// Has the guest, which is as in `state`, go on over what was saved.
    fn settle(&mut self, state: &GuestState) {
        if let Some(guest) = &mut self.guest
            && guest.settle(state).is_err()
        {
            // The next cell starts from what was saved.
            self.guest = None;
        }
    }

    /// What a copy starts from that goes on from `state`.
    fn start_from(&self, state: Option<Arc<GuestState>>) -> Start {
        Start {
            image: self.image.clone(),
            state,
            after: self.shared.last_id(),
            ..Start::default()
        }
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
        self.idle_since = Instant::now();
        if self.settings.checkpoints == Checkpoints::EveryCell {
            self.save().await;
        }
    }

    /// The guest for the next cell: the one that is there, or one made from the
    /// last checkpoint.
    async fn take_guest(&mut self) -> Result<Guest> {
        if self.history.is_due(self.idle_since.elapsed()) {
            self.save().await;
        }
        let settings = Arc::clone(&self.settings);
        let image = self.image.clone();
        let image = image.as_ref().unwrap_or(&settings.image);
        // The first cell of a copy finds it asleep.
        let mut next = self.guest.take().map(Ok);
        loop {
            let made = match (next.take(), self.history.last()) {
                (Some(guest), _) => guest,
                (None, None) => return settings.fresh_guest(image).await,
                (None, Some(state)) => settings.guest_from(image, &state, Beginning::Resumed).await,
            };
            let awake = match made {
                Ok(mut guest) => guest.wake().await.map(|()| guest),
                Err(error) => Err(error),
            };
            // Code that ran there may have damaged what the kernel stands on: then
            // an older state has to do.
            match awake {
                Err(Error::Boot { .. }) => {
                    self.history.drop_last();
                    self.lost = self.lose(self.reached);
                }
                other => return other,
            }
        }
    }

    async fn run(&mut self, job: &Job) -> Outcome {
        let mut guest = match self.take_guest().await {
            Ok(guest) => guest,
            Err(error) => {
                return broken(TrapKind::Other {
                    name: error.to_string(),
                });
            }
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
        let starting = guest.start(cell, run, job.limits.fuel);
        let mut step = self.shared.gate().pass(starting).await;
        let ran = loop {
            step = match step {
                Step::Ended(ran) => break ran,
                Step::Rests(course) => self.rest(&mut guest, course).await,
            };
        };
        self.newest = job.id;
        self.executions += 1;
        self.cpu += ran.cpu;
        self.untrimmed += ran.cpu;
        let memory = guest.memory_bytes();
        let (end, intact) = judge(&ran, &job.limits);
        let usage = usage(&ran, memory);
        let lost = if intact {
            self.guest = Some(guest);
            self.reached = job.id;
            self.history.ran(ran.cpu);
            self.lost.take()
        } else {
            // Before the next guest is made: its open files go away now.
            drop(guest);
            self.lose(job.id)
        };
        Outcome { end, usage, lost }
    }

    /// Waits with a cell that rests, and hands out its guest's state meanwhile.
    async fn rest(&mut self, guest: &mut Guest, course: Course) -> Step {
        let shared = Arc::clone(&self.shared);
        loop {
            let park = tokio::select! {
                biased;
                Some(park) = self.parks.recv() => park,
                answer = shared.gate().pass(guest.rest()) => {
                    return shared.gate().pass(guest.go_on(course, answer)).await;
                }
            };
            // No checkpoint: half a cell is nothing to go back to.
            let state = guest.capture(&self.settings.storage).await;
            let start = state.map(|state| self.start_from(Some(Arc::new(state))));
            stand_still(park, start).await;
        }
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
            checkpoint_bytes: self.history.disk_bytes(),
            contexts: 1,
            executions: self.executions,
            cpu: self.cpu,
        })
    }
}

/// Hands out a state and waits until the caller lets go.
async fn stand_still(park: Park, start: Result<Start>) -> Release {
    if park.reply.send(start).is_err() {
        return Release::GoOn;
    }
    park.release.await.unwrap_or(Release::GoOn)
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
        output_bytes: ran.run.as_ref().map_or(0, |run| run.output.spent()),
        calls: ran.run.as_ref().map_or(0, |run| run.calls_made),
    }
}

/// How the cell ended, and whether the guest may go on.
fn judge(ran: &Ran, limits: &Limits) -> (End, bool) {
    let run = ran.run.as_ref();
    let asked = run.and_then(|run| run.ladder.cause());
    let output_denied = run.is_some_and(|run| run.output.is_denied());
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
        Err(Stopped::BrokenPipe) => (
            End::Trapped {
                kind: TrapKind::Other {
                    name: "broken pipe".to_owned(),
                },
            },
            false,
        ),
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
