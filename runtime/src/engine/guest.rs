//! One live interpreter.

use std::sync::Arc;
use std::time::Duration;

use sandcell_sys::{Housed, MemoryImage, OwnPages, PageRun, StopWord};
use wasmtime::{
    Instance, InstancePre, Linker, Memory, Module, Store, TypedFunc, UpdateDeadline, Val,
};

use crate::engine::ladder::Demand;
use crate::engine::meter::metered;
use crate::engine::pages::SavedPages;
use crate::engine::shared::SharedImage;
use crate::engine::state::{Run, State, World};
use crate::engine::{Engine, GlobalValue, Metering, Started, Stopped, Ticker, imports, preview1};
use crate::error::{Error, Result};
use crate::execution::TrapKind;
use crate::guest::order::Renewal;
use crate::limits::Limit;

/// Stack bytes that stay resident once the guest has lain idle.
const IDLE_STACK_KEPT_BYTES: usize = 8 << 10;

/// Fuel of what the runtime itself asks of a guest (booting, renewal).
const OWN_FUEL: u64 = u64::MAX / 2;

/// Most time for what the runtime itself asks of a guest that ran foreign code.
const OWN_CALL_TIME: Duration = Duration::from_secs(1);

/// Most interrupt words of a guest.
const INTERRUPT_WORDS: u32 = 8;

/// A compiled module with its imports resolved: all that instances share but
/// memory.
#[derive(Clone)]
pub(crate) struct GuestModule {
    engine: Engine,
    pre: InstancePre<Housed<State>>,
    globals: Arc<[String]>,
}

impl std::fmt::Debug for GuestModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestModule")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl GuestModule {
    /// Resolves the imports of `module`, whose mutable globals are exported under
    /// the names `globals`.
    pub(crate) fn new(engine: &Engine, module: &Module, globals: Arc<[String]>) -> Result<Self> {
        let refuse = |error: wasmtime::Error| Error::BadGuest {
            reason: format!("{error:#}"),
        };
        let mut linker = Linker::new(&engine.engine);
        preview1::link(&mut linker).map_err(refuse)?;
        imports::link(&mut linker).map_err(refuse)?;
        Ok(Self {
            engine: engine.clone(),
            pre: linker.instantiate_pre(module).map_err(refuse)?,
            globals,
        })
    }
}

/// What a new guest starts from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Its memory; `None` for a guest that has not been initialised.
    pub(crate) memory: Option<Arc<MemoryImage>>,
    pub(crate) globals: Vec<GlobalValue>,
    pub(crate) interrupt_words: Arc<[(u32, u32)]>,
    /// Address of the word that makes it look up.
    pub(crate) stop_word: u32,
}

/// A live interpreter: the one owner of its store.
pub(crate) struct Guest {
    pub(super) store: Store<Housed<State>>,
    pub(super) engine: Engine,
    /// What its pages are as in where they are not its own.
    pub(super) image: Option<Arc<MemoryImage>>,
    /// What guests of its language start as.
    pub(super) language: Option<Arc<MemoryImage>>,
    /// Its image, when it is a saved state's and not that of the language.
    pub(super) over: Option<Arc<SharedImage>>,
    /// The pages that it owned when it was saved last.
    pub(super) own: OwnPages,
    /// Long runs of own pages that were as in the image when it was saved last.
    pub(super) unchanged: Vec<PageRun>,
    /// Pages that the last state of it does not share with the one before.
    pub(super) fresh: u64,
    /// Whether to try laying saved pages under it.
    pub(super) settles: bool,
    /// Pages that the next state may share with the last one.
    pub(super) watched: Option<SavedPages>,
    /// Somebody wanted to go on from a state of it before.
    pub(super) was_saved: bool,
    /// What it has to be told before anything runs in it.
    asleep: Option<Renewal>,
    pub(super) memory: Memory,
    pub(super) globals: Vec<wasmtime::Global>,
    buffer: TypedFunc<i32, i32>,
    renew: TypedFunc<i32, i32>,
    pub(super) execute: TypedFunc<(i32, i32), i32>,
    /// A guest that never rests need not have it.
    pub(super) go_on: Option<TypedFunc<i32, i32>>,
    /// A guest need not have it.
    trim: Option<TypedFunc<(), ()>>,
    instance: Instance,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

pub(super) fn create_error(error: impl std::fmt::Display) -> Error {
    Error::Create {
        reason: format!("{error:#}"),
    }
}

impl Guest {
    /// Makes a guest. Nothing of it runs yet.
    pub(crate) async fn new(module: &GuestModule, origin: &Origin, world: World) -> Result<Self> {
        Self::over(module, origin, origin.memory.clone(), world).await
    }

