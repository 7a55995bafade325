//! New sandboxes from saved ones.

use std::sync::Arc;

use sandcell::{Busy, Snapshot};

use crate::lease::{Kept, Lease, NotMade, Order, Registry, Reserved, SavedInterpreter, Start};

impl Registry {
    /// Makes a sandbox of a snapshot, that lives for so many seconds. Variables of
    /// the order come on top of those of the snapshot.
    pub(crate) async fn create_from(
        self: &Arc<Self>,
        kept: &Kept,
        mut order: Order,
        seconds: u64,
    ) -> Result<Arc<Lease>, NotMade> {
        self.reserve()?;
        let place = Reserved(self);
        let snapshot = self.snapshots.load(&self.runtime, kept).await?;
        let start = if kept.files_only {
            Start::Rebooted
        } else {
            Start::Copied
        };
        let given = std::mem::replace(&mut order.environment, kept.environment.clone());
        order.environment.extend(given.clone());
        let made = self.start_from(&snapshot, start, &order, &kept.contexts);
        let (sandbox, contexts) = made.await?;
        if start == Start::Copied && !given.is_empty() {
            contexts.set_variables(&given).await?;
        }
        let id = sandbox.id().to_string();
        place.keep();
        Ok(self.enter(id, sandbox, contexts, order, seconds))
    }

    /// Makes copies of a sandbox as it is, each of which may fail by itself.
    pub(crate) async fn fork(
        self: &Arc<Self>,
        lease: &Lease,
        count: usize,
        seconds: u64,
    ) -> sandcell::Result<Vec<Result<Arc<Lease>, NotMade>>> {
        let still = lease.contexts.still().await;
        let snapshot = lease.sandbox.snapshot(Busy::Refuse).await?;
        let contexts = lease.contexts.saved().await;
        drop(still);
        let order = Order {
            network: lease.network(),
            seconds,
            ..lease.who.order.clone()
        };
        let mut copies = Vec::with_capacity(count);
        for _ in 0..count {
            copies.push(self.copy(&snapshot, &contexts, &order, seconds).await);
        }
        lease.journal.note("info", format!("forked {count} times"));
        Ok(copies)
    }

    async fn copy(
        self: &Arc<Self>,
        snapshot: &Snapshot,
        contexts: &[SavedInterpreter],
        order: &Order,
        seconds: u64,
    ) -> Result<Arc<Lease>, NotMade> {
        self.reserve()?;
        let place = Reserved(self);
        let made = self.start_from(snapshot, Start::Copied, order, contexts);
        let (sandbox, contexts) = made.await?;
        let id = sandbox.id().to_string();
        place.keep();
        Ok(self.enter(id, sandbox, contexts, order.clone(), seconds))
    }
}
