//! The only place that names wasmtime.
//!
//! [`config`] makes engines, [`flat`] makes modules savable, [`guest`] holds one
//! live interpreter; [`imports`] and [`preview1`] are what it may call;
//! [`ladder`], [`polling`] and [`ticker`] stop it.

mod arguments;
mod bridge;
mod calls;
mod cell;
mod children;
mod clock;
mod config;
mod flat;
mod guest;
mod imports;
mod ladder;
mod listening;
mod meter;
mod pages;
mod polling;
mod preview1;
mod program;
mod random;
mod saved;
mod settle;
mod shared;
mod start;
mod state;
mod ticker;
mod trap;
mod watch;

pub use calls::read_call;
pub use children::read_spawn;
pub(crate) use children::{Children, Errand, Waiting};
pub(crate) use clock::{ClockReading, Clocks};
pub(crate) use config::{Engine, Metering};
pub(crate) use flat::{FlatModule, GlobalValue, flatten};
pub(crate) use listening::listening;
pub use program::{Ended, run_program};

pub(crate) use cell::{Cell, Course, Ran, Step};
pub(crate) use guest::{Guest, GuestModule, Origin};
pub(crate) use pages::SavedPages;
pub(crate) use random::RandomReading;
pub(crate) use saved::GuestState;
pub(crate) use shared::Sharing;
pub(crate) use start::{StartModule, Started};
pub(crate) use state::{Budget, Given, Run, World};
pub(crate) use ticker::Ticker;
pub(crate) use trap::Stopped;
