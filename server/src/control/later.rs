//! What the protocol knows and this build cannot do.

use crate::refusal::Refusal;

/// Says what cannot be done, in the form that the SDKs show to their users.
pub(super) fn refuse(what: &str) -> Refusal {
    Refusal::unavailable(format!("this build of sandcell cannot {what} yet"))
}
