//! Pauses, busy sandboxes, checkpoints and undo.

use std::time::Duration;

use sandcell::{Busy, Checkpoints, End, Error, InterruptCause, Sandbox, State};

use crate::support::{check, finished, first, raised, run, runtime, start, value};

const SAVING: End = End::Interrupted {
    by: InterruptCause::Saving,
};

#[tokio::test]
async fn a_pause_gives_memory_back_and_keeps_everything() {
    let sandbox = start(runtime().await.sandbox()).await;
    let context = first(&sandbox);
    finished(
        &context,
        "x = b'x' * 20_000_000; f = open('a', 'w+'); n = f.write('abc')",
    )
    .await;
    let snapshot = sandbox.pause(Busy::default()).await.unwrap().unwrap();
    assert_eq!(sandbox.state(), State::Paused);
    assert!(snapshot.bytes() >= 20_000_000);
    assert!(matches!(context.execute("x"), Err(Error::Paused)));
    assert!(matches!(sandbox.create_context().await, Err(Error::Paused)));
    assert!(matches!(
        sandbox.snapshot(Busy::Refuse).await,
        Err(Error::Paused)
    ));
    sandbox
        .files()
        .write("/home/user/b", "while paused")
        .unwrap();
    sandbox.resume().unwrap();
    sandbox.resume().unwrap();
    check(
        &context,
        "len(x), f.tell(), open('b').read()",
        "(20000000, 3, 'while paused')",
    )
    .await;
}

#[tokio::test]
async fn randomness_goes_on_after_a_pause() {
    let sandbox = start(runtime().await.sandbox()).await;
    let context = first(&sandbox);
    finished(
        &context,
        "import random; random.seed(5); a = random.random(); random.seed(5)",
    )
    .await;
    sandbox.pause(Busy::default()).await.unwrap();
    sandbox.resume().unwrap();
    check(&context, "random.random() == a", "True").await;
}

async fn started(sandbox: &Sandbox, code: &str) -> sandcell::Execution {
    let mut execution = first(sandbox)
        .execute(format!("print('go')\n{code}"))
        .unwrap();
    execution.next().await.unwrap();
    execution
}

#[tokio::test]
async fn a_busy_cell_is_interrupted_and_its_variables_live_on() {
    for code in [
        "import time; x = 1; time.sleep(10**6)",
        "x = 1\nwhile True: pass",
        "x = 1\ndef numbers():\n    while True: yield 1\nsum(numbers())",
        "import asyncio; x = 1; await asyncio.sleep(10**6)",
    ] {
        for busy in [Busy::Interrupt, Busy::Wait(Duration::from_millis(1))] {
            let sandbox = start(runtime().await.sandbox()).await;
            let execution = started(&sandbox, code).await;
            sandbox.pause(busy).await.unwrap();
            let outcome = execution.outcome().await.unwrap();
            assert_eq!((outcome.end, outcome.lost), (SAVING, None), "{code}");
            sandbox.resume().unwrap();
            check(&first(&sandbox), "x", "1").await;
        }
    }
}

#[tokio::test]
async fn a_busy_sandbox_may_refuse_or_be_waited_for() {
    let sandbox = start(runtime().await.sandbox()).await;
    let execution = started(&sandbox, "import time; time.sleep(0.05); x = 1").await;
    let error = sandbox.pause(Busy::Refuse).await.unwrap_err();
    assert!(matches!(error, Error::Running { .. }), "{error:?}");
    assert_eq!(sandbox.state(), State::Running);
    let snapshot = sandbox
        .snapshot(Busy::Wait(Duration::from_secs(600)))
        .await
        .unwrap();
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
    let copy = start(runtime().await.sandbox().snapshot(&snapshot)).await;
    check(&first(&copy), "x", "1").await;
}

#[tokio::test]
async fn a_pause_that_is_given_up_leaves_the_sandbox_running() {
    let sandbox = start(runtime().await.sandbox()).await;
    let execution = started(&sandbox, "import time; time.sleep(0.1)").await;
    let pause = sandbox.pause(Busy::Wait(Duration::from_secs(600)));
    assert!(
        tokio::time::timeout(Duration::from_millis(5), pause)
            .await
            .is_err()
    );
    assert_eq!(sandbox.state(), State::Running);
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
    check(&first(&sandbox), "1 + 1", "2").await;
}

/// A cell that nothing but force stops.
const STUBBORN: &str = "y = 'stubborn'
while True:
    try:
        while True: pass
    except BaseException: pass";

async fn careful(checkpoints: Checkpoints) -> Sandbox {
    let builder = runtime().await.sandbox().grace(Duration::from_millis(10));
    start(builder.checkpoints(checkpoints)).await
}