    /// Makes a guest whose memory starts as `image`. Nothing of it runs yet.
    pub(super) async fn over(
        module: &GuestModule,
        origin: &Origin,
        image: Option<Arc<MemoryImage>>,
        world: World,
    ) -> Result<Self> {
        let mappings = sandcell_sys::mappings();
        if !mappings.has_room() {
            return Err(Error::LimitExceeded {
                limit: Limit::Mappings,
                allowed: mappings.bound as u64,
                asked: mappings.with_one_more() as u64,
            });
        }
        let state = State::new(world, Arc::clone(&origin.interrupt_words), origin.stop_word);
        let mut store = Store::new(&module.engine.engine, Housed::new(state));
        store.limiter(|state| &mut state.limiter);
        if module.engine.metering == Metering::Fuel {
            store.epoch_deadline_callback(|mut context| match imports::obey(&mut context) {
                Ok(Demand::GoOn | Demand::Ask) => Ok(UpdateDeadline::Yield(1)),
                Ok(Demand::Stop) | Err(_) => Ok(UpdateDeadline::Interrupt),
            });
        }
        let expected = image.as_ref().map(|image| image.byte_len());
        let instance = sandcell_sys::instantiate(&mut store, &module.pre, image.clone())
            .await
            .map_err(create_error)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| create_error("the guest exports no memory"))?;
        if expected.is_some_and(|len| memory.data_size(&store) != len) {
            return Err(Error::bug("a guest's memory did not get its image"));
        }
        store.data_mut().memory = Some(memory);
        let globals = set_globals(&mut store, &instance, &module.globals, &origin.globals)?;
        Ok(Self {
            buffer: export(&mut store, &instance, "sandcell_buffer")?,
            renew: export(&mut store, &instance, "sandcell_renew")?,
            execute: export(&mut store, &instance, "sandcell_execute")?,
            go_on: match instance.get_func(&mut store, "sandcell_continue") {
                Some(_) => Some(export(&mut store, &instance, "sandcell_continue")?),
                None => None,
            },
            trim: match instance.get_func(&mut store, "sandcell_trim") {
                Some(_) => Some(export(&mut store, &instance, "sandcell_trim")?),
                None => None,
            },
            store,
            engine: module.engine.clone(),
            image,
            language: origin.memory.clone(),
            over: None,
            own: OwnPages::default(),
            unchanged: Vec::new(),
            fresh: 0,
            settles: true,
            watched: None,
            was_saved: false,
            asleep: None,
            memory,
            globals,
            instance,
        })
    }

    /// Puts an unused guest into another world.
    pub(crate) fn adopt(&mut self, world: World) {
        self.store.data_mut().adopt(world);
    }

    /// Calls a start-up export without arguments, without a time limit.
    pub(crate) async fn call_plain(&mut self, name: &str) -> Result<Option<i32>> {
        self.refuel(OWN_FUEL)?;
        if name == "_initialize" {
            let function: TypedFunc<(), ()> = export(&mut self.store, &self.instance, name)?;
            self.call(&function, ())
                .await
                .map_err(|stopped| self.boot_error(&stopped))?;
            return Ok(None);
        }
        let function: TypedFunc<(), i32> = export(&mut self.store, &self.instance, name)?;
        let answer = self
            .call(&function, ())
            .await
            .map_err(|stopped| self.boot_error(&stopped))?;
        Ok(Some(answer))
    }

    /// Lets the guest give back the memory that it does not use. After an error
    /// it must not be used any more.
    pub(crate) async fn trim(&mut self) -> std::result::Result<(), Stopped> {
        let Some(trim) = self.trim.clone() else {
            return Ok(());
        };
        self.refuel(OWN_FUEL).map_err(|_| Stopped::ByForce)?;
        // What was run in this guest may have damaged what the call walks along.
        self.store.data_mut().run = Some(Run::bounded(OWN_CALL_TIME));
        let trimmed = self.call(&trim, ()).await;
        self.store.data_mut().run = None;
        sandcell_sys::trim_stack(&mut self.store, IDLE_STACK_KEPT_BYTES);
        trimmed
    }

    /// Renews what must not repeat, and tells the guest of its host functions
    /// and environment.
    pub(crate) async fn renew(&mut self, mut renewal: Renewal) -> Result<()> {
        self.refuel(OWN_FUEL)?;
        let entropy = self.store.data().random.host.bytes(32);
        renewal.entropy = entropy.iter().map(|byte| format!("{byte:02x}")).collect();
        let order = serde_json::to_vec(&renewal).map_err(create_error)?;
        let len = i32::try_from(order.len()).map_err(create_error)?;
        self.place(&[&order])
            .await
            .map_err(|stopped| self.boot_error(&stopped))?;
        let renew = self.renew.clone();
        match self.call(&renew, len).await {
            Ok(0) => Ok(()),
            Ok(status) => Err(Error::Boot {
                reason: format!(
                    "it could not be renewed (status {status}); it said: {}",
                    self.said()
                ),
            }),
            Err(stopped) => Err(self.boot_error(&stopped)),
        }
    }

