"""``name?`` and ``name??``, %pdoc and %psource."""

import inspect
import textwrap

from ..tracebacks import UsageError
from .registry import CELL, LINE, line_magic

TEXT_LIMIT = 64 * 1024


def _cut(text):
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "\n[... cut]"


def _find(shell, name):
    """The object of a dotted name (or of a magic), or UsageError."""
    bare = name.lstrip("%")
    if name.startswith("%"):
        function = (CELL if name.startswith("%%") else LINE).get(bare) or LINE.get(bare) or CELL.get(bare)
        if function is not None:
            return function, True
    first, *rest = name.replace("[", ".[").split(".")
    try:
        value = shell.lookup(first)
        for part in rest:
            value = value[int(part[1:-1])] if part.startswith("[") else getattr(value, part)
        return value, False
    except Exception:
        pass
    function = LINE.get(name) or CELL.get(name)
    if function is not None:
        return function, True
    return None, None


def _signature(value, name):
    try:
        return name + str(inspect.signature(value))
    except (TypeError, ValueError):
        return None


def _source(value):
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return None


def describe(shell, name, detail):
    """The text of ``name?``, or with ``detail`` of ``name??``."""
    value, is_magic = _find(shell, name)
    if is_magic is None:
        return f"Object `{name}` not found."
    fields = []
    is_class = isinstance(value, type)
    if is_magic:
        fields.append(("Docstring", inspect.getdoc(value) or "<no docstring>"))
        fields.append(("Type", "Magic function"))
    else:
        short = name.rpartition(".")[2]
        signature = _signature(value, short) if callable(value) else None
        if signature:
            fields.append(("Init signature" if is_class else "Signature", signature))
        if not callable(value):
            fields.append(("Type", type(value).__name__))
            try:
                fields.append(("String form", _cut(str(value)).replace("\n", "\n" + " " * 13)[:200]))
            except Exception as error:
                fields.append(("String form", f"<str() failed: {type(error).__name__}>"))
            try:
                fields.append(("Length", str(len(value))))
            except Exception:
                pass
        source = _source(value) if detail else None
        if source:
            fields.append(("Source", textwrap.dedent(source).rstrip()))
        else:
            fields.append(("Docstring", inspect.getdoc(value) or "<no docstring>"))
        try:
            fields.append(("File", inspect.getfile(value)))
        except (OSError, TypeError):
            pass
        if callable(value):
            fields.append(("Type", type(value).__name__))
    width = max(len(key) for key, _ in fields) + 1
    lines = []
    for key, text in fields:
        text = _cut(text)
        if "\n" in text and key in ("Docstring", "Source"):
            lines.append(f"{key}:\n{text}")
        else:
            lines.append(f"{key + ':':<{width}} {text}")
    return "\n".join(lines)


@line_magic("pinfo")
def pinfo(shell, line):
    """Tell about an object: what ``name?`` does."""
    if not line.strip():
        raise UsageError("give a name: `name?` tells about an object, %lsmagic lists the magics")
    print(describe(shell, line.strip(), detail=False))


@line_magic("pinfo2")
def pinfo2(shell, line):
    """Tell about an object with its source: what ``name??`` does."""
    if not line.strip():
        raise UsageError("give a name: `name??` tells about an object with its source")
    print(describe(shell, line.strip(), detail=True))


@line_magic("pdoc")
def pdoc(shell, line):
    """Print the docstring of an object."""
    value, found = _find(shell, line.strip())
    if found is None:
        raise UsageError(f"Object `{line.strip()}` not found.")
    print(_cut(inspect.getdoc(value) or "<no docstring>"))


@line_magic("psource")
def psource(shell, line):
    """Print the source of an object."""
    value, found = _find(shell, line.strip())
    source = None if found is None else _source(value)
    if source is None:
        raise UsageError(f"No source found for {line.strip()}")
    print(_cut(source.rstrip()))
