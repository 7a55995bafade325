//! Bounded pipes.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::descriptor::StreamError;
use super::terminal::{Terminal, WeakTerminal};

/// Bytes that a pipe holds; whoever writes more waits for the reader.
pub const PIPE_BYTES: usize = 64 << 10;

/// A write of at most so many bytes is taken as a whole, not mixed with others.
const ATOMIC_BYTES: usize = 4096;

/// Ends that may wait for a terminal's reader; more are forgotten.
const ENDS: usize = 64;

/// A new pipe, empty. Its reader meets the end when all writers are gone and
/// what they wrote is read; its writers are told of a broken pipe when all
/// readers are gone.
#[must_use]
pub fn pipe() -> (PipeReader, PipeWriter) {
    new(None, false)
}

/// A pipe between a terminal and its processes. With `by_line` each read gets one
/// line at most, so that what was typed ahead is left for the next reader.
pub(super) fn of_terminal(terminal: WeakTerminal, by_line: bool) -> (PipeReader, PipeWriter) {
    new(Some(terminal), by_line)
}

fn new(terminal: Option<WeakTerminal>, by_line: bool) -> (PipeReader, PipeWriter) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            buffer: BytesMut::new(),
            readers: 1,
            writers: 1,
            taken: 0,
            ends: VecDeque::new(),
        }),
        readable: Notify::new(),
        writable: Notify::new(),
        terminal,
        by_line,
    });
    let reader = PipeReader {
        shared: Arc::clone(&shared),
    };
    (reader, PipeWriter { shared })
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told when bytes came or the last writer went.
    readable: Notify,
    /// Told when room came or the last reader went.
    writable: Notify,
    /// The terminal that it belongs to.
    terminal: Option<WeakTerminal>,
    /// A read ends behind a line.
    by_line: bool,
}

#[derive(Debug)]
struct State {
    buffer: BytesMut,
    readers: usize,
    writers: usize,
    /// Bytes that were ever read.
    taken: u64,
    /// Where, in bytes that were ever written, a terminal's reader meets an end.
    ends: VecDeque<u64>,
}

impl State {
    /// How many bytes stand before the next end; none without one.
    fn before_end(&self) -> Option<usize> {
        let end = self.ends.front()?.saturating_sub(self.taken);
        Some(usize::try_from(end).unwrap_or(usize::MAX))
    }

