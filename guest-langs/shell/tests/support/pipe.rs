//! Pipes of 64 KiB, documents, and what collects output.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use sandcell_shell::{Stream, StreamEnd};
use tokio::sync::Notify;

const CAPACITY: usize = 64 << 10;

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    no_writer: bool,
    no_reader: bool,
}

struct Reader(Arc<Inner>);
struct Writer(Arc<Inner>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().no_reader = true;
        self.0.changed.notify_waiters();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().no_writer = true;
        self.0.changed.notify_waiters();
    }
}

pub(crate) fn pipe() -> (Stream, Stream) {
    let inner = Arc::<Inner>::default();
    (
        Arc::new(Reader(Arc::clone(&inner))),
        Arc::new(Writer(inner)),
    )
}

pub(crate) fn document(bytes: Vec<u8>) -> Stream {
    let inner = Arc::<Inner>::default();
    inner.state.lock().unwrap().bytes.extend(bytes);
    inner.state.lock().unwrap().no_writer = true;
    Arc::new(Reader(inner))
}

impl Inner {
    async fn when<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(done) = ready(&mut self.state.lock().unwrap()) {
                self.changed.notify_waiters();
                return done;
            }
            changed.await;
        }
    }
}

impl StreamEnd for Reader {
    fn read(&self, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async move {
            let read = self.0.when(|state| {
                if state.bytes.is_empty() && !state.no_writer {
                    return None;
                }
                let count = most.min(state.bytes.len());
                Some(state.bytes.drain(..count).collect())
            });
            Ok(read.await)
        })
    }
    fn write<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(async { Err(io::ErrorKind::PermissionDenied.into()) })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl StreamEnd for Writer {
    fn read(&self, _: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async { Err(io::ErrorKind::PermissionDenied.into()) })
    }
    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(self.0.when(|state| {
            if state.no_reader {
                return Some(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let count = bytes.len().min(CAPACITY - state.bytes.len());
            state.bytes.extend(&bytes[..count]);
            (count > 0).then_some(Ok(count))
        }))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Keeps all that is written.
pub(crate) struct Collected(Mutex<Vec<u8>>);

impl Collected {
    pub(crate) fn new() -> (Arc<Self>, Stream) {
        let collected = Arc::new(Self(Mutex::default()));
        (Arc::clone(&collected), collected)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl StreamEnd for Collected {
    fn read(&self, _: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Box::pin(async { Ok(bytes.len()) })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
