//! The arguments and the environment of a process, as preview 1 hands them out:
//! any bytes without NUL, which wasmtime-wasi's texts could not carry.

use sandcell_sys::Housed;
use wasmtime::Linker;

use crate::engine::imports::{Context, parts};
use crate::engine::state::State;
use crate::wasi::{Errno, raw};

const MODULE: &str = "wasi_snapshot_preview1";

/// Shadows the four calls.
pub(super) fn link(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "args_get",
        |mut caller: Context<'_>, table: i32, bytes: i32| {
            raw(get(&mut caller, |state| &state.arguments, table, bytes))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "args_sizes_get",
        |mut caller: Context<'_>, count: i32, bytes: i32| {
            raw(sizes(&mut caller, |state| &state.arguments, count, bytes))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "environ_get",
        |mut caller: Context<'_>, table: i32, bytes: i32| {
            raw(get(&mut caller, |state| &state.environment, table, bytes))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "environ_sizes_get",
        |mut caller: Context<'_>, count: i32, bytes: i32| {
            raw(sizes(&mut caller, |state| &state.environment, count, bytes))
        },
    )?;
    Ok(())
}

type Texts = fn(&State) -> &std::sync::Arc<[Vec<u8>]>;

fn put(memory: &mut [u8], address: u32, bytes: &[u8]) -> Result<(), Errno> {
    let start = address as usize;
    let end = start.checked_add(bytes.len()).ok_or(Errno::Fault)?;
    let place = memory.get_mut(start..end).ok_or(Errno::Fault)?;
    place.copy_from_slice(bytes);
    Ok(())
}

fn get(caller: &mut Context<'_>, texts: Texts, table: i32, bytes: i32) -> Result<(), Errno> {
    let (memory, state) = parts(caller);
    let mut entry = table.cast_unsigned();
    let mut at = bytes.cast_unsigned();
    let next = |address: u32, by: usize| {
        let by = u32::try_from(by).map_err(|_| Errno::Overflow)?;
        address.checked_add(by).ok_or(Errno::Fault)
    };
    for text in texts(state).iter() {
        put(memory, entry, &at.to_le_bytes())?;
        put(memory, at, text)?;
        at = next(at, text.len())?;
        put(memory, at, &[0])?;
        at = next(at, 1)?;
        entry = next(entry, 4)?;
    }
    Ok(())
}

fn sizes(caller: &mut Context<'_>, texts: Texts, count: i32, bytes: i32) -> Result<(), Errno> {
    let (memory, state) = parts(caller);
    let texts = texts(state);
    let number = u32::try_from(texts.len()).map_err(|_| Errno::Overflow)?;
    let total: usize = texts.iter().map(|text| text.len() + 1).sum();
    let total = u32::try_from(total).map_err(|_| Errno::Overflow)?;
    put(memory, count.cast_unsigned(), &number.to_le_bytes())?;
    put(memory, bytes.cast_unsigned(), &total.to_le_bytes())
}
