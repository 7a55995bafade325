//! `poll_oneoff`: waiting for time and for streams.

use futures::FutureExt;

use crate::stream::{PipeReader, PipeWriter};

use super::abi::Errno;
use super::attributes::fill;
use super::call::{Call, Effect, Now};
use super::descriptors::{Descriptor, Descriptors, PipeEnd, PipeSide};
use super::memory;

/// The most subscriptions of one call.
const SUBSCRIPTIONS: u32 = 4096;
const SUBSCRIPTION_BYTES: usize = 48;
const EVENT_BYTES: u32 = 32;

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
const ABSOLUTE: u16 = 1;
const HANGUP: u16 = 1;

/// A wait that the engine has to do: until the deadline, or until standard
/// input can be read if that is wanted, whichever comes first. Interrupted, it
/// is dropped and the call answered with [`Errno::Intr`].
#[derive(Debug)]
pub(crate) struct Wait {
    watched: Vec<Watched>,
    events: u32,
    count: u32,
    deadline_ns: Option<u64>,
}

/// What the engine found when a wait ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Woken {
    /// The time of waking.
    pub(crate) now: Now,
    /// The bytes of standard input that are ready; 0 is its end, `None` means
    /// that nothing came yet.
    pub(crate) stdin: Option<u64>,
}

/// One subscription.
#[derive(Debug)]
struct Watched {
    userdata: u64,
    kind: u8,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Comes at this time of the monotonic clock.
    Timer(u64),
    /// Standard input.
    Stdin,
    /// A pipe that has nothing to read now.
    Reader(PipeReader),
    /// A pipe that has no room now.
    Writer(PipeWriter),
    /// Came already: with so many bytes, and whether it is at the end.
    Ready { bytes: u64, at_end: bool },
    /// Is refused.
    Failed(Errno),
}

impl Descriptors {
    /// Wait until the first of the subscriptions comes, and put an event for
    /// each that has come at `events`; their number goes to `nevents`. Files and
    /// outputs are always ready. A subscription that is refused comes at once,
    /// with its error.
    ///
    /// # Errors
    /// `EINVAL` for no subscriptions, more than 4,096, or an unknown kind;
    /// `EFAULT`.
    pub(crate) fn poll_oneoff(
        &mut self,
        call: &mut Call<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        nevents: u32,
    ) -> Result<Effect, Errno> {
        if count == 0 || count > SUBSCRIPTIONS {
            return Err(Errno::Inval);
        }
        memory::check(call.memory, nevents, 4)?;
        // At most 128 KiB: neither number overflows.
        memory::check(call.memory, events, count * EVENT_BYTES)?;
        let mut watched = Vec::with_capacity(count as usize);
        let records = memory::records::<SUBSCRIPTION_BYTES>(call.memory, subscriptions, count)?;
        for record in records {
            watched.push(self.subscription(call, &record?)?);
        }
        let due = watched.iter().filter_map(|one| match one.state {
            State::Timer(at_ns) => Some(at_ns),
            State::Stdin | State::Reader(_) | State::Writer(_) => None,
            State::Ready { .. } | State::Failed(_) => Some(call.now.monotonic_ns),
        });
        let wait = Wait {
            deadline_ns: due.min(),
            watched,
            events,
            count: nevents,
        };
        let due_now = wait
            .deadline_ns
            .is_some_and(|due| due <= call.now.monotonic_ns);
        if due_now && !wait.wants_stdin() {
            let woken = Woken {
                now: call.now,
                stdin: None,
            };
            wait.complete(call.memory, woken)?;
            return Ok(Effect::Done);
        }
        Ok(Effect::Wait(wait))
    }

    fn subscription(
        &self,
        call: &Call<'_>,
        record: &[u8; SUBSCRIPTION_BYTES],
    ) -> Result<Watched, Errno> {
        let userdata = u64::from_le_bytes(field(record, 0));
        let [kind] = field(record, 8);
        let state = match kind {
            CLOCK => timer(call.now, record),
            FD_READ | FD_WRITE => {
                let fd = u32::from_le_bytes(field(record, 16));
                self.stream_state(call, fd, kind == FD_READ)
            }
            _ => return Err(Errno::Inval),
        };
        Ok(Watched {
            userdata,
            kind,
            state,
        })
    }

    fn stream_state(&self, call: &Call<'_>, fd: u32, reading: bool) -> State {
        let descriptor = match self.get(fd) {
            Ok(descriptor) => descriptor,
            Err(errno) => return State::Failed(errno),
        };
        match (descriptor, reading) {
            (Descriptor::Stdin, true) => State::Stdin,
            (Descriptor::Null, _) => State::Ready {
                bytes: u64::from(!reading),
                at_end: reading,
            },
            (Descriptor::Pipe(end), _) => pipe_state(end, reading),
            (Descriptor::Output(_), false) => State::Ready {
                bytes: 1,
                at_end: false,
            },
            (Descriptor::File(file), true) if file.read => match call.tree.stat_of(file.node) {
                Ok(stat) => {
                    let bytes = stat.size.saturating_sub(file.offset.get());
                    State::Ready {
                        bytes,
                        at_end: bytes == 0 && file.device.is_none(),
                    }
                }
                Err(error) => State::Failed(error.into()),
            },
            (Descriptor::File(file), false) if file.write => State::Ready {
                bytes: 1,
                at_end: false,
            },
            _ => State::Failed(Errno::Badf),
        }
    }
}

