"""The surface of the SDK's asynchronous half, as its users call it."""

import asyncio
import sys

from e2b_code_interpreter import AsyncSandbox

from harness import GENERATION, KILLED, SENDS_ALL, araises, equal, run


async def check_runs_and_callbacks():
    sandbox = await AsyncSandbox.create()
    seen = []

    async def out(message):
        seen.append(message.line)

    execution = await sandbox.run_code("print('a')\nprint('b')\n'c'", on_stdout=out)
    equal((seen, execution.text), (["a\n", "b\n"], "c"))
    equal((await sandbox.run_code("1/0")).error.name, "ZeroDivisionError")
    await sandbox.kill()


async def check_many_runs_queue_in_order():
    sandbox = await AsyncSandbox.create()
    await sandbox.run_code("order = []")
    runs = [sandbox.run_code(f"order.append({n}); {n}") for n in range(20)]
    equal([run.text for run in await asyncio.gather(*runs)], [str(n) for n in range(20)])
    equal((await sandbox.run_code("len(order)")).text, "20")
    await sandbox.kill()


async def check_many_sandboxes_at_once():
    async def one(n):
        sandbox = await AsyncSandbox.create(envs={"N": str(n)})
        text = (await sandbox.run_code("import os; os.environ['N']")).text
        await sandbox.kill()
        return text

    equal(await asyncio.gather(*[one(n) for n in range(30)]), [str(n) for n in range(30)])


async def check_contexts():
    sandbox = await AsyncSandbox.create()
    context = await sandbox.create_code_context(cwd="/tmp")
    equal((await sandbox.run_code("import os; os.getcwd()", context=context)).text, "/tmp")
    equal((await sandbox.list_code_contexts())[-1].id, context.id)
    equal((await sandbox.run_code("[1, 2].length", language="js")).text, "2")
    await sandbox.restart_code_context(context)
    equal((await sandbox.run_code("os", context=context)).error.name, "NameError")
    await sandbox.remove_code_context(context)
    await araises("NotFoundException", context.id, sandbox.run_code("1", context=context))
    await sandbox.kill()


async def check_a_cancelled_run_is_interrupted():
    sandbox = await AsyncSandbox.create()
    await sandbox.run_code("x = 3")
    started = asyncio.Event()
    running = asyncio.create_task(
        sandbox.run_code(
            "import time\nprint('up')\ntime.sleep(600)",
            on_stdout=lambda _: started.set(),
            timeout=0,
        )
    )
    await asyncio.wait_for(started.wait(), 20)
    running.cancel()
    await asyncio.wait([running])
    equal((await asyncio.wait_for(sandbox.run_code("x"), 20)).text, "3")
    started.clear()
    running = asyncio.create_task(
        sandbox.run_code(
            "x=4; echo up; sleep 600", language="bash", on_stdout=lambda _: started.set(), timeout=0
        )
    )
    await asyncio.wait_for(started.wait(), 20)
    running.cancel()
    await asyncio.wait([running])
    execution = await asyncio.wait_for(sandbox.run_code("echo $x", language="bash"), 20)
    equal(execution.logs.stdout, ["4\n"])
    await sandbox.kill()


async def check_a_kill_tears_what_runs():
    if not SENDS_ALL:
        return
    sandbox = await AsyncSandbox.create()
    started = asyncio.Event()
    running = asyncio.create_task(
        sandbox.run_code("import time\nprint('up')\ntime.sleep(600)", on_stdout=lambda _: started.set())
    )
    await asyncio.wait_for(started.wait(), 20)
    await sandbox.kill()
    await araises(*KILLED, running)
    equal(await sandbox.is_running(), False)


async def check_files():
    sandbox = await AsyncSandbox.create()
    await sandbox.files.write("a/b.bin", bytes(range(256)))
    equal(bytes(await sandbox.files.read("a/b.bin", format="bytes")), bytes(range(256)))
    parts = [part async for part in await sandbox.files.read("a/b.bin", format="stream")]
    equal(b"".join(parts), bytes(range(256)))
    equal([entry.name for entry in await sandbox.files.list("a")], ["b.bin"])
    equal(await sandbox.files.make_dir("c"), True)
    equal((await sandbox.files.rename("c", "d")).name, "d")
    await sandbox.files.remove("d")
    equal(await sandbox.files.exists("d"), False)
    await araises("NotFoundException FileNotFoundException", "nope", sandbox.files.read("nope"))
    await sandbox.kill()


async def check_uploads_in_pieces():
    if GENERATION != "newest":
        return
    sandbox = await AsyncSandbox.create()

    async def pieces():
        for n in range(100):
            yield bytes([n]) * 30_000

    await sandbox.files.write("streamed", pieces())
    equal((await sandbox.files.get_info("streamed")).size, 3_000_000)
    await sandbox.kill()


async def check_watching():
    sandbox = await AsyncSandbox.create()
    events = asyncio.Queue()
    handle = await sandbox.files.watch_dir("/home/user", on_event=events.put_nowait, recursive=True)
    await sandbox.files.write("deep/er/file", "1")
    seen = []
    while ("deep/er/file", "write") not in seen:
        event = await asyncio.wait_for(events.get(), 20)
        seen.append((event.name, event.type.value))
    assert ("deep", "create") in seen and ("deep/er", "create") in seen, seen
    await handle.stop()
    result = await sandbox.commands.run("echo out; echo err >&2; exit 0")
    equal((result.stdout, result.stderr, result.exit_code), ("out\n", "err\n", 0))
    command = await sandbox.commands.run("read x; echo got $x; exit 2", background=True, stdin=True)
    await sandbox.commands.send_stdin(command.pid, "it\n")
    error = await araises("CommandExitException", "", command.wait())
    equal((error.stdout, error.exit_code), ("got it\n", 2))
    many = [sandbox.commands.run(f"sleep 0.05; echo {n}") for n in range(8)]
    equal([result.stdout for result in await asyncio.gather(*many)], [f"{n}\n" for n in range(8)])
    await araises(
        "NotFoundException", "", sandbox.files.watch_dir("/no/such", on_event=events.put_nowait)
    )
    await sandbox.kill()


if __name__ == "__main__":
    run(sys.modules["__main__"])
