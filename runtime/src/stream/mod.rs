//! What processes read and write: pipes between them, open files of the
//! sandbox's tree, terminals, and the descriptors that stand for them.

mod descriptor;
mod file;
mod offset;
mod pipe;
mod terminal;

pub use descriptor::{Descriptor, StreamError};
pub use file::{FileOptions, OpenFile};
pub use pipe::{PIPE_BYTES, PipeReader, PipeWriter, pipe};
pub use terminal::{Mode, Terminal, TerminalSize};

pub(crate) use file::{Clock, Opened};
pub(crate) use offset::Offset;
pub(crate) use terminal::Ends;
