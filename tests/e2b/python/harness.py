"""Runs the checks of a script one after the other, each by its own name."""

import inspect
import os
import sys
import time
import traceback

os.environ["E2B_CONNECTION_RETRIES"] = "0"

#: newest, middle or oldest: the generation of the SDK in this environment.
GENERATION = os.environ["SDK_GENERATION"]

#: Sandboxes are called by https.
TLS = "SDK_TLS" in os.environ

#: In debug mode the oldest SDK does not send kill, set_timeout and get_metrics.
SENDS_ALL = GENERATION != "oldest" or TLS

#: What a run whose sandbox is killed ends with: the oldest SDK shows the error of
#: its HTTP library.
KILLED = ("RemoteProtocolError", "incomplete") if GENERATION == "oldest" else ("TimeoutException", "killed")


def raises(kinds, words, body):
    """The error of a call that must fail, with these words in it."""
    try:
        body()
    except Exception as error:
        return judged(error, kinds, words)
    raise AssertionError(f"no error; expected one with {words!r}")


async def araises(kinds, words, awaitable):
    try:
        await awaitable
    except Exception as error:
        return judged(error, kinds, words)
    raise AssertionError(f"no error; expected one with {words!r}")


def judged(error, kinds, words):
    names = {kind.__name__ for kind in type(error).__mro__}
    assert names & set(kinds.split()), f"{type(error).__mro__}: {error}"
    assert words in str(error), f"no {words!r} in {error}"
    return error


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def until(condition, seconds=120):
    """Waits for what must come, and fails if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def run(module):
    """Runs all checks of a module, or those named on the command line."""
    checks = [f for name, f in vars(module).items() if name.startswith("check_")]
    wanted = sys.argv[1:]
    failed = 0
    for check in checks:
        if wanted and check.__name__ not in wanted:
            continue
        try:
            result = check()
            if inspect.iscoroutine(result):
                import asyncio

                asyncio.run(result)
        except Exception:
            failed += 1
            print(f"FAILED {check.__name__}\n{traceback.format_exc()}", flush=True)
        else:
            print(f"ok {check.__name__}", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's HTTP client has threads of its own that may still hold a reference
    # to drop. One that comes while the interpreter shuts down aborts the process,
    # after all checks have passed: so there is no shutdown.
    os._exit(1 if failed else 0)
