"""What the agents of Python's peers share: orders in, times out.

An agent is a process that holds one peer. It reads orders as lines of JSON and
answers each with one line; README.md has the orders. It takes the times itself,
so that the way to the driver is in none of them.
"""

import os
import sys
import time


class Unsupported(Exception):
    """The peer has no such thing."""


class Settings:
    """What all sandboxes have, and the first thing that each runs."""

    def __init__(self, order):
        self.wall_ms = order["wall_ms"]
        self.memory_bytes = order["memory_bytes"]
        self.first = order["first"]
        self.expected = order["expected"]


class Agent:
    """A peer. What it has not raises `Unsupported`."""

    settings: Settings

    def version(self):
        return "?"

    def open(self):
        """Whatever is there once for all sandboxes."""

    def create(self):
        """A new sandbox with the limits of `self.settings`, as far as the peer has them."""
        raise NotImplementedError

    def run(self, sandbox, code):
        """Runs statements; raises when they do."""
        raise NotImplementedError

    def value(self, sandbox, expression):
        """The value of an expression, as text."""
        raise NotImplementedError

    def close(self, sandbox):
        """Ends a sandbox, outside of what is timed."""

    def take(self, sandbox):
        raise Unsupported("no snapshots of live sandboxes")

    def restore(self, snapshot):
        raise Unsupported("no snapshots of live sandboxes")

    def size(self, snapshot):
        return len(snapshot)

    def session(self):
        """The sandbox that lives as long as the agent."""
        if getattr(self, "_session", None) is None:
            self._session = self.first()
        return self._session

    def first(self):
        sandbox = self.create()
        got = self.value(sandbox, self.settings.first)
        if got != self.settings.expected:
            raise RuntimeError(f"{self.settings.first} is {got!r}")
        return sandbox


def milliseconds(start):
    return (time.perf_counter_ns() - start) / 1e6


def do_new(agent, order):
    times = []
    for _ in range(order["count"]):
        # Who keeps sandboxes ready gets the time to do so.
        time.sleep(order["pause_ms"] / 1000)
        start = time.perf_counter_ns()
        sandbox = agent.first()
        times.append(milliseconds(start))
        agent.close(sandbox)
        del sandbox
    return {"ms": times}


def do_exec(agent, order):
    sandbox, code = agent.session(), agent.settings.first
    times = []
    for _ in range(order["count"]):
        start = time.perf_counter_ns()
        agent.value(sandbox, code)
        times.append(milliseconds(start))
    return {"ms": times}


def do_define(agent, order):
    agent.run(agent.session(), order["source"])
    return {}


def do_run(agent, order):
    sandbox = agent.session()
    start = time.perf_counter_ns()
    agent.run(sandbox, order["call"])
    return {"ms": [milliseconds(start)]}


def do_live(agent, order):
    import gc

    kept = agent.__dict__.setdefault("_live", [])
    for _ in range(order["count"]):
        kept.append(agent.first())
    gc.collect()
    return {"live": len(kept)}


def do_snapshot(agent, order):
    sandbox = agent.create()
    agent.run(sandbox, order["prepare"])
    taken, restored = [], []
    size = 0
    for _ in range(order["count"]):
        start = time.perf_counter_ns()
        snapshot = agent.take(sandbox)
        taken.append(milliseconds(start))
        size = agent.size(snapshot)
        start = time.perf_counter_ns()
        copy = agent.restore(snapshot)
        got = agent.value(copy, order["value"])
        restored.append(milliseconds(start))
        if got != order["expected"]:
            raise RuntimeError(f"a copy says {got!r}")
        agent.close(copy)
    agent.close(sandbox)
    return {"take_ms": taken, "restore_ms": restored, "bytes": size}


def do_holds(agent, order):
    sandbox = agent.create()
    try:
        agent.run(sandbox, order["prepare"])
    except Exception:
        # Its language has no such thing.
        return {"holds": None}
    try:
        copy = agent.restore(agent.take(sandbox))
        held = agent.value(copy, order["value"]) == order["expected"]
    except Unsupported:
        raise
    except Exception:
        held = False
    return {"holds": held}


def do_survive(agent, order):
    sandbox = agent.create()
    agent.run(sandbox, order["prepare"])
    start = time.perf_counter_ns()
    try:
        agent.run(sandbox, order["source"])
        ended = "finished"
    except BaseException as error:
        said = str(error).strip().splitlines()
        ended = f"{type(error).__name__}: {said[-1] if said else ''}"
    took = milliseconds(start)
    try:
        kept = agent.value(sandbox, order["value"]) == order["expected"]
    except BaseException:
        kept = False
    try:
        agent.first()
        fresh = True
    except BaseException:
        fresh = False
    return {"ended": ended[:300], "ms": took, "variables": kept, "new": fresh}


ORDERS = {
    "new": do_new,
    "exec": do_exec,
    "define": do_define,
    "run": do_run,
    "live": do_live,
    "snapshot": do_snapshot,
    "holds": do_holds,
    "survive": do_survive,
}


def obey(agent, order):
    try:
        if order["do"] == "open":
            agent.settings = Settings(order)
            agent.open()
            return {"version": agent.version()}
        return ORDERS[order["do"]](agent, order)
    except Unsupported as reason:
        return {"unsupported": str(reason)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def cold(agent):
    """The shortest program that uses the peer: what a cold process is timed with."""
    agent.settings = Settings(
        {"wall_ms": 30_000, "memory_bytes": 256 << 20, "first": "1+1", "expected": "2"}
    )
    agent.open()
    print(agent.value(agent.create(), "1+1"), flush=True)
    # Nothing is left to tidy up; who has children ends them in `exit`.
    getattr(agent, "exit", lambda: None)()
    os._exit(0)


def version_of(package):
    """Of an installed package; looked up late, since a cold process needs none."""
    from importlib.metadata import version

    return version(package)


def main(agent):
    if "--cold" in sys.argv:
        cold(agent)
    import json

    # Answers go to where standard output was; what a peer prints goes elsewhere.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(obey(agent, json.loads(line))) + "\n")
        answers.flush()
    getattr(agent, "exit", lambda: None)()
    answers.close()
    os._exit(0)
