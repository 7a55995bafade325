//! From text to commands: bounded in size, nesting and time.

pub(crate) mod ast;
mod command;
mod compound;
mod condition;
mod cursor;
mod error;
mod here;
mod parameter;
mod redirect;
mod simple;
mod word;

pub(crate) use cursor::{Aliases, Parser, is_name, name_length};
pub use error::{SyntaxError, SyntaxErrorKind};
