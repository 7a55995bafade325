//! What a call gets and what it asks the engine to do.

use crate::files::Tree;
use crate::stream::{PipeReader, PipeWriter};

use super::abi::Errno;
use super::memory::{self, Vectors};
use super::poll::Wait;

/// The most bytes of one [`Effect::Write`]; the guest is told of a short write.
pub(crate) const OUTPUT_BYTES: usize = 256 << 10;

/// The most bytes of one [`Effect::Read`].
pub(crate) const INPUT_BYTES: usize = 1 << 20;

/// The world of one call.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// All of the guest's memory.
    pub(crate) memory: &'a mut [u8],
    /// The sandbox's files.
    pub(crate) tree: &'a mut Tree,
    /// The time of the call.
    pub(crate) now: Now,
}

/// The two clocks at one moment, as the guest reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Nanoseconds since 1970.
    pub(crate) realtime_ns: u64,
    /// Nanoseconds since some start; never goes back.
    pub(crate) monotonic_ns: u64,
}

/// What the engine has to do before a call that went well is answered.
#[derive(Debug)]
#[must_use = "without its effect the call is not done"]
pub(crate) enum Effect {
    /// Nothing: the results are in guest memory.
    Done,
    /// Write to an output of the cell, then complete the reply.
    Write {
        /// Where to.
        output: Output,
        /// What; never empty, at most [`OUTPUT_BYTES`].
        bytes: Vec<u8>,
        /// How the guest is told.
        reply: WriteReply,
    },
    /// Get input, then complete the reply with it.
    Read {
        /// Where from.
        input: Input,
        /// The most bytes to give; at least 1, at most [`INPUT_BYTES`].
        limit: usize,
        /// How the guest gets it.
        reply: ReadReply,
    },
    /// Wait for something in a pipe, then complete the reply with it.
    ReadPipe {
        /// The pipe.
        reader: PipeReader,
        /// The most bytes to give; at least 1, at most [`INPUT_BYTES`].
        limit: usize,
        /// How the guest gets them.
        reply: ReadReply,
    },
    /// Write into a pipe that is full, then complete the reply.
    WritePipe {
        /// The pipe.
        writer: PipeWriter,
        /// What; never empty.
        bytes: Vec<u8>,
        /// How the guest is told.
        reply: WriteReply,
    },
    /// The guest wrote into a pipe that nobody reads.
    BrokenPipe,
    /// Wait, then complete it.
    Wait(Wait),
}

/// An output of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) enum Output {
    /// What descriptor 1 is at the start.
    Stdout,
    /// What descriptor 2 is at the start.
    Stderr,
}

/// Where input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The cell's standard input. Empty means its end.
    Stdin,
    /// The sandbox's random numbers; all of `limit` should be given.
    Random,
}

/// How the guest is told how much was written.
#[derive(Debug)]
pub(crate) struct WriteReply {
    written: u32,
}

impl WriteReply {
    pub(super) const fn new(written: u32) -> Self {
        Self { written }
    }

    /// Tell the guest that `written` bytes were taken.
    ///
    /// # Errors
    /// [`Errno::Fault`] when the guest gave a wrong address.
    pub(crate) fn complete(self, memory: &mut [u8], written: usize) -> Result<(), Errno> {
        let written = u32::try_from(written).map_err(|_| Errno::Overflow)?;
        memory::put_u32(memory, self.written, written)
    }
}

/// Where the guest wants its input.
#[derive(Debug)]
pub(crate) struct ReadReply {
    vectors: Vectors,
    read: u32,
}

impl ReadReply {
    pub(super) const fn new(vectors: Vectors, read: u32) -> Self {
        Self { vectors, read }
    }

    /// Give the guest its input. What is more than the limit is not taken.
    ///
    /// # Errors
    /// [`Errno::Fault`] when the guest gave a wrong address.
    pub(crate) fn complete(self, memory: &mut [u8], bytes: &[u8]) -> Result<(), Errno> {
        let mut rest = bytes;
        let mut read = 0;
        for (address, length) in self.vectors.up_to(bytes.len()) {
            let place = memory::bytes_mut(memory, address, length)?;
            let (now, later) = rest.split_at_checked(place.len()).ok_or(Errno::Overflow)?;
            place.copy_from_slice(now);
            read += length;
            rest = later;
        }
        memory::put_u32(memory, self.read, read)
    }
}
