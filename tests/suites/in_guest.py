"""Runs one file of the tests of a package of the data image, in a sandbox: see .ci/suites.

The tests lie in /suite as in the source distribution, pytest and what it needs in /suite/tools.
The last line is a JSON object: what came of it.
"""

import collections
import importlib
import json
import os
import sys
import types

sys.path.insert(0, "/suite/tools")
os.chdir("/suite")

import pytest


class NotInTheImage(types.ModuleType):
    """A module that no image has: numpy's C functions for tests, shared libraries, mapped files. Tests that use it
    are skipped, the others of their file run."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "get_fpu_mode":
            return lambda: 0
        if name == "targets":
            return {}
        if name in ("sizeof", "ACCESS_READ"):
            return lambda *arguments: 4

        def new(kind, *arguments, **named):
            if "PYTEST_CURRENT_TEST" not in os.environ:
                return object.__new__(kind)  # while tests are collected
            pytest.skip(f"{MISSING}: {self.__name__}.{name}")

        return type(name, (), {"__new__": new, "__module__": MISSING})


MISSING = "not_in_the_image"
HELPERS = ("_multiarray_tests", "_umath_tests", "_rational_tests", "_operand_flag_tests", "_struct_ufunc_tests", "_simd")
for name in (*(f"numpy._core.{name}" for name in HELPERS), "ctypes", "ctypes.util", "mmap"):
    sys.modules[name] = NotInTheImage(name)

# The tests are parts of the packages, but stand elsewhere.
for folder, folders, _ in os.walk("/suite"):
    folders[:] = [one for one in folders if one not in ("tools", "__pycache__")]
    if "tests" in folders:
        name = os.path.relpath(folder, "/suite").replace("/", ".")
        try:
            importlib.import_module(name).__path__.insert(0, folder)
        except (ImportError, AttributeError):
            pass
for name in [name for name in sys.modules if name.endswith("._core.tests") or "._core.tests." in name]:
    del sys.modules[name]


class Counter:
    def __init__(self):
        self.counts = collections.Counter()
        self.failures = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            outcome = report.outcome
            if hasattr(report, "wasxfail"):
                outcome = "xfailed" if report.skipped else "passed"
            elif report.failed and report.when != "call":
                outcome = "error"
            crash = getattr(report.longrepr, "reprcrash", None)
            message = crash.message if crash else str(report.longrepr)
            if outcome in ("failed", "error") and MISSING in message:
                outcome = "skipped"
            self.counts[outcome] += 1
            if outcome in ("failed", "error"):
                self.failures.append([report.nodeid.partition("::")[2], message[:300]])

    def pytest_collectreport(self, report):
        if report.failed:
            self.counts["uncollected"] += 1
            self.failures.append(["", str(report.longrepr)[-600:]])
        elif report.skipped and report.nodeid.endswith(".py"):
            self.counts["skipped"] += 1


counter = Counter()
options = ["-q", "--no-header", "--capture=sys", "--tb=short", "--show-capture=no", "-p", "no:cacheprovider", "-p", "no:faulthandler",
           "-p", "no:threadexception", "-p", "no:unraisableexception", "--basetemp=/tmp/pytest", "-c", "/dev/null", "--rootdir=/suite"]
chosen = json.loads(os.environ["SUITE"])
status = pytest.main([*options, *chosen["options"], chosen["file"]], plugins=[counter])
print()
print(json.dumps({"status": int(status), "counts": counter.counts, "failures": counter.failures}))
