//! What a command writes, on its way to those who read along.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::command::{CommandEvent, Exit};
use crate::stream::{PIPE_BYTES, PipeReader, Terminal};

/// Events that may wait for each reader: at most 64 KiB each.
const WAITING: usize = 16;

/// The readers of one command.
#[derive(Debug, Default)]
pub(super) struct Output {
    readers: Mutex<Readers>,
    bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct Readers {
    senders: Vec<mpsc::Sender<CommandEvent>>,
    exit: Option<Exit>,
}

/// Which stream a pump reads.
#[derive(Debug)]
pub(super) enum Stream {
    Stdout,
    Stderr,
    Terminal(Terminal),
}

impl Stream {
    fn event(&self, bytes: Bytes) -> CommandEvent {
        match self {
            Self::Stdout => CommandEvent::Stdout(bytes),
            Self::Stderr => CommandEvent::Stderr(bytes),
            Self::Terminal(terminal) => CommandEvent::Stdout(terminal.shown(bytes)),
        }
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new reader, who gets what comes from now on.
    pub(super) fn attach(&self) -> mpsc::Receiver<CommandEvent> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut readers = self.lock();
        if let Some(exit) = readers.exit {
            // There is room: the channel is new.
            let _taken = sender.try_send(CommandEvent::Exited(exit));
        } else {
            readers.senders.push(sender);
        }
        receiver
    }

    /// Bytes of output so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Gives an event to all readers, waiting for slow ones; those who are gone
    /// are forgotten.
    async fn send(&self, event: CommandEvent) {
        let senders = self.lock().senders.clone();
        let mut gone = false;
        for sender in &senders {
            gone |= sender.send(event.clone()).await.is_err();
        }
        if gone {
            self.lock().senders.retain(|sender| !sender.is_closed());
        }
    }

    /// The last event: streams of readers end behind it.
    pub(super) async fn finish(&self, exit: Exit) {
        let senders = {
            let mut readers = self.lock();
            readers.exit = Some(exit);
            std::mem::take(&mut readers.senders)
        };
        for sender in senders {
            // A reader who is gone needs no end.
            let _gone = sender.send(CommandEvent::Exited(exit)).await;
        }
    }

    /// Reads a stream of the command until its end. When the command has ended,
    /// what it wrote before is passed on and `drained` is told; what processes
    /// that it left behind write then is read and forgotten, so that they do not
    /// wait for a reader for ever.
    pub(super) async fn pump(
        self: Arc<Self>,
        stream: Stream,
        reader: PipeReader,
        mut ended: watch::Receiver<bool>,
        drained: tokio::sync::oneshot::Sender<()>,
    ) {
        loop {
            let bytes = tokio::select! {
                biased;
                bytes = reader.read(PIPE_BYTES) => bytes,
                _ = ended.wait_for(|ended| *ended) => break,
            };
            if bytes.is_empty() {
                break;
            }
            self.pass(&stream, bytes).await;
        }
        while let Some(bytes) = reader
            .try_read(PIPE_BYTES)
            .filter(|bytes| !bytes.is_empty())
        {
            self.pass(&stream, bytes).await;
        }
        // Whoever waited for it may be gone.
        let _told = drained.send(());
        // It would keep the terminal there, which writes into it.
        drop(stream);
        while !reader.read(PIPE_BYTES).await.is_empty() {}
    }

    async fn pass(&self, stream: &Stream, bytes: Bytes) {
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.send(stream.event(bytes)).await;
    }
}
