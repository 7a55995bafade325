//! A cell's way through a guest: it runs, it rests, it goes on.
//!
//! A cell rests when its guest has ended the call and waits for nothing but time or
//! an answer of the host. Nothing of it stands on a stack then, so a guest whose
//! cell rests can be saved like one without a cell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{TypedFunc, WasmParams};

use crate::engine::imports::until;
use crate::engine::ladder::Demand;
use crate::engine::meter::metered;
use crate::engine::state::Run;
use crate::engine::{Guest, Metering, Stopped};
use crate::guest::order::Status;

/// Stack bytes that stay resident between calls: what a small cell touches.
const STACK_KEPT_BYTES: usize = 32 << 10;

/// Fuel of a cell without a limit.
const NO_LIMIT: u64 = u64::MAX / 2;

/// What a guest answers that rests; no status of an end.
const RESTING: i32 = 4;

/// What a wait came to that was interrupted, as `wait` answers it.
const INTERRUPTED: i32 = -1;

/// A cell to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) code: &'a [u8],
    pub(crate) options: &'a [u8],
}

/// How a call of a guest went.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Result<Status, Stopped>,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) fuel: Option<u64>,
    pub(crate) run: Option<Run>,
}

/// How far a cell has come.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of them is there at a time, and most are the large one"
)]
pub(crate) enum Step {
    Ended(Ran),
    /// It rests: [`Guest::rest`], then [`Guest::go_on`].
    Rests(Course),
}

/// What a cell that has not ended has taken so far.
#[derive(Debug)]
pub(crate) struct Course {
    start: Instant,
    cpu: Duration,
    /// What it was given, where fuel is counted.
    fuel: Option<u64>,
}

impl Guest {
    /// Runs a cell to its end.
    pub(crate) async fn execute(&mut self, cell: Cell<'_>, run: Run, fuel: Option<u64>) -> Ran {
        let mut step = self.start(cell, run, fuel).await;
        loop {
            step = match step {
                Step::Ended(ran) => return ran,
                Step::Rests(course) => {
                    let answer = self.rest().await;
                    self.go_on(course, answer).await
                }
            };
        }
    }

    /// Runs a cell until it rests or ends.
    pub(crate) async fn start(&mut self, cell: Cell<'_>, run: Run, fuel: Option<u64>) -> Step {
        let start = Instant::now();
        let fuel = fuel.unwrap_or(NO_LIMIT);
        let counted = self.refuel(fuel).is_ok() && self.engine.metering == Metering::Fuel;
        self.store.data_mut().run = Some(run);
        let course = Course {
            start,
            cpu: Duration::ZERO,
            fuel: counted.then_some(fuel),
        };
        let ticker = Arc::clone(&self.engine.ticker);
        let counter = sandcell_sys::FaultCounter::of(&self.store);
        let starting = counter.over(self.start_call(cell));
        let (status, cpu) = metered(&ticker, starting).await;
        self.stepped(course, status, cpu).await
    }

    /// Waits for what the resting cell waits for: the answer for [`Self::go_on`].
    /// Can be given up and called again.
    ///
    /// # Errors
    /// [`Stopped::ByForce`].
    pub(crate) async fn rest(&mut self) -> Result<i32, Stopped> {
        loop {
            let state = &mut **self.store.data_mut();
            if let Some(len) = state.calls.announce() {
                return Ok(i32::try_from(len).unwrap_or(i32::MAX));
            }
            let Some(rest) = state.rest else {
                return Ok(0);
            };
            let ladder = state.run.as_ref().map(|run| &run.ladder);
            let control = ladder.map(|ladder| Arc::clone(&ladder.control));
            let alarm = ladder.and_then(|ladder| ladder.alarm());
            let woken = async {
                match &control {
                    Some(control) => control.woken().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Who asks it to stop comes before what it waits for.
                biased;
                () = woken => {}
                () = until(alarm) => {}
                () = state.calls.ended() => continue,
                () = until(rest.until) => return Ok(0),
            }
            match self.store.data_mut().review() {
                Demand::GoOn => {}
                Demand::Ask => {
                    self.set_interrupt_words();
                    return Ok(INTERRUPTED);
                }
                Demand::Stop => return Err(Stopped::ByForce),
            }
        }
    }

    /// Goes on with the cell that rested until it rests again or ends.
    pub(crate) async fn go_on(&mut self, course: Course, answer: Result<i32, Stopped>) -> Step {
        self.store.data_mut().rest = None;
        let (status, cpu) = match (answer, self.go_on.clone()) {
            (Ok(answer), Some(function)) => {
                let ticker = Arc::clone(&self.engine.ticker);
                metered(&ticker, self.call_cell(&function, answer)).await
            }
            // It has said that it rests, and cannot go on: its kernel is at fault.
            (Ok(_), None) => (Ok(RESTING), Duration::ZERO),
            (Err(stopped), _) => (Err(stopped), Duration::ZERO),
        };
        self.stepped(course, status, cpu).await
    }

    /// What a call came to, after which the cell rests or has ended.
    async fn stepped(
        &mut self,
        mut course: Course,
        status: Result<i32, Stopped>,
        cpu: Duration,
    ) -> Step {
        course.cpu += cpu;
        sandcell_sys::trim_stack(&mut self.store, STACK_KEPT_BYTES);
        let rests = matches!(status, Ok(RESTING)) && self.store.data().rest.is_some();
        if rests {
            return Step::Rests(course);
        }
        self.store.data_mut().rest = None;
        if let Some(run) = &mut self.store.data_mut().run {
            for bridge in std::mem::take(&mut run.bridges) {
                bridge.end().await;
            }
        }
        let left = self.store.get_fuel().unwrap_or(0);
        Step::Ended(Ran {
            status: status.map(Status::from_raw),
            wall: course.start.elapsed(),
            cpu: course.cpu,
            fuel: course.fuel.map(|fuel| fuel.saturating_sub(left)),
            run: self.store.data_mut().run.take(),
        })
    }

    async fn start_call(&mut self, cell: Cell<'_>) -> Result<i32, Stopped> {
        self.place(&[cell.code, cell.options]).await?;
        let code_len = i32::try_from(cell.code.len()).unwrap_or(i32::MAX);
        let options_len = i32::try_from(cell.options.len()).unwrap_or(i32::MAX);
        let execute = self.execute.clone();
        self.call_cell(&execute, (code_len, options_len)).await
    }

    async fn call_cell<P>(
        &mut self,
        function: &TypedFunc<P, i32>,
        parameters: P,
    ) -> Result<i32, Stopped>
    where
        P: WasmParams + Sync,
    {
        let ticker = Arc::clone(&self.engine.ticker);
        let stop = self.stop_word(&ticker);
        sandcell_sys::call(&mut self.store, function, parameters, stop)
            .await
            .map_err(|error| Stopped::from_error(&error))
    }

    /// ORs the bits of each interrupt word into the memory of a guest that rests.
    fn set_interrupt_words(&mut self) {
        let words = Arc::clone(&self.store.data().interrupt_words);
        for (address, bits) in &*words {
            let start = *address as usize;
            let word = self.memory().get(start..start.saturating_add(4));
            let Some(word) = word.and_then(|word| <[u8; 4]>::try_from(word).ok()) else {
                continue;
            };
            let set = (u32::from_le_bytes(word) | bits).to_le_bytes();
            sandcell_sys::write_counted(&mut self.store, &self.memory, start, &set);
        }
    }
}
