//! The one owner of a guest: orders in, events and outcomes out.

mod mailbox;
mod turn;

pub(crate) use mailbox::{Job, Mailbox, Order};
pub(crate) use turn::{Settings, spawn};
