//! The checkpoints of a context.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::checkpoints::Checkpoints;
use crate::engine::{Guest, GuestState};
use crate::error::Result;
use crate::execution::Lost;
use crate::files::{Stash, Storage, Tree};
use crate::id::ExecutionId;
use crate::wasi::Descriptors;

/// Most checkpoints of a context, and most bytes of their pages.
const KEPT: usize = 16;
const KEPT_BYTES: u64 = 256 << 20;

/// Under [`Checkpoints::Auto`], cells run this much longer than checkpoints take.
const SHARE: u32 = 30;

/// A cell that comes so long after the one before waits for a checkpoint, if that
/// takes so much less than the time between them.
const LEAST_IDLE: Duration = Duration::from_millis(1);
const HASTE: u32 = 10;

/// What a checkpoint is taken to cost before one was taken.
const FIRST_COST: Duration = Duration::from_micros(100);

/// Saved states of one context, oldest first.
#[derive(Debug)]
pub(super) struct History {
    policy: Checkpoints,
    storage: Storage,
    tree: Arc<Mutex<Tree>>,
    kept: VecDeque<Checkpoint>,
    /// Run time of cells since the last one.
    at_risk: Duration,
    /// What the last one took.
    cost: Duration,
}

/// A saved state, and what keeps its open files there.
#[derive(Debug)]
struct Checkpoint {
    /// The last execution whose effects it has; 0 for none.
    after: ExecutionId,
    /// The first execution that may have run after it. Those between were undone
    /// or lost before.
    next: ExecutionId,
    /// `None` is the state of a fresh guest.
    state: Option<Arc<GuestState>>,
    held: Descriptors,
    tree: Arc<Mutex<Tree>>,
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        self.held.release(&mut tree);
    }
}

impl History {
    /// A history that starts with `state`, after the execution `after`.
    pub(super) fn new(
        policy: Checkpoints,
        storage: Storage,
        tree: Arc<Mutex<Tree>>,
        state: Option<Arc<GuestState>>,
        after: ExecutionId,
    ) -> Self {
        let mut history = Self {
            policy,
            storage,
            tree,
            kept: VecDeque::new(),
            at_risk: Duration::ZERO,
            cost: FIRST_COST,
        };
        history.push(state, after);
        history
    }

    /// A cell ran and the guest is whole.
    pub(super) fn ran(&mut self, time: Duration) {
        self.at_risk += time;
    }

    /// Whether the guest has to be saved before the next cell, which comes `idle`
    /// after the last. While no cell runs nothing is at risk, so that is early
    /// enough.
    pub(super) fn is_due(&self, idle: Duration) -> bool {
        let paused = idle >= LEAST_IDLE && self.cost * HASTE <= idle && self.is_worth_it();
        match self.policy {
            Checkpoints::EveryCell => !self.at_risk.is_zero(),
            Checkpoints::Auto => paused || self.at_risk >= self.cost * SHARE,
            Checkpoints::Never => false,
        }
    }

    /// Whether it is worth saving now that the guest lies idle.
    pub(super) fn is_worth_it(&self) -> bool {
        self.policy != Checkpoints::Never
            && self.at_risk * 8 >= self.cost
            && !self.at_risk.is_zero()
    }

    /// Saves the guest, whose last execution was `after`.
    pub(super) async fn save(
        &mut self,
        guest: &mut Guest,
        after: ExecutionId,
    ) -> Result<Arc<GuestState>> {
        let start = Instant::now();
        // Also when it fails: it is not tried again before more is at risk.
        self.at_risk = Duration::ZERO;
        let state = Arc::new(guest.capture(&self.storage).await?);
        self.push(Some(Arc::clone(&state)), after);
        self.cost = start.elapsed();
        Ok(state)
    }

    fn push(&mut self, state: Option<Arc<GuestState>>, after: ExecutionId) {
        // Two states after the same execution differ in timers at most.
        self.kept.retain(|checkpoint| checkpoint.after < after);
        let mut held = state
            .as_ref()
            .map_or_else(|| Descriptors::new(0), |state| state.descriptors.clone());
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let _closed = held.retain(&mut tree);
        drop(tree);
        self.kept.push_back(Checkpoint {
            after,
            next: ExecutionId(after.0 + 1),
            state,
            held,
            tree: Arc::clone(&self.tree),
        });
        while self.kept.len() > 1 && (self.kept.len() > KEPT || self.bytes() > KEPT_BYTES) {
            self.kept.pop_front();
        }
    }

    /// Bytes of disk that the states take, with what they are laid over.
    pub(super) fn disk_bytes(&self) -> u64 {
        let layers = self.states().filter_map(|state| state.over.as_ref());
        let layers = layers.flat_map(|over| over.stashes());
        let pages = self.states().flat_map(|state| state.pages.stashes());
        bytes_of(pages.chain(layers))
    }

    /// Bytes that there would be less of without the states.
    fn bytes(&self) -> u64 {
        bytes_of(self.states().flat_map(|state| state.pages.stashes()))
    }

    fn states(&self) -> impl Iterator<Item = &GuestState> {
        self.kept.iter().filter_map(|kept| kept.state.as_deref())
    }

    /// The state to go back to; `None` is that of a fresh guest.
    pub(super) fn last(&self) -> Option<Arc<GuestState>> {
        self.kept.back().and_then(|kept| kept.state.clone())
    }

    /// The last execution whose effects the last state has.
    pub(super) fn after(&self) -> ExecutionId {
        self.kept.back().map_or(ExecutionId(0), |kept| kept.after)
    }

    /// Gives up the last state, which cannot be taken up. Without any, the next
    /// guest is a fresh one.
    pub(super) fn drop_last(&mut self) {
        self.kept.pop_back();
    }

    /// What is gone when the guest, which has the effects of the execution `last`,
    /// goes back to the last state; `None` when nothing is. The next execution is
    /// the one after `newest`.
    pub(super) fn go_back(&mut self, last: ExecutionId, newest: ExecutionId) -> Option<Lost> {
        self.at_risk = Duration::ZERO;
        let next = ExecutionId(newest.0 + 1);
        let first = match self.kept.back_mut() {
            Some(kept) => {
                let later = next.max(kept.next);
                std::mem::replace(&mut kept.next, later)
            }
            None => ExecutionId(1),
        };
        (first <= last).then_some(Lost { first, last })
    }

    /// Makes the last state before the execution `reached` the last one. False
    /// when there is none; then nothing has changed.
    pub(super) fn step_back(&mut self, reached: ExecutionId) -> bool {
        let at = self.kept.iter().rposition(|kept| kept.after < reached);
        let Some(at) = at.filter(|_| self.policy != Checkpoints::Never) else {
            return false;
        };
        self.kept.truncate(at + 1);
        true
    }
}

/// Bytes in all of `stashes`. States share those of pages that were not written
/// between them.
fn bytes_of<'a>(stashes: impl Iterator<Item = &'a Arc<Stash>>) -> u64 {
    let unique: HashMap<_, _> = stashes
        .map(|stash| (Arc::as_ptr(stash), stash.len() as u64))
        .collect();
    unique.values().sum()
}
