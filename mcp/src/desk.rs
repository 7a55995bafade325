//! The sandboxes and snapshots that one client works with. They end with the
//! desk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sandcell::{Busy, Snapshot};

use crate::answer::Refusal;
use crate::place::{Place, Seat};
use crate::source::Source;

/// Snapshots of one desk.
const SNAPSHOTS: usize = 64;

/// What a client has.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) source: Arc<Source>,
    kind: Kind,
    places: Mutex<BTreeMap<String, Arc<Place>>>,
    snapshots: Mutex<BTreeMap<String, Kept>>,
    /// The sandbox of calls that name none.
    first: tokio::sync::Mutex<Option<String>>,
}

/// Which sandbox a call means that names none.
#[derive(Debug)]
enum Kind {
    /// The client's first, made when it is needed.
    Own,
    /// A new one: who asks is nobody in particular.
    Common,
    /// This one, always.
    Fixed(Arc<Place>),
}

/// A snapshot, and the contexts of the sandbox that it was taken of.
#[derive(Debug, Clone)]
struct Kept {
    snapshot: Snapshot,
    seats: Vec<Seat>,
}

impl Desk {
    /// The desk of one client.
    pub(crate) fn own(source: &Arc<Source>) -> Arc<Self> {
        Self::new(source, Kind::Own)
    }

    /// The desk of clients whose calls belong to no session.
    pub(crate) fn common(source: &Arc<Source>) -> Arc<Self> {
        Self::new(source, Kind::Common)
    }

    /// A desk in somebody else's sandbox.
    pub(crate) fn fixed(source: &Arc<Source>, place: Place) -> Arc<Self> {
        Self::new(source, Kind::Fixed(Arc::new(place)))
    }

    fn new(source: &Arc<Source>, kind: Kind) -> Arc<Self> {
        Arc::new(Self {
            source: Arc::clone(source),
            kind,
            places: Mutex::default(),
            snapshots: Mutex::default(),
            first: tokio::sync::Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// All sandboxes.
    pub(crate) fn all(&self) -> Vec<Arc<Place>> {
        let fixed = match &self.kind {
            Kind::Fixed(place) => Some(Arc::clone(place)),
            Kind::Own | Kind::Common => None,
        };
        let places = self.lock();
        fixed.into_iter().chain(places.values().cloned()).collect()
    }

    /// The sandbox that a call means.
    pub(crate) async fn place(&self, id: Option<&str>) -> Result<Arc<Place>, Refusal> {
        let place = match (id, &self.kind) {
            (Some(id), Kind::Fixed(place)) if place.id == id => Arc::clone(place),
            (None, Kind::Fixed(place)) => Arc::clone(place),
            (None, Kind::Common) => self.create(None).await?,
            (None, Kind::Own) => self.first().await?,
            (Some(id), _) => {
                let found = self.lock().get(id).cloned();
                found.ok_or_else(|| Refusal::NoSandbox(id.chars().take(50).collect()))?
            }
        };
        place.touch();
        Ok(place)
    }

    async fn first(&self) -> Result<Arc<Place>, Refusal> {
        let mut first = self.first.lock().await;
        let there = first.as_ref().and_then(|id| self.lock().get(id).cloned());
        if let Some(place) = there {
            return Ok(place);
        }
        let place = self.create(None).await?;
        *first = Some(place.id.clone());
        Ok(place)
    }

    /// A further sandbox: fresh, or from a snapshot.
    pub(crate) async fn create(&self, snapshot: Option<&str>) -> Result<Arc<Place>, Refusal> {
        let permit = self.source.place()?;
        let place = match snapshot {
            None => Place::fresh(self.source.sandbox(None).await?, &self.source, permit)?,
            Some(id) => {
                let kept = self.lock_snapshots().get(id).cloned();
                let kept =
                    kept.ok_or_else(|| Refusal::NoSnapshot(id.chars().take(50).collect()))?;
                let sandbox = self.source.sandbox(Some(&kept.snapshot)).await?;
                Place::copy(sandbox, &kept.seats, permit)
            }
        };
        Ok(self.put(place))
    }

    fn put(&self, place: Place) -> Arc<Place> {
        let place = Arc::new(place);
        self.lock().insert(place.id.clone(), Arc::clone(&place));
        place
    }

    /// Copies of a sandbox as it is.
    pub(crate) async fn fork(&self, of: &Place, count: usize) -> Result<Vec<Arc<Place>>, Refusal> {
        let mut permits = Vec::with_capacity(count);
        for _ in 0..count {
            permits.push(self.source.place()?);
        }
        let seats = of.seats();
        let copies = of.sandbox.fork(count, Busy::Refuse).await?;
        let copies = copies.into_iter().zip(permits);
        let copies = copies.map(|(copy, permit)| self.put(Place::copy(copy, &seats, permit)));
        Ok(copies.collect())
    }

    /// Keeps the state of a sandbox.
    pub(crate) async fn snapshot(&self, of: &Place) -> Result<String, Refusal> {
        let full = || self.lock_snapshots().len() >= SNAPSHOTS;
        let too_many = || Refusal::TooMany {
            what: "snapshots",
            allowed: SNAPSHOTS,
            way_out: "`delete_snapshot` deletes one",
        };
        if full() {
            return Err(too_many());
        }
        let seats = of.seats();
        let snapshot = of.sandbox.snapshot(Busy::Refuse).await?;
        if full() {
            return Err(too_many());
        }
        let id = snapshot.id().to_string();
        let kept = Kept { snapshot, seats };
        self.lock_snapshots().insert(id.clone(), kept);
        Ok(id)
    }

    /// Forgets a snapshot. What was made of it lives on.
    pub(crate) fn delete_snapshot(&self, id: &str) -> Result<(), Refusal> {
        let removed = self.lock_snapshots().remove(id);
        removed
            .map(drop)
            .ok_or_else(|| Refusal::NoSnapshot(id.chars().take(50).collect()))
    }

    /// Ends a sandbox.
    pub(crate) fn end(&self, id: &str) -> Result<(), Refusal> {
        let removed = self.lock().remove(id);
        match removed {
            // Calls that are under way in it shall not keep it alive.
            Some(place) => place.sandbox.close(),
            None => return Err(Refusal::NoSandbox(id.chars().take(50).collect())),
        }
        Ok(())
    }

    /// Ends what nobody has used for so long.
    pub(crate) fn sweep(&self, idle: Duration) {
        // A call that is under way holds its place.
        self.lock()
            .retain(|_, place| Arc::strong_count(place) > 1 || place.idle() < idle);
    }
}
