//! How much disk paused sandboxes and snapshots may take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that there are for saved states, and those that are taken.
#[derive(Debug)]
pub(crate) struct Quota {
    used: AtomicU64,
    allowed: u64,
}

/// Bytes that a saved state takes, given back with it.
#[derive(Debug)]
pub(crate) struct Space {
    quota: Arc<Quota>,
    bytes: u64,
}

/// There is no room for a further state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no room for {asked} bytes more: paused sandboxes and snapshots take {used} of {allowed}; \
     end or delete some of them, or raise `--max-saved`"
)]
pub(crate) struct Full {
    asked: u64,
    used: u64,
    allowed: u64,
}

impl Quota {
    pub(crate) fn new(allowed: u64) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            allowed,
        })
    }

    /// Takes room for a state.
    pub(crate) fn take(self: &Arc<Self>, asked: u64) -> Result<Space, Full> {
        let more = |used: u64| used.checked_add(asked).filter(|sum| *sum <= self.allowed);
        let (after, before) = (Ordering::AcqRel, Ordering::Acquire);
        match self.used.fetch_update(after, before, more) {
            Ok(_) => Ok(self.space(asked)),
            Err(used) => Err(Full {
                asked,
                used,
                allowed: self.allowed,
            }),
        }
    }

    /// Counts a state that is there already, even beyond what is allowed.
    pub(crate) fn count(self: &Arc<Self>, bytes: u64) -> Space {
        self.used.fetch_add(bytes, Ordering::AcqRel);
        self.space(bytes)
    }

    fn space(self: &Arc<Self>, bytes: u64) -> Space {
        Space {
            quota: Arc::clone(self),
            bytes,
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.quota.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let quota = Quota::new(10);
        let first = quota.take(6).unwrap();
        assert!(quota.take(5).is_err());
        let second = quota.take(4).unwrap();
        drop(first);
        assert!(quota.take(7).is_err());
        let found = quota.count(100);
        assert!(quota.take(1).is_err());
        drop((second, found));
        assert!(quota.take(11).is_err());
        assert!(quota.take(u64::MAX).is_err());
        quota.take(10).unwrap();
    }
}
