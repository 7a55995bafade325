//! Host function calls that a guest has under way.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::engine::state::World;
use crate::host_function::{HostError, HostFunction, HostFunctions, WITHIN};

/// Why a call was not started; the numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Unknown = -1,
    TooLarge = -2,
    TooMany = -3,
    Malformed = -4,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    name: String,
    #[serde(default)]
    args: Vec<Value>,
    #[serde(default)]
    kwargs: Map<String, Value>,
}

/// Name and arguments of a call as a guest writes it, if it is one.
pub fn read_call(payload: &[u8]) -> Option<(String, Vec<Value>, Map<String, Value>)> {
    let request = Request::read(payload).ok()?;
    Some((request.name, request.args, request.kwargs))
}

impl Request {
    fn read(payload: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(payload).map_err(|_| Refused::Malformed)
    }
}

/// The calls of one guest. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct HostCalls {
    functions: Arc<HostFunctions>,
    call_bytes: usize,
    at_once: usize,
    next_id: i64,
    under_way: JoinSet<Completion>,
    ended: VecDeque<Completion>,
    /// The completion that `wait` announced, for `take`.
    pub(crate) announced: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Completion {
    payload: Vec<u8>,
}

impl HostCalls {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            functions: Arc::clone(&world.functions),
            call_bytes: usize::try_from(world.call_bytes).unwrap_or(usize::MAX),
            at_once: world.calls_at_once as usize,
            next_id: 0,
            under_way: JoinSet::new(),
            ended: VecDeque::new(),
            announced: None,
        }
    }

    /// Starts a call as a task of the tokio runtime that the guest runs on.
    pub(crate) fn start(&mut self, payload: &[u8]) -> Result<i64, Refused> {
        if payload.len() > self.call_bytes {
            return Err(Refused::TooLarge);
        }
        if self.under_way.len() + self.ended.len() >= self.at_once {
            return Err(Refused::TooMany);
        }
        let request = Request::read(payload)?;
        let function = self
            .functions
            .get(&request.name)
            .ok_or(Refused::Unknown)?
            .clone();
        self.next_id += 1;
        let id = self.next_id;
        let bound = self.call_bytes;
        let call = async move {
            let answer = answer(&function, request).await;
            Completion {
                payload: render(id, answer, bound),
            }
        };
        // A new task does not inherit whose it is.
        match WITHIN.try_with(|worker| *worker) {
            Ok(worker) => self.under_way.spawn(WITHIN.scope(worker, call)),
            Err(_) => self.under_way.spawn(call),
        };
        Ok(id)
    }

    /// Calls that have not been announced yet.
    pub(crate) fn outstanding(&self) -> usize {
        self.under_way.len() + self.ended.len()
    }

    /// Announces the next completion that is there already.
    pub(crate) fn announce(&mut self) -> Option<usize> {
        while let Some(joined) = self.under_way.try_join_next() {
            self.ended.extend(joined.ok());
        }
        let completion = self.ended.pop_front()?;
        let len = completion.payload.len();
        self.announced = Some(completion.payload);
        Some(len)
    }

    /// Waits until a call has ended that was not announced; for ever when none runs.
    pub(crate) async fn ended(&mut self) {
        match self.under_way.join_next().await {
            Some(joined) => self.ended.extend(joined.ok()),
            None => std::future::pending().await,
        }
    }

    /// Takes the running calls out, to wait for one of them without borrowing the
    /// store.
    pub(crate) fn lend(&mut self) -> JoinSet<Completion> {
        std::mem::take(&mut self.under_way)
    }

    /// Gives back what [`Self::lend`] took, with what ended meanwhile.
    pub(crate) fn give_back(&mut self, calls: JoinSet<Completion>, ended: Option<Completion>) {
        self.under_way = calls;
        self.ended.extend(ended);
    }
}

/// The function's answer; a panic in it is an error like any other.
async fn answer(function: &HostFunction, request: Request) -> Result<Value, HostError> {
    let arguments = function.arguments(request.args, request.kwargs)?;
    // Calling the body may panic as well as polling what it answers.
    let guarded = std::panic::AssertUnwindSafe(async { function.call(arguments).await });
    guarded
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(HostError::named("HostPanic", "the host function panicked")))
}

fn render(id: i64, answer: Result<Value, HostError>, bound: usize) -> Vec<u8> {
    let payload = match answer {
        Ok(value) => json!({"id": id, "ok": true, "value": value}),
        Err(error) => failure(id, &error.name, &error.message),
    };
    let bytes = payload.to_string().into_bytes();
    if bytes.len() <= bound {
        return bytes;
    }
    let message = format!(
        "the answer has {} bytes and {bound} are allowed",
        bytes.len()
    );
    failure(id, "HostAnswerTooLarge", &message)
        .to_string()
        .into_bytes()
}

fn failure(id: i64, name: &str, message: &str) -> Value {
    json!({"id": id, "ok": false, "error": {"name": name, "message": message}})
}