fn pipe_state(end: &PipeEnd, reading: bool) -> State {
    let ready = |count: usize| State::Ready {
        bytes: count as u64,
        at_end: count == 0,
    };
    match (&end.side, reading) {
        (PipeSide::Reader(reader), true) => match reader.ready() {
            Some(count) => ready(count),
            None => State::Reader(reader.clone()),
        },
        (PipeSide::Writer(writer), false) => match writer.ready() {
            Some(room) => ready(room),
            None => State::Writer(writer.clone()),
        },
        (PipeSide::Broken, _) => ready(0),
        _ => State::Failed(Errno::Badf),
    }
}

/// When a clock subscription comes, on the monotonic clock. A time of the other
/// clock is translated at the start of the wait.
fn timer(now: Now, record: &[u8; SUBSCRIPTION_BYTES]) -> State {
    let clock = u32::from_le_bytes(field(record, 16));
    let timeout = u64::from_le_bytes(field(record, 24));
    let flags = u16::from_le_bytes(field(record, 40));
    let relative = match (clock, flags) {
        (REALTIME | MONOTONIC, 0) => timeout,
        (REALTIME, ABSOLUTE) => timeout.saturating_sub(now.realtime_ns),
        (MONOTONIC, ABSOLUTE) => timeout.saturating_sub(now.monotonic_ns),
        _ => return State::Failed(Errno::Inval),
    };
    State::Timer(now.monotonic_ns.saturating_add(relative))
}

/// A field of a record at its place, which is within the record.
fn field<const N: usize>(record: &[u8; SUBSCRIPTION_BYTES], at: usize) -> [u8; N] {
    record
        .get(at..)
        .and_then(|ahead| ahead.first_chunk())
        .copied()
        .unwrap_or([0; N])
}

impl Wait {
    /// When to stop waiting, in nanoseconds of the monotonic clock. In the past:
    /// do not sleep, only see what standard input has. `None`: no timer.
    #[must_use]
    pub(crate) const fn deadline_ns(&self) -> Option<u64> {
        self.deadline_ns
    }

    /// Whether to wake when standard input has data or is at its end.
    #[must_use]
    pub(crate) fn wants_stdin(&self) -> bool {
        self.watched
            .iter()
            .any(|one| matches!(one.state, State::Stdin))
    }

    /// Waits until one of the pipes is ready; forever without pipes.
    pub(crate) async fn pipes(&self) {
        let waits = self.watched.iter().filter_map(|one| match &one.state {
            State::Reader(reader) => Some(reader.readable().map(|_| ()).boxed()),
            State::Writer(writer) => Some(writer.writable().map(|_| ()).boxed()),
            _ => None,
        });
        let waits: Vec<_> = waits.collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        let _first = futures::future::select_all(waits).await;
    }

    /// Whether it waits for pipes.
    pub(crate) fn wants_pipes(&self) -> bool {
        self.watched
            .iter()
            .any(|one| matches!(one.state, State::Reader(_) | State::Writer(_)))
    }

    /// Tell the guest what has come. Something has, unless it was woken early;
    /// then it is told of no event.
    ///
    /// # Errors
    /// [`Errno::Fault`] when the guest gave a wrong address.
    pub(crate) fn complete(self, memory: &mut [u8], woken: Woken) -> Result<(), Errno> {
        let mut count: u32 = 0;
        for one in &self.watched {
            let (errno, bytes, at_end) = match &one.state {
                State::Timer(due) if *due <= woken.now.monotonic_ns => (0, 0, false),
                State::Reader(reader) => match reader.ready() {
                    Some(count) => (0, count as u64, count == 0),
                    None => continue,
                },
                State::Writer(writer) => match writer.ready() {
                    Some(room) => (0, room as u64, room == 0),
                    None => continue,
                },
                State::Stdin => match woken.stdin {
                    Some(bytes) => (0, bytes, bytes == 0),
                    None => continue,
                },
                State::Ready { bytes, at_end } => (0, *bytes, *at_end),
                State::Failed(errno) => (errno.code(), 0, false),
                State::Timer(_) => continue,
            };
            let flags = if at_end { HANGUP } else { 0 };
            let mut event = [0; EVENT_BYTES as usize];
            fill(&mut event, 0, &one.userdata.to_le_bytes());
            fill(&mut event, 8, &errno.to_le_bytes());
            fill(&mut event, 10, &[one.kind]);
            fill(&mut event, 16, &bytes.to_le_bytes());
            fill(&mut event, 24, &flags.to_le_bytes());
            let address = self.events + count * EVENT_BYTES;
            memory::put(memory, address, event)?;
            count += 1;
        }
        memory::put_u32(memory, self.count, count)
    }
}
