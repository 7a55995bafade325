//! A live guest over its own checkpoint.
//!
//! A checkpoint copies what a guest owns: with a hundred megabytes of data, a
//! hundred megabytes each time, though a cell changes a few pages. So a guest that
//! was just saved and owns much has what was saved laid under it, see
//! [`sandcell_sys::lay`]. It then owns nothing of that until it writes to it, and
//! the next checkpoint has those pages only.
//!
//! Long runs of own pages that are as in the image, such as zeros that were asked
//! for and not used yet, are given back, too.
//!
//! Each time leaves layers behind, and layers hide older ones. When there are too
//! many of them, the guest is saved with all that stands in layers, and what is
//! laid then hides them all.

use std::sync::Arc;

use sandcell_sys::{NotLaid, PAGE_BYTES, PageRun, page_count};

use crate::engine::Guest;
use crate::engine::pages::push_run;
use crate::engine::saved::GuestState;
use crate::engine::shared::{Layered, SharedImage};
use crate::error::{Error, Result};

/// Own pages side by side that are worth giving back when they are as before.
const LONG_RUN: u32 = 32;

/// Pages that are worth it; of a guest that has layers, also this share of them.
const MUCH: u64 = (1 << 20) / PAGE_BYTES as u64;
const SHARE: u64 = 16;

/// What a guest is saved against.
#[derive(Debug)]
pub(super) struct Ground {
    /// The image; `None` is the language's.
    pub(super) over: Option<Arc<SharedImage>>,
    /// Layers of the guest that are not part of it: all of their pages are saved.
    pub(super) hides: Vec<PageRun>,
}

/// Pages to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    run: PageRun,
    /// They count as changed.
    all: bool,
}

impl Look {
    /// Those of them that are not as in the image `base`: reading the zero page, or
    /// writing what was there, makes a page own, too.
    pub(super) fn changed(self, memory: &[u8], base: &[u8]) -> Vec<PageRun> {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        if self.all {
            return vec![self.run];
        }
        let mut runs = Vec::new();
        for first in self.run.first..self.run.first + self.run.count {
            let start = first as usize * PAGE_BYTES;
            let page = memory.get(start..start + PAGE_BYTES);
            let before = base.get(start..start + PAGE_BYTES).unwrap_or(&ZEROS);
            if page != Some(before) {
                push_run(&mut runs, PageRun { first, count: 1 });
            }
        }
        runs
    }

    /// Long runs of the others, when `changed` are those.
    pub(super) fn unchanged(self, changed: &[PageRun]) -> Vec<PageRun> {
        let mut first = self.run.first;
        let mut runs = Vec::new();
        let end = self.run.first + self.run.count;
        let stops = changed.iter().map(|run| (run.first, run.first + run.count));
        for (stop, next) in stops.chain([(end, end)]) {
            if stop - first >= LONG_RUN {
                let count = stop - first;
                runs.push(PageRun { first, count });
            }
            first = next;
        }
        runs
    }
}

/// All pages of `whole`, and those of `own` beside them, in order; both are sorted.
pub(super) fn looks(own: &[PageRun], whole: &[PageRun]) -> Vec<Look> {
    let mut looks = Vec::with_capacity(own.len() + whole.len());
    let mut whole_left = whole.iter().copied().peekable();
    for run in own {
        let (mut first, end) = (run.first, run.first + run.count);
        let mut look = |first: u32, stop: u32| {
            if first < stop {
                let count = stop - first;
                let run = PageRun { first, count };
                looks.push(Look { run, all: false });
            }
        };
        while let Some(cover) = whole_left.peek().copied().filter(|it| it.first < end) {
            look(first, cover.first);
            first = first.max(cover.first + cover.count);
            if first > end {
                break;
            }
            whole_left.next();
        }
        look(first, end);
    }
    looks.extend(whole.iter().map(|run| Look {
        run: *run,
        all: true,
    }));
    looks.sort_unstable_by_key(|look| look.run);
    looks
}

impl Guest {
    /// What to save a guest with so many own pages against.
    pub(super) fn ground(&self, own: u64) -> Ground {
        match &self.over {
            Some(over) if self.settles && self.is_much(own) && over.is_crowded() => Ground {
                over: over.base.clone(),
                hides: over.layers.clone(),
            },
            over => Ground {
                over: over.clone(),
                hides: Vec::new(),
            },
        }
    }

