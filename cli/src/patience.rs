//! Says what takes so long, when it takes long.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::console::{Colour, say};

/// Says `message` on standard error unless it is dropped within a second.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Its loss tells the thread that nobody waits any more.
    _waiting: Sender<()>,
}

impl Patience {
    pub(crate) fn new(message: &'static str) -> Self {
        let (waiting, end) = mpsc::channel();
        let watch = move || {
            if end.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                say("note", Colour::Cyan, message);
            }
        };
        // Without the thread nothing is said; the work itself is not touched.
        let _thread = std::thread::Builder::new()
            .name("patience".to_owned())
            .spawn(watch);
        Self { _waiting: waiting }
    }
}
