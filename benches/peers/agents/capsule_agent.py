"""capsule-run: one task, one fresh component, no session."""

import asyncio
import os
from pathlib import Path

from agent import Agent, Unsupported, main, version_of
from capsule.run import run
from capsule.worker import close_all

MADE = Path(os.environ["PEERS_MADE"])
# Its limits are part of what was built: 30 s, 256 MB.
TASK = MADE / "capsule" / "task.wasm"


class Capsule(Agent):
    def version(self):
        return version_of("capsule-run")

    def open(self):
        self.loop = asyncio.new_event_loop()
        self.defined = []

    def create(self):
        return object()

    def call(self, how, code):
        answer = self.loop.run_until_complete(
            run(file=str(TASK), args=[how, code], capsule_path=os.environ["PEERS_CAPSULE"])
        )
        if not answer["success"]:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def run(self, sandbox, code):
        # Nothing outlives a task: a program comes again with each of its calls.
        if code.startswith("def ") or "\ndef run_" in code:
            self.defined.append(code)
            return
        name = code.partition("(")[0]
        program = next((text for text in self.defined if f"def {name}(" in text), "")
        self.call("run", f"{program}\n{code}")

    def value(self, sandbox, expression):
        return str(self.call("value", expression))

    def take(self, sandbox):
        raise Unsupported("a task has no session")

    def exit(self):
        self.loop.run_until_complete(close_all())


if __name__ == "__main__":
    main(Capsule())
