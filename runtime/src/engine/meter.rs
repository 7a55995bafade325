//! What a call of a guest costs.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::engine::Ticker;

/// Runs `future`, counting it as a running guest during its polls only, and
/// answers what processor time they took.
pub(crate) async fn metered<F: Future>(ticker: &Ticker, future: F) -> (F::Output, Duration) {
    let mut future = pin!(future);
    let mut spent = Duration::ZERO;
    let output = std::future::poll_fn(|context| {
        let _running = ticker.run();
        let before = thread_time();
        let poll = future.as_mut().poll(context);
        spent += thread_time().saturating_sub(before);
        poll
    })
    .await;
    (output, spent)
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}
