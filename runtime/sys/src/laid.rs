//! Frozen pages in the place of a live guest's own.
//!
//! A guest that was just saved holds the same bytes twice: in its own pages and in
//! the file that they were saved to. Mapping the file over the pages gives them
//! back, and from then on the kernel tells apart what the guest writes later.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{Memory, Store};

use crate::birth::Housed;
use crate::budget::Share;
use crate::image::{Layer, MemoryImage};

/// What was mapped into the memory of a store since it was made.
#[derive(Debug, Default)]
pub(crate) struct Laid {
    /// A memory was made over an image, and takes `over` out when it goes.
    expected: AtomicBool,
    /// More than one after a failure only.
    over: Mutex<Vec<(Arc<MemoryImage>, Share)>>,
}

impl Laid {
    /// Says that a memory is there that will [`Self::take`].
    pub(crate) fn expect(&self) {
        self.expected.store(true, Ordering::Release);
    }

    /// Whether one is there.
    pub(crate) fn is_expected(&self) -> bool {
        self.expected.load(Ordering::Acquire)
    }

    /// Takes it out, for the memory that it was mapped into, which is unmapped
    /// first. `None` when nothing was.
    pub(crate) fn take(&self) -> Option<impl Sized + use<>> {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let over = std::mem::take(&mut *over);
        (!over.is_empty()).then_some(over)
    }

    /// Whether nothing is left of what is there now when `image` has been laid and
    /// is kept.
    fn may_go_for(&self, image: &MemoryImage) -> bool {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, _) = match over.as_slice() {
            [] => return true,
            [one] => one,
            [_, _, ..] => return false,
        };
        let mut below = image.below();
        while let Some(image) = below {
            if image.id() == before.id() {
                return true;
            }
            below = image.below();
        }
        let mut before = Some(&**before);
        while let Some(lower) = before {
            if !lower.layers().iter().all(|layer| is_hidden(layer, image)) {
                return false;
            }
            before = lower.below();
        }
        true
    }

    fn replace(&self, image: Arc<MemoryImage>, share: Share) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        *over = vec![(image, share)];
    }

    fn add(&self, image: Arc<MemoryImage>, share: Share) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        over.push((image, share));
    }
}

/// Maps the uppermost layers of `image` over what `memory` holds at their places.
/// What was laid over the memory before has to be below `image`, or hidden by its
/// layers. Where the layers hold other bytes than the memory, it has theirs
/// afterwards.
///
/// # Errors
/// The image has no layers, they do not fit into the memory, that was not made
/// over an image, there are too many mappings, or something of what was laid
/// before would be left: nothing has changed. When the system refuses in the
/// middle, the memory is of no use any more, and the answer says so.
pub fn lay<D: 'static>(
    store: &mut Store<Housed<D>>,
    memory: &Memory,
    image: &Arc<MemoryImage>,
) -> Result<(), NotLaid> {
    let record = Arc::clone(store.data().stack());
    let span = memory.data_mut(&mut *store);
    let expected = record.laid.is_expected();
    let fits = image
        .layers()
        .iter()
        .all(|layer| layer.range().end <= span.len());
    if !expected || image.layers().is_empty() || !fits || !record.laid.may_go_for(image) {
        return Err(NotLaid::Untouched);
    }
    let share = Share::take(image.more_mappings()).map_err(|_full| NotLaid::Untouched)?;
    for layer in image.layers() {
        let range = layer.range();
        let part = span.get_mut(range).ok_or(NotLaid::Untouched)?;
        // SAFETY: the part is accessible memory of a store that we hold mutably, so
        // that no guest runs in it and nobody looks at it. It lies in the slot of
        // that memory, which is the whole of its kernel mappings, and stays
        // readable and writable. The bytes of a frozen part do not change as long
        // as it lives: the image holds it, and is kept with the memory (below)
        // until that has been unmapped, or until another image has hidden it.
        let mapped = unsafe {
            rustix::mm::mmap(
                part.as_mut_ptr().cast(),
                part.len(),
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::PRIVATE
                    | rustix::mm::MapFlags::FIXED
                    | rustix::mm::MapFlags::NORESERVE,
                layer.part().file(),
                layer.part().offset(),
            )
        };
        if mapped.is_err() {
            // Parts of both are mapped now, and the memory may outlive this call.
            record.laid.add(Arc::clone(image), share);
            return Err(NotLaid::Broken);
        }
    }
    record.laid.replace(Arc::clone(image), share);
    Ok(())
}

/// Whether the uppermost layers of `image`, which may touch, cover all of `layer`.
fn is_hidden(layer: &Layer, image: &MemoryImage) -> bool {
    let mut covers: Vec<_> = image.layers().iter().map(Layer::range).collect();
    covers.sort_unstable_by_key(|cover| cover.start);
    let all = layer.range();
    let mut reached = all.start;
    for cover in covers {
        if cover.start <= reached {
            reached = reached.max(cover.end);
        }
    }
    reached >= all.end
}

/// Why layers were not laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLaid {
    /// Nothing has changed.
    Untouched,
    /// The memory must not be used any more: a part of it may be inaccessible.
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PAGE_BYTES;
    use crate::unnamed_file::UnnamedFile;

    const IMAGE_BYTES: u64 = 16 * PAGE_BYTES as u64;

    /// An image with one-coloured layers: first page and number of pages of each.
    fn over(below: &Arc<MemoryImage>, layers: &[(u32, usize)]) -> Arc<MemoryImage> {
        let layer = |(first, pages): &(u32, usize)| {
            let file = Arc::new(UnnamedFile::create(&std::env::temp_dir()).unwrap());
            let bytes = vec![7; pages * PAGE_BYTES];
            file.write_all_at(&bytes, 0).unwrap();
            let part = file.freeze(0..bytes.len() as u64, Arc::new(())).unwrap();
            Layer::new(*first, part)
        };
        let layers = layers.iter().map(layer).collect();
        Arc::new(MemoryImage::layered(Arc::clone(below), layers, IMAGE_BYTES).unwrap())
    }

    #[test]
    fn what_is_mapped_is_let_go_only_when_it_is_hidden_or_below() {
        let language = Arc::new(MemoryImage::sealed(&[1; 16 * PAGE_BYTES]).unwrap());
        let first = over(&language, &[(2, 3), (10, 2)]);
        let second = over(&first, &[(3, 1)]);
        let laid = Laid::default();
        let may = |image: &MemoryImage| laid.may_go_for(image);
        assert!(may(&first), "nothing is there");
        laid.replace(Arc::clone(&second), Share::take(1).unwrap());
        assert!(may(&over(&second, &[(0, 1)])), "it is below");
        assert!(may(&over(&language, &[(4, 8), (2, 2)])), "all is hidden");
        assert!(!may(&over(&language, &[(2, 3)])), "a layer is left");
        assert!(!may(&over(&language, &[(2, 2), (10, 2)])), "a page is left");
        assert!(!may(&over(&first, &[(10, 2)])), "one layer above is left");
        laid.add(first, Share::take(1).unwrap());
        assert!(!may(&over(&second, &[(0, 1)])), "after a failure");
        assert!(laid.take().is_some());
        assert!(laid.take().is_none());
    }
}
