//! Executions that a task of the host carries out, as a shell's cells are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::execution::{
    Channel, End, Event, Execution, InterruptCause, Lost, Outcome, TrapKind, channel,
};
use crate::id::ExecutionId;
use crate::interrupt::Control;
use crate::limits::Usage;

/// The side of an [`Execution`] that carries it out, for interpreters that are
/// programs of the embedder's and no guests.
///
/// Dropped before [`Self::finish`], it says that the interpreter broke.
#[derive(Debug)]
pub struct Executor {
    channel: Option<Channel>,
    control: Arc<Control>,
    id: ExecutionId,
    started: Instant,
    shown: AtomicU64,
}

impl Executor {
    /// The execution of this number within its context, and who carries it out.
    #[must_use]
    pub fn new(number: u64) -> (Self, Execution) {
        // Whoever carries it out waits for interrupts: nobody has to be nudged.
        let control = Control::new(Arc::new(|| ()));
        let id = ExecutionId(number);
        let (channel, execution) = channel(id, Arc::clone(&control));
        let executor = Self {
            channel: Some(channel),
            control,
            id,
            started: Instant::now(),
            shown: AtomicU64::new(0),
        };
        (executor, execution)
    }

    /// Says that it starts to run now, and did not before.
    pub fn start(&mut self) {
        self.started = Instant::now();
    }

    /// Shows something, waiting for a slow reader. What nobody reads vanishes.
    pub async fn show(&self, event: Event) {
        let bytes = match &event {
            Event::Stdout(bytes) | Event::Stderr(bytes) => bytes.len(),
            _ => 0,
        };
        self.shown.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(channel) = &self.channel {
            channel.outlet.send(event, bytes).await;
        }
    }

    /// Bytes of streams that were shown.
    #[must_use]
    pub fn shown_bytes(&self) -> u64 {
        self.shown.load(Ordering::Relaxed)
    }

    /// Who asked it to stop, if anybody did.
    #[must_use]
    pub fn asked(&self) -> Option<InterruptCause> {
        self.control.asked()
    }

    /// Waits until somebody asks it to stop; at once when somebody has. There is
    /// one waiter at a time.
    pub async fn interrupted(&self) -> InterruptCause {
        loop {
            if let Some(cause) = self.control.asked() {
                return cause;
            }
            self.control.woken().await;
        }
    }

    /// Says how it ended, and what processor time it used.
    pub fn finish(mut self, end: End, cpu: Duration) {
        self.close(end, cpu, None);
    }

    /// As [`Self::finish`]; the interpreter's variables are lost with it.
    pub fn give_up(mut self, end: End, cpu: Duration) {
        let lost = self.everything();
        self.close(end, cpu, lost);
    }

    fn everything(&self) -> Option<Lost> {
        Some(Lost {
            first: ExecutionId(1),
            last: self.id,
        })
    }

    fn close(&mut self, end: End, cpu: Duration, lost: Option<Lost>) {
        let Some(channel) = self.channel.take() else {
            return;
        };
        channel.finish(Outcome {
            end,
            usage: Usage {
                wall: self.started.elapsed(),
                cpu,
                output_bytes: self.shown_bytes(),
                ..Usage::default()
            },
            lost,
        });
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let end = match self.control.asked() {
            Some(InterruptCause::Closed) => End::Interrupted {
                by: InterruptCause::Closed,
            },
            _ => End::Trapped {
                kind: TrapKind::Other {
                    name: "it was killed".to_owned(),
                },
            },
        };
        let lost = self.everything();
        self.close(end, Duration::ZERO, lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_shown_arrives_and_then_the_end() {
        let (executor, mut execution) = Executor::new(3);
        assert_eq!(execution.id().number(), 3);
        executor.show(Event::Stdout("hi".into())).await;
        assert_eq!(executor.shown_bytes(), 2);
        executor.finish(End::Finished, Duration::from_millis(1));
        assert_eq!(execution.next().await, Some(Event::Stdout("hi".into())));
        assert_eq!(execution.next().await, None);
        let outcome = execution.outcome().await.unwrap();
        assert!(outcome.is_finished() && outcome.lost.is_none());
        assert_eq!(outcome.usage.output_bytes, 2);
    }

    #[tokio::test]
    async fn an_interrupt_arrives_also_before_anybody_waits() {
        let (executor, execution) = Executor::new(1);
        execution.interrupt_handle().interrupt();
        assert_eq!(executor.interrupted().await, InterruptCause::Handle);
        assert_eq!(executor.interrupted().await, InterruptCause::Handle);
        let (executor, execution) = Executor::new(1);
        drop(execution);
        assert_eq!(executor.interrupted().await, InterruptCause::Dropped);
        executor.show(Event::Stdout("nobody".into())).await;
    }

    #[tokio::test]
    async fn who_goes_away_has_broken() {
        let (executor, execution) = Executor::new(2);
        drop(executor);
        let outcome = execution.outcome().await.unwrap();
        assert!(matches!(outcome.end, End::Trapped { .. }));
        let lost = outcome.lost.unwrap();
        assert_eq!((lost.first.number(), lost.last.number()), (1, 2));
    }
}
