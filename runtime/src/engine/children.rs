//! Processes that guests start: the calls of docs/guest-abi.md, "Processes".

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sandcell_sys::Housed;
use wasmtime::Linker;

use crate::engine::bridge::Bridge;
use crate::engine::imports::{Context, parts, slice, suspend, until};
use crate::engine::state::State;
use crate::stream::{Clock, Descriptor, OpenFile, pipe};
use crate::wasi::{Errno, Shared};

/// Bytes of an errand: arguments, environment, descriptors.
const ERRAND_BYTES: usize = 8 << 20;

/// Texts of each sort, and descriptors, of an errand.
const ERRAND_TEXTS: u32 = 1 << 20;
const ERRAND_DESCRIPTORS: u32 = 1024;

/// A child's end: its number and its status as `waitpid` says it.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = (u32, u32)> + Send>>;

/// Who starts processes for one guest.
pub(crate) trait Children: Send + Sync + std::fmt::Debug {
    /// Starts a child; its number.
    fn spawn(&self, errand: Errand) -> Result<u32, Errno>;

    /// The end of a child, or of any; `ECHILD` when there is none. The child is
    /// forgotten when the future has answered.
    fn wait(&self, pid: Option<u32>) -> Result<Waiting, Errno>;

    /// Sends a signal to a process, to a group (negative), or with signal 0 looks
    /// whether it is there.
    fn kill(&self, pid: i32, signal: i32) -> Result<(), Errno>;

    /// Numbers of the process, its parent and its group; 0 where there is none.
    fn numbers(&self) -> [u32; 3];
}

/// A process to be started for a guest.
#[derive(Debug, Default)]
pub(crate) struct Errand {
    /// What to run, if not what the first argument says.
    pub(crate) path: Option<String>,
    pub(crate) cwd: Option<String>,
    pub(crate) argv: Vec<Vec<u8>>,
    /// Texts `NAME=value`.
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) descriptors: Vec<(u32, Descriptor)>,
    pub(crate) own_group: bool,
}

/// An errand as the guest writes it.
#[derive(Debug, Default)]
struct Written {
    errand: Errand,
    /// The child's number, the guest's; `u32::MAX` stands for nothing.
    descriptors: Vec<(u32, u32)>,
}

/// Adds all of them to a linker.
pub(super) fn link(linker: &mut Linker<Housed<State>>) -> wasmtime::Result<()> {
    const MODULE: &str = "sandcell";
    linker.func_wrap(
        MODULE,
        "spawn",
        |mut caller: Context<'_>, address: i32, len: i32| {
            spawn(&mut caller, address, len).map_or_else(negative, |pid| pid.cast_signed())
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "wait_child",
        |mut caller: Context<'_>, (pid, timeout_ns, out): (i32, i64, i32)| {
            Box::new(async move { wait_child(&mut caller, pid, timeout_ns, out).await })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "kill",
        |caller: Context<'_>, pid: i32, signal: i32| {
            let children = caller.data().children.as_ref().ok_or(Errno::Notsup);
            answer(children.and_then(|children| children.kill(pid, signal)))
        },
    )?;
    linker.func_wrap(MODULE, "process", |mut caller: Context<'_>, out: i32| {
        answer(process(&mut caller, out))
    })?;
    linker.func_wrap(MODULE, "pipe", |mut caller: Context<'_>, out: i32| {
        answer(make_pipe(&mut caller, out))
    })?;
    linker.func_wrap(
        MODULE,
        "duplicate",
        |mut caller: Context<'_>, fd: i32, to: i32| {
            duplicate(&mut caller, fd, to).map_or_else(negative, |fd| fd.cast_signed())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "mode",
        |mut caller: Context<'_>, address: i32, len: i32, follow: i32| {
            mode(&mut caller, address, len, follow != 0)
                .map_or_else(negative, |mode| mode.cast_signed())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "set_mode",
        |mut caller: Context<'_>, address: i32, len: i32, mode: i32| {
            answer(set_mode(&mut caller, address, len, mode))
        },
    )?;
    Ok(())
}

fn negative(errno: Errno) -> i32 {
    -errno.raw()
}

fn answer(result: Result<(), Errno>) -> i32 {
    result.map_or_else(negative, |()| 0)
}

fn put(memory: &mut [u8], address: i32, values: &[u32]) -> Result<(), Errno> {
    let start = address.cast_unsigned() as usize;
    let end = start.checked_add(values.len() * 4).ok_or(Errno::Fault)?;
    let place = memory.get_mut(start..end).ok_or(Errno::Fault)?;
    for (place, value) in place.chunks_exact_mut(4).zip(values) {
        place.copy_from_slice(&value.to_le_bytes());
    }
    Ok(())
}

