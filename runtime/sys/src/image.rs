//! The frozen memory of a booted guest, as a file that many memories map.

use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::fs::{MemfdFlags, SealFlags};

use crate::page::{PAGE_BYTES, PageRun};
use crate::private_file::PrivateFile;
use crate::reservation::{Access, Reservation};
use crate::slot::FreeSlots;
use crate::unnamed_file::FrozenPart;

/// Guest memory whose bytes do not change any more: a file of the user's private
/// cache, a sealed memory file, or another image with layers over it.
///
/// Guests map it copy-on-write, so its pages are shared by all of them.
#[derive(Debug)]
pub struct MemoryImage {
    id: ImageId,
    backing: Backing,
    len: usize,
    hot: Vec<PageRun>,
    warms_new_memories: bool,
    /// The same bytes, mapped once for reading.
    pristine: Reservation,
    /// Where wiped slots over this image may be waiting.
    reusers: Mutex<Vec<Weak<FreeSlots>>>,
}

/// Where the bytes of an image stand.
#[derive(Debug)]
enum Backing {
    File(OwnedFd),
    /// Behind the image below and beside the layers there are zeros.
    Layers {
        below: Arc<MemoryImage>,
        layers: Vec<Layer>,
    },
}

/// Frozen pages that stand at some place of an image.
#[derive(Debug)]
pub struct Layer {
    start: usize,
    part: FrozenPart,
}

impl Layer {
    /// `part` as what is at `first`, counted in pages.
    #[must_use]
    pub fn new(first: u32, part: FrozenPart) -> Self {
        let start = first as usize * PAGE_BYTES;
        Self { start, part }
    }

    pub(crate) fn part(&self) -> &FrozenPart {
        &self.part
    }

    /// Where it is in the image.
    pub(crate) fn range(&self) -> Range<usize> {
        let len = usize::try_from(self.part.byte_len()).unwrap_or(usize::MAX);
        self.start..self.start.saturating_add(len)
    }
}

/// Tells the images of this process apart; no number comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageId(u64);

impl MemoryImage {
    /// Takes a file of the private cache as it is, without reading it.
    ///
    /// # Errors
    /// The length is no multiple of a WebAssembly page (64 KiB), is zero, or
    /// more than 4 GiB.
    pub fn from_private_file(file: PrivateFile) -> Result<Self, String> {
        let len = checked_len(file.stamp().bytes)?;
        Self::of(Backing::File(file.into_file().into()), len)
    }

    /// `below` with `layers` over it, where they overlap the last on top; longer
    /// than `below`, if `bytes` is. Nothing is copied: it takes a mapping or two
    /// for each layer in every memory.
    ///
    /// # Errors
    /// The length is not one that [`Self::from_private_file`] takes or less than
    /// that of `below`, a layer is outside, or the system refuses a mapping.
    pub fn layered(below: Arc<Self>, layers: Vec<Layer>, bytes: u64) -> Result<Self, String> {
        let len = checked_len(bytes)?;
        let inside = |layer: &Layer| layer.range().end <= len;
        if len < below.len || !layers.iter().all(inside) {
            return Err(format!("the layers do not fit into {len} bytes"));
        }
        Self::of(Backing::Layers { below, layers }, len)
    }

    /// Copies `bytes` into a sealed memory file; zero pages stay holes.
    ///
    /// # Errors
    /// The length is not one that [`Self::from_private_file`] takes, or the
    /// system has no memory for it.
    pub fn sealed(bytes: &[u8]) -> Result<Self, String> {
        let sealing = Sealing::new(bytes.len() as u64)?;
        sealing.copy(0, bytes)?;
        sealing.finish()
    }

