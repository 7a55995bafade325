//! Top-level await and asyncio over the kernel's loop.

use crate::support::{
    Gate, builder, check, context, events, finished, first, raised, sketch, start, value,
};

#[tokio::test]
async fn await_works_at_top_level() {
    let context = context().await;
    finished(&context, "import asyncio").await;
    check(&context, "await asyncio.sleep(0.001, 'slept')", "'slept'").await;
    check(
        &context,
        "async def one(): return 1\nx = await one()\nx + await one()",
        "2",
    )
    .await;
    check(&context, "[await one() for _ in range(3)]", "[1, 1, 1]").await;
    let code = "async def numbers():\n    for n in range(3):\n        yield n\n[n async for n in numbers()]";
    check(&context, code, "[0, 1, 2]").await;
    check(&context, "if x:\n    y = await one()\nx, y", "(1, 1)").await;
}

#[tokio::test]
async fn tasks_run_side_by_side() {
    let context = context().await;
    let code = "import asyncio
order = []
async def step(name, pauses):
    for _ in range(pauses):
        order.append(name)
        await asyncio.sleep(0)
    return name
await asyncio.gather(step('a', 2), step('b', 2)), order";
    check(&context, code, "(['a', 'b'], ['a', 'b', 'a', 'b'])").await;
    let code = "async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(step(name, 1)) for name in 'xyz']
[task.result() for task in tasks]";
    check(&context, code, "['x', 'y', 'z']").await;
}

#[tokio::test]
async fn a_failing_task_group_raises_a_group() {
    let code = "import asyncio
async def fail(n):
    raise ValueError(n)
async with asyncio.TaskGroup() as group:
    group.create_task(fail(1))";
    let exception = raised(&context().await, code).await;
    assert_eq!(exception.name, "ExceptionGroup");
    assert!(
        exception.traceback.contains("ValueError: 1"),
        "{}",
        exception.traceback
    );
}

#[tokio::test]
async fn timeouts_cancel() {
    let context = context().await;
    finished(&context, "import asyncio").await;
    let late = raised(
        &context,
        "await asyncio.wait_for(asyncio.sleep(1000), 0.01)",
    )
    .await;
    assert_eq!(late.name, "TimeoutError");
    let late = raised(
        &context,
        "async with asyncio.timeout(0.01):\n    await asyncio.sleep(1000)",
    )
    .await;
    assert_eq!(late.name, "TimeoutError");
    check(
        &context,
        "await asyncio.wait_for(asyncio.sleep(0.001, 5), 1000)",
        "5",
    )
    .await;
}

#[tokio::test]
async fn queues_locks_and_events_work() {
    let code = "import asyncio
async def produce(queue):
    for n in range(4):
        await queue.put(n)
    await queue.put(None)
async def consume(queue, lock, done):
    total = 0
    while (n := await queue.get()) is not None:
        async with lock:
            total += n
    done.set()
    return total
queue, lock, done = asyncio.Queue(maxsize=1), asyncio.Lock(), asyncio.Event()
total, _ = await asyncio.gather(consume(queue, lock, done), produce(queue))
total, done.is_set()";
    check(&context().await, code, "(6, True)").await;
}

#[tokio::test]
async fn background_tasks_live_on_to_the_next_cell() {
    let context = context().await;
    let code = "import asyncio
seen = []
async def background():
    for n in range(3):
        await asyncio.sleep(0)
        seen.append(n)
    return 'ended'
task = asyncio.create_task(background())
task.done()";
    check(&context, code, "False").await;
    check(&context, "await task, seen", "('ended', [0, 1, 2])").await;
}

#[tokio::test]
async fn background_tasks_move_on_while_a_later_cell_awaits() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    let code = "import asyncio
async def background():
    await gate()
    print('through')
    return 7
task = asyncio.create_task(background())";
    finished(&context, code).await;
    let waiting = async { events(&context, "await task").await };
    let opening = async {
        gate.arrived().await;
        gate.open();
    };
    let ((shown, _), ()) = tokio::join!(waiting, opening);
    assert_eq!(sketch(&shown), ["out \"through\\n\"", "result 7"]);
}

