//! `/files`: whole files over plain HTTP.

mod download;
mod form;
mod metadata;
mod query;
mod range;
mod upload;

pub(super) use download::read;
pub(crate) use form::Form;
pub(crate) use query::{Asked, signature_of, signed_target};
pub(super) use upload::write;
