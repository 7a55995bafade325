//! The frame of all cases: what is run, how it must end, and who must not
//! notice.

use std::time::Duration;

use sandcell::{
    Checkpoints, Context, End, Event, Execution, InterruptCause, Limit, Outcome, RunCode, Runtime,
    SandboxBuilder, TrapKind,
};

use crate::support::{LONG, check, finished, first, runtime, start};

/// Wall-time limit of the cases that are meant to meet it.
pub(crate) const WALL: Duration = Duration::from_millis(700);

/// Their grace.
pub(crate) const GRACE: Duration = Duration::from_millis(100);

/// How a case has to end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// Without an exception.
    Finished,
    /// By this exception.
    Raised(&'static str),
    /// By its deadline; variables live on.
    Interrupted,
    /// By its deadline and by force.
    Stopped,
    /// By the output limit.
    OutputSpent,
    /// By a trap.
    Trapped(TrapKind),
}

use Expected::{Finished, Interrupted, OutputSpent, Raised, Stopped, Trapped};

impl Expected {
    /// Whether the interpreter is lost.
    fn costs_the_context(&self) -> bool {
        matches!(self, Stopped | Trapped(_))
    }

    fn of(outcome: &Outcome) -> Result<Self, String> {
        let by_force = outcome.lost.is_some();
        match &outcome.end {
            End::Finished => Ok(Finished),
            End::Raised(exception) => Err(format!("{}: {}", exception.name, exception.value)),
            End::Interrupted {
                by: InterruptCause::Deadline,
            } if by_force => Ok(Stopped),
            End::Interrupted {
                by: InterruptCause::Deadline,
            } => Ok(Interrupted),
            End::Exhausted {
                limit: Limit::Output,
                ..
            } => Ok(OutputSpent),
            End::Trapped { kind } => Ok(Trapped(kind.clone())),
            other => Err(other.to_string()),
        }
    }

    fn check(&self, name: &str, outcome: &Outcome) {
        match (self, &outcome.end) {
            (Raised(expected), End::Raised(found)) => {
                assert_eq!(*expected, found.name, "{name}: {}", found.traceback);
            }
            _ => assert_eq!(Self::of(outcome).as_ref(), Ok(self), "{name}"),
        }
        assert_eq!(
            outcome.lost.is_some(),
            self.costs_the_context(),
            "{name}: {outcome:?}"
        );
    }
}

/// Settings of a hostile sandbox.
pub(crate) fn narrow(runtime: &Runtime) -> SandboxBuilder {
    runtime
        .sandbox()
        .wall(LONG)
        .grace(GRACE)
        .checkpoints(Checkpoints::EveryCell)
        .memory_bytes(160 << 20)
        .output_bytes(8 << 20)
}

/// Runs the cell of one case and checks its end, the sandbox after it, and the
/// neighbour beside it.
pub(crate) async fn case(name: &str, code: impl Into<RunCode>, expected: Expected) {
    cases(name, [(code.into(), expected)]).await;
}

/// Runs several cells one after the other in one sandbox.
pub(crate) async fn cases(name: &str, cells: impl IntoIterator<Item = (RunCode, Expected)>) {
    let runtime = runtime().await;
    let cells: Vec<(RunCode, Expected)> = cells.into_iter().collect();
    // Who must come to an end by being asked gets all the time of a busy machine.
    let by_force = cells.iter().any(|(_, expected)| *expected == Stopped);
    let grace = if by_force { GRACE } else { LONG };
    let sandbox = start(narrow(&runtime).grace(grace)).await;
    let hostile = first(&sandbox);
    let mut neighbour = Neighbour::new(&runtime).await;
    let files = sandbox.files();
    files.write("/tmp/kept", "kept").unwrap();
    for (code, expected) in cells {
        finished(&hostile, "kept = 1").await;
        // Only who is meant to meet the deadline has a near one.
        let code = match expected {
            Interrupted | Stopped => code.wall(Some(WALL)),
            _ => code,
        };
        let execution = hostile.execute(code).unwrap();
        let id = execution.id();
        let outcome = neighbour.watch(execution).await;
        expected.check(name, &outcome);
        let another = sandbox.create_context().await.unwrap();
        goes_on(name, &another, "'another context'").await;
        goes_on(name, &hostile, "'the same context'").await;
        if expected.costs_the_context() {
            // What was lost is the hostile cell alone.
            assert_eq!(outcome.lost.map(|lost| lost.first), Some(id), "{name}");
        }
        check(&hostile, "kept", "1").await;
    }
    assert_eq!(files.read("/tmp/kept").unwrap(), b"kept", "{name}");
    neighbour.unharmed().await;
}

async fn goes_on(name: &str, context: &Context, code: &str) {
    let report = crate::support::run(context, code).await;
    assert_eq!(report.text(), Some(code), "{name}: {}", report.outcome.end);
}

/// A sandbox that works on while another is under attack.
pub(crate) struct Neighbour {
    context: Context,
    steps: u64,
}

impl Neighbour {
    pub(crate) async fn new(runtime: &Runtime) -> Self {
        let context = first(&start(runtime.sandbox()).await);
        let set_up = "steps = 0\nimport json, hashlib\nopen('mine.txt', 'w').write('mine')\ndata = bytes(range(256)) * 4096\nmark = hashlib.sha256(data).hexdigest()";
        finished(&context, set_up).await;
        Self { context, steps: 0 }
    }

    /// Reads the execution to its end while the neighbour does its own work.
    pub(crate) async fn watch(&mut self, mut execution: Execution) -> Outcome {
        loop {
            let step = self.step();
            tokio::pin!(step);
            loop {
                tokio::select! {
                    biased;
                    event = execution.next() => {
                        let Some(event) = event else {
                            step.await;
                            self.steps += 1;
                            return execution.outcome().await.unwrap();
                        };
                        // A hostile program may show what it likes: it is read.
                        drop::<Event>(event);
                    }
                    () = &mut step => break,
                }
            }
            self.steps += 1;
        }
    }

    fn step(&self) -> impl Future<Output = ()> + use<> {
        let context = self.context.clone();
        let expected = (self.steps + 1).to_string();
        async move { check(&context, "steps += 1\nsteps", &expected).await }
    }

    /// Everything is as the neighbour left it.
    pub(crate) async fn unharmed(&self) {
        assert!(self.steps > 0, "the neighbour never ran");
        let code = "steps, open('mine.txt').read(), json.dumps([1]), hashlib.sha256(data).hexdigest() == mark";
        let expected = format!("({}, 'mine', '[1]', True)", self.steps);
        check(&self.context, code, &expected).await;
    }
}
