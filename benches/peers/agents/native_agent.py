"""The floor without isolation: the machine's own interpreters as child processes.

`python`, `node` or `bash` says which; a "sandbox" is a process of its own.
"""

import json
import os
import subprocess
import sys

from agent import Agent, main

PYTHON = """
import sys, json
names = {"__name__": "__main__"}
for line in sys.stdin:
    how, code = json.loads(line)
    try:
        answer = str(eval(code, names)) if how == "value" else exec(code, names)
        print(json.dumps([True, answer]), flush=True)
    except BaseException as error:
        print(json.dumps([False, repr(error)[:300]]), flush=True)
"""

NODE = """
const vm = require('node:vm');
require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
  const [how, code] = JSON.parse(line);
  let answer;
  try { answer = [true, String(vm.runInThisContext(code))] }
  catch (error) { answer = [false, String(error)] }
  process.stdout.write(JSON.stringify(answer) + '\\n');
});
"""

KIND = next((kind for kind in ("node", "bash") if kind in sys.argv), "python")
END = "end-of-what-it-said"


class Native(Agent):
    def open(self):
        program = {
            "python": [os.environ["PEERS_PYTHON"], "-c", PYTHON],
            "node": [os.environ["PEERS_NODE"], "-e", NODE],
            "bash": ["bash"],
        }
        self.program = program[KIND]

    def version(self):
        said = subprocess.run(
            [self.program[0], "--version"], capture_output=True, text=True, check=True
        )
        return said.stdout.splitlines()[0].strip()

    def create(self):
        return subprocess.Popen(
            self.program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def tell(self, child, how, code):
        if KIND == "bash":
            child.stdin.write(f"{code}\necho; echo {END}\n")
            lines = list(iter(child.stdout.readline, f"{END}\n"))
            return "".join(lines).strip()
        child.stdin.write(json.dumps([how, code]) + "\n")
        well, answer = json.loads(child.stdout.readline())
        if not well:
            raise RuntimeError(answer)
        return answer

    def run(self, sandbox, code):
        self.tell(sandbox, "run", code)

    def value(self, sandbox, expression):
        return self.tell(sandbox, "value", expression)

    def close(self, sandbox):
        sandbox.stdin.close()
        sandbox.stdout.close()
        sandbox.kill()
        sandbox.wait()

    def exit(self):
        for child in [getattr(self, "_session", None), *getattr(self, "_live", [])]:
            if child is not None:
                self.close(child)


if __name__ == "__main__":
    main(Native())
