"""Commands and terminals, as users of the SDK call them."""

import sys
import threading
import time

from e2b_code_interpreter import Sandbox

from harness import GENERATION, equal, raises, run, until

SHARED = Sandbox.create(envs={"OF_SANDBOX": "yes"})
RUN = SHARED.commands.run


def check_output_and_exit_code():
    result = RUN("echo out; echo err >&2")
    equal((result.stdout, result.stderr, result.exit_code), ("out\n", "err\n", 0))
    equal(result.error, None if GENERATION != "oldest" else result.error)


def check_failures_are_exceptions():
    error = raises("CommandExitException", "", lambda: RUN("echo so far; echo why >&2; exit 3"))
    equal((error.exit_code, error.stdout, error.stderr), (3, "so far\n", "why\n"))
    equal(error.error, "exit status 3")
    equal(raises("CommandExitException", "", lambda: RUN("no-such-command")).exit_code, 127)
    equal(raises("CommandExitException", "", lambda: RUN("echo (")).exit_code, 2)


def check_shell_language():
    result = RUN(
        "set -o pipefail\n"
        "for word in c a b; do echo $word; done | sort | head -n 2 | tr a-z A-Z\n"
        "x=$((6 * 7)); echo \"x is $x\"\n"
        "cat <<END\nhere\nEND\n"
    )
    equal(result.stdout, "A\nB\nx is 42\nhere\n")


def check_python_is_a_program():
    SHARED.files.write("/home/user/main.py", "import sys\nprint('args', sys.argv[1:])\nsys.exit(5)\n")
    error = raises("CommandExitException", "", lambda: RUN("python main.py a 'b c'"))
    equal((error.stdout, error.exit_code), ("args ['a', 'b c']\n", 5))
    equal(RUN("echo 'print(40 + 2)' | python3").stdout, "42\n")


def check_directory_variables_and_user():
    SHARED.files.make_dir("/tmp/place")
    equal(RUN("pwd").stdout, "/home/user\n")
    equal(RUN("pwd", cwd="/tmp/place").stdout, "/tmp/place\n")
    equal(RUN("echo $A-$OF_SANDBOX", envs={"A": "given"}).stdout, "given-yes\n")
    equal(RUN("echo $A").stdout, "\n")
    equal(RUN("echo $HOME $USER; whoami", user="root").stdout.split()[:2], ["/root", "root"])
    equal(RUN("echo $HOME").stdout, "/home/user\n")
    raises("InvalidArgumentException", "/nowhere", lambda: RUN("pwd", cwd="/nowhere"))
    raises("AuthenticationException SandboxException", "nobody", lambda: RUN("pwd", user="nobody"))


def check_output_streams():
    first = []

    def on_stdout(text):
        if not first:
            SHARED.files.write("/tmp/go", "")
        first.append(text)

    # The command waits for a file that only the callback writes.
    result = RUN("echo now; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo then", on_stdout=on_stdout)
    equal("".join(first), "now\nthen\n")
    equal(result.stdout, "now\nthen\n")
    errors = []
    RUN("echo a >&2; echo b", on_stderr=errors.append, on_stdout=lambda _: None)
    equal("".join(errors), "a\n")


def check_much_output():
    result = RUN("head -c 3000000 /dev/zero | tr '\\0' x")
    equal(len(result.stdout), 3_000_000)


def check_bytes_of_all_kinds():
    equal(RUN("printf 'h\\303\\251 \\360\\237\\230\\200'").stdout, "hé \U0001f600")


def check_standard_input():
    command = RUN("read name; echo hello $name; cat", background=True, stdin=True)
    SHARED.commands.send_stdin(command.pid, "world\n")
    SHARED.commands.send_stdin(command.pid, "rest")
    if hasattr(SHARED.commands, "close_stdin"):
        SHARED.commands.close_stdin(command.pid)
        equal(command.wait().stdout, "hello world\nrest")
    else:
        equal(command.kill(), True)
    # Nothing can be sent to a command that was started without.
    command = RUN("sleep 600", background=True)
    raises("SandboxException", "no input", lambda: SHARED.commands.send_stdin(command.pid, "x"))
    equal(command.kill(), True)
    equal(RUN("cat; echo ended").stdout, "ended\n")


def check_input_streams():
    if not hasattr(SHARED.commands, "stream_input"):
        return
    command = RUN("cat", background=True, stdin=True)
    SHARED.commands.stream_input(command.pid, iter(["one\n", b"two\n"] + ["x" * 50_000] * 4))
    SHARED.commands.close_stdin(command.pid)
    equal(command.wait().stdout, "one\ntwo\n" + "x" * 200_000)
    raises("NotFoundException", "", lambda: SHARED.commands.stream_input(999_999, iter(["x"])))


def check_background_kill_and_list():
    command = RUN("echo started; sleep 600", background=True, envs={"MARK": "here"}, cwd="/tmp")
    equal(next(iter(command))[0], "started\n")
    listed = {info.pid: info for info in SHARED.commands.list()}
    info = listed[command.pid]
    equal((info.cmd, info.args[:2], info.cwd), ("/bin/bash", ["-l", "-c"], "/tmp"))
    equal(info.envs["MARK"], "here")
    equal(command.kill(), True)
    error = raises("CommandExitException", "", command.wait)
    equal((error.exit_code, error.error), (-1, "signal: killed"))
    equal(SHARED.commands.kill(command.pid), False)
    assert command.pid not in [info.pid for info in SHARED.commands.list()]
    # Nothing of it is left.
    assert "sleep 600" not in RUN("ps -ef").stdout


