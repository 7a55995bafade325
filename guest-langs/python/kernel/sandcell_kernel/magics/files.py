"""Files: %%writefile, %run, %load_ext and %matplotlib."""

import importlib
import os
import posixpath
import shlex
import sys

from ..tracebacks import UsageError
from .registry import cell_magic, line_magic, options
from .system import unquote


@line_magic("run")
def run(shell, line):
    """Run a Python file as a program; its variables stay.  -i in the namespace of the cells  -n not as __main__"""
    chosen, rest = options(line, "in")
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"%run: {error}") from None
    if not words:
        raise UsageError("%run needs the name of a file")
    path = posixpath.abspath(posixpath.expanduser(words[0]))
    if not os.path.exists(path) and os.path.exists(path + ".py"):
        path += ".py"
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise UsageError(f"%run: {error.strerror}: {words[0]!r}") from None
    namespace = shell.user_ns if "i" in chosen else {"__builtins__": sys.modules["builtins"]}
    main_name = "__main__" if "n" not in chosen else posixpath.basename(path).removesuffix(".py")
    before = {name: shell.user_ns.get(name, KeyError) for name in ("__file__", "__name__")}
    arguments, paths = sys.argv, list(sys.path)
    try:
        namespace["__file__"], namespace["__name__"] = path, main_name
        sys.argv = [path, *words[1:]]
        sys.path.insert(0, posixpath.dirname(path))
        try:
            exec(compile(source, path, "exec", dont_inherit=True), namespace)
        except SystemExit as stop:
            if stop.code not in (None, 0):
                raise
    finally:
        sys.argv, sys.path[:] = arguments, paths
        if namespace is shell.user_ns:
            for name, value in before.items():
                if value is KeyError:
                    namespace.pop(name, None)
                else:
                    namespace[name] = value
        else:
            shell.push({name: value for name, value in namespace.items() if not name.startswith("__")})


@line_magic("load_ext")
def load_ext(shell, line):
    """Load an IPython extension: import a module and call its load_ipython_extension."""
    name = line.strip()
    if not name:
        raise UsageError("%load_ext needs the name of a module")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"%load_ext: {error}") from None
    start = getattr(module, "load_ipython_extension", None)
    if start is None:
        raise UsageError(f"The {name} module is not an IPython extension.")
    start(shell)


@line_magic("matplotlib")
def matplotlib(shell, line):
    """Figures are always shown inline: accepted and without effect."""
    backend = line.strip()
    if backend not in ("", "inline", "agg", "--list", "-l"):
        raise UsageError(f"%matplotlib: the backend {backend!r} needs a screen; there is `inline` only")


@cell_magic("writefile", "file")
def writefile(shell, line, cell):
    """Write the cell to a file.  -a append"""
    chosen, target = options(line, "a")
    path = posixpath.expanduser(unquote(target))
    if not path:
        raise UsageError("%%writefile needs the name of a file")
    existed = os.path.exists(path)
    try:
        with open(path, "a" if "a" in chosen else "w", encoding="utf-8") as file:
            file.write(cell)
    except OSError as error:
        raise UsageError(f"%%writefile: {error.strerror}: {path!r}") from None
    print(f"{'Appending to' if 'a' in chosen and existed else 'Overwriting' if existed else 'Writing'} {path}")
