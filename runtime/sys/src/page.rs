//! Pages: the unit of everything that this crate maps, counts or copies.

/// Bytes of a page. Linux on the architectures that we compile for uses 4 KiB
/// pages; [`crate::CowMemories::new`] refuses a system that does not.
pub const PAGE_BYTES: usize = 4096;

/// A run of neighbouring pages, counted from the start of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageRun {
    /// Index of the first page.
    pub first: u32,
    /// Number of pages, at least one.
    pub count: u32,
}

impl PageRun {
    /// Byte offset of the first byte of the run.
    #[must_use]
    pub fn start_byte(self) -> usize {
        self.first as usize * PAGE_BYTES
    }

    /// Length of the run in bytes.
    #[must_use]
    pub fn byte_len(self) -> usize {
        self.count as usize * PAGE_BYTES
    }
}

/// Pages in all of `runs`.
#[must_use]
pub fn page_count(runs: &[PageRun]) -> u64 {
    runs.iter().map(|run| u64::from(run.count)).sum()
}

/// `bytes` rounded up to whole pages, or `None` when that overflows.
pub(crate) fn round_up(bytes: usize) -> Option<usize> {
    Some(bytes.checked_add(PAGE_BYTES - 1)? & !(PAGE_BYTES - 1))
}

/// Appends pages `[first, first + count)` to `runs`, joining it with the last
/// run when they touch.
pub(crate) fn push_run(runs: &mut Vec<PageRun>, first: u32, count: u32) {
    if let Some(last) = runs.last_mut()
        && last.first + last.count == first
    {
        last.count += count;
        return;
    }
    runs.push(PageRun { first, count });
}

/// The pages of runs, in whatever order, as sorted runs that lie apart.
#[must_use]
pub fn joined(mut runs: Vec<PageRun>) -> Vec<PageRun> {
    runs.sort_unstable();
    let mut joined: Vec<PageRun> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut() {
            Some(last) if last.first + last.count >= run.first => {
                let end = (run.first + run.count).max(last.first + last.count);
                last.count = end - last.first;
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// Adds `page` to sorted runs, unless it is in one. They may touch afterwards.
pub(crate) fn add_page(runs: &mut Vec<PageRun>, page: u32) {
    let at = runs.partition_point(|run| run.first <= page);
    let before = at.checked_sub(1).and_then(|before| runs.get(before));
    if before.is_none_or(|run| run.first + run.count <= page) {
        let (first, count) = (page, 1);
        runs.insert(at, PageRun { first, count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_up_to_whole_pages() {
        assert_eq!(round_up(0), Some(0));
        assert_eq!(round_up(1), Some(PAGE_BYTES));
        assert_eq!(round_up(PAGE_BYTES), Some(PAGE_BYTES));
        assert_eq!(round_up(usize::MAX), None);
    }

    #[test]
    fn runs_that_overlap_or_touch_are_joined() {
        let run = |first, count| PageRun { first, count };
        let runs = vec![run(9, 2), run(0, 3), run(2, 4), run(6, 1), run(20, 1)];
        assert_eq!(joined(runs), [run(0, 7), run(9, 2), run(20, 1)]);
        assert_eq!(joined(Vec::new()), []);
    }

    #[test]
    fn touching_runs_become_one() {
        let mut runs = Vec::new();
        push_run(&mut runs, 3, 2);
        push_run(&mut runs, 5, 1);
        push_run(&mut runs, 7, 1);
        let expected = [
            PageRun { first: 3, count: 3 },
            PageRun { first: 7, count: 1 },
        ];
        assert_eq!(runs, expected);
        assert_eq!(page_count(&runs), 4);
        for (page, pages) in [(4, 4), (7, 4), (6, 5), (0, 6), (9, 7)] {
            add_page(&mut runs, page);
            assert_eq!(page_count(&runs), pages, "{page}");
        }
        assert!(runs.is_sorted());
    }
}