fn spawn(caller: &mut Context<'_>, address: i32, len: i32) -> Result<u32, Errno> {
    let (memory, state) = parts(caller);
    let children = Arc::clone(state.children.as_ref().ok_or(Errno::Notsup)?);
    let bytes = slice(memory, address, len).ok_or(Errno::Fault)?;
    let mut written = Written::read(bytes)?;
    for (number, mine) in std::mem::take(&mut written.descriptors) {
        let descriptor = match mine {
            u32::MAX => Descriptor::Null,
            mine => given(state, mine)?,
        };
        written.errand.descriptors.push((number, descriptor));
    }
    children.spawn(written.errand)
}

/// What a child gets of a descriptor of the guest.
fn given(state: &mut State, fd: u32) -> Result<Descriptor, Errno> {
    let mut tree = state.tree.lock().unwrap_or_else(PoisonError::into_inner);
    let shared = state.descriptors.share(fd, &mut tree)?;
    drop(tree);
    Ok(match shared {
        Shared::Stream(descriptor) => descriptor,
        Shared::File(opened) => {
            let clocks = state.clocks.clone();
            let clock: Clock = Arc::new(move || clocks.realtime_ns());
            OpenFile::held(&state.tree, &clock, opened).into()
        }
        // What the cell was given to read is the cell's.
        Shared::Stdin => Descriptor::Null,
        Shared::Output(output) => match &mut state.run {
            None => Descriptor::Null,
            Some(run) => {
                let known = run.bridges.iter().find(|bridge| bridge.output == output);
                if let Some(bridge) = known {
                    return Ok(bridge.writer().into());
                }
                let bridge = Bridge::new(output, run.outlet.clone(), Arc::clone(&run.output));
                let writer = bridge.writer();
                run.bridges.push(bridge);
                writer.into()
            }
        },
    })
}

async fn wait_child(
    caller: &mut Context<'_>,
    pid: i32,
    timeout_ns: i64,
    out: i32,
) -> wasmtime::Result<i32> {
    let Some(children) = caller.data().children.clone() else {
        return Ok(negative(Errno::Notsup));
    };
    let waiting = match children.wait(u32::try_from(pid).ok()) {
        Ok(waiting) => waiting,
        Err(errno) => return Ok(negative(errno)),
    };
    let limit = u64::try_from(timeout_ns).ok();
    let limit = limit.and_then(|limit| Instant::now().checked_add(Duration::from_nanos(limit)));
    let first = async {
        tokio::select! {
            biased;
            ended = waiting => Some(ended),
            () = until(limit) => None,
        }
    };
    let Some(ended) = suspend(caller, first).await? else {
        return Ok(negative(Errno::Intr));
    };
    let Some((pid, status)) = ended else {
        return Ok(0);
    };
    // What the child wrote comes before what the guest writes from now on.
    let bridges = caller.data().run.iter().flat_map(|run| &run.bridges);
    let settled: Vec<_> = bridges.map(Bridge::settled).collect();
    suspend(caller, futures::future::join_all(settled)).await?;
    let told = put(parts(caller).0, out, &[status]);
    Ok(told.map_or_else(negative, |()| pid.cast_signed()))
}

fn process(caller: &mut Context<'_>, out: i32) -> Result<(), Errno> {
    let (memory, state) = parts(caller);
    let children = state.children.as_ref().ok_or(Errno::Notsup)?;
    put(memory, out, &children.numbers())
}

fn make_pipe(caller: &mut Context<'_>, out: i32) -> Result<(), Errno> {
    let (memory, state) = parts(caller);
    put(memory, out, &[0, 0])?;
    let (reader, writer) = pipe();
    let mut tree = state.tree.lock().unwrap_or_else(PoisonError::into_inner);
    let table = &mut state.descriptors;
    let read = table.adopt_lowest(&reader.into(), &mut tree)?;
    let write = match table.adopt_lowest(&writer.into(), &mut tree) {
        Ok(write) => write,
        Err(errno) => {
            table.close(&mut tree, read)?;
            return Err(errno);
        }
    };
    put(memory, out, &[read, write])
}

fn duplicate(caller: &mut Context<'_>, fd: i32, to: i32) -> Result<u32, Errno> {
    let state = parts(caller).1;
    let fd = u32::try_from(fd).map_err(|_| Errno::Badf)?;
    let mut tree = state.tree.lock().unwrap_or_else(PoisonError::into_inner);
    state
        .descriptors
        .duplicate(fd, u32::try_from(to).ok(), &mut tree)
}

