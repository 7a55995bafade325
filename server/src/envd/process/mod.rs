//! Processes: commands and terminals of a sandbox.

mod fault;
mod follow;
mod input;
mod look;
mod start;
mod wire;

pub(super) use input::{close_stdin, send_input, stream_input};
pub(super) use look::{connect, list, send_signal, update};
pub(super) use start::start;
