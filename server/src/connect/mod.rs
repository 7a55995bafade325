//! The Connect protocol, as far as the SDKs speak it: JSON, uncompressed, calls
//! with one answer, with a stream of answers, and with a stream of messages.

mod deadline;
mod envelope;
mod error;
mod inward;
mod stream;
mod unary;

pub(crate) use deadline::Deadline;
pub(crate) use envelope::{seal, split};
pub(crate) use error::{Code, ConnectError};
pub(crate) use inward::Inward;
pub(crate) use stream::{Answers, Opening};
pub(crate) use unary::{Message, answer};
