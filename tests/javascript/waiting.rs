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
            "let kept = [1]; let late = 0; setTimeout(() => {{ late = 1 }}, 400); {wait}; kept.push(2)"
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
            "await new Promise((r) => setTimeout(r, 500)); [kept, late]",
            "[ [ 1 ], 0 ]",
        )
        .await;
    }
}

#[tokio::test]
async fn a_deadline_in_an_await_ends_the_cell() {
    let context = crate::guest::short_context(Duration::from_secs(1)).await;
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

/// Whoever does not ask for the middle of a cell waits for its end, or interrupts it.
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

/// Of a cell that waits in an `await`, a copy holds what was there at that moment; it waits for nothing.
#[tokio::test]
async fn a_copy_taken_in_an_await_holds_the_state_of_that_moment() {
    const SOON: Busy = Busy::Awaiting(Duration::from_secs(60));
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let (context, idle) = (first(&sandbox), sandbox.create_context().await.unwrap());
    finished(&idle, "let mine = 'idle'").await;
    let code = "let x = [1], late = 0; process.env.NEW = 'n'; require('fs').writeFileSync('f', 'one'); \
                setTimeout(() => { late = 1 }, 1e8).unref(); Promise.resolve().then(() => x.push(2)); \
                const opened = require('fs').openSync('f', 'r'); await gate(); x.push(3); x";
    let execution = context.execute(code).unwrap();
    let behind = context.execute("x.push('behind'); x.length").unwrap();
    gate.arrived().await;
    let snapshot = sandbox.snapshot(SOON).await.unwrap();
    let forked = sandbox.fork(2, SOON).await.unwrap();
    sandbox.files().write("/home/user/f", "two").unwrap();
    // The cell itself has seen nothing of it.
    gate.open();
    assert_eq!(
        execution.report().await.unwrap().text(),
        Some("[ 1, 2, 3 ]")
    );
    assert_eq!(behind.report().await.unwrap().text(), Some("4"));
    let restored = start(gate.install(builder().await).snapshot(&snapshot)).await;
    for copy in [&restored, &forked[0], &forked[1]] {
        let context = first(copy);
        check(&context, "x", "[ 1, 2 ]").await;
        check(
            &context,
            "await new Promise((r) => setTimeout(r, 20)); [x, late]",
            "[ [ 1, 2 ], 0 ]",
        )
        .await;
        check(
            &context,
            "const rest = Buffer.alloc(3); require('fs').readSync(opened, rest); rest.toString()",
            "'one'",
        )
        .await;
        let other = copy.find(idle.id()).unwrap();
        check(&other, "mine", "'idle'").await;
        // It can wait, and be copied, as the first could.
        let execution = context
            .execute("await gate(); x.push('copy'); x.length")
            .unwrap();
        gate.arrived().await;
        let again = copy.fork(1, SOON).await.unwrap();
        gate.open();
        assert_eq!(execution.report().await.unwrap().text(), Some("3"));
        check(&first(&again[0]), "x.length", "2").await;
    }
}

#[tokio::test]
async fn a_copy_in_a_timer_needs_no_wait_for_it() {
    const SOON: Busy = Busy::Awaiting(Duration::from_secs(60));
    let sandbox = start(builder().await).await;
    let context = first(&sandbox);
    let mut execution = context
        .execute(
            sandcell::RunCode::new(
                "let n = 1; console.log('go'); await new Promise((r) => setTimeout(r, 1e8)); n = 2",
            )
            .env("ONCE", "1"),
        )
        .unwrap();
    execution.next().await.unwrap();
    for _ in 0..3 {
        let copies = sandbox.fork(1, SOON).await.unwrap();
        check(
            &first(&copies[0]),
            "[n, process.env.ONCE]",
            "[ 1, undefined ]",
        )
        .await;
    }
    // Whoever asks to refuse is refused, and a pause keeps the whole cell.
    assert!(sandbox.snapshot(Busy::Refuse).await.is_err());
    assert!(sandbox.pause(Busy::Hold).await.unwrap().is_none());
    sandbox.resume().unwrap();
    execution.interrupt_handle().interrupt();
    let outcome = execution.outcome().await.unwrap();
    let by = InterruptCause::Handle;
    assert_eq!((outcome.end, outcome.lost), (End::Interrupted { by }, None));
    check(&context, "n", "1").await;
}

/// A cell that computes comes to an `await` or to its end first; one that never does is interrupted.
#[tokio::test]
async fn a_copy_waits_for_a_cell_that_computes() {
    let sandbox = start(builder().await).await;
    let context = first(&sandbox);
    let mut execution = context
        .execute("let y = 0; console.log('go'); for (let i = 0; i < 3e6; i++) y += i % 2; await new Promise((r) => setTimeout(r, 1e8))")
        .unwrap();
    execution.next().await.unwrap();
    let copies = sandbox
        .fork(1, Busy::Awaiting(Duration::from_secs(60)))
        .await
        .unwrap();
    check(&first(&copies[0]), "y", "1500000").await;
    execution.interrupt_handle().interrupt();
    execution.outcome().await.unwrap();
    let mut execution = context
        .execute("y = 7; console.log('go'); for (;;) ;")
        .unwrap();
    execution.next().await.unwrap();
    let copies = sandbox
        .fork(1, Busy::Awaiting(Duration::from_millis(1)))
        .await
        .unwrap();
    let by = InterruptCause::Saving;
    assert_eq!(
        execution.outcome().await.unwrap().end,
        End::Interrupted { by }
    );
    check(&first(&copies[0]), "y", "7").await;
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
