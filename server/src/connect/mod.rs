//! The Connect protocol, as far as the SDKs speak it: JSON, uncompressed, calls
//! with one answer and calls with a stream of answers.

mod envelope;
mod error;
mod stream;
mod unary;

pub(crate) use error::{Code, ConnectError};
pub(crate) use stream::{Answers, Opening};
pub(crate) use unary::{Message, answer};
