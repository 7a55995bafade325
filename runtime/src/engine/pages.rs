//! Pages that were saved, and where they stand.
//!
//! A checkpoint of a guest with many own pages saves those that were written since
//! the last one. The others stand where the last one, or one before, put them: so
//! the pages of one state may be in several stashes. Too many of them, or one that
//! is mostly of pages nobody needs any more, cost more than they save; the pages of
//! those are saved anew.

use std::sync::Arc;

use sandcell_sys::{PAGE_BYTES, PageRun};

use crate::error::{Error, Result};
use crate::files::Stash;

/// Most stashes of a state, and how many of the newest are put into one at least when
/// there are more.
const STASHES: usize = 32;
const AT_ONCE: usize = 8;

/// Saved pages: sorted runs that lie apart, each in one stash.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedPages {
    /// Oldest first.
    stashes: Vec<Arc<Stash>>,
    pieces: Vec<SavedPiece>,
}

/// A run of saved pages that stands in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SavedPiece {
    pub(crate) run: PageRun,
    /// Number of its stash.
    pub(super) stash: usize,
    /// Byte of the stash that it starts at.
    pub(super) at: usize,
}

impl SavedPages {
    /// Runs whose pages stand in `stash`, one after the other.
    pub(crate) fn new(runs: &[PageRun], stash: Arc<Stash>) -> Self {
        let mut pages = Self::default();
        pages.add(runs, stash);
        pages
    }

    /// Adds runs behind or between those that are there; none overlaps.
    pub(super) fn add(&mut self, runs: &[PageRun], stash: Arc<Stash>) {
        let (mut at, number) = (0, self.stashes.len());
        self.stashes.push(stash);
        self.pieces.extend(runs.iter().map(|run| {
            let stash = number;
            let piece = SavedPiece {
                run: *run,
                stash,
                at,
            };
            at += run.byte_len();
            piece
        }));
        self.pieces.sort_unstable_by_key(|piece| piece.run.first);
    }

    /// In the order of their pages.
    pub(crate) fn pieces(&self) -> &[SavedPiece] {
        &self.pieces
    }

    pub(crate) fn stashes(&self) -> &[Arc<Stash>] {
        &self.stashes
    }

    /// The stash that a piece stands in.
    pub(super) fn stash_of(&self, piece: &SavedPiece) -> Result<&Arc<Stash>> {
        let stash = self.stashes.get(piece.stash);
        stash.ok_or_else(|| Error::bug("saved pages stand nowhere"))
    }

    /// Fills `into` with the bytes of a piece from `start` on.
    pub(crate) fn read(&self, piece: &SavedPiece, start: usize, into: &mut [u8]) -> Result<()> {
        Ok(self.stash_of(piece)?.read(piece.at + start, into)?)
    }

    /// Those that are not in `gone`, which is sorted.
    pub(super) fn without(&self, gone: &[PageRun]) -> Self {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let mut gone = gone.iter().copied().peekable();
        for piece in &self.pieces {
            piece.without(&mut gone, &mut pieces);
        }
        let stashes = self.stashes.clone();
        Self { stashes, pieces }
    }

    /// Takes out what should be saved anew, in order; forgets stashes that nothing
    /// is left of.
    pub(super) fn take_scattered(&mut self) -> Vec<PageRun> {
        let mut live = vec![0; self.stashes.len()];
        for piece in &self.pieces {
            if let Some(bytes) = live.get_mut(piece.stash) {
                *bytes += piece.run.byte_len();
            }
        }
        let mut stays: Vec<bool> = Vec::with_capacity(live.len());
        for (live, stash) in live.iter().zip(&self.stashes) {
            stays.push(live * 2 > stash.len());
        }
        if stays.iter().filter(|stays| **stays).count() >= STASHES {
            let newest = newest_to_join(&live);
            stays.get_mut(newest..).unwrap_or_default().fill(false);
        }
        let mut next = 0..;
        let numbers: Vec<Option<usize>> = stays
            .iter()
            .map(|stays| stays.then(|| next.next()).flatten())
            .collect();
        let mut anew = Vec::new();
        self.pieces.retain_mut(|piece| {
            let number = numbers.get(piece.stash).copied().flatten();
            match number {
                Some(number) => piece.stash = number,
                None => push_run(&mut anew, piece.run),
            }
            number.is_some()
        });
        let mut stays = stays.into_iter();
        self.stashes.retain(|_| stays.next().unwrap_or_default());
        anew
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        let runs = self.pieces.iter().map(|piece| u64::from(piece.run.count));
        runs.sum()
    }
}

/// Where those start that are put into one, of stashes with so many bytes: larger ones
/// before them stay, so that no page is copied often.
fn newest_to_join(live: &[usize]) -> usize {
    let mut start = live.len().saturating_sub(AT_ONCE);
    let mut joined: usize = live.get(start..).unwrap_or_default().iter().sum();
    while let Some(before) = start.checked_sub(1)
        && let Some(bytes) = live.get(before).filter(|bytes| **bytes <= 2 * joined)
    {
        joined += bytes;
        start = before;
    }
    start
}

