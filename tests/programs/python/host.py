"""Runs programs with a meaning on this interpreter, each in a process of its own.

A program a line comes in, in base64; out goes `{"stdout": .., "raised": name or null}`,
or null for a program that takes more than this interpreter should give it.
"""

import base64
import json
import os
import resource
import signal
import sys
import tempfile


def child(source, out):
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    signal.alarm(20)
    os.dup2(out, 1)
    raised = ""
    try:
        exec(compile(source, "program", "exec"), {"__name__": "__main__"})
    except Exception as error:
        raised = type(error).__name__
    sys.stdout.flush()
    os.write(out, b"\0" + raised.encode())
    os._exit(0)


for line in sys.stdin:
    with tempfile.TemporaryFile() as out:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            sys.stdout = open(out.fileno(), "w", encoding="utf-8", closefd=False)
            child(base64.b64decode(line), out.fileno())
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        stdout, _, raised = out.read().decode("utf-8", "replace").rpartition("\0")
    told = {"stdout": stdout, "raised": raised or None}
    print(json.dumps(told if status == 0 else None))
