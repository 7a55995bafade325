//! Several interpreters in one sandbox, and the end of both.

use std::sync::Arc;

use crate::support::{Gate, builder, check, finished, first, raised, refusal, run, sandbox, start};
use sandcell::{End, Error, ErrorKind, InterruptCause, State};
use serde_json::Value;
use tokio::sync::Barrier;

#[tokio::test]
async fn contexts_share_files_and_no_variables() {
    let sandbox = sandbox().await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    assert_ne!(one.id(), two.id());
    finished(
        &one,
        "x = 1; import sys; sys.path.append('/mine'); open('shared.txt', 'w').write('from one')",
    )
    .await;
    assert_eq!(raised(&two, "x").await.name, "NameError");
    check(&two, "import sys; '/mine' in sys.path", "False").await;
    check(&two, "open('shared.txt').read()", "'from one'").await;
    finished(&two, "open('shared.txt', 'a').write(' and two'); x = 2").await;
    check(
        &one,
        "open('shared.txt').read(), x",
        "('from one and two', 1)",
    )
    .await;
    finished(
        &one,
        "import os; os.environ['ONLY'] = 'one'; os.chdir('/tmp')",
    )
    .await;
    check(
        &two,
        "import os; os.environ.get('ONLY'), os.getcwd()",
        "(None, '/home/user')",
    )
    .await;
}

#[tokio::test]
async fn contexts_differ_in_randomness() {
    let sandbox = sandbox().await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    let code = "import random, uuid; random.random(), uuid.uuid4()";
    let values = (run(&one, code).await.result, run(&two, code).await.result);
    assert_ne!(values.0, values.1);
}

#[tokio::test]
async fn cells_of_two_contexts_run_at_the_same_time() {
    let barrier = Arc::new(Barrier::new(2));
    let builder = builder().await.host_function("meet", None, move |_| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            Ok(Value::Null)
        }
    });
    let sandbox = start(builder).await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    // Each waits for the other: they end only if both are under way.
    let met = tokio::join!(run(&one, "meet(); 'one'"), run(&two, "meet(); 'two'"));
    assert_eq!((met.0.text(), met.1.text()), (Some("'one'"), Some("'two'")));
    // And neither holds the other's processor.
    let busy = one.execute("while True: pass").unwrap();
    check(&two, "1 + 1", "2").await;
    busy.interrupt_handle().interrupt();
    assert_eq!(
        busy.outcome().await.unwrap().end,
        End::Interrupted {
            by: InterruptCause::Handle
        }
    );
}

#[tokio::test]
async fn contexts_are_found_by_their_ids() {
    let sandbox = sandbox().await;
    let two = sandbox.create_context().await.unwrap();
    let mut ids = vec![first(&sandbox).id(), two.id()];
    ids.sort();
    assert_eq!(sandbox.contexts(), ids);
    finished(&two, "x = 5").await;
    check(&sandbox.find(two.id()).unwrap(), "x", "5").await;
    let elsewhere = crate::support::context().await;
    let error = refusal(sandbox.find(elsewhere.id()));
    assert!(
        matches!(
            error,
            Error::Ended {
                what: "the context"
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_context_is_gone_and_the_others_live() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    finished(&one, "x = 1").await;
    let running = two.execute("gate()").unwrap();
    gate.arrived().await;
    let waiting = two.execute("open('never', 'w')").unwrap();
    sandbox.close_context(two.id()).unwrap();
    let closed = End::Interrupted {
        by: InterruptCause::Closed,
    };
    assert_eq!(running.outcome().await.unwrap().end, closed);
    assert_eq!(waiting.outcome().await.unwrap().end, closed);
    assert!(two.is_closed());
    for error in [
        refusal(two.execute("1")),
        refusal(sandbox.close_context(two.id())),
        refusal(sandbox.find(two.id())),
    ] {
        assert!(
            matches!(
                error,
                Error::Ended {
                    what: "the context"
                }
            ),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::State);
    }
    assert_eq!(sandbox.contexts(), [one.id()]);
    check(&one, "import os; x, os.path.exists('never')", "(1, False)").await;
}

#[tokio::test]
async fn a_busy_context_is_closed_by_force() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    let mut busy = context
        .execute("print('go')\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass")
        .unwrap();
    busy.next().await.unwrap();
    sandbox.close_context(context.id()).unwrap();
    // The grace of the sandbox is a minute; a close allows none.
    assert_eq!(
        busy.outcome().await.unwrap().end,
        End::Interrupted {
            by: InterruptCause::Closed
        }
    );
    assert_eq!(sandbox.state(), State::Running);
    let next = sandbox.create_context().await.unwrap();
    check(&next, "1", "1").await;
}

#[tokio::test]
async fn a_closed_sandbox_ends_everything() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    let running = [
        one.execute("gate()").unwrap(),
        two.execute("gate()").unwrap(),
    ];
    gate.arrived().await;
    gate.arrived().await;
    assert_eq!(sandbox.state(), State::Running);
    sandbox.close();
    sandbox.close();
    assert_eq!(sandbox.state(), State::Ended);
    for execution in running {
        assert_eq!(
            execution.outcome().await.unwrap().end,
            End::Interrupted {
                by: InterruptCause::Closed
            }
        );
    }
    let errors = [
        refusal(one.execute("1")),
        refusal(sandbox.context()),
        refusal(sandbox.create_context().await),
        refusal(sandbox.residency().await),
    ];
    for error in errors {
        assert!(matches!(error, Error::Ended { .. }), "{error}");
    }
    assert!(sandbox.contexts().is_empty());
}

#[tokio::test]
async fn a_sandbox_ends_with_its_last_handle() {
    let gate = Gate::new();
    let sandbox = start(gate.install(builder().await)).await;
    let context = first(&sandbox);
    let running = context.execute("gate(); 'lived'").unwrap();
    gate.arrived().await;
    drop(sandbox);
    gate.open();
    // The context is a handle, too.
    assert_eq!(running.report().await.unwrap().text(), Some("'lived'"));
    let running = context.execute("gate()").unwrap();
    gate.arrived().await;
    drop(context);
    assert_eq!(
        running.outcome().await.unwrap().end,
        End::Interrupted {
            by: InterruptCause::Closed
        }
    );
}

#[tokio::test]
async fn residency_counts_contexts_and_what_they_hold() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    finished(&context, "1").await;
    let before = sandbox.residency().await.unwrap();
    assert_eq!((before.contexts, before.executions), (1, 1));
    assert!(before.resident_bytes < 8 << 20, "{before:?}");
    finished(&context, "held = bytearray(b'x') * (32 << 20)").await;
    let after = sandbox.residency().await.unwrap();
    assert!(
        after.resident_bytes >= before.resident_bytes + (32 << 20),
        "{before:?} {after:?}"
    );
    assert!(
        after.memory_bytes >= after.resident_bytes - after.stack_bytes,
        "{after:?}"
    );
    assert!(after.cpu > before.cpu);
    sandbox.create_context().await.unwrap();
    assert_eq!(sandbox.residency().await.unwrap().contexts, 2);
}

#[tokio::test]
async fn a_stack_that_was_deep_is_given_back() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    finished(&context, "1").await;
    let before = sandbox.residency().await.unwrap();
    let deep = "class Deep:\n    def __repr__(self): return repr(self)\nimport sys; sys.setrecursionlimit(10**6)\nrepr(Deep())";
    assert_eq!(raised(&context, deep).await.name, "RecursionError");
    let after = sandbox.residency().await.unwrap();
    assert!(
        after.stack_bytes <= before.stack_bytes + (64 << 10),
        "{before:?} {after:?}"
    );
}
