//! The calls of the module `sandcell`: what a kernel may ask of its host.

use std::future::Future;
use std::pin::pin;
use std::time::Instant;

use sandcell_sys::Housed;
use wasmtime::{AsContextMut, Caller, Linker};

use crate::engine::calls::Refused;
use crate::engine::children;
use crate::engine::ladder::Demand;
use crate::engine::preview1;
use crate::engine::state::{Rest, State};
use crate::engine::trap::StopNow;
use crate::execution::Event;
use crate::guest::frame;

pub(crate) type Context<'a> = Caller<'a, Housed<State>>;

const TAKEN: i32 = 0;
const LIMIT_SPENT: i32 = 1;
const INTERRUPTED: i32 = 2;
const REFUSED: i32 = 3;

/// What `rest` answers when there is something to wait for.
const RESTS: i32 = -3;

/// Adds all of them to a linker.
pub(crate) fn link(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        "sandcell",
        "emit",
        |mut caller: Context<'_>, (kind, address, len): (i32, i32, i32)| {
            Box::new(async move { emit(&mut caller, kind, address, len).await })
        },
    )?;
    linker.func_wrap(
        "sandcell",
        "call",
        |mut caller: Context<'_>, address: i32, len: i32| call(&mut caller, address, len),
    )?;
    linker.func_wrap_async(
        "sandcell",
        "wait",
        |mut caller: Context<'_>, (timeout_ns,): (i64,)| {
            Box::new(async move { wait(&mut caller, timeout_ns).await })
        },
    )?;
    linker.func_wrap(
        "sandcell",
        "rest",
        |mut caller: Context<'_>, timeout_ns: i64| rest(caller.data_mut(), timeout_ns),
    )?;
    linker.func_wrap(
        "sandcell",
        "take",
        |mut caller: Context<'_>, address: i32, len: i32| take(&mut caller, address, len),
    )?;
    linker.func_wrap(
        "sandcell",
        "discard",
        |mut caller: Context<'_>, address: i32, len: i32| discard(&mut caller, address, len),
    )?;
    children::link(linker)?;
    linker.func_wrap_async("sandcell", "check", |mut caller: Context<'_>, (): ()| {
        Box::new(async move { check(&mut caller).await })
    })?;
    preview1::link_ownership(linker)
}

/// The guest found its stop word set: it does what the ladder demands and gives
/// way to the other tasks of its thread.
async fn check(caller: &mut Context<'_>) -> wasmtime::Result<()> {
    let (memory, state) = parts(caller);
    let start = state.stop_word as usize;
    if let Some(word) = memory.get_mut(start..start.saturating_add(4)) {
        word.fill(0);
    }
    obey(&mut *caller)?;
    tokio::task::yield_now().await;
    Ok(())
}

/// The guest says that these bytes hold nothing any more.
fn discard(caller: &mut Context<'_>, address: i32, len: i32) -> wasmtime::Result<()> {
    let Some(memory) = caller.data().memory else {
        return Ok(());
    };
    let start = address.cast_unsigned() as usize;
    let end = start.saturating_add(len.cast_unsigned() as usize);
    sandcell_sys::discard_pages(caller, &memory, start..end)?;
    Ok(())
}

/// The guest's memory and the rest of its state, side by side.
pub(crate) fn parts<'a>(caller: &'a mut Context<'_>) -> (&'a mut [u8], &'a mut State) {
    match caller.data().memory {
        Some(memory) => {
            let (bytes, state) = memory.data_and_store_mut(caller);
            (bytes, &mut **state)
        }
        // Before instantiation has ended there is no memory to look at.
        None => (&mut [], &mut **caller.data_mut()),
    }
}

/// The bytes at `address`, if they are all there.
pub(super) fn slice(memory: &[u8], address: i32, len: i32) -> Option<&[u8]> {
    let start = usize::try_from(address.cast_unsigned()).ok()?;
    let end = start.checked_add(usize::try_from(len.cast_unsigned()).ok()?)?;
    memory.get(start..end)
}

async fn emit(
    caller: &mut Context<'_>,
    kind: i32,
    address: i32,
    len: i32,
) -> wasmtime::Result<i32> {
    let (memory, _) = parts(caller);
    let Some(payload) = slice(memory, address, len) else {
        return Ok(REFUSED);
    };
    let bytes = payload.len();
    let Ok(event) = frame::parse(kind, payload) else {
        return Ok(REFUSED);
    };
    Ok(match send(caller, event, bytes).await? {
        Sent::Taken => TAKEN,
        Sent::LimitSpent => LIMIT_SPENT,
        Sent::Interrupted => INTERRUPTED,
    })
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Taken,
    LimitSpent,
    Interrupted,
}

/// Charges an event to the execution and hands it to the reader, waiting for a
/// slow one.
pub(crate) async fn send(
    caller: &mut Context<'_>,
    event: Event,
    bytes: usize,
) -> wasmtime::Result<Sent> {
    let state = &mut **caller.data_mut();
    let Some(run) = &mut state.run else {
        match &event {
            Event::Stdout(text) | Event::Stderr(text) => state.note(text),
            // Nobody looks at what a guest shows while it boots.
            _ => {}
        }
        return Ok(Sent::Taken);
    };
    if let Event::Error(exception) = &event {
        run.exception = Some(exception.clone());
    }
    if !run.output.charge(bytes) {
        return Ok(Sent::LimitSpent);
    }
    let Some(outlet) = run.outlet.clone() else {
        return Ok(Sent::Taken);
    };
    let Err(event) = outlet.try_send(event, bytes) else {
        return Ok(Sent::Taken);
    };
    Ok(match suspend(caller, outlet.send(event, bytes)).await? {
        Some(()) => Sent::Taken,
        None => Sent::Interrupted,
    })
}

