"""Pausing, saving and copying sandboxes, as the SDK's users do it."""

import asyncio
import sys

from e2b_code_interpreter import AsyncSandbox, Sandbox

from harness import GENERATION, araises, equal, raises, run, until

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def state_of(sandbox):
    return sandbox.get_info().state.value


def check_a_pause_keeps_variables_and_files():
    sandbox = Sandbox.create(metadata={"check": "pause"}, envs={"A": "1"})
    sandbox.run_code("x = [1]\nf = open('log', 'w')\nf.write('be')")
    context = sandbox.create_code_context(cwd="/tmp")
    sandbox.run_code("y = 2", context=context)
    boot_id = sandbox.files.read(BOOT_ID)
    before = sandbox.get_info()
    sandbox.pause()
    equal(state_of(sandbox), "paused")
    equal(sandbox.get_info().started_at, before.started_at)
    if GENERATION != "oldest":
        equal(sandbox.is_running(), False)
    again = Sandbox.connect(sandbox.sandbox_id)
    equal(again.sandbox_id, sandbox.sandbox_id)
    equal(state_of(again), "running")
    equal(again.run_code("x.append(2); f.write('fore'); f.close(); x").text, "[1, 2]")
    equal(again.files.read("log"), "before")
    equal(again.run_code("import os; y, os.getcwd()", context=context).text, "(2, '/tmp')")
    equal(again.run_code("import os; os.environ['A']").text, "1")
    equal(again.files.read(BOOT_ID), boot_id)
    # The first handle is as good as the second.
    equal(sandbox.run_code("x").text, "[1, 2]")
    equal(again.get_info().metadata, {"check": "pause"})
    again.kill()


def check_all_languages_are_saved():
    sandbox = Sandbox.create(envs={"A": "1"})
    sandbox.run_code("x = 1")
    sandbox.run_code("let y = [1]", language="js")
    context = sandbox.create_code_context(language="ts")
    sandbox.run_code("const z: number = 3", context=context)
    sandbox.pause()
    sandbox.connect()
    equal(sandbox.run_code("y.push(2), y", language="js").text, "[ 1, 2 ]")
    snapshot = sandbox.create_snapshot().snapshot_id
    copy = Sandbox.create(snapshot, envs={"A": "2"})
    equal(copy.run_code("y.push(3), y.length", language="js").text, "3")
    equal(copy.run_code("process.env.A", language="js").text, "2")
    equal(copy.run_code("z", context=context).text, "3")
    equal(copy.run_code("x").text, "1")
    equal(sandbox.run_code("y.length", language="js").text, "2")
    copy.kill()
    sandbox.kill()
    Sandbox.delete_snapshot(snapshot)


def out(sandbox, code, **how):
    """What a cell of bash writes."""
    execution = sandbox.run_code(code, **how or {"language": "bash"})
    equal((execution.error, execution.logs.stderr), (None, []))
    return "".join(execution.logs.stdout)


def check_shells_are_saved():
    sandbox = Sandbox.create(envs={"A": "1"})
    out(sandbox, "cd /tmp; x=1; f() { echo f $x $A; }; sleep 600 & kill $!; wait; :")
    context = sandbox.create_code_context(language="bash", cwd="/home")
    out(sandbox, "y=2", context=context)
    sandbox.pause()
    again = Sandbox.connect(sandbox.sandbox_id)
    equal(out(again, "f; pwd"), "f 1 1\n/tmp\n")
    equal(out(again, "echo $y; pwd", context=context), "2\n/home\n")
    # Paused before it has run again, it is still there.
    again.pause()
    again.connect()
    again.pause()
    again.connect()
    out(again, "x=3")
    snapshot = again.create_snapshot().snapshot_id
    out(again, "x=4")
    copy = Sandbox.create(snapshot, envs={"A": "it's"})
    equal(out(copy, "f; pwd"), "f 3 it's\n/tmp\n")
    equal(out(copy, "echo $y $A", context=context), "2 it's\n")
    equal(out(again, "f"), "f 4 1\n")
    if GENERATION != "oldest":
        (fork,) = again.fork(count=1, timeout=60)
        equal(out(fork, "x=5; f"), "f 5 1\n")
        equal(out(again, "f"), "f 4 1\n")
        fork.kill()
    copy.kill()
    Sandbox.delete_snapshot(snapshot)
    # A job in the background is a running command: nothing is saved over it.
    out(again, "sleep 600 & :")
    raises("SandboxException", "409", again.create_snapshot)
    out(again, "kill %1; wait; :")
    again.kill()


def check_a_busy_shell_is_ended_and_paused():
    async def check():
        sandbox = await AsyncSandbox.create()
        started = asyncio.Event()
        running = asyncio.create_task(
            sandbox.run_code(
                "x=5; echo up; sleep 600", language="bash", on_stdout=lambda _: started.set()
            )
        )
        await asyncio.wait_for(started.wait(), 20)
        await sandbox.pause()
        await asyncio.wait([running])
        assert running.exception() or running.result().error, running
        again = await AsyncSandbox.connect(sandbox.sandbox_id)
        execution = await again.run_code("echo $x", language="bash")
        equal(execution.logs.stdout, ["5\n"])
        await again.kill()

    asyncio.run(check())


