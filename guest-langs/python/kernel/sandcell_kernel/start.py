"""The order of boot: modules, streams, loop, shell, hooks, warm-up, and the state that a first cell finds."""

import gc
import io
import os
import signal
import sys

import _sandcell

from . import PRIVATE_BUILTINS, preload

HOME = "/home/user"

# Deeper recursion of Python functions than this is refused: see the note in README.md.
RECURSION_LIMIT = 200_000


class Exit:
    """``exit()`` and ``quit()``: they end the cell, as sys.exit does."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"Use {self._name}() to end the cell."

    def __call__(self, code=None):
        raise SystemExit(code)


def _clamp_recursion():
    """sys.setrecursionlimit up to what the stack of the sandbox bears."""
    set_limit = sys.setrecursionlimit

    def setrecursionlimit(limit, /):
        """Set the maximum depth of the Python interpreter stack to n (in this sandbox 200000 at most)."""
        set_limit(min(limit, RECURSION_LIMIT) if isinstance(limit, int) else limit)

    sys.setrecursionlimit = setrecursionlimit


def start():
    missing = preload.load()
    sys.stderr.write(f"modules passed over: {' '.join(missing) or 'none'}\n")
    # from here on: the kernel's own modules, with its private builtins
    import builtins
    import linecache

    PRIVATE_BUILTINS["print"] = _sandcell.print
    from . import calls, display, formats, loop, options, renewal, report, rewrite, rich, shell, shim, sources, streams, unavailable
    from .magics import output

    if os.path.isdir(HOME):
        os.chdir(HOME)
    # as in Jupyter: modules in the current folder can be imported; the kernel's own folder cannot be found
    sys.path[:] = ["", *(folder for folder in sys.path if not folder.endswith("/sandcell"))]
    sys.argv = [""]

    inputs, outputs, cells, modules = [""], {}, {}, {}
    main = sys.modules["__main__"]
    the_streams = streams.Streams()
    the_streams.install()
    reporter = report.Reporter(cells, the_streams.stderr)
    formatter = formats.Formatter(reporter.print)
    publisher = display.Publisher(formatter)
    rich.display_function = publisher.display
    output.capture_output.publisher = publisher
    the_shell = shell.InteractiveShell(main, inputs, outputs, publisher, formatter, reporter.print)
    all_calls = calls.Calls()
    keeper = loop.LoopKeeper(all_calls, reporter.print)
    sandcell = shim.install_sandcell()
    sandcell.__dict__.update({kind.__name__: kind for kind in (shell.CommandNotAvailable, shell.packages.PackageNotAvailable)})
    the_renewal = renewal.Renewal(the_shell, sandcell, all_calls)
    the_options = options.Options(the_streams, vars(main))

    plain_print = builtins.print
    builtins.print = _sandcell.print
    builtins.input = the_streams.input
    builtins.display = publisher.display
    builtins.get_ipython = shim.install_ipython(the_shell, publisher)
    builtins.exit, builtins.quit = Exit("exit"), Exit("quit")
    builtins.help = sys.modules["_sitebuiltins"]._Helper()
    sys.displayhook = lambda value: None if value is None else publisher.display(value)
    signal.signal(signal.SIGINT, _sandcell.interrupt)
    keeper.install()
    unavailable.install()
    sources.install(cells)
    _clamp_recursion()

    def repair():
        if "sys" not in sys.modules:  # cleared: what the image had is there again
            for name, module in modules.items():
                sys.modules.setdefault(name, module)
        sys.modules["__main__"] = main
        vars(main).setdefault("__builtins__", builtins)
        vars(main).setdefault("__name__", "__main__")
        the_streams.repair()
        signal.signal(signal.SIGINT, _sandcell.interrupt)

    _sandcell.install(
        automagic=rewrite.AUTOMAGIC,
        inputs=inputs,
        outputs=outputs,
        sources=cells,
        line_cache=linecache.cache,
        loop=keeper.loop,
        stdout=the_streams.stdout,
        stderr=the_streams.stderr,
        stream_write=streams.TextStream.write,
        plain_print=plain_print,
        interrupt_handler=_sandcell.interrupt,
        begin=the_options.begin,
        end=the_options.end,
        rewrite=lambda source: rewrite.rewrite(source, the_shell.known),
        report=reporter.report,
        show=publisher.show,
        await_value=keeper.await_value,
        turn=keeper.turn,
        repair=repair,
        renew=the_renewal.renew,
    )
    the_shell.fill_namespace()
    _warm_up(main, the_shell, inputs, outputs, cells, linecache)
    modules.update(sys.modules)


def _warm_up(main, the_shell, inputs, outputs, cells, linecache):
    from . import warmup

    fresh = dict(vars(main))
    environment = dict(os.environ)
    statuses = _sandcell.warm_up(warmup.CELLS, warmup.OPTIONS)
    failures = [text for text, status in zip(warmup.CELLS, statuses) if status != text.startswith(warmup.RAISES)]
    os.environ.clear()
    os.environ.update(environment)
    sys.modules["io"] = io
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)
    vars(main).clear()
    vars(main).update(fresh)
    inputs[:] = [""]
    outputs.clear()
    for name in list(linecache.cache):
        if name in cells:
            del linecache.cache[name]
    cells.clear()
    the_shell.display_pub.__dict__.pop("publish", None)
    _sandcell.forget(0)
    for name in [name for name in sys.modules if name.partition(".")[0] == "sandcell_kernel" or name == "_sandcell"]:
        del sys.modules[name]
    gc.collect()
    if failures:
        raise RuntimeError(f"the warm-up failed: {failures}")
