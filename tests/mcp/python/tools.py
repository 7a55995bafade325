"""The tools, through the real client of the Model Context Protocol: its first
generation, which keeps sessions, and its second, which over HTTP has none."""

import asyncio
import base64
import importlib.metadata
import os
import sys
import traceback
from contextlib import asynccontextmanager

SECOND = importlib.metadata.version("mcp").startswith("2.")
URL = os.environ.get("MCP_URL")
HEADERS = {"Authorization": f"Bearer {os.environ.get('MCP_TOKEN')}"}

#: Whether calls that name no sandbox use the same one each time.
IN_SESSION = not (SECOND and URL)

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


class Answer:
    """A tool's answer, whatever the generation calls its parts."""

    def __init__(self, result):
        given = result.model_dump(by_alias=True)
        self.content = given["content"]
        self.data = given["structuredContent"]
        self.failed = bool(given["isError"])

    @property
    def text(self):
        return "\n".join(part["text"] for part in self.content if part["type"] == "text")


class Tools:
    """A client, and the sandbox that it goes on with."""

    def __init__(self, client):
        self.client = client
        self.sandbox = None

    async def __call__(self, name, progress=None, sandbox=None, **arguments):
        sandbox = sandbox or (None if IN_SESSION else self.sandbox)
        if sandbox and name not in ("create_sandbox", "delete_snapshot", "list_sandboxes"):
            arguments["sandbox"] = sandbox
        result = await self.client.call_tool(name, arguments, progress_callback=progress)
        answer = Answer(result)
        if self.sandbox is None and answer.data:
            self.sandbox = answer.data.get("sandbox")
        return answer

    async def code(self, code, **arguments):
        return await self("run_code", code=code, **arguments)


@asynccontextmanager
async def transport():
    if URL is None:
        from mcp.client.stdio import StdioServerParameters, stdio_client

        command = os.environ["MCP_COMMAND"]
        yield stdio_client(StdioServerParameters(command=command, args=["mcp"], env=dict(os.environ)))
        return
    from mcp.client.streamable_http import streamable_http_client

    if SECOND:
        import httpx2 as httpx
    else:
        import httpx
    async with httpx.AsyncClient(headers=HEADERS, timeout=60) as http:
        yield streamable_http_client(URL, http_client=http)


@asynccontextmanager
async def connected():
    async with transport() as way:
        if SECOND:
            from mcp import Client

            async with Client(way) as client:
                yield Tools(client)
            return
        from mcp import ClientSession

        async with way as streams:
            async with ClientSession(streams[0], streams[1]) as client:
                await client.initialize()
                yield Tools(client)


async def check_the_tools_are_announced(tools):
    announced = (await tools.client.list_tools()).model_dump(by_alias=True)["tools"]
    names = {tool["name"] for tool in announced}
    assert {"run_code", "read_file", "write_file", "fork", "snapshot", "undo", "run_command"} <= names, names
    run = next(tool for tool in announced if tool["name"] == "run_code")
    equal(run["inputSchema"]["required"], ["code"])
    languages = run["inputSchema"]["properties"]["language"]["enum"]
    equal(languages, ["python", "javascript", "typescript"])


async def check_code_keeps_its_variables(tools):
    first = await tools.code("print('out')\nimport sys; print('err', file=sys.stderr)\nx = 20\nx + 1")
    equal(first.failed, False)
    equal(first.data["result"], "21")
    equal((first.data["stdout"], first.data["stderr"]), ("out\n", "err\n"))
    assert "out" in first.text and "21" in first.text, first.text
    equal((await tools.code("x")).data["result"], "20")
    equal((await tools.code("y = 1; typeof x", language="javascript")).data["result"], "'undefined'")
    equal((await tools.code("const n: number = 2; n + y", language="typescript")).failed, True)
    equal((await tools.code("y", language="javascript")).data["result"], "1")


async def check_errors_are_answers(tools):
    failed = await tools.code("1/0")
    equal(failed.failed, True)
    assert "ZeroDivisionError" in failed.text, failed.text
    for name, arguments, words in [
        ("run_code", {}, "code"),
        ("run_code", {"code": "1", "language": "cobol"}, "`python`"),
        ("run_code", {"code": "1", "context": "nobody"}, "no context"),
        ("run_code", {"code": "1", "timeout_seconds": 0}, "timeout_seconds"),
        ("run_code", {"code": "1", "wrong": 1}, "wrong"),
        ("read_file", {"path": "/no/such"}, "/no/such"),
        ("create_sandbox", {"snapshot": "none"}, "no snapshot"),
        ("write_file", {"path": "x", "content": "!", "encoding": "base64"}, "content"),
    ]:
        answer = await tools(name, **arguments)
        assert answer.failed and words in answer.text, (name, arguments, answer.text)
    try:
        await tools.client.call_tool("no_such_tool", {})
    except Exception as error:
        assert "no_such_tool" in str(error), error
    else:
        raise AssertionError("a tool that is not there was called")


