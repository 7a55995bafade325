"""An agent as a process: asked by lines, watched from outside."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

# An agent that holds more than this is stopped: nobody bounds it.
MOST_BYTES = 3 << 30


class Gone(Exception):
    """The agent ended, or had to be ended; says why."""


def descendants(pid):
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += [int(word) for word in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu_ns(pid):
    """Processor time of a process by the clock that it has (see clock_getcpuclockid)."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def private_dirty(pid):
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return field_bytes(text, "Private_Dirty:")


def resident(pid):
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return field_bytes(text, "VmRSS:")


def field_bytes(text, name):
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def ended_by(code):
    if code < 0:
        return f"its host process dies ({signal.Signals(-code).name})"
    return f"its host process ends (exit code {code})"


class AgentProcess:
    def __init__(self, command, environment, folder):
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=folder,
            # Its children are ended with it.
            start_new_session=True,
        )
        self.rest = b""

    def ask(self, order, timeout=120):
        """The answer to an order. Raises `Gone` when there is none."""
        try:
            self.child.stdin.write(json.dumps(order).encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass
        end = time.monotonic() + timeout
        while True:
            line = self._line(end)
            # An engine that dies may have last words.
            if line.startswith(b"{"):
                return json.loads(line)

    def _line(self, end):
        pipe = self.child.stdout.fileno()
        while b"\n" not in self.rest:
            ready, _, _ = select.select([pipe], [], [], 0.2)
            if ready:
                more = os.read(pipe, 1 << 16)
                if not more:
                    raise Gone(ended_by(self.child.wait()))
                self.rest += more
            elif time.monotonic() > end:
                self.kill()
                raise Gone("it does not stop: ended by the bench")
            elif sum(map(resident, descendants(self.child.pid))) > MOST_BYTES:
                self.kill()
                raise Gone("nothing bounds it: ended by the bench at 3 GiB")
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def cpu_ms(self):
        return sum(map(cpu_ns, descendants(self.child.pid))) / 1e6

    def private_bytes(self):
        return sum(map(private_dirty, descendants(self.child.pid)))

    def kill(self):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()

    def close(self):
        """Lets it end by itself, then makes sure."""
        try:
            self.child.stdin.close()
            self.child.wait(timeout=5)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        self.kill()
        self.child.stdout.close()
