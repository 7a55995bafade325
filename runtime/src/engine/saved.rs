//! The whole state of a guest between two calls, as data.
//!
//! Modules are flat (see [`super::flat`]), so that is its memory, where that
//! differs from the image, and its mutable globals; and on the host's side its
//! open descriptors and its clocks.

use std::sync::{Arc, PoisonError};

use sandcell_sys::{PageRun, page_count};

use crate::engine::clock::ClockReading;
use crate::engine::guest::{create_error, global_value};
use crate::engine::pages::{SavedPages, SavedPiece, push_run};
use crate::engine::random::RandomReading;
use crate::engine::shared::{SharedImage, Sharing};
use crate::engine::state::World;
use crate::engine::{GlobalValue, Guest, GuestModule, Origin};
use crate::error::{Error, Result};
use crate::files::{StashWriter, Storage};
use crate::limits::Limit;
use crate::wasi::Descriptors;

/// Bytes of a WebAssembly page.
const WASM_PAGE: u64 = 65_536;

/// Bytes copied before other tasks of the thread get their turn.
const AT_ONCE: usize = 4 << 20;

/// Runs of at least so many pages are made own with one call of the system.
const LONG_RUN: u32 = 8;

/// A guest's state between two calls.
#[derive(Debug)]
pub(crate) struct GuestState {
    /// Size of the linear memory.
    pub(crate) memory_bytes: u64,
    /// The image that the guest was mapped over, when that is not its language's.
    pub(crate) over: Option<Arc<SharedImage>>,
    /// The pages that differ from that image.
    pub(crate) pages: SavedPages,
    /// The layers that its own pages hide from those who go on from it in place, see
    /// [`super::settle`].
    pub(crate) hides: Vec<PageRun>,
    pub(crate) globals: Vec<GlobalValue>,
    /// Whoever keeps the state holds what is open here.
    pub(crate) descriptors: Descriptors,
    pub(crate) clocks: ClockReading,
    /// With a fixed seed: how far its streams were read.
    pub(crate) random: Option<RandomReading>,
    pub(crate) sharing: Sharing,
}

/// Pages of a state that stand in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) run: PageRun,
    /// Among the state's own pages; `None`: as in the image that it is over.
    own: Option<SavedPiece>,
}

impl GuestState {
    /// The pages that may differ from the image of the guest's language.
    pub(crate) fn saved_runs(&self) -> Vec<PageRun> {
        let mut runs: Vec<PageRun> = Vec::new();
        for Piece { run, .. } in self.pieces() {
            push_run(&mut runs, run);
        }
        runs
    }

    /// The same pages, with where they stand.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let below = self.over.as_ref().map_or(&[][..], |over| &over.runs);
        pieces(self.pages.pieces(), below)
    }

    /// Fills `into` with the bytes of a piece from `start` on.
    pub(crate) fn read(&self, piece: &Piece, start: usize, into: &mut [u8]) -> Result<()> {
        match (&piece.own, &self.over) {
            (Some(own), _) => self.pages.read(own, start, into),
            (None, Some(over)) => {
                let from = piece.run.start_byte() + start;
                let bytes = over.memory.bytes().get(from..from + into.len());
                into.copy_from_slice(bytes.ok_or_else(|| Error::bug("a page is outside"))?);
                Ok(())
            }
            (None, None) => Err(Error::bug("a page stands nowhere")),
        }
    }
}

/// Lays `own` over `below`.
fn pieces(own: &[SavedPiece], below: &[PageRun]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(own.len());
    let mut below = below.iter().copied().peekable();
    // Up to `end`, what own runs do not cover.
    let mut uncovered = |from: u32, end: u32, pieces: &mut Vec<Piece>| {
        while let Some(run) = below.peek().copied().filter(|run| run.first < end) {
            let stop = run.first + run.count;
            let (first, last) = (run.first.max(from), stop.min(end));
            if first < last {
                let count = last - first;
                let run = PageRun { first, count };
                pieces.push(Piece { run, own: None });
            }
            if stop > end {
                break;
            }
            below.next();
        }
    };
    let mut from = 0;
    for piece in own {
        let run = piece.run;
        uncovered(from, run.first, &mut pieces);
        let own = Some(*piece);
        pieces.push(Piece { run, own });
        from = run.first + run.count;
    }
    uncovered(from, u32::MAX, &mut pieces);
    pieces
}