async def check_images(tools):
    shown = await tools.code(f"display({{'image/png': '{PIXEL}'}}, raw=True)")
    images = [part for part in shown.content if part["type"] == "image"]
    equal([(image["mimeType"], image["data"]) for image in images], [("image/png", PIXEL)])
    await tools("write_file", path="dot.png", content=PIXEL, encoding="base64")
    read = await tools("read_file", path="dot.png")
    equal([part["type"] for part in read.content], ["image"])
    equal(read.content[0]["data"], PIXEL)


async def check_commands(tools):
    done = await tools("run_command", command="echo out; echo err >&2; pwd; echo $HOME")
    equal(done.failed, False)
    data = {name: done.data[name] for name in ["exit_code", "stdout", "stderr", "timed_out", "truncated"]}
    equal(
        data,
        {
            "exit_code": 0,
            "stdout": "out\n/home/user\n/home/user\n",
            "stderr": "err\n",
            "timed_out": False,
            "truncated": False,
        },
    )
    assert "out" in done.text and "err" in done.text, done.text
    # Pipes, tools, languages and files are those of the sandbox.
    await tools("write_file", path="words.txt", content="b\na\nb\n")
    sorted_words = await tools("run_command", command="sort words.txt | uniq -c | sort -rn | head -n 1 | xargs")
    equal(sorted_words.data["stdout"], "2 b\n")
    made = await tools("run_command", command="mkdir -p p && cd p && echo 'print(6*7)' > m.py && python3 m.py | tee out.txt")
    equal(made.data["stdout"], "42\n")
    equal((await tools.code("open('p/out.txt').read()")).data["result"], "'42\\n'")
    # Files live on, the working directory and variables do not.
    await tools("run_command", command="cd /tmp; X=1; export X")
    equal((await tools("run_command", command="pwd; echo [$X]")).data["stdout"], "/home/user\n[]\n")
    equal((await tools("run_command", command="pwd", cwd="/tmp")).data["stdout"], "/tmp\n")
    equal((await tools("run_command", command="cat; cat", stdin="a\nb")).data["stdout"], "a\nb")
    equal((await tools("run_command", command="true")).text, "it wrote nothing")


async def check_commands_that_fail(tools):
    for command, status in [("exit 3", 3), ("nosuchcommand", 127), ("echo x; (", 2), ("kill -9 $$", 137)]:
        answer = await tools("run_command", command=command)
        equal((answer.failed, answer.data["exit_code"]), (True, status))
    assert "nosuchcommand" in (await tools("run_command", command="nosuchcommand")).text
    refused = await tools("run_command", command="curl https://example.com")
    assert refused.failed and "network" in refused.text, refused.text
    for arguments, words in [
        ({}, "command"),
        ({"command": "true", "timeout_seconds": 0}, "timeout_seconds"),
        ({"command": "true", "cwd": "/no/such"}, "/no/such"),
        ({"command": "true", "wrong": 1}, "wrong"),
    ]:
        answer = await tools("run_command", **arguments)
        assert answer.failed and words in answer.text, (arguments, answer.text)
    late = await tools("run_command", command="echo before; sleep 600", timeout_seconds=1)
    equal((late.failed, late.data["timed_out"], late.data["stdout"]), (True, True, "before\n"))
    much = await tools("run_command", command="yes | head -c 3000000")
    equal((much.failed, much.data["truncated"]), (False, True))
    # What a command leaves in the background lives on.
    await tools("run_command", command="(sleep 0.1; echo done > left.txt) >/dev/null 2>&1 &")
    waits = "until [ -e left.txt ]; do sleep 0.05; done; cat left.txt"
    equal((await tools("run_command", command=waits)).data["stdout"], "done\n")


async def check_a_command_that_is_given_up_ends(tools):
    began = asyncio.Event()

    async def progress(*_):
        began.set()

    command = asyncio.create_task(
        tools("run_command", progress=progress, command="while :; do echo on; sleep 0.05; done")
    )
    await asyncio.wait_for(began.wait(), 60)
    await give_up(tools, command)
    gone = "while [ $(ps -e | grep -c sleep) -gt 0 ]; do :; done; echo gone"
    equal((await tools("run_command", command=gone, timeout_seconds=60)).data["stdout"], "gone\n")


