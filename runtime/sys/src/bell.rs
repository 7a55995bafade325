//! Getting the attention of running guests.
//!
//! A guest module looks at one word of its own memory at each loop and before
//! each function that calls others; when the word is not zero it calls its host.
//! That is a load and a branch, much cheaper than an epoch check. The word has to
//! be written while the guest runs, from another thread: here.
//!
//! A word is only known to [`Bells`] during a poll of the call that runs its
//! guest: the memory cannot go away or move meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmtime::{Memory, Store};

use crate::birth::Housed;

/// The words of all guests that are being polled.
#[derive(Debug, Default)]
pub struct Bells {
    running: Mutex<Vec<Word>>,
}

impl Bells {
    /// Sets the words of all running guests: each calls its host at its next look.
    pub fn ring(&self) {
        for word in self.lock().iter() {
            // SAFETY: the word is in the list only while `Ringing` lives, that is
            // during a poll of a call that borrows the store mutably: its memory is
            // mapped and does not move. It is aligned (checked in `Word::of`). The
            // guest's compiled code reads it with plain aligned loads of 32 bits,
            // which cannot be torn; host functions do not interpret these bytes.
            let word = unsafe { AtomicU32::from_ptr(word.0) };
            word.store(1, Ordering::Relaxed);
        }
    }

    /// Guests that are being polled right now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Word>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listen(&self, word: Word) -> Ringing<'_> {
        self.lock().push(word);
        Ringing { bells: self, word }
    }
}

/// The address of a guest's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(*mut u32);

// SAFETY: it is only an address; `Bells::ring` says when it may be written to.
unsafe impl Send for Word {}
// SAFETY: as above.
unsafe impl Sync for Word {}

impl Word {
    /// The word at `address` of `memory`, if it lies inside and is aligned.
    pub(crate) fn of<D>(store: &Store<Housed<D>>, memory: &Memory, address: u32) -> Option<Self> {
        let address = address as usize;
        let end = address.checked_add(size_of::<u32>())?;
        if end > memory.data_size(store) || !address.is_multiple_of(align_of::<u32>()) {
            return None;
        }
        // SAFETY: the offset lies within the memory (checked above); a memory's
        // base is page aligned, so the word is aligned as the offset is.
        let word = unsafe { memory.data_ptr(store).add(address) };
        #[expect(clippy::cast_ptr_alignment, reason = "checked above")]
        Some(Self(word.cast::<u32>()))
    }
}

/// A guest that is being polled.
pub(crate) struct Ringing<'a> {
    bells: &'a Bells,
    word: Word,
}

impl Drop for Ringing<'_> {
    fn drop(&mut self) {
        let mut running = self.bells.lock();
        if let Some(index) = running.iter().rposition(|word| *word == self.word) {
            running.swap_remove(index);
        }
    }
}
