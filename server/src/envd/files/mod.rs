//! `/files`: whole files over plain HTTP.

mod download;
mod metadata;
mod query;
mod range;
mod upload;

pub(super) use download::read;
pub(crate) use query::{Asked, signature_of};
pub(super) use upload::write;