    /// Leaves the renewal of a guest that was restored to [`Self::wake`].
    pub(crate) fn put_off(&mut self, renewal: Renewal) {
        self.asleep = Some(renewal);
    }

    /// Does what was put off; must be called before the guest runs or is saved.
    /// After an error it must not be used any more.
    ///
    /// # Errors
    /// [`Error::Boot`] when what ran in it before damaged what it stands on.
    pub(crate) async fn wake(&mut self) -> Result<()> {
        let Some(renewal) = self.asleep.take() else {
            return Ok(());
        };
        self.own.forget();
        if let Some(image) = &self.image {
            sandcell_sys::warm(&mut self.store, &self.memory, image).map_err(create_error)?;
        }
        self.renew_copy(renewal).await
    }

    /// As [`Self::renew`], for a guest that has run foreign code: it gets a second.
    async fn renew_copy(&mut self, renewal: Renewal) -> Result<()> {
        self.store.data_mut().run = Some(Run::bounded(OWN_CALL_TIME));
        let renewed = self.renew(renewal).await;
        self.store.data_mut().run = None;
        renewed
    }

    /// Runs it as a program, with the arguments, the environment and the
    /// descriptors of its world: its exit status, or 256 and the signal that it
    /// ended itself by. The guest is of no use afterwards.
    ///
    /// # Errors
    /// [`Error::BadGuest`] when its language cannot be run so.
    pub(crate) async fn program(&mut self, run: Run, fuel: Option<u64>) -> Result<Started> {
        let program: TypedFunc<(), i32> =
            export(&mut self.store, &self.instance, "sandcell_program")?;
        self.refuel(fuel.unwrap_or(OWN_FUEL))?;
        self.store.data_mut().run = Some(run);
        let ticker = Arc::clone(&self.engine.ticker);
        let stop = self.stop_word(&ticker);
        let call = sandcell_sys::call(&mut self.store, &program, (), stop);
        let (ended, cpu) = metered(&ticker, call).await;
        let status = match ended.map_err(|error| Stopped::from_error(&error)) {
            Ok(status) | Err(Stopped::Trapped(TrapKind::Exited { status })) => Ok(status),
            Err(stopped) => Err(stopped),
        };
        Ok(Started {
            status,
            cpu,
            memory_bytes: self.memory_bytes(),
        })
    }

    /// Puts an order, in pieces, into the guest's buffer.
    pub(super) async fn place(&mut self, pieces: &[&[u8]]) -> std::result::Result<(), Stopped> {
        let no_room = || {
            Stopped::Trapped(TrapKind::Other {
                name: "the guest has no memory left for the cell".to_owned(),
            })
        };
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let len = i32::try_from(len).map_err(|_| no_room())?;
        let buffer = self.buffer.clone();
        let ticker = Arc::clone(&self.engine.ticker);
        let stop = self.stop_word(&ticker);
        let address = sandcell_sys::call(&mut self.store, &buffer, len, stop)
            .await
            .map_err(|error| Stopped::from_error(&error))?;
        let mut start = address.cast_unsigned() as usize;
        if start == 0 && len > 0 {
            return Err(no_room());
        }
        for piece in pieces {
            if !sandcell_sys::write_counted(&mut self.store, &self.memory, start, piece) {
                return Err(no_room());
            }
            start += piece.len();
        }
        Ok(())
    }

    pub(super) async fn call<P, R>(
        &mut self,
        function: &TypedFunc<P, R>,
        parameters: P,
    ) -> std::result::Result<R, Stopped>
    where
        P: wasmtime::WasmParams + Sync,
        R: wasmtime::WasmResults + Sync,
    {
        let ticker = Arc::clone(&self.engine.ticker);
        let stop = self.stop_word(&ticker);
        let call = sandcell_sys::call(&mut self.store, function, parameters, stop);
        let (result, _) = metered(&ticker, call).await;
        result.map_err(|error| Stopped::from_error(&error))
    }