#[tokio::test]
async fn a_failed_background_task_is_told_on_stderr() {
    let context = context().await;
    finished(&context, "import asyncio\nasync def fail(): raise ValueError('lost')\ntask = asyncio.create_task(fail())").await;
    let report = finished(
        &context,
        "await asyncio.sleep(0)\ndel task\nimport gc; gc.collect();",
    )
    .await;
    assert!(
        report.stderr_text().contains("ValueError: lost"),
        "{}",
        report.stderr_text()
    );
    check(&context, "'alive'", "'alive'").await;
}

#[tokio::test]
async fn tasks_can_be_cancelled_from_a_later_cell() {
    let context = context().await;
    let code = "import asyncio
async def forever():
    try:
        await asyncio.sleep(10**6)
    finally:
        print('cleaned up')
task = asyncio.create_task(forever())
await asyncio.sleep(0)";
    finished(&context, code).await;
    let report = finished(&context, "task.cancel()\ntry:\n    await task\nexcept asyncio.CancelledError:\n    print('cancelled')").await;
    assert_eq!(report.stdout_text(), "cleaned up\ncancelled\n");
}

#[tokio::test]
async fn asyncio_run_works_in_a_plain_cell() {
    let context = context().await;
    let code = "import asyncio
async def main():
    await asyncio.sleep(0.001)
    return 'main'
asyncio.run(main())";
    check(&context, code, "'main'").await;
    check(&context, "asyncio.run(main())", "'main'").await;
    check(&context, "await main()", "'main'").await;
}

/// Without threads, pools run what they are given one after the other.
#[tokio::test]
async fn pools_of_threads_do_their_work() {
    let context = context().await;
    let code = "import asyncio, os
from concurrent.futures import ThreadPoolExecutor, as_completed
async def nap(n):
    await asyncio.sleep(0.001 * n)
    return n
def size(n):
    with open(f'{n}.txt', 'w') as file: file.write('x' * n)
    return os.path.getsize(f'{n}.txt')
with ThreadPoolExecutor(max_workers=4) as pool:
    sizes = sorted(done.result() for done in as_completed([pool.submit(size, n) for n in range(5)]))
    # How notebooks run a coroutine where a loop runs already.
    inner = pool.submit(asyncio.run, nap(3)).result()
    squares = list(pool.map(lambda n: n * n, range(4)))
sizes, inner, squares";
    check(&context, code, "([0, 1, 2, 3, 4], 3, [0, 1, 4, 9])").await;
    let code = "loop = asyncio.get_running_loop()
with ThreadPoolExecutor() as pool:
    found = await asyncio.gather(asyncio.to_thread(size, 7), loop.run_in_executor(pool, size, 8), nap(1))
    found.append(pool.submit(asyncio.run, nap(2)).result())
found, await nap(0), loop is asyncio.get_running_loop()";
    check(&context, code, "([7, 8, 1, 2], 0, True)").await;
    let exception = raised(&context, "ThreadPoolExecutor().submit(int, 'x').result()").await;
    assert_eq!(exception.name, "ValueError");
}

#[tokio::test]
async fn what_needs_threads_says_so() {
    let exception = raised(
        &context().await,
        "import threading\nthreading.Thread(target=len).start()",
    )
    .await;
    assert_eq!(exception.name, "RuntimeError");
    assert!(
        exception.value.contains("threads are not available"),
        "{}",
        exception.value
    );
}

#[tokio::test]
async fn a_wait_that_nothing_can_end_is_refused() {
    let context = context().await;
    let exception = raised(
        &context,
        "import asyncio\nawait asyncio.get_running_loop().create_future()",
    )
    .await;
    assert_eq!(exception.name, "RuntimeError");
    assert!(
        exception.value.contains("wait forever"),
        "{}",
        exception.value
    );
    check(&context, "await asyncio.sleep(0, 1)", "1").await;
}

#[tokio::test]
async fn sleeping_takes_time_and_no_processor() {
    let context = context().await;
    let slept = value(
        &context,
        "import time\nt = time.monotonic()\ntime.sleep(0.05)\ntime.monotonic() - t >= 0.05",
    )
    .await;
    assert_eq!(slept, "True");
    let usage = finished(&context, "import time; time.sleep(0.3)")
        .await
        .outcome
        .usage;
    assert!(usage.wall.as_millis() >= 300, "{usage:?}");
    assert!(usage.cpu * 3 < usage.wall, "{usage:?}");
}