async def check_files(tools):
    await tools("write_file", path="a/b.txt", content="one\n")
    await tools("write_file", path="a/b.txt", content="two\n", append=True)
    equal((await tools("read_file", path="a/b.txt")).text, "one\ntwo\n")
    equal((await tools.code("open('a/b.txt').read()")).data["result"], r"'one\ntwo\n'")
    part = await tools("read_file", path="a/b.txt", offset=4, length=2)
    equal((part.data["content"], part.data["end"]), ("tw", 6))
    raw = base64.b64encode(bytes(range(256))).decode()
    await tools("write_file", path="/tmp/raw", content=raw, encoding="base64")
    equal((await tools("read_file", path="/tmp/raw")).data["content"], raw)
    await tools("move_file", **{"from": "a/b.txt", "to": "a/c.txt"})
    await tools("make_folder", path="a/d/e")
    listed = await tools("list_files", path="a", depth=3)
    paths = [entry["path"] for entry in listed.data["entries"]]
    equal(sorted(paths), ["/home/user/a/c.txt", "/home/user/a/d", "/home/user/a/d/e"])
    await tools("remove_file", path="a")
    equal((await tools("read_file", path="a/c.txt")).failed, True)


async def check_contexts(tools):
    await tools.code("z = 1")
    made = await tools("create_context", language="python")
    context = made.data["context"]
    equal((await tools.code("z", context=context)).failed, True)
    await tools.code("z = 2", context=context)
    equal((await tools.code("z")).data["result"], "1")
    listed = (await tools("list_contexts")).data["contexts"]
    equal([one["language"] for one in listed if one["context"] == context], ["python"])
    await tools("restart_context", context=context)
    equal((await tools.code("z", context=context)).failed, True)
    await tools("remove_context", context=context)
    equal((await tools.code("1", context=context)).failed, True)


async def check_copies_and_undo(tools):
    await tools.code("rows = [1]")
    snapshot = (await tools("snapshot")).data["snapshot"]
    copies = (await tools("fork", count=2)).data["copies"]
    equal(len(copies), 2)
    await tools.code("rows.append(2)")
    for place in copies:
        equal((await tools.code("rows", sandbox=place)).data["result"], "[1]")
    later = (await tools("create_sandbox", snapshot=snapshot)).data["sandbox"]
    equal((await tools.code("rows", sandbox=later)).data["result"], "[1]")
    equal((await tools("undo")).failed, False)
    equal((await tools.code("rows")).data["result"], "[1]")
    await tools("delete_snapshot", snapshot=snapshot)
    for place in [*copies, later]:
        equal((await tools("end_sandbox", sandbox=place)).failed, False)
        equal((await tools.code("1", sandbox=place)).failed, True)


async def check_output_is_bounded(tools):
    answer = await tools.code("print('x' * 10**7); 'y' * 10**6")
    assert len(answer.text) < 200_000, len(answer.text)
    equal(answer.data["shortened"], True)
    assert "left out" in answer.text


async def check_progress_is_told(tools):
    told = []

    async def progress(step, total, message):
        told.append(message)

    await tools.code("import time\nfor n in range(3): print(n, flush=True); time.sleep(0.3)", progress=progress)
    assert told and told[0] == "0", told


async def give_up(tools, call):
    """Cancels the call that was made last."""
    if not SECOND:
        # This generation leaves it to its users to tell the server.
        from mcp import types

        params = types.CancelledNotificationParams(requestId=tools.client._request_id - 1)
        told = types.CancelledNotification(params=params)
        await tools.client.send_notification(types.ClientNotification(told))
    call.cancel()
    try:
        await call
    except BaseException:
        pass


async def check_a_call_that_is_given_up_ends_its_code(tools):
    await tools.code("kept = 5")
    call = asyncio.ensure_future(tools.code("print('on')\nwhile True: pass", timeout_seconds=600))
    await asyncio.sleep(0.5)
    await give_up(tools, call)
    # One interpreter: this call waits until that code has ended.
    equal((await asyncio.wait_for(tools.code("kept"), 30)).data["result"], "5")


async def check_time_is_limited(tools):
    answer = await tools.code("while True: pass", timeout_seconds=1)
    equal(answer.failed, True)
    equal((await tools.code("1 + 1")).data["result"], "2")


async def check_what_a_client_had_is_gone_with_it(_):
    async with connected() as first:
        place = (await first.code("1")).data["sandbox"]
    async with connected() as second:
        gone = await second.code("1", sandbox=place)
        # Without a session there is no end to it, until nobody uses it for long.
        equal(gone.failed, IN_SESSION)
        if not IN_SESSION:
            await second("end_sandbox", sandbox=place)


async def main():
    checks = [body for name, body in globals().items() if name.startswith("check_")]
    wanted = sys.argv[1:]
    failed = 0
    async with connected() as tools:
        for check in checks:
            if wanted and check.__name__ not in wanted:
                continue
            try:
                await check(tools)
            except Exception:
                failed += 1
                print(f"FAILED {check.__name__}\n{traceback.format_exc()}", flush=True)
            else:
                print(f"ok {check.__name__}", flush=True)
    return failed


sys.exit(1 if asyncio.run(main()) else 0)
