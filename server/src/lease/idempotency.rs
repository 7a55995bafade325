//! Creating once, however often it is asked.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderValue;
use tokio::sync::OnceCell;

use crate::lease::{Lease, Registry};
use crate::refusal::Refusal;

/// Keys that are remembered; the oldest go.
const KEYS: usize = 10_000;

/// Longest key.
const KEY_BYTES: usize = 255;

/// The sandboxes that keys stand for.
#[derive(Debug, Default)]
pub(crate) struct Once {
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    ids: HashMap<String, Arc<OnceCell<String>>>,
    order: VecDeque<String>,
}

impl Once {
    /// The sandbox of this key: made now, or the one that was made before while it
    /// lives. Requests that come meanwhile wait for the first.
    pub(crate) async fn run<F, M>(
        &self,
        registry: &Registry,
        key: &HeaderValue,
        make: F,
    ) -> Result<Arc<Lease>, Refusal>
    where
        F: FnOnce() -> M,
        M: Future<Output = Result<Arc<Lease>, Refusal>>,
    {
        let key = check(key)?;
        let cell = self.cell(&key);
        let id = cell
            .get_or_try_init(|| async { make().await.map(|lease| lease.who.id.clone()) })
            .await?;
        registry.find(id).ok_or_else(|| {
            Refusal::new(
                axum::http::StatusCode::CONFLICT,
                "the sandbox that this idempotency key made has ended or is paused",
            )
        })
    }

    fn cell(&self, key: &str) -> Arc<OnceCell<String>> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = keys.ids.get(key) {
            return Arc::clone(cell);
        }
        if keys.order.len() >= KEYS
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.ids.remove(&oldest);
        }
        let cell = Arc::<OnceCell<String>>::default();
        keys.order.push_back(key.to_owned());
        keys.ids.insert(key.to_owned(), Arc::clone(&cell));
        cell
    }
}

fn check(key: &HeaderValue) -> Result<String, Refusal> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let text = key.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > KEY_BYTES || !text.bytes().all(known) {
        return Err(Refusal::bad_request(
            "an idempotency key is 1 to 255 of a-z, 0-9 and -",
        ));
    }
    Ok(text.to_owned())
}
