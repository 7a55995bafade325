"""An agent's day with commands, through E2B's own SDK.

    sandcell serve &
    eval "$(sandcell env)"
    pip install e2b-code-interpreter
    python examples/agent_commands.py
"""

from e2b_code_interpreter import CommandExitException, Sandbox

CODE = '''\
def mean(numbers):
    return sum(numbers) / len(numbers)
'''

TESTS = '''\
import unittest

from statistics_lite import mean


class Mean(unittest.TestCase):
    def test_of_some(self):
        self.assertEqual(mean([1, 2, 3]), 2)

    def test_of_none(self):
        # TODO: what should it be?
        self.assertEqual(mean([]), 0)
'''

sandbox = Sandbox.create()
run = sandbox.commands.run

# Set up a project from files.
sandbox.files.write("project/statistics_lite.py", CODE)
sandbox.files.write("project/test_statistics.py", TESTS)
print(run("ls -l && wc -l *.py", cwd="project").stdout)

# Its tests fail: the exit code says so, and the output says why.
try:
    run("python -m unittest test_statistics", cwd="project")
    raise SystemExit("the tests should have failed")
except CommandExitException as failure:
    assert failure.exit_code == 1, failure
    assert "ZeroDivisionError" in failure.stderr, failure.stderr
    print("failed as expected:", failure.error)

# Find the place, mend it, and try again; the output comes as it is written.
print(run("grep -rn 'len(numbers)' .", cwd="project").stdout)
run("sed -i 's/sum(numbers)/sum(numbers or [0])/; s/len(numbers)/(len(numbers) or 1)/' *lite.py", cwd="project")
run("python -m unittest test_statistics", cwd="project", on_stderr=lambda text: print(text, end=""))

# Pack it, look into the archive, and read it back.
run("tar czf project.tar.gz project && tar tzf project.tar.gz | sort > contents.txt")
print(sandbox.files.read("contents.txt"))
packed = sandbox.files.read("project.tar.gz", format="bytes")
assert bytes(packed[:2]) == b"\x1f\x8b"

# What cells and commands write is the same tree.
sandbox.run_code("from pathlib import Path; Path('note.txt').write_text('from a cell')")
assert run("cat note.txt").stdout == "from a cell"

sandbox.kill()
print("done:", len(packed), "bytes packed")
