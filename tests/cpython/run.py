"""Runs one of CPython's own test modules inside of a sandbox.

Standard input is a JSON object: "module", the name below the package `test`; "extras", further entries of
that package which the module needs; "exceptions", the ids of tests, classes or modules that are known to
fail. The tests are in the archive /tmp/test.zip. What came of them is written to /tmp/report.json; the id of
each test is printed before it runs, so that a test that ends the interpreter is known by its name.
"""

import json
import os
import sys
import time
import unittest
import zipfile

ARCHIVE = "/tmp/test.zip"
LIBRARY = "/home/user/library"
PACKAGE = "python3.13/test/"

# What the support package or many modules import.
ALWAYS = ("__init__.py", "support/", "libregrtest/")


def unpack(module, extras):
    """Put the part of the package `test` that the module needs below LIBRARY."""
    wanted = (*ALWAYS, f"{module}.py", f"{module}/", *extras)
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            inside = name.removeprefix(PACKAGE)
            if inside == name or "__pycache__" in name:
                continue
            # helpers at the top of the package have other names than the tests
            helper = "/" not in inside and inside.endswith(".py") and not inside.startswith("test_")
            if helper or any(inside == want or (want.endswith("/") and inside.startswith(want)) for want in wanted):
                archive.extract(name, LIBRARY)
    os.remove(ARCHIVE)
    sys.path.insert(0, f"{LIBRARY}/python3.13")


def each(suite):
    """All tests of a suite, one by one."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def is_excepted(name, exceptions):
    return any(name == known or name.startswith(known + ".") for known in exceptions)


class Result(unittest.TestResult):
    """Keeps what failed, with the end of its traceback."""

    def __init__(self):
        super().__init__()
        self.bad = {}
        self.running = None

    def startTest(self, test):
        super().startTest(test)
        self.running = test.id()
        print(self.running)

    def _note(self, test, error):
        # what goes wrong in setUpClass or in a subtest has an id of its own
        name = test.id() if hasattr(test, "test_case") is False else test.test_case.id()
        text = self._exc_info_to_string(error, test)
        self.bad.setdefault(name, text[-2000:])

    def addError(self, test, err):
        self._note(test, err)

    def addFailure(self, test, err):
        self._note(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note(test, err)

    def addUnexpectedSuccess(self, test):
        self.bad.setdefault(test.id(), "unexpected success")


def run(order):
    """Run a module; the report."""
    unpack(order["module"], order["extras"])
    from test import support

    # Not `verbose`, no resource that has to be asked for; long tests are for longer evenings.
    support.use_resources = []
    started = time.perf_counter()
    suite = unittest.TestLoader().loadTestsFromName(f"test.{order['module']}")
    report = {"run": 0, "skipped": 0, "excepted": 0, "bad": {}}
    chosen = []
    for test in each(suite):
        if is_excepted(test.id(), order["exceptions"]):
            report["excepted"] += 1
        else:
            chosen.append(test)
    result = Result()
    unittest.TestSuite(chosen).run(result)
    report["run"] = result.testsRun
    report["skipped"] = len(result.skipped)
    report["bad"] = result.bad
    report["seconds"] = round(time.perf_counter() - started, 3)
    return report


with open("/tmp/report.json", "w") as report_file:
    json.dump(run(json.load(sys.stdin)), report_file)
