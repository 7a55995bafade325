//! One cell of a [`ShellContext`](super::context::ShellContext): its streams and
//! its end.

use std::collections::BTreeMap;
use std::time::Duration;

use sandcell::command::Signal;
use sandcell::stream::{PIPE_BYTES, PipeReader};
use sandcell::{End, Event, Executor, GuestException, InterruptCause, Limit};
use tokio::sync::{Notify, mpsc, watch};

use super::context::{Order, ShellCell, ended};
use super::world::World;
use crate::run::Shell;
use crate::system::{ExitStatus, System};
use crate::text;
use crate::variable::Variable;

/// Where a context's shell and what it starts write to.
pub(super) struct Streams {
    pub(super) stdout: PipeReader,
    pub(super) stderr: PipeReader,
}

/// A cell that runs.
pub(super) struct Cell<'a> {
    pub(super) world: &'a World,
    pub(super) streams: &'a Streams,
    pub(super) executor: Executor,
}

/// Takes no more orders when it is dropped, as it is with a process that is
/// killed: before anybody is told that the cell broke, so that whoever is told
/// finds the context closed.
struct LastCell<'a>(Option<&'a mut mpsc::Receiver<Order>>);

impl LastCell<'_> {
    /// The shell goes on.
    fn is_not(&mut self) {
        self.0 = None;
    }
}

impl Drop for LastCell<'_> {
    fn drop(&mut self) {
        if let Some(orders) = &mut self.0 {
            orders.close();
        }
    }
}

/// Why a cell is to stop.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Asked(InterruptCause),
    Output,
}

/// How the shell's part of a cell came to its end.
enum Finish {
    /// By itself, or as it was told.
    Ended(ExitStatus, Option<Stop>),
    /// It did not stop.
    Stubborn(Stop),
}