    fn of(backing: Backing, len: usize) -> Result<Self, String> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let mut pristine = Reservation::new(len, 1 + backing.more_mappings())?;
        backing.map(len, &mut pristine, Access::Read)?;
        Ok(Self {
            id: ImageId(IDS.fetch_add(1, Ordering::Relaxed)),
            backing,
            len,
            hot: Vec::new(),
            warms_new_memories: true,
            pristine,
            reusers: Mutex::default(),
        })
    }

    /// Says which pages a guest writes to first: they are copied when a memory is
    /// made, not one by one when the guest gets there. Runs beyond the image are
    /// left out.
    #[must_use]
    pub fn with_hot_pages(mut self, runs: &[PageRun]) -> Self {
        let inside = |run: &&PageRun| {
            run.count > 0 && run.start_byte().saturating_add(run.byte_len()) <= self.len
        };
        self.hot = runs.iter().filter(inside).copied().collect();
        self.hot.sort_unstable();
        self
    }

    /// Has hot pages copied when [`crate::warm`] is called and not when a memory is
    /// made: for memories that may never be used.
    #[must_use]
    pub fn warmed_later(mut self) -> Self {
        self.warms_new_memories = false;
        self
    }

    pub(crate) fn warms_new_memories(&self) -> bool {
        self.warms_new_memories
    }

    /// The image's own bytes, which no guest changes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes from the base are mapped for reading as long as
        // this value lives, and nothing in this process writes to them. The file
        // is sealed, or in the private cache, where it is replaced, never changed;
        // layers are frozen parts of files, which no write of this process gets
        // to. What is behind all of them is mapped without a file.
        unsafe { std::slice::from_raw_parts(self.pristine.base().as_ptr(), self.len) }
    }

    /// The byte ranges that are no holes, in order and apart. What lies between
    /// them reads as zeros.
    #[must_use]
    pub fn data_ranges(&self) -> Vec<Range<usize>> {
        match &self.backing {
            Backing::File(file) => file_ranges(file.as_fd(), self.len),
            Backing::Layers { below, layers } => {
                let mut ranges = below.data_ranges();
                ranges.extend(layers.iter().map(Layer::range));
                joined(ranges)
            }
        }
    }

    /// The pages that [`Self::with_hot_pages`] was told of.
    #[must_use]
    pub fn hot_pages(&self) -> &[PageRun] {
        &self.hot
    }

    pub(crate) fn id(&self) -> ImageId {
        self.id
    }

    /// Notes that wiped slots over this image may wait in `slots`.
    pub(crate) fn reused_by(&self, slots: &Arc<FreeSlots>) {
        let mut reusers = self.reusers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |reuser: &Weak<FreeSlots>| std::ptr::eq(reuser.as_ptr(), Arc::as_ptr(slots));
        if !reusers.iter().any(known) {
            reusers.push(Arc::downgrade(slots));
        }
    }

    pub(crate) fn pristine(&self) -> &Reservation {
        &self.pristine
    }

    /// Length in bytes, a multiple of 64 KiB.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.len
    }

    /// Maps all of it to the start of `slot`, copy-on-write.
    pub(crate) fn map_private(&self, slot: &mut Reservation) -> Result<(), String> {
        self.backing.map(self.len, slot, Access::CopyOnWrite)
    }

    /// The image that this one lays something over.
    pub(crate) fn below(&self) -> Option<&Self> {
        match &self.backing {
            Backing::File(_) => None,
            Backing::Layers { below, .. } => Some(below),
        }
    }

    /// What lies over the image below.
    pub(crate) fn layers(&self) -> &[Layer] {
        match &self.backing {
            Backing::File(_) => &[],
            Backing::Layers { layers, .. } => layers,
        }
    }

    /// Maps what lies over the image below to `slot`, which that is mapped to.
    pub(crate) fn lay(&self, slot: &mut Reservation) -> Result<(), String> {
        let below = self.below().map_or(0, Self::more_mappings);
        slot.share_more(self.more_mappings() - below)?;
        self.backing.lay(self.len, slot, Access::CopyOnWrite)
    }

    /// Whether no layer is where hot pages are.
    pub(crate) fn layers_leave_hot_pages(&self) -> bool {
        let apart = |run: &PageRun, layer: Range<usize>| {
            run.start_byte() >= layer.end || layer.start >= run.start_byte() + run.byte_len()
        };
        let is_free = |layer: &Layer| self.hot.iter().all(|run| apart(run, layer.range()));
        self.layers().iter().all(is_free)
    }

    /// Kernel mappings that it takes, beyond one.
    #[must_use]
    pub fn more_mappings(&self) -> usize {
        self.backing.more_mappings()
    }
}

