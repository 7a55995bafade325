"""An agent's framework that runs its code through the SDK: smolagents."""

import sys

from smolagents import FinalAnswerTool, tool
from smolagents.monitoring import AgentLogger, LogLevel
from smolagents.remote_executors import E2BExecutor

from harness import equal, raises, run

EXECUTOR = E2BExecutor([], AgentLogger(level=LogLevel.ERROR))


@tool
def double(number: int) -> int:
    """Doubles a number.

    Args:
        number: What to double.
    """
    return number * 2


def check_code_runs_and_says_what_it_is():
    done = EXECUTOR("print('thinking')\nx = 20\nx + 1")
    equal((done.output, done.is_final_answer), ("21", False))
    assert "thinking" in done.logs, done
    equal(EXECUTOR("x").output, "20")
    raises("AgentError", "ZeroDivisionError", lambda: EXECUTOR("1/0"))


def check_variables_and_tools_are_sent():
    EXECUTOR.send_variables({"rows": [1, 2], "name": "n"})
    equal(EXECUTOR("len(rows), name").output, "(2, 'n')")
    # The tool of the final answer imports both for answers that are arrays or
    # pictures. The image of these tests has neither, and no such answer is given.
    EXECUTOR.installed_packages += ["numpy", "PIL"]
    for package in ["numpy", "PIL"]:
        EXECUTOR.sandbox.files.write(f"/home/user/{package}.py", "")
    EXECUTOR.send_tools({"double": double, "final_answer": FinalAnswerTool()})
    equal(EXECUTOR("double(21)").output, "42")


def check_the_final_answer_comes_back():
    done = EXECUTOR("final_answer({'sum': double(3), 'of': (1, 2)})")
    equal((done.output, done.is_final_answer), ({"sum": 6, "of": (1, 2)}, True))


def check_packages_that_cannot_be_installed_are_told():
    # There is no network inside: this is what an agent with further imports meets.
    raises("AgentError", "", lambda: EXECUTOR.install_packages(["no-such-package"]))


def check_it_cleans_up():
    sandbox = EXECUTOR.sandbox
    EXECUTOR.cleanup()
    equal(sandbox.is_running(), False)


run(sys.modules[__name__])
