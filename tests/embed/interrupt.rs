//! Stopping a cell from elsewhere, wherever it stands.

use crate::support::{Gate, builder, check, context, finished, first, start};
use sandcell::{Context, End, Event, Execution, InterruptCause, Outcome};

const BY_HANDLE: End = End::Interrupted {
    by: InterruptCause::Handle,
};

/// Starts a cell and waits until it says that it runs.
async fn running(context: &Context, code: &str) -> Execution {
    let mut execution = context.execute(format!("print('go')\n{code}")).unwrap();
    assert_eq!(
        execution.next().await,
        Some(Event::Stdout("go\n".into())),
        "{code}"
    );
    execution
}

async fn interrupted(execution: Execution) -> Outcome {
    let handle = execution.interrupt_handle();
    std::thread::spawn(move || handle.interrupt())
        .join()
        .unwrap();
    execution.outcome().await.unwrap()
}

#[tokio::test]
async fn a_cell_stops_wherever_it_stands() {
    let context = context().await;
    finished(&context, "import asyncio, re, time, json\nx = 1").await;
    for code in [
        "while True: x += 1",
        "time.sleep(10**6)",
        "await asyncio.sleep(10**6)",
        "await asyncio.gather(*[asyncio.sleep(10**6) for _ in range(10)])",
        "re.match(r'(a+)+$', 'a' * 64 + 'b')",
        "10 ** 10 ** 8",
        "sorted(range(10**7), key=lambda n: [n for _ in range(1000)])",
        "while True: json.dumps(list(range(1000)))",
        "[n for n in iter(int, 1)]",
        "def spin():\n    while True: yield\nlist(x for x in spin() if x)",
        "async def spin():\n    while True: await asyncio.sleep(0)\nawait spin()",
        "class Sleepy:\n    def __repr__(self): time.sleep(10**6)\nSleepy()",
        "while True: print('x' * 100)",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool:\n    for n in range(9): pool.submit(time.sleep, 10**6)",
        "await asyncio.to_thread(time.sleep, 10**6)",
        "await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(10**6)))",
    ] {
        let outcome = interrupted(running(&context, code).await).await;
        assert_eq!((outcome.end, outcome.lost), (BY_HANDLE, None), "{code}");
    }
    check(&context, "x > 1", "True").await;
}

#[tokio::test]
async fn a_cell_stops_in_a_host_call() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    finished(&context, "import asyncio\nx = 7").await;
    for code in [
        "gate()",
        "await gate()",
        "await asyncio.gather(gate(), gate())",
        "gate.blocking()",
    ] {
        let execution = running(&context, code).await;
        gate.arrived().await;
        let outcome = interrupted(execution).await;
        assert_eq!((outcome.end, outcome.lost), (BY_HANDLE, None), "{code}");
    }
    check(&context, "x", "7").await;
}

#[tokio::test]
async fn an_await_is_cancelled_and_may_clean_up() {
    let context = context().await;
    let code = "import asyncio
async def work():
    try:
        await asyncio.sleep(10**6)
    finally:
        await asyncio.sleep(0)
        print('clean')
await work()";
    let mut execution = running(&context, code).await;
    let handle = execution.interrupt_handle();
    handle.interrupt();
    assert_eq!(
        execution.next().await,
        Some(Event::Stdout("clean\n".into()))
    );
    let Some(Event::Error(exception)) = execution.next().await else {
        panic!("no error")
    };
    assert_eq!(exception.name, "KeyboardInterrupt");
    assert_eq!(execution.outcome().await.unwrap().end, BY_HANDLE);
}

#[tokio::test]
async fn a_cell_that_waits_in_the_queue_never_runs() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    let first_cell = context.execute("gate()").unwrap();
    gate.arrived().await;
    let second = context.execute("never = 1").unwrap();
    let third = context.execute("ran = 1").unwrap();
    second.interrupt_handle().interrupt();
    gate.open();
    assert_eq!(first_cell.outcome().await.unwrap().end, End::Finished);
    let second = second.outcome().await.unwrap();
    assert_eq!((second.end, second.lost), (BY_HANDLE, None));
    assert_eq!(second.usage, sandcell::Usage::default());
    assert_eq!(third.outcome().await.unwrap().end, End::Finished);
    check(&context, "'never' in globals(), ran", "(False, 1)").await;
}

#[tokio::test]
async fn the_context_interrupts_what_runs_and_not_what_waits() {
    let context = context().await;
    context.interrupt();
    let running = running(&context, "while True: pass").await;
    let waiting = context.execute("'waited'").unwrap();
    context.interrupt();
    assert_eq!(running.outcome().await.unwrap().end, BY_HANDLE);
    assert_eq!(waiting.report().await.unwrap().text(), Some("'waited'"));
    context.interrupt();
    check(&context, "'idle'", "'idle'").await;
}

#[tokio::test]
async fn a_late_interrupt_hits_nobody() {
    let context = context().await;
    let execution = context.execute("1").unwrap();
    let handle = execution.interrupt_handle();
    assert_eq!(execution.outcome().await.unwrap().end, End::Finished);
    handle.interrupt();
    handle.clone().interrupt();
    check(&context, "sum(range(100_000))", "4999950000").await;
}

#[tokio::test]
async fn an_interrupt_may_be_caught() {
    let context = context().await;
    let execution = running(
        &context,
        "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    caught = True",
    )
    .await;
    let outcome = interrupted(execution).await;
    assert_eq!((outcome.end, outcome.lost), (End::Finished, None));
    check(&context, "caught", "True").await;
}

#[tokio::test]
async fn background_tasks_outlive_an_interrupt() {
    let context = context().await;
    let code = "import asyncio
async def background():
    await asyncio.sleep(0.001)
    return 'alive'
task = asyncio.create_task(background())";
    finished(&context, code).await;
    let outcome = interrupted(running(&context, "while True: pass").await).await;
    assert_eq!(outcome.end, BY_HANDLE);
    check(&context, "await task", "'alive'").await;
}

#[tokio::test]
async fn interrupting_one_sandbox_leaves_the_others() {
    let gate = Gate::new();
    let neighbour = first(&start(gate.install(builder().await)).await);
    let calm = neighbour.execute("gate(); 'calm'").unwrap();
    gate.arrived().await;
    let context = context().await;
    let outcome = interrupted(running(&context, "while True: pass").await).await;
    assert_eq!(outcome.end, BY_HANDLE);
    gate.open();
    assert_eq!(calm.report().await.unwrap().text(), Some("'calm'"));
}
