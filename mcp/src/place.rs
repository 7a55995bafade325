//! A sandbox on a desk, with its contexts by the ids that the client knows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandcell::{Context, Sandbox};
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::Refusal;
use crate::source::{Language, Source};

/// A sandbox.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) sandbox: Sandbox,
    contexts: Mutex<Vec<Seat>>,
    /// Held while a context is made.
    making: tokio::sync::Mutex<()>,
    used: Mutex<Instant>,
    /// Kept while it lives; none for a sandbox of somebody else, which goes on
    /// when this one is gone.
    permit: Option<OwnedSemaphorePermit>,
}

/// A context of a place.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) id: String,
    pub(crate) language: String,
    /// Code runs in it that names its language and no context.
    pub(crate) default: bool,
    pub(crate) context: Context,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.permit.is_some() {
            self.sandbox.close();
        }
    }
}

impl Place {
    /// A fresh sandbox, whose first context is that of the first language.
    pub(crate) fn fresh(
        sandbox: Sandbox,
        source: &Source,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, Refusal> {
        let language = source.language(None)?.name.clone();
        let first = Seat::new(language, true, sandbox.context()?);
        Ok(Self::new(sandbox, vec![first], Some(permit)))
    }

    /// A sandbox of somebody else. Its contexts stay theirs: this one makes its
    /// own.
    pub(crate) fn of_another(sandbox: Sandbox) -> Self {
        Self::new(sandbox, Vec::new(), None)
    }

    /// A copy of another place's sandbox, with copies of its contexts.
    pub(crate) fn copy(sandbox: Sandbox, seats: &[Seat], permit: OwnedSemaphorePermit) -> Self {
        let seats = seats.iter().filter_map(|seat| {
            // Copies have the ids of what they are copied from.
            let context = sandbox.find(seat.context.id()).ok()?;
            Some(Seat {
                context,
                ..seat.clone()
            })
        });
        let seats = seats.collect();
        Self::new(sandbox, seats, Some(permit))
    }

    fn new(sandbox: Sandbox, seats: Vec<Seat>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            id: sandbox.id().to_string(),
            sandbox,
            contexts: Mutex::new(seats),
            making: tokio::sync::Mutex::default(),
            used: Mutex::new(Instant::now()),
            permit,
        }
    }

    /// Notes that it is used now.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long nobody has used it.
    pub(crate) fn idle(&self) -> Duration {
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All contexts, in the order of their making.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        self.lock().clone()
    }

    /// The context of this id.
    pub(crate) fn seat(&self, id: &str) -> Result<Seat, Refusal> {
        let found = self.lock().iter().find(|seat| seat.id == id).cloned();
        found.ok_or_else(|| Refusal::NoContext(id.chars().take(50).collect()))
    }

    fn find_default(&self, language: &Language) -> Option<Seat> {
        let seats = self.lock();
        let mut all = seats.iter();
        all.find(|seat| seat.default && seat.language == language.name)
            .cloned()
    }

    /// The context that code of a language runs in which names none; made now
    /// unless it is there.
    pub(crate) async fn default_seat(&self, language: &Language) -> Result<Seat, Refusal> {
        if let Some(seat) = self.find_default(language) {
            return Ok(seat);
        }
        let _one_at_a_time = self.making.lock().await;
        if let Some(seat) = self.find_default(language) {
            return Ok(seat);
        }
        self.add(language, true).await
    }

    /// A further context.
    pub(crate) async fn add(&self, language: &Language, default: bool) -> Result<Seat, Refusal> {
        let context = self.context(language).await?;
        let seat = Seat::new(language.name.clone(), default, context);
        self.lock().push(seat.clone());
        Ok(seat)
    }

    async fn context(&self, language: &Language) -> Result<Context, Refusal> {
        Ok(match &language.image {
            None => self.sandbox.create_context().await?,
            Some(image) => self.sandbox.create_context_over(image).await?,
        })
    }

    /// A fresh interpreter under the same id.
    pub(crate) async fn restart(&self, id: &str, source: &Source) -> Result<Seat, Refusal> {
        let old = self.seat(id)?;
        let language = source.language(Some(&old.language))?;
        // It may have ended by itself.
        let _was_closed = self.sandbox.close_context(old.context.id());
        let context = self.context(language).await?;
        let mut seats = self.lock();
        let seat = seats.iter_mut().find(|seat| seat.id == id);
        let seat = seat.ok_or_else(|| Refusal::NoContext(id.to_owned()))?;
        seat.context = context;
        Ok(seat.clone())
    }

    /// Ends a context.
    pub(crate) fn remove(&self, id: &str) -> Result<(), Refusal> {
        let old = self.seat(id)?;
        self.lock().retain(|seat| seat.id != id);
        let _was_closed = self.sandbox.close_context(old.context.id());
        Ok(())
    }
}

impl Seat {
    fn new(language: String, default: bool, context: Context) -> Self {
        Self {
            // The client's id outlives the runtime's context at a restart.
            id: context.id().to_string(),
            language,
            default,
            context,
        }
    }
}
