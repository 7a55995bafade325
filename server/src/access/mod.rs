//! Who may ask, and which sandbox is meant.

mod gate;
mod identity;
mod key;
mod signature;
mod token;

pub(crate) use gate::{Visitor, allow_origin, preflight, visitor};
pub(crate) use identity::{Addressed, CODE_PORT, ENVD_PORT, Found, find};
pub(crate) use key::check_key;
pub(crate) use signature::{Operation, Signed, find_signer};
pub(crate) use token::{
    admits_code, admits_files, basic_user, shows_code_token, shows_files_token,
};