impl Backing {
    fn more_mappings(&self) -> usize {
        match self {
            Self::File(_) => 0,
            // The zeros behind, and what each layer cuts in two.
            Self::Layers { below, layers } => below.more_mappings() + 1 + 2 * layers.len(),
        }
    }

    fn map(&self, len: usize, target: &mut Reservation, access: Access) -> Result<(), String> {
        match self {
            Self::File(file) => target.map_file(0..len, file.as_fd(), 0, access),
            Self::Layers { below, .. } => {
                below.backing.map(below.len, target, access)?;
                self.lay(len, target, access)
            }
        }
    }

    /// Maps the layers, and the zeros behind what is below.
    fn lay(&self, len: usize, target: &mut Reservation, access: Access) -> Result<(), String> {
        let Self::Layers { below, layers } = self else {
            return Ok(());
        };
        target.allow(below.len..len, access)?;
        for layer in layers {
            let part = &layer.part;
            target.map_file(layer.range(), part.file(), part.offset(), access)?;
        }
        Ok(())
    }
}

/// The parts of a file that are no holes.
fn file_ranges(file: BorrowedFd<'_>, len: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < len {
        let find = |from| rustix::fs::seek(file, from);
        let data = match find(rustix::fs::SeekFrom::Data(at as u64)) {
            Ok(data) => data,
            Err(rustix::io::Errno::NXIO) => break,
            // Not every file system tells.
            Err(_) => at as u64,
        };
        let hole = find(rustix::fs::SeekFrom::Hole(data)).unwrap_or(len as u64);
        let bounded = |offset: u64| usize::try_from(offset).map_or(len, |o| o.min(len));
        let (start, end) = (bounded(data), bounded(hole));
        if end <= at {
            break;
        }
        ranges.push(start..end);
        at = end;
    }
    ranges
}

/// Sorts ranges and joins those that touch.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

impl Drop for MemoryImage {
    fn drop(&mut self) {
        let reusers = self
            .reusers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for slots in reusers.drain(..).filter_map(|slots| slots.upgrade()) {
            slots.forget(self.id);
        }
    }
}

/// A memory file that is being filled, to become an image.
#[derive(Debug)]
pub struct Sealing {
    file: File,
    len: usize,
}

impl Sealing {
    /// A memory file of `bytes` zeros, which take no memory yet.
    ///
    /// # Errors
    /// As [`MemoryImage::sealed`].
    pub fn new(bytes: u64) -> Result<Self, String> {
        let len = checked_len(bytes)?;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create("sandcell-image", flags)
            .map_err(|error| format!("cannot make a memory file: {error}"))?;
        let file = File::from(descriptor);
        file.set_len(len as u64)
            .map_err(|error| format!("cannot size a memory file: {error}"))?;
        Ok(Self { file, len })
    }

    /// Copies `bytes` to `start`, both of whole pages but at the end; pages of
    /// zeros are left out.
    ///
    /// # Errors
    /// They do not fit, or the system has no memory left.
    pub fn copy(&self, start: usize, bytes: &[u8]) -> Result<(), String> {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        let mut rest = bytes;
        let mut at = start;
        while !rest.is_empty() {
            let is_data = |page: &&[u8]| ZEROS.get(..page.len()) != Some(*page);
            let pages = |wanted: bool| {
                let same = rest
                    .chunks(PAGE_BYTES)
                    .take_while(|page| is_data(page) == wanted);
                same.map(<[u8]>::len).sum::<usize>()
            };
            let zeros = pages(false);
            let data = if zeros == 0 { pages(true) } else { 0 };
            if data > 0 {
                self.put(at, rest.get(..data).unwrap_or_default())?;
            }
            rest = rest.get(zeros + data..).unwrap_or_default();
            at += zeros + data;
        }
        Ok(())
    }