def check_pausing_twice_is_no_error():
    sandbox = Sandbox.create()
    sandbox.pause()
    told = sandbox.pause()
    if GENERATION == "newest":
        equal(told, False)
    sandbox.connect()
    sandbox.pause()
    sandbox.connect()
    equal(sandbox.run_code("1").text, "1")
    Sandbox.kill(sandbox.sandbox_id)


def check_lists_tell_states_apart():
    from e2b import SandboxQuery, SandboxState

    running = Sandbox.create(metadata={"check": "states"})
    paused = Sandbox.create(metadata={"check": "states"})
    paused.pause()

    def ids(*states):
        query = SandboxQuery(metadata={"check": "states"}, state=list(states) or None)
        return [(one.sandbox_id, one.state.value) for one in Sandbox.list(query=query).next_items()]

    equal(ids(), [(paused.sandbox_id, "paused"), (running.sandbox_id, "running")])
    equal(ids(SandboxState.PAUSED), [(paused.sandbox_id, "paused")])
    equal(ids(SandboxState.RUNNING), [(running.sandbox_id, "running")])
    if GENERATION == "oldest":
        return
    equal(paused.kill(), True)
    equal(paused.kill(), False)
    equal(ids(), [(running.sandbox_id, "running")])
    raises("NotFoundException", "not found", lambda: Sandbox.connect(paused.sandbox_id))
    running.kill()


def check_a_busy_sandbox_is_interrupted_and_paused():
    async def check():
        sandbox = await AsyncSandbox.create()
        await sandbox.run_code("x = 5")
        started = asyncio.Event()
        running = asyncio.create_task(
            sandbox.run_code(
                "import time\nprint('up')\ntime.sleep(600)", on_stdout=lambda _: started.set()
            )
        )
        await asyncio.wait_for(started.wait(), 20)
        await sandbox.pause()
        await asyncio.wait([running])
        # What ran has not gone well.
        assert running.exception() or running.result().error, running
        again = await AsyncSandbox.connect(sandbox.sandbox_id)
        equal((await again.run_code("x")).text, "5")
        await again.kill()

    asyncio.run(check())


def check_the_timeout_pauses_and_requests_resume():
    sandbox = Sandbox.create(timeout=1, lifecycle={"on_timeout": "pause", "auto_resume": True})
    equal(sandbox.get_info().lifecycle, {"on_timeout": "pause", "auto_resume": True})
    sandbox.run_code("x = 1")
    until(lambda: state_of(sandbox) == "paused")
    # Asking whether it runs changes nothing.
    if GENERATION != "oldest":
        equal(sandbox.is_running(), False)
    equal(state_of(sandbox), "paused")
    equal(sandbox.run_code("x").text, "1")
    equal(state_of(sandbox), "running")
    sandbox.pause()
    sandbox.files.write("f", "1")
    sandbox.pause()
    equal(sandbox.files.read("f"), "1")
    sandbox.kill()


def check_without_auto_resume_requests_find_nothing():
    sandbox = Sandbox.create(timeout=1, lifecycle={"on_timeout": "pause"})
    until(lambda: state_of(sandbox) == "paused")
    raises("SandboxException TimeoutException", "", lambda: sandbox.run_code("1"))
    equal(state_of(sandbox), "paused")
    sandbox.connect()
    equal(sandbox.run_code("1").text, "1")
    sandbox.kill()


def check_pauses_of_files_only():
    if GENERATION != "newest":
        return
    sandbox = Sandbox.create()
    sandbox.run_code("x = 1")
    sandbox.files.write("kept", "yes")
    boot_id = sandbox.files.read(BOOT_ID)
    sandbox.pause(mode="filesystem")
    sandbox.connect()
    equal(sandbox.run_code("x").error.name, "NameError")
    equal(sandbox.files.read("kept"), "yes")
    assert sandbox.files.read(BOOT_ID) != boot_id
    sandbox.run_code("x = 1")
    sandbox.pause()
    sandbox.connect(on_resume="reboot")
    equal(sandbox.run_code("x").error.name, "NameError")
    equal(sandbox.files.read("kept"), "yes")
    sandbox.kill()


