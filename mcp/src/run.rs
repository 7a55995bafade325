//! Running code: its events become an answer of bounded size, and progress while
//! it runs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::{ContentBlock, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use sandcell::{End, Event, Execution, Outcome, RichResult};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::capped::Capped;

/// How often progress is told at most.
const PROGRESS: Duration = Duration::from_millis(200);

/// Characters of one progress message.
const MESSAGE: usize = 500;

/// Images of one answer, and bytes of all of them in base 64.
const IMAGES: usize = 16;
const IMAGE_BYTES: usize = 8 << 20;

/// Further values that are shown (`display`), besides the last.
const DISPLAYS: usize = 64;

/// Who called, and how to tell them how it goes.
#[derive(Debug)]
pub(crate) struct Call {
    cancelled: CancellationToken,
    progress: Option<(Peer<RoleServer>, ProgressToken)>,
    told: Mutex<(u64, Option<Instant>)>,
}

impl Call {
    pub(crate) fn new(context: &RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self {
            cancelled: context.ct.clone(),
            progress: token.map(|token| (context.peer.clone(), token)),
            told: Mutex::default(),
        }
    }

    /// Waits until nobody wants the answer any more.
    pub(crate) async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    /// Tells what was written, unless something was told a moment ago.
    pub(crate) async fn tell_sometimes(&self, text: &[u8]) {
        let step = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.1.is_some_and(|last| last.elapsed() < PROGRESS) {
                return;
            }
            *told = (told.0 + 1, Some(Instant::now()));
            told.0
        };
        self.tell(step, text).await;
    }

    async fn tell(&self, step: u64, text: &[u8]) {
        let Some((peer, token)) = &self.progress else {
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "a count of steps, not of bytes")]
        let mut told = ProgressNotificationParam::new(token.clone(), step as f64);
        let text: String = String::from_utf8_lossy(text)
            .trim_end()
            .chars()
            .take(MESSAGE)
            .collect();
        if !text.is_empty() {
            told = told.with_message(text);
        }
        // Who does not want to know any more is cancelled soon.
        let _gone = peer.notify_progress(told).await;
    }
}

/// Everything that an execution showed.
#[derive(Debug, Default)]
struct Shown {
    stdout: Capped,
    stderr: Capped,
    images: Vec<ContentBlock>,
    image_bytes: usize,
    displays: Vec<String>,
    result: Option<RichResult>,
    error: Option<String>,
    /// Something had no place in the answer.
    left_out: bool,
}

/// Follows an execution to its end. A call that is cancelled interrupts its code.
pub(crate) async fn follow(mut execution: Execution, call: &Call) -> Answer {
    let mut shown = Shown::default();
    loop {
        let event = tokio::select! {
            biased;
            () = call.cancelled.cancelled() => {
                // Nobody reads the answer; the code shall end all the same.
                drop(execution);
                return Answer { failed: true, ..Answer::text("the call was cancelled") };
            }
            event = execution.next() => event,
        };
        let Some(event) = event else { break };
        if let Event::Stdout(bytes) | Event::Stderr(bytes) = &event {
            call.tell_sometimes(bytes).await;
        }
        shown.take(event);
    }
    match execution.outcome().await {
        Ok(outcome) => shown.answer(&outcome),
        Err(error) => Answer {
            failed: true,
            ..Answer::text(error.to_string())
        },
    }
}

impl Shown {
    fn take(&mut self, event: Event) {
        match event {
            Event::Stdout(bytes) => self.stdout.push(&bytes),
            Event::Stderr(bytes) => self.stderr.push(&bytes),
            Event::Result(rich) => {
                self.images_of(&rich);
                self.result = Some(rich);
            }
            Event::Display(rich) => {
                self.images_of(&rich);
                if self.displays.len() >= DISPLAYS {
                    self.left_out = true;
                } else if let Some(text) = rich.text() {
                    self.displays.push(Capped::of(text));
                }
            }
            Event::Error(exception) => {
                let told = if exception.traceback.is_empty() {
                    format!("{}: {}", exception.name, exception.value)
                } else {
                    exception.traceback
                };
                self.error = Some(Capped::of(&told));
            }
            _ => {}
        }
    }

    fn images_of(&mut self, rich: &RichResult) {
        for mime in ["image/png", "image/jpeg", "image/gif", "image/webp"] {
            let Some(data) = rich.get(mime) else { continue };
            let data: String = data.split_ascii_whitespace().collect();
            if self.images.len() >= IMAGES || self.image_bytes + data.len() > IMAGE_BYTES {
                self.left_out = true;
                continue;
            }
            self.image_bytes += data.len();
            self.images.push(ContentBlock::image(data, mime));
        }
    }

    fn answer(self, outcome: &Outcome) -> Answer {
        let cut = self.left_out || self.stdout.is_cut() || self.stderr.is_cut();
        let (stdout, stderr) = (self.stdout.into_text(), self.stderr.into_text());
        let mut error = self.error;
        if error.is_none() {
            error = match &outcome.end {
                End::Finished => None,
                End::Raised(exception) => Some(Capped::of(&exception.traceback)),
                other => Some(other.to_string()),
            };
        }
        if outcome.lost.is_some() {
            let told = error.get_or_insert_default();
            told.push_str("\nvariables of this context went back to an earlier state");
        }
        let result = self.result.as_ref();
        let text = result.and_then(RichResult::text).map(Capped::of);
        let mut answer = Answer {
            failed: error.is_some(),
            ..Answer::default()
        };
        let parts = [
            Some(stdout.as_str()),
            (!stderr.is_empty()).then_some(stderr.as_str()),
        ];
        let shown = parts.into_iter().flatten();
        let shown = shown.chain(self.displays.iter().map(String::as_str));
        for part in shown.chain(text.as_deref()).chain(error.as_deref()) {
            if !part.is_empty() {
                answer.content.push(ContentBlock::text(part));
            }
        }
        answer.content.extend(self.images);
        answer.data = data(&[
            ("stdout", json!(stdout)),
            ("stderr", json!(stderr)),
            ("displays", json!(self.displays)),
            ("result", json!(text)),
            ("json", json_of(result)),
            ("error", json!(error)),
            ("shortened", json!(cut)),
        ]);
        answer
    }
}

fn data(members: &[(&str, Value)]) -> serde_json::Map<String, Value> {
    let members = members.iter().cloned();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The value as data, when it has that form and is not large.
fn json_of(result: Option<&RichResult>) -> Value {
    let value = result.and_then(|rich| rich.data.get("application/json"));
    let value = value.filter(|value| value.to_string().len() <= 32 << 10);
    value.cloned().unwrap_or_default()
}
