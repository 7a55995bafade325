//! What must hold for any program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sandcell::{Context, End, InterruptCause, Limit, Limits, RunCode, Runtime, SandboxBuilder};
use tokio::task::JoinHandle;

use crate::generator::Program;
use crate::support::{check, finished, first, start};

/// Long enough for most programs; those without end get no more.
const WALL: Duration = Duration::from_millis(300);
const GRACE: Duration = Duration::from_millis(150);
const MEMORY_BYTES: u64 = 128 << 20;
const OUTPUT_BYTES: u64 = 256 << 10;
const FILE_BYTES: u64 = 16 << 20;

/// Settings of the sandbox of one program.
fn narrow(runtime: &Runtime) -> SandboxBuilder {
    let mut limits = Limits::default();
    limits.wall = Some(WALL);
    limits.grace = GRACE;
    limits.memory_bytes = MEMORY_BYTES;
    limits.output_bytes = OUTPUT_BYTES;
    limits.file_bytes = FILE_BYTES;
    runtime.sandbox().limits(limits)
}

/// Runs a program in a sandbox of its own: however it ends, that is a typed end
/// within its limits, and its context answers the next cell.
pub(crate) async fn survives(runtime: Runtime, program: Program) {
    let sandbox = start(narrow(&runtime)).await;
    let context = first(&sandbox);
    let shown = program.shown();
    let execution = context.execute(program.source).expect("the cell is taken");
    let report = execution.report().await.expect("an outcome");
    let outcome = &report.outcome;
    let forced = match &outcome.end {
        End::Finished | End::Raised(_) => false,
        End::Interrupted {
            by: InterruptCause::Deadline,
        } => outcome.lost.is_some(),
        End::Exhausted {
            limit: Limit::Output,
            allowed,
        } => {
            assert_eq!(*allowed, OUTPUT_BYTES, "{shown}");
            outcome.lost.is_some()
        }
        End::Trapped { .. } => true,
        other => panic!("{other}: {shown}"),
    };
    assert_eq!(outcome.lost.is_some(), forced, "{outcome:?}: {shown}");
    let shown_bytes = (report.stdout.len() + report.stderr.len()) as u64;
    assert!(shown_bytes <= OUTPUT_BYTES, "{shown_bytes}: {shown}");
    assert!(outcome.usage.output_bytes <= OUTPUT_BYTES, "{shown}");
    assert!(outcome.usage.peak_memory_bytes <= MEMORY_BYTES, "{shown}");
    assert!(sandbox.files().usage().bytes <= FILE_BYTES, "{shown}");
    let patient = RunCode::new("1 + 1").wall(Some(crate::support::LONG));
    let after = crate::support::run(&context, patient).await;
    assert_eq!(
        after.text(),
        Some("2"),
        "{} after {} of {shown}",
        after.outcome.end,
        outcome.end
    );
}

/// A sandbox that works on while others run programs.
#[derive(Debug)]
pub(crate) struct Bystander {
    context: Context,
    over: Arc<AtomicBool>,
    work: JoinHandle<u64>,
}

impl Bystander {
    /// Both languages understand its cells.
    pub(crate) async fn start(runtime: &Runtime) -> Self {
        let sandbox = start(runtime.sandbox()).await;
        let context = first(&sandbox);
        sandbox.files().write("/tmp/mine", "mine").unwrap();
        finished(&context, "steps = 0; kept = [3, 1, 2]").await;
        let over = Arc::<AtomicBool>::default();
        let (at_work, told) = (context.clone(), Arc::clone(&over));
        let work = tokio::spawn(async move {
            let mut steps = 0_u64;
            while !told.load(Ordering::SeqCst) {
                steps += 1;
                check(&at_work, "steps += 1; steps", &steps.to_string()).await;
                assert_eq!(sandbox.files().read("/tmp/mine").unwrap(), b"mine");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            steps
        });
        Self {
            context,
            over,
            work,
        }
    }

    /// Everything is as it left it.
    pub(crate) async fn unharmed(self) {
        self.over.store(true, Ordering::SeqCst);
        let steps = self.work.await.expect("the bystander was never disturbed");
        assert!(steps > 0, "the bystander never ran");
        check(&self.context, "steps", &steps.to_string()).await;
        check(&self.context, "kept[0] + kept[2]", "5").await;
    }
}
