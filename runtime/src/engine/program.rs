//! A plain program of preview 1, run to its end over a tree of files.
//!
//! Sandboxes run interpreters that were made flat and booted into an image; none
//! of that is needed to test the calls themselves. This runs what a C compiler
//! links, with the very functions that interpreters get.

use std::sync::{Arc, Mutex, PoisonError};

use sandcell_sys::Housed;
use wasmtime::{Linker, Module, Store, TypedFunc};

use crate::engine::state::{State, World};
use crate::engine::{Clocks, Engine, Metering, Stopped, Ticker, preview1};
use crate::error::{Error, Result};
use crate::execution::TrapKind;
use crate::files::Tree;
use crate::host_function::HostFunctions;
use crate::limits::Limits;

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; none when it trapped.
    pub status: Option<i32>,
    /// The trap that ended it, for people.
    pub trap: Option<String>,
    /// The first 64 KiB that it wrote to its outputs.
    pub output: Vec<u8>,
    /// The files as it left them.
    pub tree: Tree,
}

/// Compiles a program and runs it from `_start` to its end. It sees `tree` as
/// `/`, and no input. Nothing stops it.
///
/// # Errors
/// It is no module, imports something else than preview 1, or cannot be made.
pub async fn run_program(
    wasm: &[u8],
    arguments: &[String],
    environment: &[(String, String)],
    tree: Tree,
) -> Result<Ended> {
    let refuse = |error: wasmtime::Error| Error::BadGuest {
        reason: format!("{error:#}"),
    };
    let ticker = Ticker::start().map_err(|error| Error::Create {
        reason: error.to_string(),
    })?;
    let engine = Engine::new(Metering::Time, false, &ticker)?;
    let module = Module::new(&engine.engine, wasm).map_err(refuse)?;
    let mut linker = Linker::new(&engine.engine);
    preview1::link(&mut linker).map_err(refuse)?;
    let pre = linker.instantiate_pre(&module).map_err(refuse)?;

    let tree = Arc::new(Mutex::new(tree));
    let limits = Limits::default();
    let world = World {
        tree: Arc::clone(&tree),
        descriptors: limits.descriptors,
        memory_bytes: limits.memory_bytes,
        clocks: Clocks::new(0, None),
        determinism: None,
        random: None,
        functions: Arc::new(HostFunctions::default()),
        call_bytes: limits.call_bytes,
        calls_at_once: limits.calls_at_once,
        children: None,
        given: None,
        budget: None,
    };
    let mut state = State::new(world, Arc::default(), 0);
    state.arguments = arguments
        .iter()
        .map(|text| text.clone().into_bytes())
        .collect();
    state.environment = environment
        .iter()
        .map(|(name, value)| format!("{name}={value}").into_bytes())
        .collect();
    let mut store = Store::new(&engine.engine, Housed::new(state));
    store.limiter(|state| &mut state.limiter);
    let instance = sandcell_sys::instantiate(&mut store, &pre, None).await;
    let instance = instance.map_err(refuse)?;
    let memory = instance.get_memory(&mut store, "memory");
    store.data_mut().memory = memory;
    let start: TypedFunc<(), ()> = instance
        .get_typed_func(&mut store, "_start")
        .map_err(refuse)?;
    let ended = sandcell_sys::call(&mut store, &start, (), None).await;
    let (status, trap) = match ended.map_err(|error| Stopped::from_error(&error)) {
        Ok(()) => (Some(0), None),
        Err(Stopped::Trapped(TrapKind::Exited { status })) => (Some(status), None),
        Err(stopped) => (None, Some(format!("{stopped:?}"))),
    };
    let output = std::mem::take(&mut store.data_mut().log);
    drop(store);
    let tree = tree.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Ended {
        status,
        trap,
        output,
        tree,
    })
}