#[tokio::test]
async fn a_hard_stop_costs_what_came_after_the_last_checkpoint() {
    let sandbox = careful(Checkpoints::EveryCell).await;
    let context = first(&sandbox);
    finished(
        &context,
        "x = 1; f = open('log', 'w+'); n = f.write('one ')",
    )
    .await;
    finished(&context, "x = 2; n = f.write('two ')").await;
    for round in 0..2 {
        let cell = sandcell::RunCode::from(STUBBORN).wall(Some(Duration::from_millis(50)));
        let outcome = context.execute(cell).unwrap().outcome().await.unwrap();
        let lost = outcome.lost.unwrap();
        assert_eq!(lost.first, lost.last, "round {round}");
        check(&context, "x", "2").await;
        assert_eq!(raised(&context, "y").await.name, "NameError");
    }
    check(
        &context,
        "n = f.write('three'); f.seek(0); f.read()",
        "'one two three'",
    )
    .await;
    // Traps take the same road.
    let deep = "import sys; sys.setrecursionlimit(10**9)\nimport os; os.abort()";
    let outcome = run(&context, deep).await.outcome;
    assert!(
        matches!(outcome.end, End::Trapped { .. }),
        "{}",
        outcome.end
    );
    check(&context, "x", "2").await;
}

#[tokio::test]
async fn without_checkpoints_a_hard_stop_costs_everything() {
    let sandbox = careful(Checkpoints::Never).await;
    let context = first(&sandbox);
    finished(&context, "x = 1").await;
    let cell = sandcell::RunCode::from(STUBBORN).wall(Some(Duration::from_millis(50)));
    let outcome = context.execute(cell).unwrap().outcome().await.unwrap();
    let lost = outcome.lost.unwrap();
    assert_eq!((lost.first.number(), lost.last.number()), (1, 2));
    assert_eq!(raised(&context, "x").await.name, "NameError");
    assert!(matches!(context.undo().await, Err(Error::NothingToUndo)));
}

#[tokio::test]
async fn an_idle_context_is_saved_by_itself() {
    let sandbox = careful(Checkpoints::Auto).await;
    let context = first(&sandbox);
    finished(&context, "x = sum(range(100_000))").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let cell = sandcell::RunCode::from(STUBBORN).wall(Some(Duration::from_millis(50)));
    let outcome = context.execute(cell).unwrap().outcome().await.unwrap();
    let lost = outcome.lost.unwrap();
    assert_eq!((lost.first.number(), lost.last.number()), (2, 2));
    check(&context, "x", "4999950000").await;
}

#[tokio::test]
async fn undo_steps_back_cell_by_cell() {
    let sandbox = careful(Checkpoints::EveryCell).await;
    let context = first(&sandbox);
    assert!(matches!(context.undo().await, Err(Error::NothingToUndo)));
    for n in 1..=3 {
        finished(&context, format!("x = {n}")).await;
    }
    let lost = context.undo().await.unwrap();
    assert_eq!((lost.first.number(), lost.last.number()), (3, 3));
    let lost = context.undo().await.unwrap();
    assert_eq!((lost.first.number(), lost.last.number()), (2, 2));
    check(&context, "x", "1").await;
    let lost = context.undo().await.unwrap();
    assert_eq!((lost.first.number(), lost.last.number()), (4, 4));
    finished(&context, "x += 10").await;
    check(&context, "x", "11").await;
    for _ in 0..3 {
        context.undo().await.unwrap();
    }
    assert_eq!(raised(&context, "x").await.name, "NameError");
    // Only so many states are kept.
    for n in 0..40 {
        finished(&context, format!("x = {n}")).await;
    }
    let mut steps = 0;
    while context.undo().await.is_ok() {
        steps += 1;
    }
    assert_eq!(steps, 15);
    check(&context, "x", "24").await;
}

/// Cells that would go on for ever, or for a while, and say that they began.
const HELD: [&str; 4] = [
    "import time; x = 1\nwhile not go: time.sleep(0.001); n += 1",
    "x = 1\nwhile not go: n += 1",
    "import asyncio; x = 1\nwhile not go: await asyncio.sleep(0.001); n += 1",
    "x = 1\ndef numbers():\n    while not go: yield 1\nfor _ in numbers(): n += 1",
];

