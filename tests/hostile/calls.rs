//! Host functions in hostile hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sandcell::{End, InterruptCause, SandboxBuilder};
use serde_json::Value;
use tokio::sync::Notify;

use crate::bystander::{Neighbour, narrow};
use crate::support::{check, exception, finished, first, run, runtime, start};

fn counted(builder: SandboxBuilder, calls: &Arc<AtomicU64>) -> SandboxBuilder {
    let calls = Arc::clone(calls);
    builder.host_function("take", None, move |_| {
        calls.fetch_add(1, Ordering::SeqCst);
        async { Ok(Value::Null) }
    })
}

#[tokio::test]
async fn arguments_that_cannot_be() {
    let runtime = runtime().await;
    let calls = Arc::<AtomicU64>::default();
    let builder = counted(narrow(&runtime), &calls)
        .memory_bytes(4 << 30)
        .wall(None);
    let context = first(&start(builder).await);
    let mut neighbour = Neighbour::new(&runtime).await;
    let refused = |words: &'static str| ("HostFunctionError", words);
    for (code, (name, words)) in [
        // A gigabyte as JSON is more than the guest itself can hold; what it can
        // hold the host refuses.
        ("take('x' * (1 << 30))", ("MemoryError", "")),
        ("take('x' * (100 << 20))", refused("ArgumentsTooLarge")),
        (
            "take(*['x' * (1 << 20)] * 100)",
            refused("ArgumentsTooLarge"),
        ),
        (
            "take(**{'a' * (17 << 20): 1})",
            refused("ArgumentsTooLarge"),
        ),
        (
            "x = []\nfor _ in range(200): x = [x]\ntake(x)",
            refused("Malformed"),
        ),
        ("x = {}\nx['x'] = x\ntake(x)", ("TypeError", "ircular")),
        ("take(object())", ("TypeError", "JSON")),
    ] {
        let execution = context.execute(code).unwrap();
        let outcome = neighbour.watch(execution).await;
        let found = exception(&outcome);
        assert_eq!(found.name, name, "{code}: {}", found.value);
        assert!(found.value.contains(words), "{code}: {}", found.value);
    }
    assert_eq!(
        calls.load(Ordering::SeqCst),
        0,
        "a refused call reached the host"
    );
    check(&context, "take(1), 'alive'", "(None, 'alive')").await;
    neighbour.unharmed().await;
}

#[tokio::test]
async fn calls_without_end() {
    let runtime = runtime().await;
    let calls = Arc::<AtomicU64>::default();
    let context = first(&start(counted(narrow(&runtime), &calls).wall(None)).await);
    let mut neighbour = Neighbour::new(&runtime).await;
    let execution = context.execute("while True: take()").unwrap();
    let outcome = neighbour.watch(execution).await;
    assert!(
        exception(&outcome).value.starts_with("CallLimitExceeded"),
        "{}",
        outcome.end
    );
    assert_eq!(
        (calls.load(Ordering::SeqCst), outcome.usage.calls),
        (10_000, 10_000)
    );
    let execution = context.execute("kept = []\nwhile True: kept.append(get_ipython() and __import__('_sandcell').call(b'{\"name\":\"take\"}'))\n").unwrap();
    execution.interrupt_handle().interrupt();
    assert_eq!(
        neighbour.watch(execution).await.end,
        End::Interrupted {
            by: InterruptCause::Handle
        }
    );
    neighbour.unharmed().await;
}

#[tokio::test]
async fn a_call_whose_sandbox_ends() {
    let runtime = runtime().await;
    let (came, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrived, released) = (Arc::clone(&came), Arc::clone(&go));
    let late = Arc::<AtomicU64>::default();
    let after = Arc::clone(&late);
    let builder = narrow(&runtime)
        .wall(None)
        .host_function("slow", None, move |_| {
            let (arrived, released, after) = (
                Arc::clone(&arrived),
                Arc::clone(&released),
                Arc::clone(&after),
            );
            async move {
                arrived.notify_one();
                released.notified().await;
                after.fetch_add(1, Ordering::SeqCst);
                Ok(Value::Null)
            }
        });
    let neighbour = Neighbour::new(&runtime).await;
    let sandbox = start(builder).await;
    let execution = first(&sandbox).execute("slow()").unwrap();
    came.notified().await;
    sandbox.close();
    let outcome = execution.outcome().await.unwrap();
    assert_eq!(
        outcome.end,
        End::Interrupted {
            by: InterruptCause::Closed
        }
    );
    go.notify_one();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        late.load(Ordering::SeqCst),
        0,
        "the function went on after its sandbox"
    );
    check_neighbour(neighbour).await;
}

async fn check_neighbour(mut neighbour: Neighbour) {
    let runtime = runtime().await;
    let context = first(&start(runtime.sandbox()).await);
    let execution = context.execute("1").unwrap();
    assert!(neighbour.watch(execution).await.is_finished());
    neighbour.unharmed().await;
}

#[tokio::test]
async fn a_call_of_a_lost_interpreter_answers_nobody() {
    let runtime = runtime().await;
    let calls = Arc::<AtomicU64>::default();
    let context = first(&start(counted(narrow(&runtime), &calls)).await);
    let code = "import asyncio, os\nawait asyncio.sleep(0)\nfutures = [take() for _ in range(10)]\nos.abort()";
    assert!(run(&context, code).await.outcome.lost.is_some());
    // The fresh interpreter has the function and none of the old calls.
    finished(&context, "import asyncio\nawait asyncio.sleep(0.01)").await;
    check(
        &context,
        "take() is None, get_ipython() is None",
        "(True, False)",
    )
    .await;
    check(&context, "(await take()) is None", "True").await;
}
