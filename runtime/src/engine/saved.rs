//! The whole state of a guest between two calls, as data.
//!
//! Modules are flat (see [`super::flat`]), so that is its memory, where that
//! differs from the image, and its mutable globals; and on the host's side its
//! open descriptors and its clocks.

use std::sync::PoisonError;

use sandcell_sys::{PAGE_BYTES, PageRun};

use crate::engine::clock::ClockReading;
use crate::engine::guest::{create_error, global_value};
use crate::engine::random::RandomReading;
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
    /// The pages that differ from the image: sorted, apart from each other.
    pub(crate) runs: Vec<PageRun>,
    /// Their bytes, one run after the other.
    pub(crate) pages: Stash,
    pub(crate) globals: Vec<GlobalValue>,
    /// Whoever keeps the state holds what is open here.
    pub(crate) descriptors: Descriptors,
    pub(crate) clocks: ClockReading,
    /// With a fixed seed: how far its streams were read.
    pub(crate) random: Option<RandomReading>,
}

impl GuestState {
    /// Bytes of pages.
    pub(crate) fn page_bytes(&self) -> u64 {
        self.pages.len() as u64
    }
}

impl Guest {
    /// Copies the state. The guest must not be in the middle of a call, and goes
    /// on as if nothing had happened.
    pub(crate) async fn capture(&mut self, storage: &Storage) -> Result<GuestState> {
        let mut runs = Vec::new();
        let mut writer = StashWriter::new(storage);
        let mut since_yield = 0;
        for own in self.private_pages()? {
            for run in self.changed(own) {
                let bytes = self
                    .memory()
                    .get(run.start_byte()..run.start_byte() + run.byte_len());
                writer.write(bytes.ok_or_else(|| Error::bug("an own page is outside"))?)?;
                since_yield += run.byte_len();
                runs.push(run);
                if since_yield >= AT_ONCE {
                    since_yield = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(GuestState {
            memory_bytes: self.memory_bytes(),
            runs,
            pages: writer.finish()?,
            globals: self.global_values()?,
            descriptors: self.store.data().descriptors.clone(),
            clocks: self.store.data().clocks.reading(),
            random: self.store.data().random.reading(),
        })
    }

    /// The parts of a run of own pages that are not as in the image: reading the
    /// zero page, or writing what was there, makes a page own, too.
    fn changed(&self, own: PageRun) -> Vec<PageRun> {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        let memory = self.memory();
        let image = self.image.as_ref().map_or(&[][..], |image| image.bytes());
        let mut runs: Vec<PageRun> = Vec::new();
        for first in own.first..own.first + own.count {
            let start = first as usize * PAGE_BYTES;
            let page = memory.get(start..start + PAGE_BYTES);
            let before = image.get(start..start + PAGE_BYTES).unwrap_or(&ZEROS);
            if page == Some(before) {
                continue;
            }
            match runs.last_mut() {
                Some(last) if last.first + last.count == first => last.count += 1,
                _ => runs.push(PageRun { first, count: 1 }),
            }
        }
        runs
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
        let mut guest = Self::new(module, origin, world).await?;
        guest.grow_to(state.memory_bytes, allowed)?;
        guest.write_pages(state).await?;
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
            .map_err(|_refused| Error::LimitExceeded {
                limit: Limit::Memory,
                allowed,
                asked: bytes,
            })?;
        Ok(())
    }

    async fn write_pages(&mut self, state: &GuestState) -> Result<()> {
        let mut start = 0;
        let mut since_yield = 0;
        for run in &state.runs {
            let range = run.start_byte()..run.start_byte() + run.byte_len();
            if run.count >= LONG_RUN {
                sandcell_sys::own_copies(&mut self.store, &self.memory, range.clone())
                    .map_err(create_error)?;
            }
            let target = self.memory.data_mut(&mut self.store).get_mut(range);
            let target = target.ok_or_else(|| Error::bug("a saved page is outside"))?;
            state.pages.read(start, target)?;
            start += run.byte_len();
            since_yield += run.byte_len();
            if since_yield >= AT_ONCE {
                since_yield = 0;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
