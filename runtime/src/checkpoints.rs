//! When a context is saved so that a hard stop costs little.

/// When the state of an interpreter is saved while it lives. Whatever stops it
/// by force (a deadline that it ignored, a trap, spent fuel) then takes it back
/// to the last checkpoint instead of to its start. Files are not taken back.
///
/// A checkpoint is a copy of the pages that differ from the image, about 0.1 ms
/// for a small interpreter and 1 ms for each megabyte that was written since the
/// last one, in an unlinked file: disk, not memory. At most sixteen, or 256 MiB,
/// are kept, see [`crate::Context::undo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Checkpoints {
    /// After each cell that leaves the interpreter whole.
    EveryCell,
    /// When the interpreter has been idle for half a second; before a cell that
    /// comes after a pause, of a millisecond at least and ten times as long as a
    /// checkpoint takes; and before a cell when those since the last checkpoint
    /// ran thirty times as long as one takes: about a thirtieth of the time of a
    /// busy context.
    #[default]
    Auto,
    /// Never: a hard stop costs all variables, and there is nothing to undo.
    Never,
}
