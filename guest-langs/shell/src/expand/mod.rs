//! From words to what commands are given: braces, tildes, parameters,
//! substitutions, splitting, pathnames.

mod brace;
mod field;
mod glob;
mod operation;
mod parameter;
mod prompt;
mod substitution;
mod transform;
mod word;

pub(crate) use field::split_once as split_field;
pub(crate) use field::{Ifs, split};