    /// Where the ticker rings. A guest that counts fuel is stopped by epochs: to
    /// look up at a moment of real time would burn fuel by chance.
    pub(super) fn stop_word<'a>(&self, ticker: &'a Ticker) -> Option<StopWord<'a>> {
        (self.engine.metering == Metering::Time).then_some(StopWord {
            bells: &ticker.bells,
            memory: self.memory,
            address: self.store.data().stop_word,
        })
    }

    pub(super) fn refuel(&mut self, fuel: u64) -> Result<()> {
        if self.engine.metering == Metering::Time {
            return Ok(());
        }
        self.store.set_epoch_deadline(1);
        self.store.set_fuel(fuel).map_err(create_error)
    }

    fn boot_error(&self, stopped: &Stopped) -> Error {
        let reason = match stopped {
            Stopped::ByForce => "it was stopped".to_owned(),
            Stopped::Fuel => "its fuel is spent".to_owned(),
            Stopped::BrokenPipe => "it wrote into a broken pipe".to_owned(),
            Stopped::Trapped(kind) => kind.to_string(),
        };
        Error::Boot {
            reason: format!("{reason}; it said: {}", self.said()),
        }
    }

    /// What the guest wrote outside of executions.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.store.data().log).into_owned()
    }

    /// Reads the table of interrupt words that the guest answered.
    pub(crate) fn interrupt_words(&self, table: i32) -> Result<Vec<(u32, u32)>> {
        let memory = self.memory.data(&self.store);
        let word = |address: u32| {
            let start = address as usize;
            let bytes = memory.get(start..start.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let table = table.cast_unsigned();
        let read = || {
            let count = word(table)?;
            if count == 0 || count > INTERRUPT_WORDS {
                return None;
            }
            (0..count)
                .map(|index| {
                    let entry = table.checked_add(4 + index * 8)?;
                    Some((word(entry)?, word(entry.checked_add(4)?)?))
                })
                .collect::<Option<Vec<_>>>()
        };
        read().ok_or_else(|| Error::Boot {
            reason: "its table of interrupt words is malformed".to_owned(),
        })
    }

    /// Writes what a module's data segments would have.
    pub(crate) fn write_memory(&mut self, offset: u32, bytes: &[u8]) -> Result<()> {
        self.memory
            .write(&mut self.store, offset as usize, bytes)
            .map_err(create_error)
    }

    /// The whole memory.
    pub(crate) fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    /// The values of all mutable globals.
    pub(crate) fn global_values(&mut self) -> Result<Vec<GlobalValue>> {
        let store = &mut self.store;
        self.globals
            .iter()
            .map(|global| match global.get(&mut *store) {
                Val::I32(value) => Ok(GlobalValue::I32(value)),
                Val::I64(value) => Ok(GlobalValue::I64(value)),
                Val::F32(bits) => Ok(GlobalValue::F32(bits)),
                Val::F64(bits) => Ok(GlobalValue::F64(bits)),
                _ => Err(Error::bug("a mutable global is not a number")),
            })
            .collect()
    }

    /// The pages that this guest owns.
    pub(crate) fn private_pages(&self) -> Result<Vec<PageRun>> {
        sandcell_sys::private_pages(&self.store, &self.memory)
            .map_err(Error::io("read", "/proc/self/pagemap"))
    }

    /// Bytes of linear memory, resident memory, and resident stack.
    pub(crate) fn residency(&self) -> Result<(u64, u64, u64)> {
        let resident = sandcell_sys::memory_resident_bytes(&self.store, &self.memory)
            .map_err(Error::io("read", "/proc/self/pagemap"))?;
        let stack = sandcell_sys::stack_resident_bytes(&self.store)
            .map_err(Error::io("read", "/proc/self/pagemap"))?;
        let memory = self.memory.data_size(&self.store) as u64;
        Ok((memory, resident, stack))
    }

    /// Bytes of linear memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory.data_size(&self.store) as u64
    }

    /// Where the monotonic clock stands.
    pub(crate) fn monotonic_ns(&self) -> u64 {
        self.store.data().clocks.monotonic_ns()
    }
}

fn export<P, R>(
    store: &mut Store<Housed<State>>,
    instance: &Instance,
    name: &str,
) -> Result<TypedFunc<P, R>>
where
    P: wasmtime::WasmParams,
    R: wasmtime::WasmResults,
{
    instance
        .get_typed_func(store, name)
        .map_err(|error| Error::BadGuest {
            reason: format!("its export {name}: {error:#}"),
        })
}

pub(super) fn global_value(value: GlobalValue) -> Val {
    match value {
        GlobalValue::I32(value) => Val::I32(value),
        GlobalValue::I64(value) => Val::I64(value),
        GlobalValue::F32(bits) => Val::F32(bits),
        GlobalValue::F64(bits) => Val::F64(bits),
    }
}

fn set_globals(
    store: &mut Store<Housed<State>>,
    instance: &Instance,
    names: &[String],
    values: &[GlobalValue],
) -> Result<Vec<wasmtime::Global>> {
    let mut globals = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let global = instance
            .get_global(&mut *store, name)
            .ok_or_else(|| create_error(format!("the guest exports no global {name}")))?;
        if let Some(value) = values.get(index) {
            global
                .set(&mut *store, global_value(*value))
                .map_err(create_error)?;
        }
        globals.push(global);
    }
    Ok(globals)
}