    /// Copies `bytes` to `start`, zeros included.
    ///
    /// # Errors
    /// As [`Self::copy`].
    pub fn put(&self, start: usize, bytes: &[u8]) -> Result<(), String> {
        if start
            .checked_add(bytes.len())
            .is_none_or(|end| end > self.len)
        {
            return Err(format!(
                "{} bytes at {start} are outside of an image",
                bytes.len()
            ));
        }
        self.file
            .write_all_at(bytes, start as u64)
            .map_err(|error| format!("cannot fill a memory file: {error}"))
    }

    /// Seals the file: its bytes do not change any more.
    ///
    /// # Errors
    /// The system refuses.
    pub fn finish(self) -> Result<MemoryImage, String> {
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&self.file, seals)
            .map_err(|error| format!("cannot seal a memory file: {error}"))?;
        MemoryImage::of(Backing::File(self.file.into()), self.len)
    }
}

fn checked_len(bytes: u64) -> Result<usize, String> {
    if bytes == 0 || !bytes.is_multiple_of(65_536) || bytes > 1 << 32 {
        return Err(format!(
            "an image of {bytes} bytes is not 1 to 65,536 WebAssembly pages"
        ));
    }
    usize::try_from(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unnamed_file::UnnamedFile;

    const WASM_PAGE: usize = 65_536;

    /// Frozen pages of a file that holds other bytes on both sides.
    fn part(byte: u8, pages: usize) -> FrozenPart {
        let file = Arc::new(UnnamedFile::create(&std::env::temp_dir()).unwrap());
        let mut bytes = vec![0xEE; PAGE_BYTES];
        bytes.resize((1 + pages) * PAGE_BYTES, byte);
        bytes.resize((2 + pages) * PAGE_BYTES, 0xEE);
        file.write_all_at(&bytes, 0).unwrap();
        let page = PAGE_BYTES as u64;
        file.freeze(page..(1 + pages as u64) * page, Arc::new(()))
            .unwrap()
    }

    #[test]
    fn layers_stand_over_the_image_below() {
        let below = Arc::new(MemoryImage::sealed(&[1; WASM_PAGE]).unwrap());
        let layers = vec![
            Layer::new(2, part(2, 3)),
            Layer::new(4, part(3, 1)),
            Layer::new(20, part(4, 2)),
        ];
        let bytes = 3 * WASM_PAGE as u64;
        let image = MemoryImage::layered(Arc::clone(&below), layers, bytes).unwrap();
        let mut expected = vec![1; WASM_PAGE];
        expected.resize(3 * WASM_PAGE, 0);
        expected[2 * PAGE_BYTES..5 * PAGE_BYTES].fill(2);
        expected[4 * PAGE_BYTES..5 * PAGE_BYTES].fill(3);
        expected[20 * PAGE_BYTES..22 * PAGE_BYTES].fill(4);
        assert_eq!(image.bytes(), expected);
        let ranges = [0..WASM_PAGE, 20 * PAGE_BYTES..22 * PAGE_BYTES];
        assert_eq!(image.data_ranges(), ranges);

        // Layers over layers.
        let above = vec![Layer::new(3, part(5, 1)), Layer::new(40, part(6, 1))];
        let image = Arc::new(image);
        let image = MemoryImage::layered(image, above, bytes).unwrap();
        expected[3 * PAGE_BYTES..4 * PAGE_BYTES].fill(5);
        expected[40 * PAGE_BYTES..41 * PAGE_BYTES].fill(6);
        assert_eq!(image.bytes(), expected);
    }

    #[test]
    fn layers_that_do_not_fit_are_refused() {
        let below = Arc::new(MemoryImage::sealed(&[1; 2 * WASM_PAGE]).unwrap());
        let layered = |first, bytes: usize| {
            let layers = vec![Layer::new(first, part(2, 2))];
            MemoryImage::layered(Arc::clone(&below), layers, bytes as u64)
        };
        assert!(layered(0, WASM_PAGE).is_err(), "shorter than what is below");
        assert!(layered(31, 2 * WASM_PAGE).is_err(), "a page too far");
        assert!(layered(u32::MAX, 2 * WASM_PAGE).is_err());
        assert!(layered(30, 2 * WASM_PAGE).is_ok());
    }
}
