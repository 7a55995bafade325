//! Cells that wait: for a timer, for the host. Whoever waits takes no processor time and is in nobody's way.

use std::sync::Arc;
use std::time::Duration;

use sandcell::{Busy, End, HostError, InterruptCause, State};
use serde_json::Value;
use tokio::sync::Barrier;

use crate::guest::{builder, context};
use crate::support::{Gate, check, finished, first, run, start};

/// All guests of these tests share the test's one thread: who blocked it would never see the gate open.
#[tokio::test]
async fn other_contexts_run_while_one_waits() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let (one, other) = (first(&sandbox), sandbox.create_context().await.unwrap());
    let waiting = one
        .execute("let before = 1; await gate(); before + 1")
        .unwrap();
    gate.arrived().await;
    check(
        &other,
        "await new Promise((r) => setTimeout(r, 5)); 'meanwhile'",
        "'meanwhile'",
    )
    .await;
    let second = other.execute("await gate(); 'second'").unwrap();
    gate.arrived().await;
    gate.open();
    gate.open();
    assert_eq!(second.report().await.unwrap().text(), Some("'second'"));
    assert_eq!(waiting.report().await.unwrap().text(), Some("2"));
}

#[tokio::test]
async fn timers_of_two_contexts_run_at_the_same_time() {
    let sandbox = start(builder().await).await;
    let (one, other) = (first(&sandbox), sandbox.create_context().await.unwrap());
    // Each wakes the other: neither could end before the other has begun to wait.
    let partner = |mine: &str, theirs: &str| {
        format!(
            "const fs = require('fs'); fs.writeFileSync('{mine}', ''); while (!fs.existsSync('{theirs}')) await new Promise((r) => setTimeout(r, 3)); '{mine}'"
        )
    };
    let (a, b) = (
        one.execute(partner("a", "b")).unwrap(),
        other.execute(partner("b", "a")).unwrap(),
    );
    let (a, b) = tokio::join!(a.report(), b.report());
    assert_eq!(a.unwrap().text(), Some("'a'"));
    assert_eq!(b.unwrap().text(), Some("'b'"));
}

#[tokio::test]
async fn waiting_takes_no_processor_time() {
    for code in [
        "await new Promise((r) => setTimeout(r, 400))",
        "setTimeout(() => {}, 400)",
        "const { setTimeout: sleep } = require('timers/promises'); await Promise.all([sleep(400), sleep(300), sleep(200)])",
        "await slow()",
        "await Promise.race([slow(), new Promise((r) => setTimeout(r, 1e6).unref())])",
    ] {
        let slow = builder().await.host_function("slow", None, |_| async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok::<Value, HostError>(Value::Null)
        });
        let context = first(&start(slow).await);
        let usage = finished(&context, code).await.outcome.usage;
        assert!(
            usage.wall >= Duration::from_millis(350),
            "{code}: {usage:?}"
        );
        assert!(usage.cpu < usage.wall / 4, "{code}: {usage:?}");
    }
}

#[tokio::test]
async fn host_calls_run_side_by_side() {
    const MANY: usize = 20;
    let barrier = Arc::new(Barrier::new(MANY));
    let meet = builder().await.host_function("meet", None, move |_| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            Ok::<Value, HostError>(Value::from(1))
        }
    });
    let context = first(&start(meet).await);
    let code =
        format!("(await Promise.all(Array.from({{ length: {MANY} }}, () => meet()))).length");
    check(&context, code, "20").await;
}

#[tokio::test]
async fn answers_come_in_the_order_of_their_ends() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let context = first(&sandbox);
    let code = "const log = []; const a = gate().then(() => log.push('gate')); setTimeout(() => log.push('timer'), 1); \
                await new Promise((r) => setTimeout(r, 4)); log.push('main'); console.log('go'); await a; log.join()";
    let mut execution = context.execute(code).unwrap();
    gate.arrived().await;
    execution.next().await.unwrap();
    gate.open();
    assert_eq!(
        execution.report().await.unwrap().text(),
        Some("'timer,main,gate'")
    );
}

