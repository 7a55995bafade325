"""componentize-py's CPython under wasmtime from PyPI, with the little glue it takes.

`--plain` has no limits at all, `--fuel` counts fuel; the usual one looks at epochs.
"""

import os
import sys
import threading
import time
from pathlib import Path

from agent import Agent, main, version_of
from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker

MADE = Path(os.environ["PEERS_MADE"])
KIND = "plain" if "--plain" in sys.argv else "fuel" if "--fuel" in sys.argv else "epoch"
TICK_MS = 10


def engine(kind):
    config = Config()
    config.epoch_interruption = kind == "epoch"
    config.consume_fuel = kind == "fuel"
    return Engine(config)


def compile_all():
    """What an embedder does once: native code for each way of limiting."""
    for kind in ("plain", "epoch", "fuel"):
        native = Component.from_file(engine(kind), str(MADE / "interpreter.wasm")).serialize()
        (MADE / f"interpreter.{kind}").write_bytes(native)


class Live:
    def __init__(self, store, run, value):
        self.store, self.run, self.value = store, run, value


class Componentize(Agent):
    def version(self):
        return f"{version_of('componentize-py')}, wasmtime {version_of('wasmtime')}"

    def open(self):
        self.engine = engine(KIND)
        path = str(MADE / f"interpreter.{KIND}")
        self.component = Component.deserialize_file(self.engine, path)
        self.linker = Linker(self.engine)
        self.linker.add_wasip2()
        self.run_index = self.component.get_export_index("run")
        self.value_index = self.component.get_export_index("value")
        if KIND == "epoch":
            threading.Thread(target=self.tick, daemon=True).start()

    def tick(self):
        while True:
            time.sleep(TICK_MS / 1000)
            self.engine.increment_epoch()

    def create(self):
        store = Store(self.engine)
        store.set_wasi(WasiConfig())
        if KIND != "plain":
            store.set_limits(memory_size=self.settings.memory_bytes)
        if KIND == "fuel":
            store.set_fuel(1 << 60)
        self.give_time(store)
        instance = self.linker.instantiate(store, self.component)
        run = instance.get_func(store, self.run_index)
        return Live(store, run, instance.get_func(store, self.value_index))

    def give_time(self, store):
        if KIND == "epoch":
            store.set_epoch_deadline(self.settings.wall_ms // TICK_MS)

    def call(self, sandbox, func, text):
        self.give_time(sandbox.store)
        answer = func(sandbox.store, text)
        func.post_return(sandbox.store)
        return answer

    def run(self, sandbox, code):
        # A result without a value is nothing, or else the error.
        error = self.call(sandbox, sandbox.run, code)
        if error is not None:
            raise RuntimeError(getattr(error, "payload", error))

    def value(self, sandbox, expression):
        answer = self.call(sandbox, sandbox.value, expression)
        if answer.tag == "err":
            raise RuntimeError(answer.payload)
        return answer.payload


if __name__ == "__main__":
    if "--compile" in sys.argv:
        compile_all()
    else:
        main(Componentize())
