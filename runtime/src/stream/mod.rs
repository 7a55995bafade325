//! What processes read and write: pipes between them, open files of the
//! sandbox's tree, and the descriptors that stand for either.

mod descriptor;
mod file;
mod offset;
mod pipe;

pub use descriptor::{Descriptor, StreamError};
pub use file::{FileOptions, OpenFile};
pub use pipe::{PIPE_BYTES, PipeReader, PipeWriter, pipe};

pub(crate) use file::{Clock, Opened};
pub(crate) use offset::Offset;
