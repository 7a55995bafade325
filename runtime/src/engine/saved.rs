//! The whole state of a guest between two calls, as data.
//!
//! Modules are flat (see [`super::flat`]), so that is its memory, where that
//! differs from the image, and its mutable globals; and on the host's side its
//! open descriptors and its clocks.

use std::sync::{Arc, PoisonError};

use sandcell_sys::PageRun;

use crate::engine::clock::ClockReading;
use crate::engine::guest::{create_error, global_value};
use crate::engine::random::RandomReading;
use crate::engine::settle::{Ground, looks, push_run};
use crate::engine::shared::{SharedImage, Sharing};
use crate::engine::state::World;
use crate::engine::{GlobalValue, Guest, GuestModule, Origin};
use crate::error::{Error, Result};
use crate::files::{Stash, StashWriter, Storage};
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
    /// The pages that differ from that image: sorted, apart from each other.
    pub(crate) runs: Vec<PageRun>,
    /// Their bytes, one run after the other.
    pub(crate) pages: Arc<Stash>,
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
    /// Where in the state's own pages; `None`: as in the image that it is over.
    at: Option<usize>,
}

/// A run of a state's own pages, and where it starts in what the state keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OwnPiece {
    pub(super) run: PageRun,
    pub(super) at: usize,
}

impl GuestState {
    /// Its own pages, with where they stand.
    pub(super) fn own_pieces(&self) -> Vec<OwnPiece> {
        let mut at = 0;
        let pieces = self.runs.iter().map(|run| {
            let piece = OwnPiece { run: *run, at };
            at += run.byte_len();
            piece
        });
        pieces.collect()
    }

    /// Bytes of the pages that this state alone keeps.
    pub(crate) fn page_bytes(&self) -> u64 {
        self.pages.len() as u64
    }

    /// The pages that may differ from the image of the guest's language.
    pub(crate) fn saved_runs(&self) -> Vec<PageRun> {
        let mut runs: Vec<PageRun> = Vec::new();
        for Piece { run, .. } in self.pieces() {
            match runs.last_mut() {
                Some(last) if last.first + last.count == run.first => last.count += run.count,
                _ => runs.push(run),
            }
        }
        runs
    }

    /// The same pages, with where they stand.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        pieces(
            &self.runs,
            self.over.as_ref().map_or(&[], |over| &over.runs),
        )
    }

    /// Fills `into` with the bytes of a piece from `start` on.
    pub(crate) fn read(&self, piece: &Piece, start: usize, into: &mut [u8]) -> Result<()> {
        match (piece.at, &self.over) {
            (Some(at), _) => Ok(self.pages.read(at + start, into)?),
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

/// Lays the runs `own`, whose pages stand one after the other, over `below`.
fn pieces(own: &[PageRun], below: &[PageRun]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(own.len());
    let mut at = 0;
    let mut below = below.iter().copied().peekable();
    // Up to `end`, what own runs do not cover.
    let mut uncovered = |from: u32, end: u32, pieces: &mut Vec<Piece>| {
        while let Some(run) = below.peek().copied().filter(|run| run.first < end) {
            let stop = run.first + run.count;
            let (first, last) = (run.first.max(from), stop.min(end));
            if first < last {
                let count = last - first;
                let run = PageRun { first, count };
                pieces.push(Piece { run, at: None });
            }
            if stop > end {
                break;
            }
            below.next();
        }
    };
    let mut from = 0;
    for run in own {
        uncovered(from, run.first, &mut pieces);
        pieces.push(Piece {
            run: *run,
            at: Some(at),
        });
        at += run.byte_len();
        from = run.first + run.count;
    }
    uncovered(from, u32::MAX, &mut pieces);
    pieces
}

impl Guest {
    /// Copies the state. The guest must not be in the middle of a call, and goes
    /// on as if nothing had happened.
    pub(crate) async fn capture(&mut self, storage: &Storage) -> Result<GuestState> {
        let stop_word = self.store.data().stop_word;
        let own = self.own.of(&self.store, &self.memory, stop_word);
        let own = own
            .map_err(Error::io("read", "/proc/self/pagemap"))?
            .to_vec();
        let Ground { over, hides } = self.ground(&own);
        let base = match (&over, &self.language) {
            (Some(over), _) => Some(&over.memory),
            (None, language) => language.as_ref(),
        };
        let base = base.map_or(&[][..], |image| image.bytes());
        let mut runs = Vec::new();
        let mut writer = StashWriter::new(storage);
        let mut since_yield = 0;
        let mut unchanged = Vec::new();
        for look in looks(&own, &hides) {
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
        self.unchanged = unchanged;
        Ok(GuestState {
            memory_bytes: self.memory_bytes(),
            over,
            runs,
            pages: Arc::new(writer.finish()?),
            hides,
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
            Some(layered) => guest.write_pages(state, &layered.rest).await?,
            None if whole.is_none() => guest.write_pages(state, &state.own_pieces()).await?,
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

    /// Copies pages of `state` to where they belong.
    async fn write_pages(&mut self, state: &GuestState, pages: &[OwnPiece]) -> Result<()> {
        let mut since_yield = 0;
        for OwnPiece { run, at } in pages {
            let range = run.start_byte()..run.start_byte() + run.byte_len();
            if run.count >= LONG_RUN {
                sandcell_sys::own_copies(&mut self.store, &self.memory, range.clone())
                    .map_err(create_error)?;
            }
            let target = self.memory.data_mut(&mut self.store).get_mut(range);
            let target = target.ok_or_else(|| Error::bug("a saved page is outside"))?;
            state.pages.read(*at, target)?;
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
    use sandcell_sys::PAGE_BYTES;

    use super::*;

    #[test]
    fn own_pages_cover_those_of_the_image_below() {
        let run = |first, count| PageRun { first, count };
        let own = [run(2, 2), run(6, 1), run(9, 3)];
        let below = [run(0, 3), run(5, 3), run(9, 1), run(10, 5), run(20, 1)];
        let page = |n: usize| Some(n * PAGE_BYTES);
        let expected = [
            (run(0, 2), None),
            (run(2, 2), page(0)),
            (run(5, 1), None),
            (run(6, 1), page(2)),
            (run(7, 1), None),
            (run(9, 3), page(3)),
            (run(12, 3), None),
            (run(20, 1), None),
        ];
        let expected = expected.map(|(run, at)| Piece { run, at });
        assert_eq!(pieces(&own, &below), expected);
        assert_eq!(pieces(&own, &[]).len(), 3);
        assert_eq!(pieces(&[], &below).len(), 5);
    }
}
