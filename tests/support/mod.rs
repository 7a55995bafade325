//! What the tests of the embedding API share: a runtime over the Python image,
//! and short ways to run a cell and to say what must come of it.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test program uses a part of this module"
)]

use std::future::Future;
use std::time::Duration;

use sandcell::{
    Cache, Context, End, Error, Event, GuestException, HostError, Outcome, Report, RunCode,
    Runtime, Sandbox, SandboxBuilder,
};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

/// Name of the image that all tests use.
pub(crate) const IMAGE: &str = "python";

/// A grace that no test waits for: who stops by then has stopped by itself.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The user's cache, with the Python image in it: built once, if it is missing.
pub(crate) async fn cache() -> Cache {
    static READY: OnceCell<()> = OnceCell::const_new();
    let cache = Cache::of_user().expect("a cache");
    READY
        .get_or_init(|| async {
            let python = sandcell_python::Python::default();
            let built = cache.ensure(&python, &mut ()).await;
            built.expect("the Python image is built");
        })
        .await;
    cache
}

/// A runtime over the Python image.
pub(crate) async fn runtime() -> Runtime {
    warm_runtime(0).await
}

/// A runtime that keeps this many guests ready.
pub(crate) async fn warm_runtime(warm: usize) -> Runtime {
    let cache = cache().await;
    let runtime = Runtime::builder()
        .cache(cache)
        .image(IMAGE)
        .warm(warm)
        .open();
    runtime.expect("a runtime over the Python image")
}

/// A runtime over the Python image with its variant that counts fuel.
pub(crate) async fn fuel_runtime() -> Runtime {
    static READY: OnceCell<()> = OnceCell::const_new();
    let cache = cache().await;
    READY
        .get_or_init(|| async {
            if !cache.image(IMAGE).expect("the image").fuel {
                cache.add_fuel(IMAGE).expect("the variant that counts fuel");
            }
        })
        .await;
    runtime().await
}

/// Settings of a sandbox whose limits no test of this machine meets by accident.
pub(crate) async fn builder() -> SandboxBuilder {
    runtime().await.sandbox().grace(LONG)
}

/// A sandbox with the defaults of [`builder`].
pub(crate) async fn sandbox() -> Sandbox {
    start(builder().await).await
}

/// Starts a sandbox.
pub(crate) async fn start(builder: SandboxBuilder) -> Sandbox {
    builder.start().await.expect("a sandbox")
}

/// A context of a sandbox of its own.
pub(crate) async fn context() -> Context {
    first(&sandbox().await)
}

/// The context that a sandbox starts with.
pub(crate) fn first(sandbox: &Sandbox) -> Context {
    sandbox.context().expect("its first context")
}

/// Runs a cell to its end and collects what it showed.
pub(crate) async fn run(context: &Context, code: impl Into<RunCode>) -> Report {
    let execution = context.execute(code).expect("the cell is taken");
    execution.report().await.expect("an outcome")
}

/// Runs a cell that must finish, and answers the text of its last value.
pub(crate) async fn value(context: &Context, code: impl Into<RunCode>) -> String {
    let report = finished(context, code).await;
    report.text().expect("a last value").to_owned()
}

/// Runs a cell that must finish.
pub(crate) async fn finished(context: &Context, code: impl Into<RunCode>) -> Report {
    let report = run(context, code).await;
    assert_eq!(
        report.outcome.end,
        End::Finished,
        "{}",
        traceback(&report.outcome)
    );
    assert_eq!(report.outcome.lost, None);
    report
}

/// Checks the text of a cell's last value.
#[track_caller]
pub(crate) fn check(
    context: &Context,
    code: impl Into<RunCode>,
    expected: &str,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let code: RunCode = code.into();
    async move {
        let report = run(context, code).await;
        let end = &report.outcome.end;
        assert_eq!(
            *end,
            End::Finished,
            "at {caller}: {}",
            traceback(&report.outcome)
        );
        assert_eq!(report.text(), Some(expected), "at {caller}");
    }
}

/// Runs a cell that must raise, and answers its exception.
pub(crate) async fn raised(context: &Context, code: impl Into<RunCode>) -> GuestException {
    let report = run(context, code).await;
    exception(&report.outcome).clone()
}

/// The exception that ended a cell.
pub(crate) fn exception(outcome: &Outcome) -> &GuestException {
    match &outcome.end {
        End::Raised(exception) => exception,
        other => panic!("no exception but {other}"),
    }
}

fn traceback(outcome: &Outcome) -> &str {
    match &outcome.end {
        End::Raised(exception) => &exception.traceback,
        _ => "",
    }
}

/// All events of a cell, and its outcome.
pub(crate) async fn events(context: &Context, code: impl Into<RunCode>) -> (Vec<Event>, Outcome) {
    let mut execution = context.execute(code).expect("the cell is taken");
    let mut events = Vec::new();
    while let Some(event) = execution.next().await {
        events.push(event);
    }
    (events, execution.outcome().await.expect("an outcome"))
}

/// What a cell showed, one line an event, for comparing the order.
pub(crate) fn sketch(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Stdout(bytes) => format!("out {:?}", String::from_utf8_lossy(bytes)),
        Event::Stderr(bytes) => format!("err {:?}", String::from_utf8_lossy(bytes)),
        Event::Result(result) => format!("result {}", result.text().unwrap_or("-")),
        Event::Display(display) => format!("display {}", display.text().unwrap_or("-")),
        Event::UpdateDisplay(display) => format!("update {}", display.text().unwrap_or("-")),
        Event::ClearOutput { wait } => format!("clear {wait}"),
        Event::Error(exception) => format!("error {}", exception.name),
        other => panic!("an event that the tests do not know: {other:?}"),
    };
    events.iter().map(line).collect()
}

/// A gate between a cell and its test: the cell calls the host function `gate`,
/// which answers when the test opens it, and tells that it came.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    arrived: std::sync::Arc<Semaphore>,
    open: std::sync::Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            arrived: std::sync::Arc::new(Semaphore::new(0)),
            open: std::sync::Arc::new(Semaphore::new(0)),
        }
    }

    /// Gives the sandbox the host function `gate`.
    pub(crate) fn install(&self, builder: SandboxBuilder) -> SandboxBuilder {
        let gate = self.clone();
        builder.host_function("gate", None, move |_| {
            let gate = gate.clone();
            async move {
                gate.arrived.add_permits(1);
                pass(&gate.open).await;
                Ok::<Value, HostError>(Value::Null)
            }
        })
    }

    /// Waits until a cell stands before the gate.
    pub(crate) async fn arrived(&self) {
        pass(&self.arrived).await;
    }

    /// Lets one call through.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}

async fn pass(semaphore: &Semaphore) {
    semaphore
        .acquire()
        .await
        .expect("it is never closed")
        .forget();
}

/// The error of something that must fail.
pub(crate) fn refusal<T: std::fmt::Debug>(result: sandcell::Result<T>) -> Error {
    result.expect_err("it is refused")
}
