//! WASI preview 1: wasmtime-wasi's functions, with ours over those that touch
//! files, descriptors and waiting.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use sandcell_sys::Housed;
use wasmtime::Linker;

use crate::engine::arguments;
use crate::engine::imports::{Context, Sent, parts, send, suspend};
use crate::engine::state::State;
use crate::engine::trap::{BrokenPipe, Exit};
use crate::execution::Event;
use crate::wasi::{Call, Descriptors, Effect, Errno, Input, Output, Wait, Woken, raw};

const MODULE: &str = "wasi_snapshot_preview1";
/// Where a guest finds what preview 1 has not.
const HOST: &str = "sandcell";

/// Adds all of preview 1 to a linker.
pub(crate) fn link(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_async(linker, |state| &mut state.wasi)?;
    linker.allow_shadowing(true);
    link_descriptors(linker)?;
    link_paths(linker)?;
    link_effects(linker)?;
    arguments::link(linker)?;
    // Statuses of 126 and more trap in wasmtime-wasi; here every one is an end.
    linker.func_wrap(MODULE, "proc_exit", |status: i32| -> wasmtime::Result<()> {
        Err(Exit(status).into())
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Runs one call on the guest's descriptors, files and memory.
fn with<R>(
    caller: &mut Context<'_>,
    body: impl FnOnce(&mut Descriptors, &mut Call<'_>) -> Result<R, Errno>,
) -> Result<R, Errno> {
    let (memory, state) = parts(caller);
    let now = state.now();
    let tree = std::sync::Arc::clone(&state.tree);
    let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
    let mut call = Call {
        memory,
        tree: &mut tree,
        now,
    };
    body(&mut state.descriptors, &mut call)
}

/// Links functions that end at once, with WebAssembly's signed numbers turned
/// into preview 1's.
macro_rules! at_once {
    ($linker:ident: $($rest:tt)*) => { at_once! { $linker, MODULE: $($rest)* } };
    ($linker:ident, $module:ident: $($name:ident($($argument:ident: $wasm:ty => $abi:ty),*);)*) => {
        $($linker.func_wrap(
            $module,
            stringify!($name),
            |mut caller: Context<'_>, $($argument: $wasm),*| -> i32 {
                $(let $argument = <$abi>::from_ne_bytes($argument.to_ne_bytes());)*
                raw(with(&mut caller, |descriptors, call| descriptors.$name(call, $($argument),*)))
            },
        )?;)*
    };
}

/// Adds what the sandbox's files have beyond preview 1.
pub(crate) fn link_ownership(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    at_once! { linker, HOST:
        attributes(fd: i32 => u32, flags: i32 => u32, path: i32 => u32, len: i32 => u32, out: i32 => u32);
        set_attributes(fd: i32 => u32, flags: i32 => u32, path: i32 => u32, len: i32 => u32, which: i32 => u32, mode: i32 => u32, owner: i32 => u32, group: i32 => u32);
        room(out: i32 => u32);
    }
    Ok(())
}

fn link_descriptors(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    at_once! { linker:
        fd_pwrite(fd: i32 => u32, iovs: i32 => u32, count: i32 => u32, offset: i64 => u64, written: i32 => u32);
        fd_advise(fd: i32 => u32, offset: i64 => u64, len: i64 => u64, advice: i32 => u32);
        fd_allocate(fd: i32 => u32, offset: i64 => u64, len: i64 => u64);
        fd_close(fd: i32 => u32);
        fd_sync(fd: i32 => u32);
        fd_datasync(fd: i32 => u32);
        fd_renumber(from: i32 => u32, to: i32 => u32);
        fd_fdstat_get(fd: i32 => u32, out: i32 => u32);
        fd_fdstat_set_flags(fd: i32 => u32, flags: i32 => u32);
        fd_fdstat_set_rights(fd: i32 => u32, base: i64 => u64, inheriting: i64 => u64);
        fd_filestat_get(fd: i32 => u32, out: i32 => u32);
        fd_filestat_set_size(fd: i32 => u32, size: i64 => u64);
        fd_filestat_set_times(fd: i32 => u32, access: i64 => u64, modification: i64 => u64, flags: i32 => u32);
        fd_prestat_get(fd: i32 => u32, out: i32 => u32);
        fd_prestat_dir_name(fd: i32 => u32, path: i32 => u32, len: i32 => u32);
        fd_readdir(fd: i32 => u32, buffer: i32 => u32, len: i32 => u32, cookie: i64 => u64, used: i32 => u32);
        fd_seek(fd: i32 => u32, offset: i64 => i64, whence: i32 => u32, out: i32 => u32);
        fd_tell(fd: i32 => u32, out: i32 => u32);
        sock_accept(fd: i32 => u32, flags: i32 => u32, opened: i32 => u32);
        sock_recv(fd: i32 => u32, data: i32 => u32, len: i32 => u32, flags: i32 => u32, read: i32 => u32, out: i32 => u32);
        sock_send(fd: i32 => u32, data: i32 => u32, len: i32 => u32, flags: i32 => u32, written: i32 => u32);
        sock_shutdown(fd: i32 => u32, how: i32 => u32);
    }
    Ok(())
}

fn link_paths(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    at_once! { linker:
        path_create_directory(fd: i32 => u32, path: i32 => u32, len: i32 => u32);
        path_filestat_get(fd: i32 => u32, flags: i32 => u32, path: i32 => u32, len: i32 => u32, out: i32 => u32);
        path_filestat_set_times(fd: i32 => u32, flags: i32 => u32, path: i32 => u32, len: i32 => u32, access: i64 => u64, modification: i64 => u64, times: i32 => u32);
        path_link(old_fd: i32 => u32, flags: i32 => u32, old: i32 => u32, old_len: i32 => u32, new_fd: i32 => u32, new: i32 => u32, new_len: i32 => u32);
        path_open(fd: i32 => u32, lookup: i32 => u32, path: i32 => u32, len: i32 => u32, flags: i32 => u32, base: i64 => u64, inheriting: i64 => u64, fdflags: i32 => u32, opened: i32 => u32);
        path_readlink(fd: i32 => u32, path: i32 => u32, len: i32 => u32, buffer: i32 => u32, buffer_len: i32 => u32, used: i32 => u32);
        path_remove_directory(fd: i32 => u32, path: i32 => u32, len: i32 => u32);
        path_unlink_file(fd: i32 => u32, path: i32 => u32, len: i32 => u32);
        path_rename(fd: i32 => u32, old: i32 => u32, old_len: i32 => u32, new_fd: i32 => u32, new: i32 => u32, new_len: i32 => u32);
        path_symlink(target: i32 => u32, target_len: i32 => u32, fd: i32 => u32, path: i32 => u32, len: i32 => u32);
    }
    Ok(())
}

/// Links functions that may have to wait.
macro_rules! in_time {
    ($linker:ident: $($name:ident($($argument:ident: $wasm:ty => $abi:ty),*);)*) => {
        $($linker.func_wrap_async(
            MODULE,
            stringify!($name),
            |mut caller: Context<'_>, ($($argument),*): ($($wasm),*)| {
                Box::new(async move {
                    $(let $argument = <$abi>::from_ne_bytes($argument.to_ne_bytes());)*
                    let effect = with(&mut caller, |descriptors, call| {
                        descriptors.$name(call, $($argument),*)
                    });
                    match effect {
                        Ok(effect) => perform(&mut caller, effect).await.map(raw),
                        Err(errno) => Ok(errno.raw()),
                    }
                })
            },
        )?;)*
    };
}

fn link_effects(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    in_time! { linker:
        fd_read(fd: i32 => u32, iovs: i32 => u32, count: i32 => u32, read: i32 => u32);
        fd_pread(fd: i32 => u32, iovs: i32 => u32, count: i32 => u32, offset: i64 => u64, read: i32 => u32);
        fd_write(fd: i32 => u32, iovs: i32 => u32, count: i32 => u32, written: i32 => u32);
        poll_oneoff(subscriptions: i32 => u32, events: i32 => u32, count: i32 => u32, found: i32 => u32);
    }
    Ok(())
}

/// Does what a call of the descriptors asked the engine for.
async fn perform(caller: &mut Context<'_>, effect: Effect) -> wasmtime::Result<Result<(), Errno>> {
    match effect {
        Effect::Done => Ok(Ok(())),
        Effect::Write {
            output,
            bytes,
            reply,
        } => {
            let written = bytes.len();
            let event = match output {
                Output::Stdout => Event::Stdout(bytes.into()),
                Output::Stderr => Event::Stderr(bytes.into()),
            };
            Ok(match send(caller, event, written).await? {
                Sent::Taken => reply.complete(parts(caller).0, written),
                Sent::LimitSpent => Err(Errno::Io),
                Sent::Interrupted => Err(Errno::Intr),
            })
        }
        Effect::Read {
            input,
            limit,
            reply,
        } => {
            let (memory, state) = parts(caller);
            let bytes = match input {
                Input::Stdin => match &mut state.run {
                    Some(run) => {
                        let count = limit.min(run.stdin.bytes.len());
                        run.stdin.bytes.split_to(count).to_vec()
                    }
                    None => Vec::new(),
                },
                Input::Random => state.random.guest.bytes(limit),
            };
            Ok(reply.complete(memory, &bytes))
        }
        Effect::ReadPipe {
            reader,
            limit,
            reply,
        } => match suspend(caller, reader.read(limit)).await? {
            Some(bytes) => Ok(reply.complete(parts(caller).0, &bytes)),
            None => Ok(Err(Errno::Intr)),
        },
        Effect::WritePipe {
            writer,
            bytes,
            reply,
        } => match suspend(caller, writer.write(&bytes)).await? {
            Some(Ok(written)) => Ok(reply.complete(parts(caller).0, written)),
            Some(Err(_broken)) => broken_pipe(caller),
            None => Ok(Err(Errno::Intr)),
        },
        Effect::BrokenPipe => broken_pipe(caller),
        Effect::Wait(wait) => sleep(caller, wait).await,
    }
}

/// What a write into a pipe that nobody reads does to the guest.
fn broken_pipe(caller: &Context<'_>) -> wasmtime::Result<Result<(), Errno>> {
    if caller.data().ends_by_broken_pipe {
        return Err(BrokenPipe.into());
    }
    Ok(Err(Errno::Pipe))
}

/// `poll_oneoff`: waits for its timer or its pipes; standard input is always
/// ready.
async fn sleep(caller: &mut Context<'_>, wait: Wait) -> wasmtime::Result<Result<(), Errno>> {
    let stdin = caller
        .data()
        .run
        .as_ref()
        .map_or(0, |run| run.stdin.bytes.len() as u64);
    let state = &mut **caller.data_mut();
    if !wait.wants_stdin() {
        let now_ns = state.clocks.monotonic_ns();
        let instant = match wait.deadline_ns() {
            Some(deadline) if deadline > now_ns => state.clocks.sleep_until(deadline),
            Some(_) => None,
            // No timer, or one beyond the end of time: only an interrupt wakes it.
            None => far_away(),
        };
        // An interrupted sleep ends early. The C library would turn an error into
        // "not supported"; this way the interpreter finds its interrupt at once.
        if let Some(instant) = instant {
            let first = async {
                tokio::select! {
                    () = wait.pipes() => {}
                    () = tokio::time::sleep_until(instant.into()) => {}
                }
            };
            suspend(caller, first).await?;
        }
    }
    let (memory, state) = parts(caller);
    let mut now = state.now();
    // A sleep that was cut short says that its time has come.
    if !wait.wants_stdin() && !wait.wants_pipes() {
        now.monotonic_ns = now.monotonic_ns.max(wait.deadline_ns().unwrap_or(u64::MAX));
    }
    let woken = Woken {
        now,
        stdin: wait.wants_stdin().then_some(stdin),
    };
    Ok(wait.complete(memory, woken))
}

/// As good as never.
fn far_away() -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(31_536_000))
}
