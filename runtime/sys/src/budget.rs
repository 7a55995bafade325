//! The budget of memory mappings.
//!
//! Linux gives a process `vm.max_map_count` mappings (65,530 by default). Near
//! that limit every allocation of the whole process may fail, and some of those
//! failures abort it: so we count what we map ourselves and stop at four fifths.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Kernel mappings of one memory: image, zero pages behind it, the rest; and of
/// the stack that its store gets with its first call, the guard and the stack. A
/// guest that could be made can also run.
pub(crate) const MAPPINGS_OF_A_MEMORY: usize = 5;

/// What the kernel allows when `/proc` does not say.
const DEFAULT_MAX_MAP_COUNT: usize = 65_530;

/// Memory mappings made by this crate, and the bound that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mappings {
    /// Mappings that are alive, an upper estimate.
    pub live: usize,
    /// Mappings at which creation is refused: four fifths of `vm.max_map_count`.
    pub bound: usize,
}

impl Mappings {
    /// Whether one more memory, with the stack of its store, is within the bound.
    #[must_use]
    pub fn has_room(self) -> bool {
        self.with_one_more() <= self.bound
    }

    /// Mappings when one more memory is made.
    #[must_use]
    pub fn with_one_more(self) -> usize {
        self.live.saturating_add(MAPPINGS_OF_A_MEMORY)
    }
}

/// Counts the mappings of this process that belong to guests.
#[must_use]
pub fn mappings() -> Mappings {
    Mappings {
        live: LIVE.load(Ordering::Relaxed),
        bound: bound(),
    }
}

fn bound() -> usize {
    static BOUND: OnceLock<usize> = OnceLock::new();
    *BOUND.get_or_init(|| {
        let max = std::fs::read_to_string("/proc/sys/vm/max_map_count")
            .ok()
            .and_then(|text| text.trim().parse::<usize>().ok())
            .unwrap_or(DEFAULT_MAX_MAP_COUNT);
        max / 5 * 4
    })
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share(usize);

impl Share {
    /// Takes `count` mappings out of the budget, or says why it cannot.
    pub(crate) fn take(count: usize) -> Result<Self, String> {
        let before = LIVE.fetch_add(count, Ordering::Relaxed);
        if before + count > bound() {
            LIVE.fetch_sub(count, Ordering::Relaxed);
            return Err(format!(
                "{before} memory mappings are in use and the bound is {} (four fifths of vm.max_map_count)",
                bound()
            ));
        }
        Ok(Self(count))
    }

    /// Takes `count` more.
    pub(crate) fn grow(&mut self, count: usize) -> Result<(), String> {
        let mut more = Self::take(count)?;
        self.0 += std::mem::take(&mut more.0);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        LIVE.fetch_sub(self.0, Ordering::Relaxed);
    }
}
