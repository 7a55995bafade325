//! Runs that repeat.

use std::time::SystemTime;

/// Fixes what a guest could tell two runs apart by: randomness and time.
///
/// Two sandboxes over the same image with equal determinism, given the same
/// cells, write the same output and burn the same fuel to the unit.
///
/// Time is virtual: it starts at [`Self::start`], goes on by one microsecond
/// each time the guest looks, and a sleep moves it by the time slept, without
/// waiting. The wall-time limit still counts real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Determinism {
    /// Seed of all random bytes that the guest gets.
    pub seed: u64,
    /// The time at which the guest's clocks start.
    pub start: SystemTime,
}
