//! The one owner of a guest: orders in, events and outcomes out.

mod gate;
mod history;
mod mailbox;
mod turn;

pub(crate) use mailbox::{Job, Mailbox, Order, Park, Release};
pub(crate) use turn::{Beginning, Family, Settings, Start, spawn};
