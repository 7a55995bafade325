//! Calls into a store, with what its memory and stack are made of.
//!
//! wasmtime asks the engine's creators for memories and stacks without saying
//! for which store. So each poll that may make one leaves, in a variable of the
//! thread, the image and the stack record of the store that is being polled.
//! The two functions here are the only ones that do.

use std::cell::RefCell;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wasmtime::{Instance, InstancePre, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::bell::{Bells, Word};
use crate::image::MemoryImage;
use crate::stack::StackRecord;

thread_local! {
    static NEXT_IMAGE: RefCell<Option<Arc<MemoryImage>>> = const { RefCell::new(None) };
    static CURRENT_STACK: RefCell<Option<Arc<StackRecord>>> = const { RefCell::new(None) };
}

/// The data of a store, together with the record of the stack that it runs on.
/// Values of this type must not be swapped between stores.
#[derive(Debug)]
pub struct Housed<D> {
    stack: Arc<StackRecord>,
    data: D,
}

impl<D> Housed<D> {
    /// Data for a new store.
    pub fn new(data: D) -> Self {
        Self {
            stack: Arc::default(),
            data,
        }
    }

    pub(crate) fn stack(&self) -> &Arc<StackRecord> {
        &self.stack
    }
}

impl<D> Deref for Housed<D> {
    type Target = D;
    fn deref(&self) -> &D {
        &self.data
    }
}

impl<D> DerefMut for Housed<D> {
    fn deref_mut(&mut self) -> &mut D {
        &mut self.data
    }
}

/// The image left for the next memory, taken out at most once, if a memory of
/// `minimum` bytes can hold it.
pub(crate) fn take_image(minimum: usize) -> Option<Arc<MemoryImage>> {
    NEXT_IMAGE.with_borrow_mut(|next| next.take_if(|image| image.byte_len() >= minimum))
}

/// The record of the store that is being polled on this thread.
pub(crate) fn current_stack() -> Option<Arc<StackRecord>> {
    CURRENT_STACK.with_borrow(Clone::clone)
}

/// Notes whether the memory that is being made has its image's hot pages.
pub(crate) fn note_warmth(warm: bool) {
    if let Some(record) = current_stack() {
        record.warm.store(warm, Ordering::Relaxed);
    }
}

/// Instantiates a module whose memory starts as `image`, or as zeros without
/// one. The caller should check the memory's size afterwards: a module whose
/// minimum is above the image's length does not get it.
///
/// # Errors
/// As [`InstancePre::instantiate_async`].
pub async fn instantiate<D: Send + 'static>(
    store: &mut Store<Housed<D>>,
    module: &InstancePre<Housed<D>>,
    image: Option<Arc<MemoryImage>>,
) -> wasmtime::Result<Instance> {
    let stack = Arc::clone(store.data().stack());
    let mut image = image;
    let mut future = pin!(module.instantiate_async(store));
    std::future::poll_fn(|context| {
        let _left = Left::new(image.take(), &stack);
        future.as_mut().poll(context)
    })
    .await
}

/// How a guest is told to look up while it runs.
#[derive(Debug, Clone, Copy)]
pub struct StopWord<'a> {
    /// Who rings.
    pub bells: &'a Bells,
    /// The guest's memory.
    pub memory: Memory,
    /// Address of its stop word there.
    pub address: u32,
}

/// Calls an exported function. With a stop word, the guest can be rung up during
/// each poll. Dropping the future in the middle unwinds the
/// guest: its memory is then in an arbitrary state.
///
/// # Errors
/// As [`TypedFunc::call_async`].
pub async fn call<D, P, R>(
    store: &mut Store<Housed<D>>,
    function: &TypedFunc<P, R>,
    parameters: P,
    stop: Option<StopWord<'_>>,
) -> wasmtime::Result<R>
where
    D: Send + 'static,
    P: WasmParams + Sync,
    R: WasmResults + Sync,
{
    let stack = Arc::clone(store.data().stack());
    let bell = match stop {
        None => None,
        Some(stop) => {
            let word = Word::of(store, &stop.memory, stop.address)
                .ok_or_else(|| wasmtime::Error::msg("the stop word is outside of the memory"))?;
            Some((stop.bells, word))
        }
    };
    // Declared before the future, so dropped after it: the stack counts as busy
    // until the fiber has been unwound.
    let _busy = Busy::new(Arc::clone(&stack));
    let mut future = pin!(function.call_async(store, parameters));
    std::future::poll_fn(|context| {
        let _left = Left::new(None, &stack);
        let _ringing = bell.map(|(bells, word)| bells.listen(word));
        let _counted = stack.faults.count();
        future.as_mut().poll(context)
    })
    .await
}

/// What is left in the thread's variables for the length of one poll.
struct Left;

impl Left {
    fn new(image: Option<Arc<MemoryImage>>, stack: &Arc<StackRecord>) -> Self {
        NEXT_IMAGE.set(image);
        CURRENT_STACK.set(Some(Arc::clone(stack)));
        Self
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        NEXT_IMAGE.set(None);
        CURRENT_STACK.set(None);
    }
}

struct Busy(Arc<StackRecord>);

impl Busy {
    fn new(stack: Arc<StackRecord>) -> Self {
        stack.busy.store(true, Ordering::Release);
        Self(stack)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}