def check_connecting_again():
    command = RUN(
        "while [ ! -e /tmp/second ]; do sleep 0.02; done; echo for both; exit 4", background=True
    )
    again = SHARED.commands.connect(command.pid)
    equal(again.pid, command.pid)
    SHARED.files.write("/tmp/second", "")
    for handle in (command, again):
        error = raises("CommandExitException", "", handle.wait)
        equal((error.stdout, error.exit_code), ("for both\n", 4))
    # It can still be asked how it ended.
    equal(raises("CommandExitException", "", SHARED.commands.connect(command.pid).wait).exit_code, 4)
    raises("NotFoundException", "", lambda: SHARED.commands.connect(999_999))


def check_a_client_that_leaves():
    command = RUN("sleep 0.2; echo done > /tmp/left", background=True)
    command.disconnect()
    until(lambda: SHARED.files.exists("/tmp/left"))


def check_time_limits():
    begun = time.monotonic()
    raises("TimeoutException", "", lambda: RUN("sleep 600", timeout=0.5))
    assert time.monotonic() - begun < 60
    until(lambda: "sleep 600" not in str([info.args for info in SHARED.commands.list()]))
    equal(RUN("sleep 0.1; echo fine", timeout=0).stdout, "fine\n")
    # Who only looked on ends nothing.
    command = RUN("sleep 0.7; exit 6", background=True, timeout=0)
    raises("TimeoutException", "", SHARED.commands.connect(command.pid, timeout=0.2).wait)
    equal(raises("CommandExitException", "", command.wait).exit_code, 6)


def check_many_at_once():
    results = {}

    def one(number):
        results[number] = RUN(f"sleep 0.05; echo $(({number} * 2))").stdout

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(results, {number: f"{number * 2}\n" for number in range(12)})


def check_files_are_shared_with_cells():
    SHARED.run_code("open('/tmp/of_cell', 'w').write('from the cell')")
    equal(RUN("cat /tmp/of_cell").stdout, "from the cell")
    RUN("echo from the command > /tmp/of_command")
    equal(SHARED.run_code("open('/tmp/of_command').read().strip()").text, "from the command")


class Screen:
    """What a terminal shows, gathered by a thread."""

    def __init__(self, **options):
        from e2b.sandbox.commands.command_handle import PtySize

        self.shown = b""
        self.error = None
        self.handle = SHARED.pty.create(PtySize(rows=20, cols=60), **options)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            self.handle.wait(on_pty=self.take)
        except Exception as error:
            self.error = error

    def take(self, data):
        self.shown += data

    def type(self, text):
        SHARED.pty.send_stdin(self.handle.pid, text.encode())

    def until(self, text):
        try:
            until(lambda: text.encode() in self.shown)
        except AssertionError:
            raise AssertionError(f"no {text!r} in {self.shown!r}")


def check_a_terminal():
    screen = Screen(envs={"PS1": "ready> "}, cwd="/tmp")
    screen.until("ready> ")
    screen.type("echo $((1+1))-$TERM; pwd; test -t 0 && test -t 1 && echo is a terminal\n")
    screen.until("2-xterm-256color\r\n/tmp\r\nis a terminal\r\n")
    # The keys are echoed, and the line can be edited.
    screen.type("echo wrongx\x7f\x15echo right\r")
    screen.until("\r\nright\r\n")
    screen.type("python3 -c 'import sys; print(sys.stdin.isatty(), input())'\ntyped\n")
    screen.until("True typed\r\n")
    # Ctrl-C ends what runs in the foreground, not the shell.
    screen.type("sleep 600\r")
    until(lambda: "sleep" in RUN("ps").stdout)
    screen.type("\x03")
    screen.type("echo status $?\r")
    screen.until("status 130\r\n")
    # Ctrl-D is the end of the input.
    screen.type("cat\r")
    until(lambda: "cat" in RUN("ps").stdout)
    screen.type("line\r")
    screen.until("\r\nline\r\n")
    # What is typed behind it is for the shell. Its prompt comes before what is
    # typed, or between that and what it prints.
    screen.type("\x04")
    screen.type("echo after $((1+1)) lines\r")
    screen.until("after 2 lines\r\n")
    screen.type("exit 3\r")
    screen.thread.join(20)
    equal((type(screen.error).__name__, screen.error.exit_code), ("CommandExitException", 3))


def check_sizes_of_terminals():
    from e2b.sandbox.commands.command_handle import PtySize

    screen = Screen()
    screen.type("stty size; trap 'stty size' WINCH; echo set up\r")
    screen.until("20 60\r\n")
    screen.until("\r\nset up\r\n")
    SHARED.pty.resize(screen.handle.pid, PtySize(rows=33, cols=99))
    screen.type("stty size\r")
    screen.until("33 99\r\n")
    equal(SHARED.pty.kill(screen.handle.pid), True)
    screen.thread.join(20)
    equal(screen.error.exit_code, -1)
    equal(SHARED.pty.kill(screen.handle.pid), False)
    raises("NotFoundException ConnectException", "", lambda: SHARED.pty.resize(screen.handle.pid, PtySize(rows=1, cols=1)))


def check_the_end_of_the_sandbox_tears_streams():
    sandbox = Sandbox.create()
    command = sandbox.commands.run("sleep 600", background=True)
    if GENERATION == "oldest":
        return
    sandbox.kill()
    raises("Exception", "", command.wait)
    raises("Exception", "", lambda: sandbox.commands.run("true"))


if __name__ == "__main__":
    run(sys.modules["__main__"])
