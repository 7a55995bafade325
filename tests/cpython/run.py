"""Runs one of CPython's own test modules inside of a sandbox.

Standard input is a JSON object: "module", the name below the package `test`; "not_run", the names of tests
that are left out. The package `test` is in LIBRARY. What came of the tests is written to REPORT; the name of
each test is printed before it runs, so that a test that ends the interpreter is known by its name.
"""

import json
import os
import sys
import time
import types
import unittest

LIBRARY = "/home/user/library"
REPORT = "/home/user/report.json"
WORK = "/tmp/work"

# Modules in C that are made for CPython's tests only, and others that the guest has not. The test modules that
# import them at their top get stand-ins, so that only those tests are skipped that really use them.
INTERNALS = ("_testinternalcapi", "_testcapi")
SINGLE_PHASE = (*INTERNALS, "_testsinglephase", "_testmultiphase")
STAND_INS = {
    "test_bytes": ("_testlimitedcapi",),
    "test_class": INTERNALS,
    "test_code": INTERNALS,
    "test_compile": INTERNALS,
    "test_compileall": SINGLE_PHASE,
    "test_dis": INTERNALS,
    "test_marshal": INTERNALS[:1],
    "test_pkgutil": SINGLE_PHASE,
    "test_pyclbr": SINGLE_PHASE,
    "test_sysconfig": ("venv", "_osx_support"),
    "test_traceback": INTERNALS[:1],
    "test_types": SINGLE_PHASE,
}

# unittest's own runner and regrtest stand on the stack when CPython's tests run; some count on that.
FRAMES = 10


class StandIn(types.ModuleType):
    """A module that is not there. Whoever calls one of its functions is skipped."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise unittest.SkipTest(f"needs {self.__name__}.{name}")

        return missing


def open_gates(module):
    """Let modules run that skip themselves as a whole, though only some of their tests need what they ask for."""
    from test import support
    from test.support import socket_helper

    skip_without_sockets = support.requires_working_socket
    # as a decorator it still skips
    support.requires_working_socket = lambda *, module=False: None if module else skip_without_sockets()
    socket_helper.has_gethostname = True
    support.has_subprocess_support = True
    from test import test_tools  # all of argparse's tests import it, few need a process

    support.has_subprocess_support = False
    for name in STAND_INS.get(module, ()):
        sys.modules[name] = StandIn(name)
    internals = sys.modules.get("_testinternalcapi")
    if internals is not None:  # what the support package asks
        internals.get_config = lambda: {"code_debug_ranges": 1}
        internals.get_immortalize_deferred = lambda: False
        internals.suppress_immortalization = lambda suppress: None
    if module.startswith("test_asyncio."):
        let_no_loop_run()


def let_no_loop_run():
    """In a cell the kernel's loop counts as running, as in Jupyter; asyncio's tests are written for programs."""
    import _asyncio
    import asyncio

    for place in (asyncio, asyncio.events):
        place._set_running_loop = _asyncio._set_running_loop
        place._get_running_loop = _asyncio._get_running_loop
    _asyncio._set_running_loop(None)


def each(suite):
    """All tests of a suite, one by one."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def name_of(test):
    """The name of a test below the package `test`. What a class or module sets up fails under its own name."""
    name = (test.test_case if isinstance(test, unittest.case._SubTest) else test).id()
    if name.startswith(("setUp", "tearDown")) and name.endswith(")"):
        name = name.partition("(")[2][:-1]
    return name.removeprefix("test.")


class Result(unittest.TestResult):
    """Keeps the names of the tests that failed, with the end of the first traceback of each."""

    def __init__(self):
        super().__init__()
        self.bad = {}

    def startTest(self, test):
        super().startTest(test)
        print(name_of(test), file=sys.__stdout__, flush=True)

    def _note(self, test, error):
        self.bad.setdefault(name_of(test), self._exc_info_to_string(error, test)[-3000:])

    def addError(self, test, err):
        self._note(test, err)

    def addFailure(self, test, err):
        self._note(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note(test, err)

    def addUnexpectedSuccess(self, test):
        self.bad.setdefault(name_of(test), "unexpected success")


def run(module, not_run):
    """Run a module; the report."""
    from test import support

    support.use_resources = []  # none that has to be asked for
    support.record_original_stdout(sys.stdout)
    open_gates(module)
    started = time.perf_counter()
    suite = unittest.TestLoader().loadTestsFromName(f"test.{module}")
    chosen = []
    left_out = set()
    for test in each(suite):
        names = [name for name in not_run if f"{name_of(test)}.".startswith(f"{name}.")]
        left_out.update(names)
        if not names:
            chosen.append(test)
    result = Result()
    unittest.TestSuite(chosen).run(result)
    return {
        "run": result.testsRun,
        "skipped": len(result.skipped),
        "left_out": sorted(left_out),
        "bad": result.bad,
        "seconds": round(time.perf_counter() - started, 2),
    }


def deeper(frames, function, *arguments):
    """Call a function with so many frames below it."""
    return deeper(frames - 1, function, *arguments) if frames else function(*arguments)


order = json.load(sys.stdin)
sys.path.insert(0, LIBRARY)
os.mkdir(WORK)
os.chdir(WORK)
try:
    report = deeper(FRAMES, run, order["module"], order["not_run"])
except unittest.SkipTest as skip:
    report = {"run": 0, "skipped": 0, "left_out": [], "bad": {"(module)": f"skipped: {skip}"}, "seconds": 0}
with open(REPORT, "w") as file:
    json.dump(report, file)
