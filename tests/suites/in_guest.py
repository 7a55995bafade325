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


def skip(*arguments, **named):
    """Skip the running test; while tests are collected, answer something."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        pytest.skip("needs a module that is not in the image")
    return 1


class Skipping(type):
    """The type of what is missing: whatever is done with it skips."""

    __mul__ = __rmul__ = __mod__ = __rmod__ = __add__ = __radd__ = skip

    def __init__(cls, name, bases, namespace):
        super().__init__(name, bases, namespace)
        if bases:  # a test derives from it
            skip()

    def __call__(cls, *arguments, **named):
        skip()
        return super().__call__()

    def __getattr__(cls, name):
        if name.startswith("__") and not name.startswith("__ctype"):
            raise AttributeError(name)
        return skip()


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
        return Skipping(name, (), {"__module__": MISSING})


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

    def pytest_configure(self, config):
        config.option.lf = False  # a test asks for it; it is of the plugin that is left out

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
if "/pandas/" in chosen["file"]:  # as its own settings say; source distributions have no files of data
    options += ["-o", "filterwarnings=error:::(pandas|tests)", "--no-strict-data-files"]
    marks = ("single_cpu", "slow", "network", "db", "clipboard", "arm_slow", "skip_ubsan", "fails_arm_wheels")
    options += ["-o", "markers=" + "\n".join(marks), "-m", "not (network or db or clipboard)"]
status = pytest.main([*options, *chosen["options"], chosen["file"]], plugins=[counter])
print()
print(json.dumps({"status": int(status), "counts": counter.counts, "failures": counter.failures}))
