//! One run of code: a stream of events that ends in an outcome.

mod event;
mod executor;
mod outcome;
mod rich;
mod run;

pub use event::Event;
pub use executor::Executor;
pub use outcome::{End, GuestException, InterruptCause, Lost, Outcome, TrapKind};
pub use rich::RichResult;
pub(crate) use run::{Channel, Outlet, channel};
pub use run::{Execution, Report};
