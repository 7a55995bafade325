//! What is known of a live guest's pages since it was saved.
//!
//! A guest that owns much, scattered over its memory, and is saved again is watched
//! (see [`sandcell_sys::watch()`]): the next state takes over the pages that were not
//! written since. The pages of the image are not watched, for an interpreter writes
//! to the same hundred of them all the time: copying those costs less than noticing.

use sandcell_sys::{PAGE_BYTES, PageRun, page_count};

use crate::engine::Guest;
use crate::engine::pages::SavedPages;
use crate::engine::settle::{Ground, Look, looks};
use crate::error::{Error, Result};

/// Saved pages that are worth a watch.
const MUCH: u64 = (1 << 20) / PAGE_BYTES as u64;

/// Saved pages that are still so, unless the watch says otherwise.
#[derive(Debug)]
pub(super) struct Watched {
    /// The first page that is watched.
    first: u32,
    pages: SavedPages,
}

impl Watched {
    pub(super) fn new(first: u32, saved: &SavedPages) -> Self {
        let pages = saved.without(first, &[]);
        Self { first, pages }
    }
}

/// What a state is to consist of.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) ground: Ground,
    /// Pages that stand somewhere already.
    pub(super) pages: SavedPages,
    /// What may have to be saved, those that belong together together.
    pub(super) looks: Vec<Vec<Look>>,
    /// The guest is watched from this page on, and starting from this state.
    pub(super) watched_from: Option<u32>,
}

impl Guest {
    /// Finds out what has to be saved. What the watch knew is gone then: it is put
    /// back when the state is there, and else the next one has all of it.
    pub(super) fn gather(&mut self) -> Result<Gathered> {
        if let Some(watched) = self.watched.take()
            && let Some(gathered) = self.gather_written(&watched)?
        {
            return Ok(gathered);
        }
        let own = self.own_before(usize::MAX)?;
        let ground = self.ground(page_count(&own));
        let all = looks(&own, &ground.hides);
        let [before, behind] = Look::split(&all, self.first_to_watch().unwrap_or(u32::MAX));
        let looks = if Look::pages(&behind) >= MUCH {
            vec![before, behind]
        } else {
            vec![all]
        };
        Ok(Gathered {
            ground,
            pages: SavedPages::default(),
            looks,
            watched_from: None,
        })
    }

    fn gather_written(&mut self, watched: &Watched) -> Result<Option<Gathered>> {
        let Ok(written) = sandcell_sys::written(&mut self.store, &self.memory) else {
            return Ok(None);
        };
        let first = watched.first;
        let own = self.own_before(first as usize * PAGE_BYTES)?;
        let mut pages = watched.pages.without(first, &written.stale);
        let count = page_count(&own) + page_count(&written.own) + pages.count();
        let ground = self.ground(count);
        if !ground.hides.is_empty() {
            return Ok(None);
        }
        let anew = pages.take_scattered();
        Ok(Some(Gathered {
            ground,
            pages,
            looks: vec![looks(&own, &[]), looks(&written.own, &anew)],
            watched_from: Some(first),
        }))
    }

    fn own_before(&mut self, end: usize) -> Result<Vec<PageRun>> {
        let stop_word = self.store.data().stop_word;
        let own = self
            .own
            .before(end, &self.store, &self.memory, stop_word)
            .map_err(Error::io("read", "/proc/self/pagemap"))?;
        Ok(own.to_vec())
    }

    /// Watches the guest, which is as in `saved` where nothing is laid under it. It
    /// must not have run since.
    pub(super) fn watch(&mut self, saved: &SavedPages) {
        self.watched = None;
        // Most guests are saved once, and watching costs a little.
        if !std::mem::replace(&mut self.was_saved, true) {
            return;
        }
        let Some(first) = self.first_to_watch() else {
            return;
        };
        let watched = Watched::new(first, saved);
        let from = first as usize * PAGE_BYTES;
        if watched.pages.count() >= MUCH && sandcell_sys::watch(&mut self.store, &self.memory, from)
        {
            self.watched = Some(watched);
        }
    }

    /// The first page behind the image of the language.
    fn first_to_watch(&self) -> Option<u32> {
        let image = self.language.as_ref()?;
        u32::try_from(image.byte_len() / PAGE_BYTES).ok()
    }
}
