"""pyeryx: CPython as a WASI component under wasmtime."""

import os
import sys
from pathlib import Path

import eryx
from agent import Agent, main, version_of

KIND = "dill" if "--snapshots" in sys.argv else "plain"
FACTORY = Path(os.environ["PEERS_MADE"]) / f"eryx-{KIND}"


class Eryx(Agent):
    def version(self):
        return version_of("pyeryx")

    def open(self):
        # A factory's sessions take limits of memory, plain ones do not; they are
        # also a little faster, but it takes longer to load.
        self.factory = None if "--cold" in sys.argv else eryx.SandboxFactory.load(FACTORY)
        self.limits = eryx.ResourceLimits(
            execution_timeout_ms=self.settings.wall_ms,
            max_memory_bytes=self.settings.memory_bytes,
        )

    def create(self):
        if self.factory is None:
            return eryx.Sandbox(resource_limits=self.limits)
        return self.factory.create_session(resource_limits=self.limits)

    def run(self, sandbox, code):
        sandbox.execute(code)

    def value(self, sandbox, expression):
        return str(sandbox.execute(f"result = {expression}").result)

    def take(self, sandbox):
        return sandbox.snapshot_state()

    def restore(self, snapshot):
        sandbox = self.create()
        sandbox.restore_state(snapshot)
        return sandbox


if __name__ == "__main__":
    main(Eryx())