impl SavedPiece {
    /// Appends what is left of it without `gone`; what of that lies before it is
    /// passed over.
    pub(super) fn without(
        &self,
        gone: &mut std::iter::Peekable<impl Iterator<Item = PageRun>>,
        left: &mut Vec<Self>,
    ) {
        let (mut first, end) = (self.run.first, self.run.first + self.run.count);
        let mut keep = |first: u32, stop: u32| {
            if first < stop {
                left.push(self.part(first, stop - first));
            }
        };
        while let Some(run) = gone.peek().copied().filter(|run| run.first < end) {
            keep(first, run.first);
            first = first.max(run.first + run.count);
            if first > end {
                return;
            }
            gone.next();
        }
        keep(first, end);
    }

    /// Its pages from `first` on.
    pub(super) fn part(&self, first: u32, count: u32) -> Self {
        let at = self.at + first.saturating_sub(self.run.first) as usize * PAGE_BYTES;
        let (run, stash) = (PageRun { first, count }, self.stash);
        Self { run, stash, at }
    }
}

/// The pages of sorted runs, or of others, as sorted runs.
pub(super) fn joined(runs: &[PageRun], others: &[PageRun]) -> Vec<PageRun> {
    sandcell_sys::joined([runs, others].concat())
}

/// Appends a run behind all others, joining it with the last when they touch.
pub(super) fn push_run(runs: &mut Vec<PageRun>, run: PageRun) {
    match runs.last_mut() {
        Some(last) if last.first + last.count == run.first => last.count += run.count,
        _ => runs.push(run),
    }
}

#[cfg(test)]
mod tests {
    use sandcell_sys::page_count;

    use super::*;
    use crate::files::{StashWriter, Storage};

    fn run(first: u32, count: u32) -> PageRun {
        PageRun { first, count }
    }

    /// A stash whose pages are of one letter.
    fn stash(letter: u8, pages: usize) -> Arc<Stash> {
        let mut writer = StashWriter::new(&Storage::new(std::env::temp_dir()));
        writer.write(&vec![letter; pages * PAGE_BYTES]).unwrap();
        Arc::new(writer.finish().unwrap())
    }

    fn runs(pages: &SavedPages) -> Vec<PageRun> {
        let mut runs = Vec::new();
        for piece in pages.pieces() {
            push_run(&mut runs, piece.run);
        }
        runs
    }

    /// First letters of all pages, by the page.
    fn letters(pages: &SavedPages) -> Vec<(u32, char)> {
        let mut letters = Vec::new();
        for piece in pages.pieces() {
            for page in 0..piece.run.count {
                let mut letter = [0];
                let start = page as usize * PAGE_BYTES;
                pages.read(piece, start, &mut letter).unwrap();
                letters.push((piece.run.first + page, char::from(letter[0])));
            }
        }
        letters
    }

    #[test]
    fn runs_over_others_are_joined() {
        let (mapped, below) = ([run(5, 5), run(20, 2)], [run(0, 6), run(22, 1), run(30, 2)]);
        let expected = [run(0, 10), run(20, 3), run(30, 2)];
        assert_eq!(joined(&mapped, &below), expected);
    }

    #[test]
    fn later_pages_take_the_place_of_earlier_ones() {
        let pages = SavedPages::new(&[run(2, 3), run(10, 2)], stash(b'a', 5));
        let mut pages = pages.without(&[run(0, 1), run(3, 1), run(11, 5)]);
        pages.add(&[run(3, 1), run(7, 1), run(11, 2)], stash(b'b', 4));
        let expected = [
            (2, 'a'),
            (3, 'b'),
            (4, 'a'),
            (7, 'b'),
            (10, 'a'),
            (11, 'b'),
            (12, 'b'),
        ];
        assert_eq!(letters(&pages), expected);
        assert_eq!(runs(&pages), [run(2, 3), run(7, 1), run(10, 3)]);
        assert_eq!(pages.count(), 7);
    }

    #[test]
    fn a_run_that_is_gone_may_reach_over_several() {
        let pages = SavedPages::new(&[run(2, 3), run(6, 2), run(9, 2)], stash(b'a', 7));
        let left = pages.without(&[run(3, 7)]);
        assert_eq!(runs(&left), [run(2, 1), run(10, 1)]);
        assert_eq!(runs(&pages.without(&[run(0, 90)])), []);
    }

    #[test]
    fn stashes_that_are_mostly_of_old_pages_are_given_up() {
        let mut pages = SavedPages::new(&[run(0, 10)], stash(b'a', 10));
        pages.add(&[run(20, 10)], stash(b'b', 10));
        pages.add(&[run(40, 1)], stash(b'c', 1));
        let mut pages = pages.without(&[run(2, 6)]);
        assert_eq!(pages.take_scattered(), [run(0, 2), run(8, 2)]);
        assert_eq!(pages.stashes().len(), 2);
        let letters = letters(&pages);
        assert_eq!(letters.len(), 11);
        assert_eq!((letters[0], letters[10]), ((20, 'b'), (40, 'c')));
        assert_eq!(pages.take_scattered(), []);
    }

    #[test]
    fn there_are_never_many_stashes() {
        let mut pages = SavedPages::default();
        let mut copied = 0;
        for number in 0..1000 {
            let anew = pages.take_scattered();
            let runs = joined(&anew, &[run(number * 2, 1)]);
            let count = page_count(&runs);
            copied += count;
            let letter = u8::try_from(number % 200).unwrap();
            pages.add(&runs, stash(letter, usize::try_from(count).unwrap()));
            assert!(pages.stashes().len() <= STASHES + 1);
            assert_eq!(pages.count(), u64::from(number) + 1);
        }
        assert!(copied < 6000, "{copied}");
    }
}
