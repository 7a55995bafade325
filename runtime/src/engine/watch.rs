//! What is known of a live guest's pages since it was saved.
//!
//! A guest that owns much, scattered over its memory, and is saved again is watched
//! (see [`sandcell_sys::watch()`]): the next state takes over the pages that were not
//! written since.

use sandcell_sys::{PAGE_BYTES, page_count};

use crate::engine::Guest;
use crate::engine::pages::SavedPages;
use crate::engine::settle::{Ground, Look, looks};
use crate::error::{Error, Result};

/// Saved pages that are worth a watch.
const MUCH: u64 = (1 << 20) / PAGE_BYTES as u64;

/// What a state is to consist of.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) ground: Ground,
    /// Pages that stand somewhere already.
    pub(super) pages: SavedPages,
    /// What may have to be saved.
    pub(super) looks: Vec<Look>,
    /// Whether the guest is watched, starting from this state.
    pub(super) is_watched: bool,
}

impl Guest {
    /// Finds out what has to be saved. What the watch knew is gone then: it is put
    /// back when the state is there, and else the next one has all of it.
    pub(super) fn gather(&mut self) -> Result<Gathered> {
        if let Some(watched) = self.watched.take()
            && let Some(gathered) = self.gather_written(&watched)
        {
            return Ok(gathered);
        }
        let stop_word = self.store.data().stop_word;
        let own = self
            .own
            .of(&self.store, &self.memory, stop_word)
            .map_err(Error::io("read", "/proc/self/pagemap"))?
            .to_vec();
        let ground = self.ground(page_count(&own));
        Ok(Gathered {
            looks: looks(&own, &ground.hides),
            ground,
            pages: SavedPages::default(),
            is_watched: false,
        })
    }

    /// `None` when all has to be saved.
    fn gather_written(&mut self, saved: &SavedPages) -> Option<Gathered> {
        let written = sandcell_sys::written(&mut self.store, &self.memory).ok()?;
        let mut pages = saved.without(&written.stale);
        let ground = self.ground(page_count(&written.own) + pages.count());
        if !ground.hides.is_empty() {
            return None;
        }
        let anew = pages.take_scattered();
        Some(Gathered {
            ground,
            pages,
            looks: looks(&written.own, &anew),
            is_watched: true,
        })
    }

    /// Watches the guest, which is as in `saved` where nothing is laid under it. It
    /// must not have run since.
    pub(super) fn watch(&mut self, saved: &SavedPages) {
        self.watched = None;
        // Most guests are saved once, and watching costs a little.
        if !std::mem::replace(&mut self.was_saved, true) {
            return;
        }
        if saved.count() >= MUCH && sandcell_sys::watch(&mut self.store, &self.memory) {
            self.watched = Some(saved.clone());
        }
    }
}
