//! Packages of Python alone for images and sandboxes, resolved and fetched by the
//! pip of this machine.
//!
//! A sandbox never reaches the network: the host asks pip for wheels, keeps them by
//! their SHA-256 in the cache's folder `wheels`, and hands out files. Wheels with
//! native code are not even looked at. What code in a sandbox asks for is parsed by
//! [`Requirement`] and written anew before pip sees it, so that no option, address
//! or path gets through.

mod at_run_time;
mod error;
mod image;
mod pip;
mod requirement;

pub use at_run_time::allow_pip;
pub use error::PackageError;
pub use image::{ExtendedGuest, extend, present_in};
pub use pip::{Present, Store, Wheel};
pub use requirement::Requirement;
