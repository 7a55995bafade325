//! Events while they stream: early, in full, and never more of them in memory
//! than the bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Gate, LONG, builder, check, events, finished, first, start};
use sandcell::{Context, End, Event, SandboxBuilder};
use serde_json::Value;

#[tokio::test]
async fn an_event_arrives_before_its_cell_ends() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    let mut execution = context
        .execute("print('early')\ngate()\nprint('late')\n'end'")
        .unwrap();
    // The cell stands before the gate, which opens only after this event.
    assert_eq!(
        execution.next().await,
        Some(Event::Stdout("early\n".into()))
    );
    gate.open();
    assert_eq!(execution.next().await, Some(Event::Stdout("late\n".into())));
    let Some(Event::Result(result)) = execution.next().await else {
        panic!("no result")
    };
    assert_eq!(result.text(), Some("'end'"));
    assert_eq!(execution.next().await, None);
    assert_eq!(execution.next().await, None);
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
}

/// A sandbox whose cells count what they did by the host function `tick`.
async fn ticking(builder: SandboxBuilder) -> (Context, Arc<AtomicUsize>) {
    let ticks = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&ticks);
    let builder = builder.host_function("tick", None, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok(Value::Null) }
    });
    (first(&start(builder).await), ticks)
}

/// Lets the guest run on as far as it can.
async fn let_run() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_slow_reader_gets_everything_and_few_bytes_wait() {
    const PIECES: usize = 40;
    let (context, ticks) = ticking(builder().await).await;
    let code = format!(
        "for n in range({PIECES}):\n    print(chr(65 + n % 26) * (1 << 20), end='')\n    tick()"
    );
    let mut execution = context.execute(code).unwrap();
    let mut read = 0;
    let_run().await;
    while let Some(event) = execution.next().await {
        let Event::Stdout(bytes) = event else {
            panic!("{event:?}")
        };
        assert_eq!(bytes.len(), 1 << 20);
        assert!(
            bytes
                .iter()
                .all(|byte| usize::from(*byte) == 65 + read % 26),
            "piece {read}"
        );
        read += 1;
        let_run().await;
        let written = ticks.load(Ordering::SeqCst);
        // Four mebibytes may wait, and one more stands in the guest.
        assert!(written <= read + 5, "{written} written and {read} read");
    }
    assert_eq!(read, PIECES);
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
}

#[tokio::test]
async fn a_slow_reader_gets_everything_and_few_events_wait() {
    const LINES: usize = 2_000;
    let (context, ticks) = ticking(builder().await).await;
    let code = format!("for n in range({LINES}):\n    print(n)\n    if n % 50 == 0: tick()");
    let mut execution = context.execute(code).unwrap();
    let mut read = 0;
    while let Some(event) = execution.next().await {
        assert_eq!(event, Event::Stdout(format!("{read}\n").into()));
        read += 1;
        if read % 100 == 0 {
            let_run().await;
            let written = ticks.load(Ordering::SeqCst) * 50;
            assert!(
                written <= read + 256 + 100,
                "{written} written and {read} read"
            );
        }
    }
    assert_eq!(read, LINES);
}

#[tokio::test]
async fn an_outcome_can_be_had_without_reading_the_events() {
    let (context, _) = ticking(builder().await).await;
    let execution = context
        .execute("for n in range(1000): print('x' * 10_000)\n'end'")
        .unwrap();
    let outcome = execution.outcome().await.unwrap();
    assert_eq!(outcome.end, End::Finished);
    assert!(
        outcome.usage.output_bytes >= 10_001_000,
        "{:?}",
        outcome.usage
    );
}

#[tokio::test]
async fn dropping_an_execution_interrupts_and_variables_live_on() {
    let context = first(&start(builder().await.grace(LONG)).await);
    let code = "count = 0\nprint('running')\nwhile True:\n    count += 1";
    let mut execution = context.execute(code).unwrap();
    assert_eq!(
        execution.next().await,
        Some(Event::Stdout("running\n".into()))
    );
    drop(execution);
    check(&context, "count >= 0", "True").await;
}

#[tokio::test]
async fn dropping_an_execution_whose_guest_waits_for_room_interrupts_it() {
    let context = first(&start(builder().await.grace(LONG)).await);
    finished(&context, "written = 0").await;
    let code = "print('running')\nwhile True:\n    print('x' * 100_000)\n    written += 1";
    let mut execution = context.execute(code).unwrap();
    assert_eq!(
        execution.next().await,
        Some(Event::Stdout("running\n".into()))
    );
    let_run().await;
    drop(execution);
    check(&context, "written >= 0", "True").await;
}

#[tokio::test]
async fn a_dropped_execution_that_waits_never_runs() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    let first_cell = context.execute("gate()").unwrap();
    gate.arrived().await;
    drop(context.execute("never = 1").unwrap());
    gate.open();
    assert_eq!(first_cell.outcome().await.unwrap().end, End::Finished);
    check(&context, "'never' in globals()", "False").await;
}

#[tokio::test]
async fn cells_of_one_context_run_in_the_order_of_the_calls() {
    let context = crate::support::context().await;
    finished(&context, "order = []").await;
    let executions: Vec<_> = (0..20)
        .map(|n| context.execute(format!("order.append({n})")).unwrap())
        .collect();
    for execution in executions.into_iter().rev() {
        assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
    }
    check(&context, "order == list(range(20))", "True").await;
}

#[tokio::test]
async fn a_report_collects_all_that_was_shown() {
    let context = crate::support::context().await;
    let code = "import sys; print('out'); print('err', file=sys.stderr); display(1); 2";
    let report = crate::support::run(&context, code).await;
    assert_eq!(
        (report.stdout_text().as_str(), report.stderr_text().as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(report.text(), Some("2"));
    assert_eq!(report.displays.len(), 1);
    let (all, outcome) = events(&context, code).await;
    assert_eq!(all.len(), 4);
    assert_eq!(outcome.end, report.outcome.end);
}
