"""The order of boot: modules, streams, loop, shell, hooks, warm-up, and the state that a first cell finds."""

import builtins
import gc
import linecache
import os
import signal
import sys

import _sandcell

from . import PRIVATE_BUILTINS, preload

HOME = "/home/user"


class Exit:
    """``exit()`` and ``quit()``: they end the cell, as sys.exit does."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"Use {self._name}() to end the cell."

    def __call__(self, code=None):
        raise SystemExit(code)


class Kernel:
    """The parts of the kernel, made once."""

    def __init__(self):
        from . import calls, display, figures, formats, loop, options, program, renewal, report, rich, shell, shim
        from . import streams, tables
        from .magics import output

        self.plain = program.Plain()
        self.main = sys.modules["__main__"]
        self.inputs, self.outputs, self.cells, self.modules = [""], {}, {}, {}
        self.streams = streams.Streams()
        self.streams.install()
        self.stream_write = streams.TextStream.write
        self.reporter = report.Reporter(self.cells, self.streams.stderr)
        formatter = formats.Formatter(self.reporter.print)
        self.publisher = display.Publisher(formatter)
        rich.display_function = self.publisher.display
        output.capture_output.publisher = self.publisher
        self.shell = shell.InteractiveShell(
            self.main, self.inputs, self.outputs, self.publisher, formatter, self.reporter.print
        )
        all_calls = calls.Calls()
        self.loop_keeper = loop.LoopKeeper(all_calls, self.reporter.print)
        sandcell = shim.install_sandcell()
        self.get_ipython = shim.install_ipython(self.shell, self.publisher)
        self.figures, self.flush = figures.install(self.publisher.display, formatter)
        tables.install(self.publisher.display, formatter)
        self.renewal = renewal.Renewal(self.shell, sandcell, all_calls)
        self.options = options.Options(self.streams, vars(self.main))
        self.program = program.Program(self.plain)

    def change_interpreter(self):
        """Put into the interpreter what is different here."""
        from . import pools, processes, sources, unavailable

        self.plain_print = builtins.print
        builtins.print = _sandcell.print
        builtins.input = self.streams.input
        builtins.display = self.publisher.display
        builtins.get_ipython = self.get_ipython
        builtins.exit, builtins.quit = Exit("exit"), Exit("quit")
        builtins.help = sys.modules["_sitebuiltins"]._Helper()
        sys.displayhook = lambda value: None if value is None else self.publisher.display(value)
        signal.signal(signal.SIGINT, _sandcell.interrupt)
        self.loop_keeper.install()
        unavailable.install()
        pools.install()
        processes.install()
        sources.install(self.cells)
        sys.setrecursionlimit = _sandcell.setrecursionlimit

    def install_hooks(self):
        """Hand over to the C half what it calls and holds."""
        from . import rewrite

        _sandcell.install(
            automagic=rewrite.AUTOMAGIC,
            inputs=self.inputs,
            outputs=self.outputs,
            sources=self.cells,
            line_cache=linecache.cache,
            figures=None if self.figures is None else self.figures.open,
            loop=self.loop_keeper.loop,
            stdout=self.streams.stdout,
            stderr=self.streams.stderr,
            stream_write=self.stream_write,
            plain_print=self.plain_print,
            interrupt_handler=_sandcell.interrupt,
            begin=self.options.begin,
            end=self.options.end,
            rewrite=lambda source: rewrite.rewrite(source, self.shell.known),
            report=self.reporter.report,
            show=self.publisher.show,
            await_value=self.loop_keeper.await_value,
            turn=self.loop_keeper.turn,
            repair=self.repair,
            renew=self.renewal.renew,
            program=self.program.run,
            flush=self.flush,
        )

    def repair(self):
        """Make whole what a cell broke for all that follow."""
        if "sys" not in sys.modules:  # cleared: what the image had is there again
            for name, module in self.modules.items():
                sys.modules.setdefault(name, module)
        sys.modules["__main__"] = self.main
        namespace = vars(self.main)
        namespace.setdefault("__builtins__", builtins)
        namespace.setdefault("__name__", "__main__")
        self.streams.repair()
        signal.signal(signal.SIGINT, _sandcell.interrupt)

    def warm_up(self):
        """Run the warm-up cells, and forget them."""
        from . import renewal, warmup

        for _ in range(25):  # each sandbox seeds before its first cell: bytecode is specialised here
            renewal.seed_all(bytes(32))
        namespace, environment = dict(vars(self.main)), dict(os.environ)
        cells = warmup.CELLS
        if "pandas" in sys.modules:
            cells = (*warmup.DATA_CELLS, *cells)
        statuses = _sandcell.warm_up(cells, warmup.OPTIONS)
        failures = [
            text
            for text, status in zip(cells, statuses, strict=True)
            if status != text.startswith(warmup.RAISES)
        ]
        if failures:
            raise RuntimeError(f"warm-up cells failed: {failures}")
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)
        for name in ("last_exc", "last_type", "last_value", "last_traceback"):
            vars(sys).pop(name, None)
        vars(self.main).clear()
        vars(self.main).update(namespace)
        self.inputs[:] = [""]
        self.outputs.clear()
        for name in self.cells:
            linecache.cache.pop(name, None)
        self.cells.clear()
        _sandcell.forget(0)


def start():
    """Boot the Python half."""
    missing = preload.load()
    sys.stderr.write(f"modules passed over: {' '.join(missing) or 'none'}\n")
    PRIVATE_BUILTINS["print"] = _sandcell.print
    if os.path.isdir(HOME):
        os.chdir(HOME)
    # as in Jupyter, modules in the current folder can be imported; the kernel's own folder cannot be found
    sys.path[:] = ["", *(folder for folder in sys.path if not folder.endswith("/sandcell"))]
    sys.argv = [""]
    kernel = Kernel()
    kernel.change_interpreter()
    kernel.install_hooks()
    kernel.shell.fill_namespace()
    kernel.warm_up()
    for name in list(sys.modules):
        if name == "_sandcell" or name.partition(".")[0] == "sandcell_kernel":
            del sys.modules[name]
    kernel.modules.update(sys.modules)
    gc.collect()