def check_snapshots_are_made_listed_and_deleted():
    source = Sandbox.create(envs={"A": "1", "B": "1"})
    source.run_code("x = [1]\nf = open('log', 'w')\nf.write('be')")
    context = source.create_code_context(cwd="/tmp")
    source.run_code("y = 2", context=context)
    snapshot = source.create_snapshot()
    assert snapshot.snapshot_id.endswith(":default"), snapshot
    # The source goes on and changes nothing of it.
    equal(source.run_code("x.append('source'); x").text, "[1, 'source']")
    source.files.write("later", "1")
    equal([one.snapshot_id for one in source.list_snapshots().next_items()], [snapshot.snapshot_id])
    source.kill()
    copies = [Sandbox.create(snapshot.snapshot_id, envs={"B": "'2'\n"}) for _ in range(2)]
    for n, copy in enumerate(copies):
        assert copy.sandbox_id != source.sandbox_id
        equal(copy.get_info().template_id, snapshot.snapshot_id)
        equal(copy.run_code(f"x.append({n}); f.write('fore'); f.close(); x").text, f"[1, {n}]")
        equal(copy.files.read("log"), "before")
        equal(copy.files.exists("later"), False)
        equal(copy.run_code("import os; os.environ['A'], os.environ['B']").text, repr(("1", "'2'\n")))
        equal(copy.run_code("y", context=context).text, "2")
    # What random numbers come next is nobody's secret from the other.
    drawn = {copy.run_code("import random; random.random()").text for copy in copies}
    equal(len(drawn), 2)
    equal(Sandbox.delete_snapshot(snapshot.snapshot_id), True)
    equal(Sandbox.delete_snapshot(snapshot.snapshot_id), False)
    raises("SandboxException", "no template or snapshot", lambda: Sandbox.create(snapshot.snapshot_id))
    for copy in copies:
        equal(copy.run_code("x[0]").text, "1")
        copy.kill()


def check_snapshots_have_names():
    if GENERATION != "newest":
        return
    sandbox = Sandbox.create()

    def listed(name):
        return [one.snapshot_id for one in Sandbox.list_snapshots(name=name).next_items()]

    sandbox.run_code("x = 1")
    first = sandbox.create_snapshot(name="my-snap")
    equal((first.snapshot_id, first.names), ("my-snap:default", ["my-snap:default"]))
    sandbox.run_code("x = 2")
    sandbox.create_snapshot(name="my-snap:v2")
    sandbox.create_snapshot(name="my-snap")
    equal(listed("my-snap"), ["my-snap:default", "my-snap:v2"])
    equal(listed("my-snap:v2"), ["my-snap:v2"])
    equal(listed("other"), [])
    copy = Sandbox.create("my-snap")
    equal(copy.run_code("x").text, "2")
    copy.kill()
    paginator = Sandbox.list_snapshots(name="my-snap", limit=1)
    pages = []
    while paginator.has_next:
        pages += [one.snapshot_id for one in paginator.next_items()]
    equal(pages, ["my-snap:default", "my-snap:v2"])
    for name in ("base", "a b", "../x", "x" * 200):
        raises("SandboxException", "", lambda: sandbox.create_snapshot(name=name))
    for name in ("my-snap", "my-snap:v2"):
        equal(Sandbox.delete_snapshot(name), True)
    files = sandbox.create_snapshot(mode="filesystem")
    sandbox.files.write("later", "")
    copy = Sandbox.create(files.snapshot_id)
    equal(copy.run_code("x").error.name, "NameError")
    equal(copy.files.exists("later"), False)
    Sandbox.delete_snapshot(files.snapshot_id)
    copy.kill()
    sandbox.kill()


def check_a_snapshot_of_a_paused_one_is_refused():
    sandbox = Sandbox.create()
    sandbox.pause()
    raises("SandboxException", "", sandbox.create_snapshot)
    sandbox.connect()
    sandbox.kill()


def check_forks_go_their_own_ways():
    if GENERATION == "oldest":
        return
    source = Sandbox.create(metadata={"check": "fork"}, envs={"A": "1"})
    source.run_code("x = [1]")
    source.files.write("f", "shared")
    forks = source.fork(count=3, timeout=60)
    equal(len({fork.sandbox_id for fork in [source, *forks]}), 4)
    for n, fork in enumerate(forks):
        equal(fork.run_code(f"import os; x.append({n}); x, os.environ['A']").text, f"([1, {n}], '1')")
        equal(fork.files.read("f"), "shared")
        fork.files.write("f", str(n))
        equal(fork.get_info().metadata, {"check": "fork"})
    equal(source.run_code("x").text, "[1]")
    equal(source.files.read("f"), "shared")
    source.kill()
    for n, fork in enumerate(forks):
        equal(fork.files.read("f"), str(n))
        fork.kill()
    raises("NotFoundException", "not found", source.fork)


def check_a_busy_sandbox_is_neither_saved_nor_forked():
    if GENERATION == "oldest":
        return

    async def check():
        sandbox = await AsyncSandbox.create()
        started = asyncio.Event()
        running = asyncio.create_task(
            sandbox.run_code(
                "import time\nprint('up')\ntime.sleep(600)", on_stdout=lambda _: started.set()
            )
        )
        await asyncio.wait_for(started.wait(), 20)
        await araises("SandboxException", "409", sandbox.create_snapshot())
        await araises("SandboxException", "409", sandbox.fork())
        assert not running.done()
        await sandbox.kill()
        await asyncio.wait([running])
        running.exception()

    asyncio.run(check())


if __name__ == "__main__":
    run(sys.modules["__main__"])
