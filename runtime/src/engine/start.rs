//! A command module: each run is an instance of its own, from `_start` to its
//! end.

use std::sync::Arc;

use sandcell_sys::{Housed, MemoryImage, StopWord};
use wasmtime::{InstancePre, Linker, Module, Store, TypedFunc};

use crate::engine::meter::metered;
use crate::engine::state::{State, World};
use crate::engine::{Engine, FlatModule, Stopped, imports, preview1};
use crate::error::{Error, Result};
use crate::execution::TrapKind;

/// Bytes of a WebAssembly page.
const WASM_PAGE: usize = 65_536;

/// A compiled command module and what its memory starts as.
#[derive(Clone)]
pub(crate) struct StartModule {
    engine: Engine,
    pre: InstancePre<Housed<State>>,
    memory: Arc<MemoryImage>,
    stop_word: u32,
}

impl std::fmt::Debug for StartModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartModule")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// How a run of a module went.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its exit status, or why there is none.
    pub(crate) status: std::result::Result<i32, Stopped>,
    /// Processor time.
    pub(crate) cpu: std::time::Duration,
    /// Bytes of linear memory at its end.
    pub(crate) memory_bytes: u64,
}

impl StartModule {
    /// Resolves the imports of `module`, which was compiled from `flat`.
    pub(crate) fn new(engine: &Engine, module: &Module, flat: &FlatModule) -> Result<Self> {
        let refuse = |reason: String| Error::BadGuest { reason };
        let mut linker = Linker::new(&engine.engine);
        preview1::link(&mut linker).map_err(|error| refuse(format!("{error:#}")))?;
        imports::link(&mut linker).map_err(|error| refuse(format!("{error:#}")))?;
        let pre = linker
            .instantiate_pre(module)
            .map_err(|error| refuse(format!("{error:#}")))?;
        let pages =
            usize::try_from(flat.memory_pages).map_err(|error| refuse(error.to_string()))?;
        let mut bytes = vec![0; pages.max(1) * WASM_PAGE];
        for (offset, data) in &flat.data {
            let start = *offset as usize;
            let place = start
                .checked_add(data.len())
                .and_then(|end| bytes.get_mut(start..end))
                .ok_or_else(|| refuse("a data segment is outside of its memory".to_owned()))?;
            place.copy_from_slice(data);
        }
        let memory = MemoryImage::sealed(&bytes).map_err(|reason| Error::Create { reason })?;
        Ok(Self {
            engine: engine.clone(),
            pre,
            memory: Arc::new(memory),
            stop_word: flat.stop.address,
        })
    }

    /// Runs it to its end. Dropping the future ends it.
    ///
    /// # Errors
    /// [`Error::Create`], [`Error::BadGuest`]: nothing of it ran.
    pub(crate) async fn run(&self, world: World) -> Result<Started> {
        let create = |error: wasmtime::Error| Error::Create {
            reason: format!("{error:#}"),
        };
        let state = State::new(world, Arc::default(), self.stop_word);
        let mut store = Store::new(&self.engine.engine, Housed::new(state));
        store.limiter(|state| &mut state.limiter);
        let image = Some(Arc::clone(&self.memory));
        let instance = sandcell_sys::instantiate(&mut store, &self.pre, image)
            .await
            .map_err(create)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| Error::BadGuest {
                reason: "it exports no memory".to_owned(),
            })?;
        if memory.data_size(&store) != self.memory.byte_len() {
            return Err(Error::bug("a command's memory did not get its image"));
        }
        store.data_mut().memory = Some(memory);
        let start: TypedFunc<(), ()> =
            instance
                .get_typed_func(&mut store, "_start")
                .map_err(|error| Error::BadGuest {
                    reason: format!("its export _start: {error:#}"),
                })?;
        let ticker = Arc::clone(&self.engine.ticker);
        let stop = StopWord {
            bells: &ticker.bells,
            memory,
            address: self.stop_word,
        };
        let call = sandcell_sys::call(&mut store, &start, (), Some(stop));
        let (ended, cpu) = metered(&ticker, call).await;
        let status = match ended.map_err(|error| Stopped::from_error(&error)) {
            Ok(()) => Ok(0),
            Err(Stopped::Trapped(TrapKind::Exited { status })) => Ok(status),
            Err(stopped) => Err(stopped),
        };
        Ok(Started {
            status,
            cpu,
            memory_bytes: memory.data_size(&store) as u64,
        })
    }
}