    fn is_much(&self, pages: u64) -> bool {
        let layers = self.over.as_ref().map_or(&[][..], |over| &over.layers);
        pages >= MUCH.max(page_count(layers) / SHARE)
    }

    /// Lays what was saved in `state` under the guest, where that is worth it, and
    /// watches what else it owns. The guest must not have run since.
    ///
    /// # Errors
    /// [`Error::Create`] when the system fails in the middle of it: the guest must
    /// not be used any more.
    pub(crate) fn settle(&mut self, state: &GuestState) -> Result<()> {
        let laid = self.lay(state)?;
        let unchanged = std::mem::take(&mut self.unchanged);
        if page_count(&unchanged) >= MUCH {
            self.own.forget();
            for run in unchanged {
                let range = run.start_byte()..run.start_byte() + run.byte_len();
                // They cost memory and time as long as they are own, and nothing else.
                let _kept = sandcell_sys::discard_pages(&mut self.store, &self.memory, range);
            }
        }
        match laid {
            Some(layered) => self.watch(&layered.rest),
            None if self.watched.is_none() => self.watch(&state.pages),
            None => {}
        }
        Ok(())
    }

    /// Answers what was laid, if anything was.
    fn lay<'a>(&mut self, state: &'a GuestState) -> Result<Option<&'a Layered>> {
        let whole = !state.hides.is_empty();
        if !self.settles || !(whole || self.is_much(self.fresh)) {
            return Ok(None);
        }
        let layered = state.layered(self.language.as_ref());
        let laid = layered.map_or(Err(NotLaid::Untouched), |layered| {
            sandcell_sys::lay(&mut self.store, &self.memory, &layered.image.memory)
        });
        match laid {
            Ok(()) => {
                self.own.forget();
                let image = layered.map(|layered| &layered.image);
                self.image = image.map(|image| Arc::clone(&image.memory));
                self.over = image.cloned();
                Ok(layered)
            }
            Err(NotLaid::Untouched) => {
                // All of it was copied in vain, and would be the next time.
                self.settles = !whole;
                Ok(None)
            }
            Err(NotLaid::Broken) => Err(Error::Create {
                reason: "the system could not map saved pages".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first: u32, count: u32) -> PageRun {
        PageRun { first, count }
    }

    #[test]
    fn layers_are_looked_at_once_and_own_pages_beside_them() {
        let own = [run(0, 2), run(4, 10), run(20, 1), run(30, 2)];
        let whole = [run(1, 2), run(6, 2), run(10, 2), run(18, 13), run(40, 1)];
        let look = |first, count, all| Look {
            run: run(first, count),
            all,
        };
        let expected = [
            look(0, 1, false),
            look(1, 2, true),
            look(4, 2, false),
            look(6, 2, true),
            look(8, 2, false),
            look(10, 2, true),
            look(12, 2, false),
            look(18, 13, true),
            look(31, 1, false),
            look(40, 1, true),
        ];
        assert_eq!(looks(&own, &whole), expected);
        assert_eq!(looks(&own, &[]).len(), own.len());
        assert_eq!(looks(&[], &whole).len(), whole.len());
    }

    #[test]
    fn pages_as_in_the_image_are_not_saved() {
        let mut memory = vec![7; 3 * PAGE_BYTES];
        memory.resize(5 * PAGE_BYTES, 0);
        memory[2 * PAGE_BYTES] = 8;
        let base = vec![7; 3 * PAGE_BYTES];
        let look = |all| Look {
            run: run(0, 5),
            all,
        };
        assert_eq!(look(false).changed(&memory, &base), [run(2, 1)]);
        assert_eq!(look(true).changed(&memory, &base), [run(0, 5)]);
        let look = Look {
            run: run(100, 200),
            all: false,
        };
        let changed = [run(100, 1), run(132, 10), run(180, 100)];
        assert_eq!(look.unchanged(&changed), [run(142, 38)]);
        assert_eq!(look.unchanged(&[]), [run(100, 200)]);
        assert_eq!(look.unchanged(&[run(100, 200)]), []);
    }
}
