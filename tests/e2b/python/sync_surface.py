"""The surface of the SDK's synchronous half, as its users call it."""

import io
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from e2b_code_interpreter import Sandbox

from harness import GENERATION, KILLED, SENDS_ALL, TLS, equal, raises, run, until

SHARED = Sandbox.create()


def check_result_text_and_logs():
    execution = SHARED.run_code("print('a')\nimport sys; print('b', file=sys.stderr)\n1 + 1")
    equal(execution.text, "2")
    equal(execution.logs.stdout, ["a\n"])
    equal(execution.logs.stderr, ["b\n"])
    equal(execution.error, None)


def check_state_lives_from_run_to_run():
    SHARED.run_code("kept = 41")
    equal(SHARED.run_code("kept + 1").text, "42")


def check_callbacks_get_everything_in_order():
    seen = []
    SHARED.run_code(
        "print('one')\ndisplay({'text/html': '<b>x</b>', 'text/plain': 'x'}, raw=True)\nprint('two')\n3",
        on_stdout=lambda m: seen.append(("out", m.line)),
        on_result=lambda r: seen.append(("result", r.text, r.html, r.is_main_result)),
    )
    equal(
        seen,
        [
            ("out", "one\n"),
            ("result", "x", "<b>x</b>", False),
            ("out", "two\n"),
            ("result", "3", None, True),
        ],
    )


def check_errors_are_data():
    seen = []
    execution = SHARED.run_code("1/0", on_error=seen.append)
    equal(execution.error.name, "ZeroDivisionError")
    equal(execution.error.value, "division by zero")
    assert "1/0" in execution.error.traceback
    equal(len(seen), 1)
    equal(SHARED.run_code("def f(:").error.name, "SyntaxError")


def check_first_event_comes_before_the_end():
    first = []
    execution = SHARED.run_code(
        "import time, os\nprint('now')\nwhile not os.path.exists('/tmp/go'): time.sleep(0.01)",
        on_stdout=lambda m: (first.append(m.line), SHARED.files.write("/tmp/go", "")),
    )
    # The code waits for a file that only the callback writes.
    equal(first, ["now\n"])
    equal(execution.error, None)


def check_rich_results():
    execution = SHARED.run_code(
        "class R:\n"
        "    def _repr_mimebundle_(self, **_): return {'text/plain': 'r', 'image/png': 'AAAA', 'text/latex': '$x$', 'x/y': 'z'}\n"
        "R()"
    )
    result = execution.results[0]
    equal((result.text, result.png, result.latex, result.extra), ("r", "AAAA", "$x$", {"x/y": "z"}))
    equal(SHARED.run_code("'quoted'").text, "quoted")


def check_indented_code_and_top_level_await():
    equal(SHARED.run_code("    x = 1\n    x + 1").text, "2")
    equal(SHARED.run_code("import asyncio\nawait asyncio.sleep(0, 'slept')").text, "slept")


def check_executions_are_counted():
    context = SHARED.create_code_context()
    counts = [SHARED.run_code("1", context=context).execution_count for _ in range(3)]
    equal(counts, [1, 2, 3])
    SHARED.restart_code_context(context)
    equal(SHARED.run_code("1", context=context).execution_count, 1)


def check_contexts_are_apart():
    first = SHARED.create_code_context()
    second = SHARED.create_code_context(cwd="/tmp")
    equal((first.language, first.cwd), ("python", "/home/user"))
    equal((second.language, second.cwd), ("python", "/tmp"))
    SHARED.run_code("x = 1", context=first)
    equal(SHARED.run_code("x", context=second).error.name, "NameError")
    equal(SHARED.run_code("import os; os.getcwd()", context=second).text, "/tmp")
    equal(SHARED.list_code_contexts()[-1].id, second.id)
    SHARED.restart_code_context(first)
    equal(SHARED.run_code("x", context=first).error.name, "NameError")
    SHARED.restart_code_context(second.id)
    equal(SHARED.run_code("import os; os.getcwd()", context=second).text, "/tmp")
    SHARED.remove_code_context(first)
    raises("NotFoundException", first.id, lambda: SHARED.run_code("1", context=first))
    raises("NotFoundException", first.id, lambda: SHARED.remove_code_context(first))
    raises("NotFoundException", first.id, lambda: SHARED.restart_code_context(first))