    /// Whether a reader would not wait.
    fn is_ready(&self) -> bool {
        !self.buffer.is_empty() || self.writers == 0 || self.before_end() == Some(0)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a pipe that is read. A clone is the same end; the end is closed
/// with the last clone.
#[derive(Debug)]
pub struct PipeReader {
    shared: Arc<Shared>,
}

impl PipeReader {
    /// Takes what is there, at most `limit` bytes; waits while nothing is there
    /// and somebody may still write. Empty at the end.
    pub async fn read(&self, limit: usize) -> Bytes {
        loop {
            let mut readable = pin!(self.shared.readable.notified());
            readable.as_mut().enable();
            if let Some(bytes) = self.try_read(limit) {
                return bytes;
            }
            readable.await;
        }
    }

    /// As [`Self::read`] without waiting: none when nothing is there yet.
    #[must_use]
    pub fn try_read(&self, limit: usize) -> Option<Bytes> {
        let mut state = self.shared.lock();
        let before_end = state.before_end();
        if before_end == Some(0) {
            state.ends.pop_front();
            return Some(Bytes::new());
        }
        if state.buffer.is_empty() {
            return (state.writers == 0).then(Bytes::new);
        }
        let mut count = state.buffer.len().min(limit);
        count = count.min(before_end.unwrap_or(count));
        if self.shared.by_line {
            let ready = state.buffer.iter().take(count);
            let line = ready.take_while(|byte| **byte != b'\n').count();
            count = count.min(line + 1);
        }
        let bytes = state.buffer.split_to(count).freeze();
        state.taken += count as u64;
        drop(state);
        self.shared.writable.notify_waiters();
        Some(bytes)
    }

    /// Waits until [`Self::read`] would not: answers how many bytes are there, 0
    /// at the end.
    pub async fn readable(&self) -> usize {
        loop {
            let mut readable = pin!(self.shared.readable.notified());
            readable.as_mut().enable();
            if let Some(count) = self.ready() {
                return count;
            }
            readable.await;
        }
    }

    /// How many bytes are there, 0 at the end; none while more may come and
    /// nothing is there.
    #[must_use]
    pub fn ready(&self) -> Option<usize> {
        let state = self.shared.lock();
        let count = state.buffer.len();
        let count = count.min(state.before_end().unwrap_or(count));
        state.is_ready().then_some(count)
    }

    /// Whether it is the end of a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.shared.terminal.is_some()
    }

    /// The terminal that it is the end of, while that is there.
    #[must_use]
    pub fn terminal(&self) -> Option<Terminal> {
        self.shared.terminal.as_ref()?.upgrade()
    }

    /// Whether both are ends of one pipe.
    #[must_use]
    pub fn is_end_of(&self, writer: &PipeWriter) -> bool {
        Arc::ptr_eq(&self.shared, &writer.shared)
    }
}

impl Clone for PipeReader {
    fn clone(&self) -> Self {
        self.shared.lock().readers += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.readers -= 1;
        if state.readers == 0 {
            state.buffer = BytesMut::new();
            drop(state);
            self.shared.writable.notify_waiters();
        }
    }
}

/// The end of a pipe that is written. A clone is the same end; the end is closed
/// with the last clone.
#[derive(Debug)]
pub struct PipeWriter {
    shared: Arc<Shared>,
}

impl PipeWriter {
    /// Writes some of `bytes`, waiting for room, and answers how many: all of at
    /// most 4,096.
    ///
    /// # Errors
    /// [`StreamError::BrokenPipe`] when nobody can read them any more.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        loop {
            let mut writable = pin!(self.shared.writable.notified());
            writable.as_mut().enable();
            if let Some(count) = self.try_write(bytes)? {
                return Ok(count);
            }
            writable.await;
        }
    }

    /// Writes all of `bytes`, waiting for room.
    ///
    /// # Errors
    /// As [`Self::write`]; some of the bytes may have been read before.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<(), StreamError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.write(rest).await?;
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// As [`Self::write`] without waiting: none when there is no room now.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, StreamError> {
        let mut state = self.shared.lock();
        if state.readers == 0 {
            return Err(StreamError::BrokenPipe);
        }
        let room = PIPE_BYTES.saturating_sub(state.buffer.len());
        let least = bytes.len().min(ATOMIC_BYTES);
        if room < least {
            return Ok(None);
        }
        let now = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        state.buffer.extend_from_slice(now);
        drop(state);
        self.shared.readable.notify_waiters();
        Ok(Some(now.len()))
    }

    /// Waits until [`Self::write`] of a few bytes would not: answers the room
    /// that is there, none when the pipe is broken.
    pub async fn writable(&self) -> Option<usize> {
        loop {
            let mut writable = pin!(self.shared.writable.notified());
            writable.as_mut().enable();
            if let Some(room) = self.ready() {
                return (room > 0).then_some(room);
            }
            writable.await;
        }
    }

    /// The room that is there, 0 when the pipe is broken; none when a small write
    /// would have to wait.
    #[must_use]
    pub fn ready(&self) -> Option<usize> {
        let state = self.shared.lock();
        if state.readers == 0 {
            return Some(0);
        }
        let room = PIPE_BYTES.saturating_sub(state.buffer.len());
        (room >= ATOMIC_BYTES).then_some(room)
    }

    /// Lets the reader meet an end behind what was written, and then go on.
    pub(super) fn put_end(&self) {
        let mut state = self.shared.lock();
        if state.ends.len() < ENDS {
            let end = state.taken + state.buffer.len() as u64;
            state.ends.push_back(end);
        }
        drop(state);
        self.shared.readable.notify_waiters();
    }

    /// Forgets what was written and not read.
    pub(super) fn forget(&self) {
        let mut state = self.shared.lock();
        state.buffer.clear();
        state.ends.clear();
        drop(state);
        self.shared.writable.notify_waiters();
    }

    /// Whether it is the end of a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.shared.terminal.is_some()
    }

    /// The terminal that it is the end of, while that is there.
    #[must_use]
    pub fn terminal(&self) -> Option<Terminal> {
        self.shared.terminal.as_ref()?.upgrade()
    }

    /// Waits until nobody reads any more.
    pub async fn broken(&self) {
        loop {
            let mut writable = pin!(self.shared.writable.notified());
            writable.as_mut().enable();
            if self.shared.lock().readers == 0 {
                return;
            }
            writable.await;
        }
    }
}

impl Clone for PipeWriter {
    fn clone(&self) -> Self {
        self.shared.lock().writers += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.writers -= 1;
        if state.writers == 0 {
            drop(state);
            self.shared.readable.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_gets_what_was_written_then_the_end() {
        let (reader, writer) = pipe();
        let second = writer.clone();
        writer.write_all(b"one ").await.unwrap();
        second.write_all(b"two").await.unwrap();
        drop(writer);
        assert_eq!(&reader.read(2).await[..], b"on");
        assert_eq!(&reader.read(99).await[..], b"e two");
        assert_eq!(reader.try_read(1), None);
        drop(second);
        assert_eq!(&reader.read(1).await[..], b"");
    }

    #[tokio::test]
    async fn a_full_pipe_makes_its_writer_wait() {
        let (reader, writer) = pipe();
        let much = vec![7; PIPE_BYTES + 1];
        assert_eq!(writer.write(&much).await, Ok(PIPE_BYTES));
        assert_eq!(writer.try_write(b"x"), Ok(None));
        let task = tokio::spawn(async move { writer.write_all(&much).await });
        let mut total = 0;
        loop {
            let count = reader.read(1000).await.len();
            if count == 0 {
                break;
            }
            total += count;
        }
        assert_eq!(total, 2 * PIPE_BYTES + 1);
        assert_eq!(task.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn small_writes_are_not_split() {
        let (reader, writer) = pipe();
        writer.write_all(&vec![0; PIPE_BYTES - 10]).await.unwrap();
        assert_eq!(writer.try_write(&[1; 11]), Ok(None));
        assert_eq!(writer.try_write(&[1; 10]), Ok(Some(10)));
        drop(reader);
    }

    #[tokio::test]
    async fn writers_are_told_of_a_broken_pipe() {
        let (reader, writer) = pipe();
        writer.write_all(&vec![0; PIPE_BYTES]).await.unwrap();
        let waiting = tokio::spawn({
            let writer = writer.clone();
            async move { writer.write(b"more").await }
        });
        tokio::task::yield_now().await;
        drop(reader.clone());
        assert!(!waiting.is_finished());
        drop(reader);
        assert_eq!(waiting.await.unwrap(), Err(StreamError::BrokenPipe));
        writer.broken().await;
    }
}
