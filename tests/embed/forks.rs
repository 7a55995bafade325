//! Many children of one sandbox, which share an image of their own.

use sandcell::{Busy, Checkpoints, Durability, End};

use crate::support::{check, finished, first, run, runtime, start};

/// So many get an image of their own.
const MANY: usize = 100;

const SETUP: &str = "import collections
text = 'x' * 3_000_000
squares = {n: n * n for n in range(2000)}
def numbers():
    yield from range(10)
going = numbers(); a = next(going)
f = open('log', 'w+'); n = f.write('parent ')";

#[tokio::test]
async fn many_children_go_on_from_one_state_and_apart() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), SETUP).await;
    let children = sandbox.fork(MANY, Busy::default()).await.unwrap();
    for (index, child) in children.iter().enumerate() {
        let context = first(child);
        finished(&context, format!("mine = {index}; n = f.write('{index}')")).await;
    }
    finished(&first(&sandbox), "mine = 'parent'").await;
    for (index, child) in children.iter().enumerate() {
        let context = first(child);
        let code = "mine, next(going), len(text), squares[1999], f.seek(0), f.read()";
        let expected = format!("({index}, 1, 3000000, 3996001, 0, 'parent {index}')");
        check(&context, code, &expected).await;
        // The text was not copied.
        let own = child.residency().await.unwrap().resident_bytes;
        assert!(own < 2_000_000, "{own} bytes of its own");
    }
    check(&first(&sandbox), "mine, next(going)", "('parent', 1)").await;
}

#[tokio::test]
async fn a_child_is_saved_against_the_language_s_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), SETUP).await;
    let children = sandbox.fork(MANY, Busy::default()).await.unwrap();
    let child = first(&children[7]);
    finished(&child, "squares[3] = 'three'; late = [b'y' * 2_000_000]").await;
    let snapshot = children[7].snapshot(Busy::default()).await.unwrap();
    assert!(snapshot.bytes() > 5_000_000, "{}", snapshot.bytes());
    snapshot.save(&path, Durability::Process).await.unwrap();
    let expected = "('three', 16, 3000000, 2000000, 1)";
    let code = "squares[3], squares[4], len(text), len(late[0]), next(going)";
    // Whatever it was mapped over is gone when it is read again.
    drop((children, snapshot, sandbox));
    let loaded = runtime().await.load_snapshot(&path).await.unwrap();
    let copy = start(runtime().await.sandbox().snapshot(&loaded)).await;
    check(&first(&copy), code, expected).await;
}

#[tokio::test]
async fn children_have_children_checkpoints_and_pauses() {
    let sandbox = start(
        runtime()
            .await
            .sandbox()
            .checkpoints(Checkpoints::EveryCell),
    )
    .await;
    finished(&first(&sandbox), SETUP).await;
    let children = sandbox.fork(MANY, Busy::default()).await.unwrap();
    let child = &children[3];
    let context = first(child);
    finished(&context, "squares[1] = 'one'").await;
    finished(&context, "squares[1] = 'two'; del text").await;
    context.undo().await.unwrap();
    check(&context, "squares[1], len(text)", "('one', 3000000)").await;
    let outcome = run(&context, "squares[1] = 'no'; import os; os.abort()")
        .await
        .outcome;
    assert!(
        matches!(outcome.end, End::Trapped { .. }),
        "{}",
        outcome.end
    );
    check(
        &context,
        "squares[1], squares[2], len(text)",
        "('one', 4, 3000000)",
    )
    .await;
    child.pause(Busy::default()).await.unwrap();
    child.resume().unwrap();
    check(&context, "squares[1]", "'one'").await;
    let grandchildren = child.fork(MANY, Busy::default()).await.unwrap();
    for grandchild in &grandchildren {
        check(
            &first(grandchild),
            "squares[1], len(text)",
            "('one', 3000000)",
        )
        .await;
    }
    // One that never ran is saved as it is, and renewed.
    let idle = &children[9];
    let snapshot = idle.snapshot(Busy::default()).await.unwrap();
    let copy = start(runtime().await.sandbox().snapshot(&snapshot)).await;
    check(&first(&copy), "squares[1], len(text)", "(1, 3000000)").await;
}

#[tokio::test]
async fn children_of_many_differ_in_what_must_not_repeat() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(
        &first(&sandbox),
        "import random, secrets, uuid; random.seed(1)",
    )
    .await;
    let children = sandbox.fork(MANY, Busy::default()).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for child in children.iter().chain([&sandbox]) {
        let code = "random.random(), secrets.token_hex(), uuid.uuid4().hex";
        let report = run(&first(child), code).await;
        for part in report.text().unwrap().split(", ") {
            assert!(seen.insert(part.to_owned()), "{part} came twice");
        }
    }
}

#[tokio::test]
async fn a_state_that_is_restored_again_and_again_stays_the_same() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), SETUP).await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    drop(sandbox);
    for round in 0..25 {
        let copy = start(runtime().await.sandbox().snapshot(&snapshot)).await;
        let code = format!("squares[{round}] = 0; len(text), next(going), sum(squares.values())");
        let expected = 2_664_667_000_u64 - round * round;
        check(
            &first(&copy),
            code.as_str(),
            &format!("(3000000, 1, {expected})"),
        )
        .await;
    }
}
