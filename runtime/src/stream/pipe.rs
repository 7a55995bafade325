//! Bounded pipes.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::descriptor::StreamError;

/// Bytes that a pipe holds; whoever writes more waits for the reader.
pub const PIPE_BYTES: usize = 64 << 10;

/// A write of at most so many bytes is taken as a whole, not mixed with others.
const ATOMIC_BYTES: usize = 4096;

/// A new pipe, empty. Its reader meets the end when all writers are gone and
/// what they wrote is read; its writers are told of a broken pipe when all
/// readers are gone.
#[must_use]
pub fn pipe() -> (PipeReader, PipeWriter) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            buffer: BytesMut::new(),
            readers: 1,
            writers: 1,
        }),
        readable: Notify::new(),
        writable: Notify::new(),
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
}

#[derive(Debug)]
struct State {
    buffer: BytesMut,
    readers: usize,
    writers: usize,
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
        if state.buffer.is_empty() {
            return (state.writers == 0).then(Bytes::new);
        }
        let count = state.buffer.len().min(limit);
        let bytes = state.buffer.split_to(count).freeze();
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
        (count > 0 || state.writers == 0).then_some(count)
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