impl Guest {
    /// Copies the state. The guest must not be in the middle of a call, and goes
    /// on as if nothing had happened.
    pub(crate) async fn capture(&mut self, storage: &Storage) -> Result<GuestState> {
        let gathered = self.gather()?;
        let ground = gathered.ground;
        let base = match (&ground.over, &self.language) {
            (Some(over), _) => Some(&over.memory),
            (None, language) => language.as_ref(),
        };
        let base = base.map_or(&[][..], |image| image.bytes());
        let mut pages = gathered.pages;
        let mut since_yield = 0;
        let mut unchanged = Vec::new();
        let mut runs = Vec::new();
        let mut writer = StashWriter::new(storage);
        for look in gathered.looks {
            let changed = look.changed(self.memory(), base);
            unchanged.extend(look.unchanged(&changed));
            for run in changed {
                let bytes = self
                    .memory()
                    .get(run.start_byte()..run.start_byte() + run.byte_len());
                writer.write(bytes.ok_or_else(|| Error::bug("an own page is outside"))?)?;
                since_yield += run.byte_len();
                push_run(&mut runs, run);
                if since_yield >= AT_ONCE {
                    since_yield = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        self.fresh = page_count(&runs);
        self.unchanged = unchanged;
        if !runs.is_empty() {
            pages.add(&runs, Arc::new(writer.finish()?));
        }
        self.watched = gathered.is_watched.then(|| pages.clone());
        Ok(GuestState {
            memory_bytes: self.memory_bytes(),
            over: ground.over,
            pages,
            hides: ground.hides,
            globals: self.global_values()?,
            descriptors: self.store.data().descriptors.clone(),
            clocks: self.store.data().clocks.reading(),
            random: self.store.data().random.reading(),
            sharing: Sharing::default(),
        })
    }

    /// A guest that goes on from `state`, which was captured over the same image.
    /// It has to be renewed before its first cell, see [`Guest::renew_copy`].
    ///
    /// # Errors
    /// [`Error::Create`]; [`Error::LimitExceeded`] when its memory is larger than
    /// the world allows; [`Error::Spill`].
    pub(crate) async fn restore(
        module: &GuestModule,
        origin: &Origin,
        world: World,
        state: &GuestState,
    ) -> Result<Self> {
        let allowed = world.memory_bytes;
        if state.memory_bytes > allowed {
            return Err(too_large(allowed, state.memory_bytes));
        }
        let whole = state.sharing.image();
        let layered = match whole {
            None => state.layered(origin.memory.as_ref()),
            Some(_) => None,
        };
        let saved = whole.or_else(|| layered.map(|layered| &layered.image));
        let over = saved.or(state.over.as_ref()).cloned();
        let mut guest = match &over {
            None => Self::new(module, origin, world).await?,
            Some(over) => {
                let memory = Some(Arc::clone(&over.memory));
                Self::over(module, origin, memory, world).await?
            }
        };
        guest.grow_to(state.memory_bytes, allowed)?;
        match layered {
            Some(layered) => guest.write_pages(&layered.rest).await?,
            None if whole.is_none() => guest.write_pages(&state.pages).await?,
            None => {}
        }
        guest.over = over;
        for (global, value) in guest.globals.iter().zip(&state.globals) {
            global
                .set(&mut guest.store, global_value(*value))
                .map_err(create_error)?;
        }
        let data = &mut **guest.store.data_mut();
        let mut descriptors = state.descriptors.clone();
        let mut tree = data.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let _closed = descriptors.retain(&mut tree);
        drop(tree);
        data.descriptors = descriptors;
        Ok(guest)
    }

    fn grow_to(&mut self, bytes: u64, allowed: u64) -> Result<()> {
        let missing = bytes.saturating_sub(self.memory_bytes()) / WASM_PAGE;
        if missing == 0 {
            return Ok(());
        }
        self.memory
            .grow(&mut self.store, missing)
            .map_err(|_refused| too_large(allowed, bytes))?;
        Ok(())
    }

    /// Copies saved pages to where they belong.
    async fn write_pages(&mut self, pages: &SavedPages) -> Result<()> {
        let mut since_yield = 0;
        for piece in pages.pieces() {
            let run = piece.run;
            let range = run.start_byte()..run.start_byte() + run.byte_len();
            if run.count >= LONG_RUN {
                sandcell_sys::own_copies(&mut self.store, &self.memory, range.clone())
                    .map_err(create_error)?;
            }
            let target = self.memory.data_mut(&mut self.store).get_mut(range);
            let target = target.ok_or_else(|| Error::bug("a saved page is outside"))?;
            pages.read(piece, 0, target)?;
            since_yield += run.byte_len();
            if since_yield >= AT_ONCE {
                since_yield = 0;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

fn too_large(allowed: u64, asked: u64) -> Error {
    Error::LimitExceeded {
        limit: Limit::Memory,
        allowed,
        asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_pages_cover_those_of_the_image_below() {
        let run = |first, count| PageRun { first, count };
        let own = [run(2, 2), run(6, 1), run(9, 3)];
        let own = SavedPages::new(&own, Arc::default());
        let [two, six, nine] = *own.pieces() else {
            panic!("{own:?}");
        };
        let below = [run(0, 3), run(5, 3), run(9, 1), run(10, 5), run(20, 1)];
        let expected = [
            (run(0, 2), None),
            (run(2, 2), Some(two)),
            (run(5, 1), None),
            (run(6, 1), Some(six)),
            (run(7, 1), None),
            (run(9, 3), Some(nine)),
            (run(12, 3), None),
            (run(20, 1), None),
        ];
        let expected = expected.map(|(run, own)| Piece { run, own });
        assert_eq!(pieces(own.pieces(), &below), expected);
        assert_eq!(pieces(own.pieces(), &[]).len(), 3);
        assert_eq!(pieces(&[], &below).len(), 5);
    }
}
