"""pydantic-monty: a subset of Python, interpreted by processes that are used again."""

from agent import Agent, main, version_of
from pydantic_monty import Monty

# Each live session has a process.
MOST = 200

class MontyAgent(Agent):
    def version(self):
        return version_of("pydantic-monty")

    def open(self):
        self.pool = Monty(max_processes=MOST)
        self.pool.__enter__()
        self.limits = {
            "max_feed_duration_secs": self.settings.wall_ms / 1000,
            "max_memory": self.settings.memory_bytes,
        }

    def create(self):
        return self.pool.checkout(limits=self.limits).__enter__()

    def run(self, sandbox, code):
        sandbox.feed_run(code)

    def value(self, sandbox, expression):
        return str(sandbox.feed_run(expression))

    def close(self, sandbox):
        sandbox.__exit__(None, None, None)

    def take(self, sandbox):
        return sandbox.dump()

    def restore(self, snapshot):
        sandbox = self.pool.checkout().__enter__()
        sandbox.load_session(snapshot)
        return sandbox

    def exit(self):
        self.pool.__exit__(None, None, None)

if __name__ == "__main__":
    main(MontyAgent())