/// Waits for `future` on behalf of the guest, which may be told to stop
/// meanwhile: `None` when it was interrupted.
pub(crate) async fn suspend<T>(
    caller: &mut Context<'_>,
    future: impl Future<Output = T>,
) -> wasmtime::Result<Option<T>> {
    let mut future = pin!(future);
    loop {
        let Some(run) = &caller.data().run else {
            return Ok(Some(future.await));
        };
        let control = std::sync::Arc::clone(&run.ladder.control);
        let alarm = run.ladder.alarm();
        tokio::select! {
            biased;
            output = &mut future => return Ok(Some(output)),
            () = control.woken() => {}
            () = until(alarm) => {}
        }
        if obey(&mut *caller)? == Demand::Ask {
            return Ok(None);
        }
    }
}

pub(super) async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => tokio::time::sleep_until(alarm.into()).await,
        None => std::future::pending().await,
    }
}

/// Does what the ladder demands now.
pub(crate) fn obey(
    mut context: impl AsContextMut<Data = Housed<State>>,
) -> wasmtime::Result<Demand> {
    let mut context = context.as_context_mut();
    let demand = context.data_mut().review();
    match demand {
        Demand::GoOn => {}
        Demand::Ask => {
            let words = std::sync::Arc::clone(&context.data().interrupt_words);
            if let Some(memory) = context.data().memory {
                set_words(memory.data_mut(&mut context), &words);
            }
        }
        Demand::Stop => return Err(StopNow.into()),
    }
    Ok(demand)
}

/// ORs the bits of each interrupt word into guest memory.
fn set_words(memory: &mut [u8], words: &[(u32, u32)]) {
    for (address, bits) in words {
        let start = *address as usize;
        if let Some(word) = memory.get_mut(start..start.saturating_add(4)) {
            for (byte, bit) in word.iter_mut().zip(bits.to_le_bytes()) {
                *byte |= bit;
            }
        }
    }
}

fn call(caller: &mut Context<'_>, address: i32, len: i32) -> i64 {
    let (memory, state) = parts(caller);
    let Some(payload) = slice(memory, address, len) else {
        return Refused::Malformed as i64;
    };
    if let Some(run) = &mut state.run {
        if run.calls_left == 0 {
            return -5;
        }
        run.calls_left -= 1;
        run.calls_made += 1;
    }
    match state.calls.start(payload) {
        Ok(id) => id,
        Err(refused) => refused as i64,
    }
}

/// What a wait comes to.
enum Wait {
    /// It is over at once.
    Over(i32),
    /// It lasts until a call has ended, or until then.
    Until(Option<Instant>),
}

fn begin_wait(state: &mut State, timeout_ns: i64) -> Wait {
    if let Some(len) = state.calls.announce() {
        return Wait::Over(announced(len));
    }
    if timeout_ns == 0 {
        return Wait::Over(0);
    }
    let idle = state.calls.outstanding() == 0;
    if idle && timeout_ns < 0 {
        return Wait::Over(-2);
    }
    let wake_at = u64::try_from(timeout_ns)
        .ok()
        .map(|timeout| state.clocks.monotonic_ns().saturating_add(timeout));
    match wake_at {
        None => Wait::Until(None),
        // Virtual time moves at once, unless a host function is to be waited for.
        Some(wake_at) => match state.clocks.sleep_until(wake_at) {
            Some(instant) => Wait::Until(Some(instant)),
            None if idle => Wait::Over(0),
            None => Wait::Until(None),
        },
    }
}

fn announced(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX)
}

/// As `wait`, but the guest ends its call when there is something to wait for.
fn rest(state: &mut State, timeout_ns: i64) -> i32 {
    match begin_wait(state, timeout_ns) {
        Wait::Over(answer) => answer,
        Wait::Until(until) => {
            state.rest = Some(Rest { until });
            RESTS
        }
    }
}

async fn wait(caller: &mut Context<'_>, timeout_ns: i64) -> wasmtime::Result<i32> {
    let state = &mut **caller.data_mut();
    let until_instant = match begin_wait(state, timeout_ns) {
        Wait::Over(answer) => return Ok(answer),
        Wait::Until(until) => until,
    };
    let mut calls = state.calls.lend();
    let waited = suspend(caller, async {
        tokio::select! {
            biased;
            Some(joined) = calls.join_next() => joined.ok(),
            () = until(until_instant) => None,
        }
    })
    .await;
    let waited = waited?;
    let interrupted = waited.is_none();
    let state = &mut **caller.data_mut();
    state.calls.give_back(calls, waited.flatten());
    if interrupted {
        return Ok(-1);
    }
    Ok(state.calls.announce().map_or(0, announced))
}

fn take(caller: &mut Context<'_>, address: i32, len: i32) -> i32 {
    let (memory, state) = parts(caller);
    let Some(payload) = state.calls.announced.take() else {
        return -1;
    };
    let start = address.cast_unsigned() as usize;
    let target = start
        .checked_add(payload.len())
        .and_then(|end| memory.get_mut(start..end));
    match target {
        Some(target) if usize::try_from(len) == Ok(payload.len()) => {
            target.copy_from_slice(&payload);
            0
        }
        _ => {
            state.calls.announced = Some(payload);
            -1
        }
    }
}