#[tokio::test]
async fn a_held_cell_stands_still_and_goes_on() {
    for code in HELD {
        let sandbox = start(runtime().await.sandbox().grace(Duration::from_secs(60))).await;
        let context = first(&sandbox);
        // The file is how the host says that it is enough.
        let code = code.replace("not go", "not os.path.exists('/tmp/go')");
        let mut execution =
            started(&sandbox, &format!("import os; n = 0\n{code}\nprint('end')")).await;
        assert!(sandbox.pause(Busy::Hold).await.unwrap().is_none());
        assert_eq!(sandbox.state(), State::Held);
        assert!(matches!(context.execute("1"), Err(Error::Paused)));
        assert!(matches!(
            sandbox.snapshot(Busy::default()).await,
            Err(Error::Paused)
        ));
        assert!(matches!(
            sandbox.pause(Busy::Hold).await,
            Err(Error::Paused)
        ));
        sandbox.files().write("/tmp/go", "").unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(30), execution.next()).await;
        assert!(waited.is_err(), "it went on: {waited:?}");
        sandbox.resume().unwrap();
        assert_eq!(sandbox.state(), State::Running);
        let outcome = execution.outcome().await.unwrap();
        assert_eq!((outcome.end, outcome.lost), (End::Finished, None), "{code}");
        check(&context, "x", "1").await;
    }
}

#[tokio::test]
async fn time_in_which_a_cell_is_held_counts_towards_no_deadline() {
    let sandbox = start(runtime().await.sandbox()).await;
    let cell = sandcell::RunCode::from("print('go')\nimport time; time.sleep(0.02); x = 1")
        .wall(Some(Duration::from_millis(400)));
    let mut execution = first(&sandbox).execute(cell).unwrap();
    execution.next().await.unwrap();
    if sandbox.pause(Busy::Hold).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(600)).await;
        sandbox.resume().unwrap();
    }
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
}

#[tokio::test]
async fn an_idle_sandbox_is_paused_and_a_held_one_can_end() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), "x = 1").await;
    assert!(sandbox.pause(Busy::Hold).await.unwrap().is_some());
    assert_eq!(sandbox.state(), State::Paused);
    sandbox.resume().unwrap();
    let execution = started(&sandbox, "while True: pass").await;
    let refused = sandbox.snapshot(Busy::Hold).await;
    assert!(matches!(refused, Err(Error::Running { .. })), "{refused:?}");
    assert!(sandbox.pause(Busy::Hold).await.unwrap().is_none());
    sandbox.close();
    let outcome = execution.outcome().await.unwrap();
    let closed = InterruptCause::Closed;
    assert_eq!(outcome.end, End::Interrupted { by: closed });
    assert_eq!(sandbox.state(), State::Ended);
}

#[tokio::test]
async fn one_held_context_does_not_stop_who_waits_for_another() {
    let sandbox = start(runtime().await.sandbox()).await;
    let other = sandbox.create_context().await.unwrap();
    finished(&other, "y = 2").await;
    let execution = started(&sandbox, "while True: pass").await;
    assert!(sandbox.pause(Busy::Hold).await.unwrap().is_none());
    assert!(matches!(other.execute("y"), Err(Error::Paused)));
    sandbox.resume().unwrap();
    check(&other, "y", "2").await;
    execution.interrupt_handle().interrupt();
    let by = InterruptCause::Handle;
    assert_eq!(
        execution.outcome().await.unwrap().end,
        End::Interrupted { by }
    );
}

#[tokio::test]
async fn checkpoints_miss_no_page_whoever_wrote_it() {
    let sandbox = careful(Checkpoints::EveryCell).await;
    let context = first(&sandbox);
    let setup = "import random, os, hashlib, time, gc
data = bytearray(3_000_000); parts = {}
def change(seed, slow):
    dice = random.Random(seed)
    for _ in range(dice.randrange(40)):
        at = dice.randrange(len(data)); data[at:at + 9] = b'123456789'
    parts[seed % 7] = [seed] * dice.randrange(3000)
    # Long enough for the ticker to ring.
    until = time.monotonic() + slow
    while time.monotonic() < until: pass
def digest():
    return hashlib.sha256(bytes(data) + repr(parts).encode()).hexdigest()";
    finished(&context, setup).await;
    for round in 0..40 {
        let slow = if round % 8 == 0 { "0.02" } else { "0" };
        let digest = value(&context, format!("change({round}, {slow}); digest()")).await;
        if round % 5 == 4 {
            let outcome = run(&context, "data[0:9] = b'987654321'; os.abort()")
                .await
                .outcome;
            assert!(
                matches!(outcome.end, End::Trapped { .. }),
                "{}",
                outcome.end
            );
        }
        check(&context, "digest()", &digest).await;
        if round % 9 == 8 {
            sandbox.pause(Busy::default()).await.unwrap();
            sandbox.resume().unwrap();
            check(&context, "digest()", &digest).await;
        }
    }
}
