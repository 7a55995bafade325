//! What a running cell shows.

use bytes::Bytes;

use crate::execution::{GuestException, RichResult};

/// Something that a guest emitted, in the order of emission. Its contents are
/// the guest's: bounded and well-formed, otherwise not to be believed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Bytes written to standard output, at most 1 MiB. One `print` is one event
    /// unless it is longer.
    Stdout(Bytes),
    /// Bytes written to standard error, at most 1 MiB.
    Stderr(Bytes),
    /// The value of the cell's last expression.
    Result(RichResult),
    /// Something that the cell displayed.
    Display(RichResult),
    /// New contents of an earlier display, named by its `display_id`.
    UpdateDisplay(RichResult),
    /// Clear what was shown so far; with `wait`, when the next output comes.
    ClearOutput {
        /// Wait for the next output.
        wait: bool,
    },
    /// The exception that ended the cell. The outcome has it too.
    Error(GuestException),
}

impl Event {
    /// Bytes that this event counts against [`crate::Limits::output_bytes`] in a
    /// reader's buffer.
    #[must_use]
    pub fn text_lossy(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Stdout(bytes) | Self::Stderr(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        }
    }
}