#[tokio::test]
async fn an_interrupt_in_an_await_keeps_variables_and_nothing_goes_on() {
    for wait in [
        "await gate()",
        "gate(); await new Promise((r) => setTimeout(r, 1e8))",
    ] {
        let gate = Gate::new();
        let sandbox = start(gate.install(builder().await)).await;
        let context = first(&sandbox);
        let code = format!(
            "let kept = [1]; let late = 0; setTimeout(() => {{ late = 1 }}, 20); {wait}; kept.push(2)"
        );
        let execution = context.execute(code).unwrap();
        let handle = execution.interrupt_handle();
        gate.arrived().await;
        handle.interrupt();
        let outcome = execution.outcome().await.unwrap();
        let by = InterruptCause::Handle;
        assert_eq!(
            (outcome.end, outcome.lost),
            (End::Interrupted { by }, None),
            "{wait}"
        );
        gate.open();
        check(
            &context,
            "await new Promise((r) => setTimeout(r, 40)); [kept, late]",
            "[ [ 1 ], 0 ]",
        )
        .await;
    }
}

#[tokio::test]
async fn a_deadline_in_an_await_ends_the_cell() {
    let context = crate::guest::short_context(Duration::from_millis(100)).await;
    finished(&context, "let kept = 7").await;
    let report = run(&context, "await new Promise((r) => setTimeout(r, 1e8))").await;
    let by = InterruptCause::Deadline;
    assert_eq!(report.outcome.end, End::Interrupted { by });
    check(&context, "kept", "7").await;
}

#[tokio::test]
async fn a_cell_is_held_in_the_middle_of_an_await() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let context = first(&sandbox);
    let execution = context.execute("let x = 1; await gate(); x += 1").unwrap();
    gate.arrived().await;
    assert!(sandbox.pause(Busy::Hold).await.unwrap().is_none());
    assert_eq!(sandbox.state(), State::Held);
    // The host's part goes on, the cell does not.
    gate.open();
    sandbox.resume().unwrap();
    assert_eq!(execution.report().await.unwrap().text(), Some("2"));
    check(&context, "x", "2").await;
}

/// A state is saved between cells: who saves in an await waits for its end, or interrupts it.
#[tokio::test]
async fn a_sandbox_is_saved_although_a_cell_waits() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let context = first(&sandbox);
    let execution = context
        .execute("let x = [1]; await gate(); x.push(2)")
        .unwrap();
    gate.arrived().await;
    let snapshot = sandbox.snapshot(Busy::Interrupt).await.unwrap();
    let outcome = execution.outcome().await.unwrap();
    assert!(
        matches!(outcome.end, End::Interrupted { .. }),
        "{}",
        outcome.end
    );
    let copy = start(builder().await.snapshot(&snapshot)).await;
    check(&first(&copy), "x", "[ 1 ]").await;
    let execution = context.execute("await gate(); x.push(3)").unwrap();
    gate.arrived().await;
    let forked = sandbox.fork(1, Busy::Wait(Duration::from_secs(60)));
    // The call that nobody waits for any more is one, too.
    gate.open();
    gate.open();
    let forked = forked.await.unwrap();
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
    check(&first(&forked[0]), "x", "[ 1, 3 ]").await;
}

#[tokio::test]
async fn many_turns_of_the_loop_do_not_starve_others() {
    let sandbox = start(builder().await).await;
    let (busy, other) = (first(&sandbox), sandbox.create_context().await.unwrap());
    let execution = busy
        .execute("(function again() { setImmediate(again) })()")
        .unwrap();
    let handle = execution.interrupt_handle();
    check(&other, "await new Promise((r) => setTimeout(r, 2)); 1", "1").await;
    handle.interrupt();
    let outcome = execution.outcome().await.unwrap();
    assert!(
        matches!(outcome.end, End::Interrupted { .. }),
        "{}",
        outcome.end
    );
    check(&context().await, "1", "1").await;
}