impl Cell<'_> {
    /// Runs it. False when the shell cannot go on.
    pub(super) async fn run(
        mut self,
        shell: &mut Shell,
        cell: ShellCell,
        orders: &mut mpsc::Receiver<Order>,
        closed: &mut watch::Receiver<bool>,
    ) -> bool {
        let mut last = LastCell(Some(orders));
        self.executor.start();
        let process = self.world.process();
        let before = process.cpu();
        let wall = cell.wall.unwrap_or_else(|| process.limits().wall);
        // What was sent while nothing ran is for nobody.
        while self.world.take_signal().is_some() {}
        let kept = lend(shell, cell.env);
        let (done, spent) = (Notify::new(), Notify::new());
        let finish = async {
            let finish = tokio::select! {
                biased;
                finish = self.ladder(shell, &cell.code, wall, &spent) => finish,
                () = ended(closed) => Finish::Stubborn(Stop::Asked(InterruptCause::Closed)),
            };
            done.notify_one();
            finish
        };
        let (finish, ()) = tokio::join!(finish, self.pump(&done, &spent));
        let process = self.world.process();
        let cpu = process.cpu().saturating_sub(before);
        match finish {
            // It told itself, and ended before it heard: dropping the executor says
            // what became of it.
            Finish::Ended(_, None) if process.is_killed() => false,
            Finish::Ended(status, stop) => {
                last.is_not();
                take_back(shell, kept);
                let end = self.end(status, stop);
                if let End::Raised(exception) = &end {
                    self.executor.show(Event::Error(exception.clone())).await;
                }
                self.executor.finish(end, cpu);
                true
            }
            Finish::Stubborn(stop) => {
                let end = self.stopped(stop);
                drop(last);
                self.executor.give_up(end, cpu);
                false
            }
        }
    }

    /// Runs the code until it ends, or until it has been told often enough to.
    async fn ladder(
        &self,
        shell: &mut Shell,
        code: &[u8],
        wall: Option<Duration>,
        spent: &Notify,
    ) -> Finish {
        let process = self.world.process();
        let grace = process.limits().grace;
        let source = text::decode(code);
        let mut running = std::pin::pin!(shell.run_cell(&source));
        let asked = async {
            tokio::select! {
                biased;
                cause = self.executor.interrupted() => Stop::Asked(cause),
                () = spent.notified() => Stop::Output,
                () = after(wall) => Stop::Asked(InterruptCause::Deadline),
            }
        };
        let stop = tokio::select! {
            biased;
            status = &mut running => return Finish::Ended(status, None),
            stop = asked => stop,
        };
        let _told = process.kill_group(process.group(), Signal::INT);
        if let Ok(status) = tokio::time::timeout(grace, &mut running).await {
            return Finish::Ended(status, Some(stop));
        }
        let others = process.processes().into_iter();
        for other in others.filter(|other| other.group == process.group()) {
            if other.pid != process.pid() {
                // It may have ended meanwhile.
                let _there = process.kill(other.pid, Signal::KILL);
            }
        }
        let _told = process.kill(process.pid(), Signal::INT);
        match tokio::time::timeout(grace, &mut running).await {
            Ok(status) => Finish::Ended(status, Some(stop)),
            Err(_elapsed) => Finish::Stubborn(stop),
        }
    }

    /// Shows what is written, as far as the limit goes, until the code is done and
    /// everything that it wrote was read.
    async fn pump(&self, done: &Notify, spent: &Notify) {
        let Streams { stdout, stderr } = self.streams;
        loop {
            tokio::select! {
                biased;
                bytes = stdout.read(PIPE_BYTES) => self.show(Event::Stdout(bytes), spent).await,
                bytes = stderr.read(PIPE_BYTES) => self.show(Event::Stderr(bytes), spent).await,
                () = done.notified() => break,
            }
        }
        // A job that goes on writing keeps no cell: a pipe's worth is what its end
        // can have left.
        if let Some(bytes) = stdout.try_read(PIPE_BYTES) {
            self.show(Event::Stdout(bytes), spent).await;
        }
        if let Some(bytes) = stderr.try_read(PIPE_BYTES) {
            self.show(Event::Stderr(bytes), spent).await;
        }
    }

    async fn show(&self, event: Event, spent: &Notify) {
        let room = self.allowed().saturating_sub(self.executor.shown_bytes());
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let cut = |bytes: bytes::Bytes| {
            if bytes.len() > room {
                spent.notify_one();
            }
            bytes.slice(..bytes.len().min(room))
        };
        let event = match event {
            Event::Stdout(bytes) => Event::Stdout(cut(bytes)),
            Event::Stderr(bytes) => Event::Stderr(cut(bytes)),
            other => other,
        };
        if !matches!(&event, Event::Stdout(bytes) | Event::Stderr(bytes) if bytes.is_empty()) {
            self.executor.show(event).await;
        }
    }

    fn allowed(&self) -> u64 {
        self.world.process().limits().output_bytes
    }

    fn end(&self, status: ExitStatus, stop: Option<Stop>) -> End {
        match stop {
            Some(stop) => self.stopped(stop),
            None if status.code() == 0 => End::Finished,
            None => End::Raised(GuestException::new("", status.code().to_string(), "")),
        }
    }

    fn stopped(&self, stop: Stop) -> End {
        match stop {
            Stop::Asked(by) => End::Interrupted { by },
            Stop::Output => End::Exhausted {
                limit: Limit::Output,
                allowed: self.allowed(),
            },
        }
    }
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Exports variables; answers what stood in their places.
fn lend(shell: &mut Shell, variables: BTreeMap<String, String>) -> Vec<(String, Option<Variable>)> {
    let mut kept = Vec::new();
    for (name, value) in variables {
        if !crate::syntax::is_name(&name) {
            continue;
        }
        let before = shell.variables.get(&name).cloned();
        let mut variable = Variable::scalar(value);
        variable.attributes.exported = true;
        // What does not fit is not there.
        if shell.put(&name, variable).is_ok() {
            kept.push((name, before));
        }
    }
    kept
}

fn take_back(shell: &mut Shell, kept: Vec<(String, Option<Variable>)>) {
    for (name, before) in kept {
        match before {
            Some(variable) => {
                // There was room for it before.
                let _fits = shell.put(&name, variable);
            }
            None => shell.variables.remove(&name),
        }
    }
}