/// The path at `address`, as one of the whole tree.
fn path(memory: &[u8], address: i32, len: i32) -> Result<&str, Errno> {
    let bytes = slice(memory, address, len).ok_or(Errno::Fault)?;
    if bytes.len() > crate::files::PATH_BYTES {
        return Err(Errno::Nametoolong);
    }
    std::str::from_utf8(bytes).map_err(|_| Errno::Ilseq)
}

fn mode(caller: &mut Context<'_>, address: i32, len: i32, follow: bool) -> Result<u32, Errno> {
    let (memory, state) = parts(caller);
    let path = path(memory, address, len)?;
    let tree = state.tree.lock().unwrap_or_else(PoisonError::into_inner);
    let stat = if follow {
        tree.stat(path)
    } else {
        tree.stat_link(path)
    };
    Ok(stat?.mode & 0o7777)
}

fn set_mode(caller: &mut Context<'_>, address: i32, len: i32, mode: i32) -> Result<(), Errno> {
    let (memory, state) = parts(caller);
    let now_ns = state.now().realtime_ns;
    let path = path(memory, address, len)?;
    let mut tree = state.tree.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(tree.set_mode(path, mode.cast_unsigned() & 0o7777, now_ns)?)
}

/// Arguments, variables and descriptors of an errand as a guest writes it, if it is
/// one.
#[expect(clippy::type_complexity, reason = "for tests, which look at all of it")]
pub fn read_spawn(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<(u32, u32)>)> {
    let written = Written::read(bytes).ok()?;
    Some((written.errand.argv, written.errand.env, written.descriptors))
}

impl Written {
    /// Four numbers (arguments, variables, descriptors, flags), the descriptors as
    /// pairs, then texts that end in NUL: path, directory, arguments, variables.
    fn read(bytes: &[u8]) -> Result<Self, Errno> {
        if bytes.len() > ERRAND_BYTES {
            return Err(Errno::Toobig);
        }
        let mut rest = bytes;
        let mut number = || {
            let (first, after) = rest.split_first_chunk().ok_or(Errno::Inval)?;
            rest = after;
            Ok::<u32, Errno>(u32::from_le_bytes(*first))
        };
        let [argc, envc, count, flags] = [number()?, number()?, number()?, number()?];
        let many = argc.max(envc) > ERRAND_TEXTS || count > ERRAND_DESCRIPTORS;
        if many || flags > 1 {
            return Err(Errno::Inval);
        }
        let mut descriptors = Vec::new();
        for _ in 0..count {
            descriptors.push((number()?, number()?));
        }
        let mut texts = rest.split(|byte| *byte == 0);
        let mut text = || texts.next().map(<[u8]>::to_vec).ok_or(Errno::Inval);
        let mut place = || {
            let text = String::from_utf8(text()?).map_err(|_| Errno::Ilseq)?;
            Ok::<_, Errno>((!text.is_empty()).then_some(text))
        };
        let (path, cwd) = (place()?, place()?);
        let argv = (0..argc).map(|_| text()).collect::<Result<_, _>>()?;
        let env = (0..envc).map(|_| text()).collect::<Result<_, _>>()?;
        Ok(Self {
            errand: Errand {
                path,
                cwd,
                argv,
                env,
                descriptors: Vec::new(),
                own_group: flags & 1 != 0,
            },
            descriptors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(numbers: &[u32], texts: &[u8]) -> Vec<u8> {
        let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
        numbers.chain(texts.iter().copied()).collect()
    }

    #[test]
    fn errands_are_read() {
        let bytes = errand(&[2, 1, 1, 1, 0, u32::MAX], b"/bin/sh\0\0a\0b\xff\0N=v\0");
        let written = Written::read(&bytes).unwrap();
        assert_eq!(written.descriptors, [(0, u32::MAX)]);
        let errand = written.errand;
        assert_eq!(errand.path.as_deref(), Some("/bin/sh"));
        assert_eq!(errand.cwd, None);
        assert_eq!(errand.argv, [b"a".to_vec(), b"b\xff".to_vec()]);
        assert_eq!(errand.env, [b"N=v".to_vec()]);
        assert!(errand.own_group);
    }

    #[test]
    fn hostile_errands_are_refused() {
        for bytes in [
            errand(&[], b""),
            errand(&[1, 0, 0], b""),
            errand(&[1, 0, 0, 0], b"\0"),
            errand(&[u32::MAX, 0, 0, 0], b"\0\0"),
            errand(&[0, 0, 1, 0, 1], b""),
            errand(&[1, 0, 0, 9], b"\0\0a\0"),
            errand(&[1, 0, 1025, 0], b"\0\0a\0"),
            errand(&[1, 0, 0, 0], b"\xff\0\0a\0"),
            vec![0; ERRAND_BYTES + 1],
        ] {
            assert!(Written::read(&bytes).is_err());
        }
    }
}
