//! From a process that writes where a cell does to the cell's events.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use crate::engine::state::OutputShare;
use crate::execution::{Event, Outlet};
use crate::stream::{PIPE_BYTES, PipeReader, PipeWriter, pipe};
use crate::wasi::Output;

/// What reads such a process's output. It ends with the cell: what processes that
/// live on write after it is read and forgotten.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(super) output: Output,
    writer: PipeWriter,
    way: Arc<Way>,
    over: watch::Sender<bool>,
}

#[derive(Debug)]
struct Way {
    reader: PipeReader,
    /// Held while something that was read is on its way.
    passing: Mutex<()>,
}

impl Bridge {
    /// A bridge to `outlet`, worked by a task of its own.
    pub(super) fn new(output: Output, outlet: Option<Outlet>, share: Arc<OutputShare>) -> Self {
        let (reader, writer) = pipe();
        let way = Arc::new(Way {
            reader,
            passing: Mutex::new(()),
        });
        let (over, ended) = watch::channel(false);
        tokio::spawn(work(Arc::clone(&way), output, outlet, share, ended));
        Self {
            output,
            writer,
            way,
            over,
        }
    }

    /// Where the process writes.
    pub(super) fn writer(&self) -> PipeWriter {
        self.writer.clone()
    }

    /// Waits until all that was written so far has been passed on.
    pub(super) fn settled(&self) -> impl Future<Output = ()> + Send + use<> {
        let way = Arc::clone(&self.way);
        async move {
            loop {
                let passing = way.passing.lock().await;
                if way.reader.ready().is_none_or(|count| count == 0) {
                    return;
                }
                drop(passing);
                tokio::task::yield_now().await;
            }
        }
    }

    /// Passes on what was written so far, and nothing more.
    pub(crate) async fn end(self) {
        self.settled().await;
        self.over.send_replace(true);
    }
}

async fn work(
    way: Arc<Way>,
    output: Output,
    outlet: Option<Outlet>,
    share: Arc<OutputShare>,
    mut ended: watch::Receiver<bool>,
) {
    loop {
        let count = tokio::select! {
            biased;
            // Its sender is gone only with the cell.
            _ = ended.wait_for(|over| *over) => break,
            count = way.reader.readable() => count,
        };
        if count == 0 {
            return;
        }
        let passing = way.passing.lock().await;
        let bytes = way.reader.try_read(PIPE_BYTES).unwrap_or_default();
        let len = bytes.len();
        let event = match output {
            Output::Stdout => Event::Stdout(bytes),
            Output::Stderr => Event::Stderr(bytes),
        };
        if let Some(outlet) = outlet.as_ref().filter(|_| len > 0 && share.charge(len)) {
            outlet.send(event, len).await;
        }
        drop(passing);
    }
    // The cell's stream of events ends with the last outlet.
    drop(outlet);
    while !way.reader.read(PIPE_BYTES).await.is_empty() {}
}