def check_a_restart_ends_what_runs():
    context = SHARED.create_code_context()
    started = threading.Event()
    ended = []

    def work():
        ended.append(
            SHARED.run_code(
                "import time\nprint('up')\ntime.sleep(600)",
                context=context,
                on_stdout=lambda _: started.set(),
            )
        )

    worker = threading.Thread(target=work)
    worker.start()
    assert started.wait(20)
    SHARED.restart_code_context(context)
    worker.join(20)
    equal(ended[0].error.name, "ContextRestarting")
    equal(SHARED.run_code("5", context=context).text, "5")


def check_mcp():
    sandbox = Sandbox.create(mcp={"sandcell": {}}, metadata={"check": "mcp"})
    assert sandbox.get_mcp_url().startswith("https://"), sandbox.get_mcp_url()
    assert sandbox.get_mcp_url().endswith("/mcp"), sandbox.get_mcp_url()
    token = sandbox.get_mcp_token()
    equal(Sandbox.connect(sandbox.sandbox_id).get_mcp_token(), token)
    if not TLS:
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
        headers = {
            "Authorization": f"Bearer {token}", "E2b-Sandbox-Id": sandbox.sandbox_id, "E2b-Sandbox-Port": "50005",
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        url = os.environ["E2B_API_URL"] + "/mcp"
        told = fetch(urllib.request.Request(url, json.dumps(message).encode(), headers))
        assert b"sandcell" in told, told
    sandbox.kill()
    raises("SandboxException", "github", lambda: Sandbox.create(mcp={"github": {}}, metadata={"check": "mcp"}))
    if SENDS_ALL:
        equal([one for one in Sandbox.list().next_items() if one.metadata == {"check": "mcp"}], [])


def check_javascript_and_typescript():
    execution = SHARED.run_code("console.log('out')\nconst a = 20; a + 1", language="js")
    equal((execution.text, execution.logs.stdout), ("21", ["out\n"]))
    equal(SHARED.run_code("await Promise.resolve(a * 2)", language="javascript").text, "40")
    typed = "interface P { x: number }\nconst p: P = { x: 5 }; p.x"
    equal(SHARED.run_code(typed, language="ts").text, "5")
    equal(SHARED.run_code("typeof a", language="typescript").text, "undefined")
    error = SHARED.run_code("null.x", language="js").error
    equal(error.name, "TypeError")
    assert "null" in error.value, error
    # All languages see the same files.
    SHARED.files.write("shared.txt", "text")
    SHARED.run_code("require('fs').appendFileSync('shared.txt', ' and more')", language="js")
    equal(SHARED.run_code("open('shared.txt').read()").text, "text and more")
    equal(SHARED.run_code("process.env.ONE", language="js", envs={"ONE": "1"}).text, "1")
    equal(SHARED.run_code("typeof process.env.ONE", language="js").text, "undefined")
    context = SHARED.create_code_context(language="TypeScript", cwd="/tmp")
    equal((context.language, context.cwd), ("typescript", "/tmp"))
    equal(SHARED.run_code("process.cwd()", context=context).text, "/tmp")
    SHARED.run_code("let n: number = 1", context=context)
    equal(SHARED.run_code("n", context=context).text, "1")
    SHARED.restart_code_context(context)
    equal(SHARED.run_code("n", context=context).error.name, "ReferenceError")
    SHARED.remove_code_context(context)


def check_bash():
    def bash(code, **how):
        execution = SHARED.run_code(code, language="bash", **how)
        return "".join(execution.logs.stdout), "".join(execution.logs.stderr), execution.error

    equal(bash('cd /tmp; export X=1; y=2; greet() { echo "hi $1 $y"; }'), ("", "", None))
    python = "python3 -c 'import os; print(os.environ[\"X\"], os.getcwd())'"
    equal(bash(f"pwd; greet you; {python}"), ("/tmp\nhi you 2\n1 /tmp\n", "", None))
    # A status other than 0 is an error, as Jupyter's kernel for bash tells it.
    for code, status in [("echo out; echo err >&2; false", "1"), ("echo out; echo err >&2; exit 3", "3")]:
        out, err, error = bash(code)
        equal((out, err), ("out\n", "err\n"))
        equal((error.name, error.value, error.traceback), ("", status, ""))
    assert "syntax error" in bash("echo 'open")[1] + bash("if")[1]
    # It comes as it is written.
    seen = []
    SHARED.run_code(
        "echo one; until [ -e bash-may-go ]; do sleep 0.01; done; echo two",
        language="bash",
        on_stdout=lambda line: seen.append((line.line, SHARED.files.write("/tmp/bash-may-go", ""))),
    )
    equal([line for line, _ in seen], ["one\n", "two\n"])
    equal(bash("echo $X $ONE; X=3", envs={"X": "2", "ONE": "1"})[0], "2 1\n")
    equal(bash("echo $X [$ONE]")[0], "1 []\n")
    # All languages see the same files.
    bash("echo from bash > /home/user/shared.txt")
    equal(SHARED.run_code("open('/home/user/shared.txt').read()").text, "from bash\\n")


def check_contexts_of_bash():
    context = SHARED.create_code_context(language="bash", cwd="/tmp")
    equal((context.language, context.cwd), ("bash", "/tmp"))
    equal(SHARED.list_code_contexts()[-1].id, context.id)
    run = lambda code: "".join(SHARED.run_code(code, context=context).logs.stdout)
    equal(run("pwd; x=5; cd /"), "/tmp\n")
    equal(run("pwd; echo $x"), "/\n5\n")
    raises(
        "TimeoutException",
        "timed out",
        lambda: SHARED.run_code("x=6; while :; do sleep 1; done", context=context, timeout=1),
    )
    equal(run("echo $x"), "6\n")
    SHARED.restart_code_context(context)
    equal(run("pwd; echo [$x]"), "/tmp\n[]\n")
    # The shell itself can be killed; a fresh one stands in for it.
    error = SHARED.run_code("x=7; kill -9 $$", context=context).error
    equal(error.name, "KernelDied")
    assert "lost" in error.value, error
    equal(run("pwd; echo [$x]"), "/tmp\n[]\n")
    equal(SHARED.commands.list(), [])
    SHARED.remove_code_context(context)
    raises("NotFoundException", context.id, lambda: SHARED.run_code(":", context=context))
    raises("SandboxException", "/no/such", lambda: SHARED.create_code_context(language="bash", cwd="/no/such"))


def check_contexts_are_there_from_the_start():
    sandbox = Sandbox.create()
    languages = [context.language for context in sandbox.list_code_contexts()]
    equal(languages, ["python", "javascript"])
    python, javascript = sandbox.list_code_contexts()
    sandbox.run_code("globalThis.x = 7", language="javascript")
    equal(sandbox.run_code("x", context=javascript).text, "7")
    sandbox.run_code("x = 8")
    equal(sandbox.run_code("x", context=python).text, "8")
    equal(len(sandbox.list_code_contexts()), 2)
    sandbox.kill()


def check_languages():
    equal(SHARED.run_code("1", language="Python").text, "1")
    for language in ["r", "java", "brainfuck"]:
        raises("SandboxException", language, lambda: SHARED.run_code("1", language=language))
    raises("SandboxException", "cobol", lambda: SHARED.create_code_context(language="cobol"))
    raises("SandboxException", "/no/such", lambda: SHARED.create_code_context(cwd="/no/such"))


def check_variables_of_sandbox_and_run():
    sandbox = Sandbox.create(envs={"LEVEL": "sandbox", "OTHER": "o"})
    code = "import os; os.environ.get('LEVEL'), os.environ.get('ONCE')"
    equal(sandbox.run_code(code).text, "('sandbox', None)")
    equal(sandbox.run_code(code, envs={"LEVEL": "run", "ONCE": "1"}).text, "('run', '1')")
    equal(sandbox.run_code(code).text, "('sandbox', None)")
    sandbox.kill()


def check_a_timeout_interrupts_and_keeps_the_state():
    context = SHARED.create_code_context()
    SHARED.run_code("x = 7", context=context)
    raises(
        "TimeoutException",
        "timed out",
        lambda: SHARED.run_code("while True: pass", context=context, timeout=1),
    )
    equal(SHARED.run_code("x", context=context).text, "7")


def check_two_contexts_run_at_once():
    first, second = SHARED.create_code_context(), SHARED.create_code_context()
    answers = []
    code = (
        "import os, time\nopen('/tmp/{0}', 'w').close()\n"
        "while not os.path.exists('/tmp/{1}'): time.sleep(0.01)\n'met'"
    )

    def work(context, mine, other):
        answers.append(SHARED.run_code(code.format(mine, other), context=context, timeout=60).text)

    workers = [
        threading.Thread(target=work, args=(first, "m1", "m2")),
        threading.Thread(target=work, args=(second, "m2", "m1")),
    ]
    [worker.start() for worker in workers]
    [worker.join(60) for worker in workers]
    equal(answers, ["met", "met"])


def check_files():
    files = SHARED.files
    equal(files.write("notes/a.txt", "hello").path, "/home/user/notes/a.txt")
    equal(files.read("notes/a.txt"), "hello")
    equal(bytes(files.read("notes/a.txt", format="bytes")), b"hello")
    equal(b"".join(files.read("notes/a.txt", format="stream")), b"hello")
    equal(files.write("/tmp/raw", bytes(range(256))).name, "raw")
    equal(bytes(files.read("/tmp/raw", format="bytes")), bytes(range(256)))
    files.write("/tmp/io", io.BytesIO(b"from io"))
    equal(files.read("/tmp/io"), "from io")
    files.write("empty", "")
    equal(files.read("empty"), "")
    files.write("ünïcödé ñame.txt", "ü")
    equal(files.read("ünïcödé ñame.txt"), "ü")
    equal(SHARED.run_code("open('/home/user/notes/a.txt').read()").text, "hello")
    equal(SHARED.run_code("open('/home/user/made', 'w').write('by code')").error, None)
    equal(files.read("made"), "by code")


def check_large_files():
    data = bytes(range(256)) * (4 << 12) + b"end"
    SHARED.files.write("/tmp/large", data)
    equal(SHARED.run_code("import os; os.path.getsize('/tmp/large')").text, str(len(data)))
    assert bytes(SHARED.files.read("/tmp/large", format="bytes")) == data


def check_many_files_at_once():
    from e2b.sandbox.filesystem.filesystem import WriteEntry

    written = SHARED.files.write_files(
        [WriteEntry(path=f"many/{n}", data=str(n)) for n in range(20)]
    )
    equal(len(written), 20)
    equal(SHARED.files.read("many/13"), "13")


def check_folders():
    files = SHARED.files
    equal(files.make_dir("d1/d2"), True)
    equal(files.make_dir("d1/d2"), False)
    files.write("d1/d2/f", "x")
    equal([entry.name for entry in files.list("d1")], ["d2"])
    equal([entry.path for entry in files.list("d1", depth=2)], ["/home/user/d1/d2", "/home/user/d1/d2/f"])
    equal(files.rename("d1", "e1").path, "/home/user/e1")
    equal((files.exists("d1"), files.exists("e1/d2/f")), (False, True))
    files.remove("e1")
    equal(files.exists("e1"), False)
    raises("NotFoundException FileNotFoundException", "e1", lambda: files.list("e1"))
    raises("NotFoundException FileNotFoundException", "e1", lambda: files.read("e1"))
    raises("InvalidArgumentException", "directory", lambda: files.read("/tmp"))
    raises("InvalidArgumentException", "", lambda: files.list("/etc/passwd"))


def check_file_information():
    files = SHARED.files
    files.write("info.txt", "12345")
    info = files.get_info("info.txt")
    equal((info.name, info.size, info.path), ("info.txt", 5, "/home/user/info.txt"))
    equal((info.owner, info.group, info.permissions), ("user", "user", "-rw-r--r--"))
    equal(files.write("/root/new/r.txt", "r", user="root").path, "/root/new/r.txt")
    equal(files.get_info("new", user="root").owner, "root")
    info = files.get_info("new/r.txt", user="root")
    equal((info.owner, info.path), ("root", "/root/new/r.txt"))
    SHARED.run_code("import os; os.symlink('/home/user/info.txt', '/home/user/link')")
    info = files.get_info("link")
    equal(info.symlink_target, "/home/user/info.txt")
    if GENERATION != "oldest":
        equal(info.type.value, "symlink")
    raises("AuthenticationException", "nobody", lambda: files.read("x", user="nobody"))


def check_virtual_files():
    boot_id = SHARED.files.read("/proc/sys/kernel/random/boot_id")
    equal(len(boot_id.strip()), 36)


def check_metadata_and_compression():
    if GENERATION != "newest":
        return
    files = SHARED.files
    text = "compressible " * 10_000
    info = files.write("packed.txt", text, gzip=True, metadata={"Kind": "log"})
    equal(info.metadata, {"kind": "log"})
    equal(files.get_info("packed.txt").metadata, {"kind": "log"})
    equal(files.read("packed.txt", gzip=True), text)
    equal(SHARED.run_code("len(open('/home/user/packed.txt').read())").text, str(len(text)))


def check_watching():
    SHARED.files.make_dir("watched/deep")
    with_children = SHARED.files.watch_dir("watched", recursive=True)
    alone = SHARED.files.watch_dir("watched")
    SHARED.files.write("watched/a", "1")
    SHARED.files.write("watched/deep/b", "1")
    SHARED.files.rename("watched/a", "watched/c")
    SHARED.run_code("import os; os.utime('/home/user/watched/c'); os.remove('/home/user/watched/c')")
    deep = [(event.name, event.type.value) for event in with_children.get_new_events()]
    flat = [(event.name, event.type.value) for event in alone.get_new_events()]
    for event in [
        ("a", "create"), ("a", "write"), ("deep/b", "create"), ("deep/b", "write"),
        ("a", "rename"), ("c", "create"), ("c", "chmod"), ("c", "remove"),
    ]:
        assert event in deep, (event, deep)
    assert not [name for name, _ in flat if "/" in name], flat
    equal(with_children.get_new_events(), [])
    with_children.stop()
    alone.stop()
    raises("NotFoundException", "", lambda: SHARED.files.watch_dir("not/there"))


def fetch(request):
    if isinstance(request, str):
        request = urllib.request.Request(request)
    parts = urllib.parse.urlsplit(request.full_url)
    if TLS:
        # The system resolves no names below localhost; the signature says which
        # sandbox is meant.
        netloc = f"127.0.0.1:{parts.netloc.rpartition(':')[2]}"
        request.full_url = parts._replace(netloc=netloc).geturl()
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def status(url, **request):
    try:
        fetch(urllib.request.Request(url, **request))
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def check_signed_urls():
    SHARED.files.write("signed.txt", "signed")
    equal(fetch(SHARED.download_url("signed.txt")), b"signed")
    lasting = SHARED.download_url("signed.txt", use_signature_expiration=100)
    equal(fetch(lasting), b"signed")
    expired = SHARED.download_url("signed.txt", use_signature_expiration=-100)
    equal(status(expired), 401)
    equal(status(lasting.replace("signed.txt", "other.txt")), 401)
    equal(status(SHARED.download_url("signed.txt") + "x"), 401)
    upload = SHARED.upload_url("uploaded.txt")
    octets = {"Content-Type": "application/octet-stream"}
    equal(status(upload, data=b"up", headers=octets), 200)
    equal(SHARED.files.read("uploaded.txt"), "up")


def check_what_is_not_there_says_so():
    if SENDS_ALL:
        raises("SandboxException", "template", lambda: Sandbox.create("no-such-template"))


def check_information_and_lists():
    mark = f"sync {time.time()} & more"
    made = [Sandbox.create(metadata={"mark": mark, "n": str(n)}) for n in range(3)]
    info = made[0].get_info()
    equal((info.sandbox_id, info.metadata["mark"], info.state.value), (made[0].sandbox_id, mark, "running"))
    assert info.end_at > info.started_at

    from e2b_code_interpreter import SandboxQuery

    paginator = Sandbox.list(query=SandboxQuery(metadata={"mark": mark}), limit=2)
    first = paginator.next_items()
    assert paginator.has_next
    second = paginator.next_items()
    assert not paginator.has_next
    found = [sandbox.sandbox_id for sandbox in first + second]
    equal(found, [sandbox.sandbox_id for sandbox in reversed(made)])
    one = Sandbox.list(query=SandboxQuery(metadata={"mark": mark, "n": "1"})).next_items()
    equal([sandbox.sandbox_id for sandbox in one], [made[1].sandbox_id])
    if SENDS_ALL:
        [sandbox.kill() for sandbox in made]


def check_connecting():
    other = Sandbox.connect(SHARED.sandbox_id)
    SHARED.run_code("shared = 'yes'")
    equal(other.run_code("shared").text, "yes")
    other.files.write("by-other", "1")
    equal(SHARED.files.read("by-other"), "1")
    before = SHARED.get_info().end_at
    Sandbox.connect(SHARED.sandbox_id, timeout=1)
    assert SHARED.get_info().end_at >= before
    raises(
        "NotFoundException SandboxNotFoundException",
        "nosuchsandbox",
        lambda: Sandbox.connect("nosuchsandbox"),
    )


def check_the_key_is_checked():
    raises("AuthenticationException", "", lambda: Sandbox.create(api_key="e2b_" + "0" * 40))


def check_killing():
    if not SENDS_ALL:
        return
    sandbox = Sandbox.create()
    equal(sandbox.is_running(), True)
    equal((sandbox.kill(), sandbox.kill()), (True, False))
    equal(sandbox.is_running(), False)
    equal(Sandbox.kill("nosuchsandbox"), False)
    raises("TimeoutException", "not found", lambda: sandbox.run_code("1"))
    raises("TimeoutException SandboxException", "not found", lambda: sandbox.files.read("x"))
    raises("TimeoutException SandboxException", "not found", lambda: sandbox.files.list("/"))


def check_a_kill_tears_what_runs():
    if not SENDS_ALL:
        return
    sandbox = Sandbox.create()
    raises(
        *KILLED,
        lambda: sandbox.run_code(
            "import time\nprint('up')\ntime.sleep(600)", on_stdout=lambda _: sandbox.kill()
        ),
    )


def check_sandboxes_end_by_themselves():
    sandbox = Sandbox.create(timeout=1)
    until(lambda: not sandbox.is_running())
    if SENDS_ALL:
        sandbox = Sandbox.create()
        sandbox.set_timeout(1)
        until(lambda: not sandbox.is_running())


def check_metrics():
    metrics = SHARED.get_metrics()
    if SENDS_ALL:
        assert metrics[-1].mem_total > metrics[-1].mem_used > 0, metrics
        assert metrics[-1].disk_total > metrics[-1].disk_used > 0, metrics


if __name__ == "__main__":
    run(sys.modules["__main__"])
