"""The user's variables: %who, %who_ls, %whos, %reset, %xdel, %precision, %history."""

import types

from ..tracebacks import UsageError
from .registry import line_magic, options


@line_magic("who_ls")
def who_ls(shell, line):
    """A sorted list of all variables of the user's; with type names, of those types only."""
    wanted = set(line.split())
    names = shell.user_names()
    if wanted:
        names = [name for name in names if type(shell.user_ns[name]).__name__ in wanted]
    return names


@line_magic("who")
def who(shell, line):
    """Print the names of all variables of the user's."""
    names = who_ls(shell, line)
    if not names:
        print("No variables match your requested type." if line.strip() else "Interactive namespace is empty.")
        return
    columns = [names[start : start + 8] for start in range(0, len(names), 8)]
    print("\n".join("\t ".join(row) for row in columns))


def _describe(value):
    """The last column of %whos."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict):
        return f"n={len(value)}"
    if isinstance(value, types.ModuleType):
        return f"<module '{value.__name__}'>"
    shape = getattr(value, "shape", None)
    if kind.__module__.partition(".")[0] in ("numpy", "pandas") and isinstance(shape, tuple):
        return "x".join(map(str, shape))
    try:
        text = str(value)
    except Exception as error:
        return f"<str() failed: {type(error).__name__}>"
    text = text[:2000].replace("\n", "\\n")
    return text if len(text) < 52 else f"{text[:25]}<...>{text[-25:]}"


@line_magic("whos")
def whos(shell, line):
    """Print all variables of the user's with type and content."""
    names = who_ls(shell, line)
    if not names:
        who(shell, line)
        return
    rows = [(name, type(shell.user_ns[name]).__name__, _describe(shell.user_ns[name])) for name in names]
    name_width = max(8, *(len(row[0]) for row in rows))
    type_width = max(4, *(len(row[1]) for row in rows))
    head = f"{'Variable':<{name_width}}   {'Type':<{type_width}}    Data/Info"
    lines = [head, "-" * len(head)]
    lines.extend(f"{name:<{name_width}}   {kind:<{type_width}}    {data}" for name, kind, data in rows)
    print("\n".join(lines))


@line_magic("reset")
def reset(shell, line):
    """Remove all variables of the user's.  -f is accepted (nobody is asked)  -s keep the history"""
    chosen, rest = options(line, "fs")
    if rest and rest.split() != ["out"] and rest.split() != ["in"]:
        raise UsageError("%reset takes -f, -s, in or out")
    shell.reset(keep_history="s" in chosen, what=rest)


@line_magic("reset_selective")
def reset_selective(shell, line):
    """Remove the variables whose name matches a regular expression.  -f is accepted"""
    import re

    _, pattern = options(line, "f")
    if not pattern:
        raise UsageError("%reset_selective needs a regular expression")
    try:
        matches = re.compile(pattern).search
    except re.error as error:
        raise UsageError(f"%reset_selective: {error}") from None
    for name in shell.user_names():
        if matches(name):
            del shell.user_ns[name]


@line_magic("xdel")
def xdel(shell, line):
    """Delete a variable, and what Out keeps of its value."""
    name = line.strip()
    if name not in shell.user_ns:
        raise UsageError(f"%xdel: no variable {name!r}")
    value = shell.user_ns.pop(name)
    for number in [number for number, output in shell.outputs.items() if output is value]:
        del shell.outputs[number]
        shell.user_ns.pop(f"_{number}", None)
    for name in ("_", "__", "___"):
        if shell.user_ns.get(name) is value:
            shell.user_ns[name] = ""


@line_magic("precision")
def precision(shell, line):
    """How floats are shown: a number of digits, a format such as %.3g, or nothing for the default."""
    text = line.strip()
    if text and not text.startswith("%"):
        try:
            text = f"%.{int(text)}f"
        except ValueError:
            raise UsageError(f"%precision: {text!r} is neither a number nor a format") from None
    try:
        text and text % 3.14
    except (TypeError, ValueError) as error:
        raise UsageError(f"%precision: {error}") from None
    shell.set_precision(text or None)
    return text or "%r"


@line_magic("history", "hist")
def history(shell, line):
    """Print earlier cells.  -n with their numbers  -l N the last N; else numbers and ranges such as 1-4 7"""
    chosen, rest = options(line, "nopt", "l")
    last = len(shell.inputs) - 1  # this cell is not part of it
    wanted = []
    if "l" in chosen:
        count = int(chosen["l"]) if chosen["l"].isdigit() else 10
        wanted = range(max(1, last - count), last)
    elif rest:
        for part in rest.replace(",", " ").split():
            start, dash, end = part.partition("-")
            if not start.isdigit() or (dash and not end.isdigit()):
                raise UsageError(f"%history: {part!r} is no number and no range")
            wanted.extend(range(int(start), int(end) + 1) if dash else [int(start)])
    else:
        wanted = range(1, last)
    lines = []
    for cell_number in wanted:
        if 0 < cell_number <= last:
            source = shell.inputs[cell_number]
            lines.append(f"{cell_number:>4}: {source}" if "n" in chosen else source)
    if lines:
        print("\n".join(lines))


@line_magic("tb")
def tb(shell, line):
    """Print the traceback of the last exception."""
    shell.showtraceback()


@line_magic("xmode")
def xmode(shell, line):
    """Tracebacks are printed in one mode here."""
    if line.strip().lower() not in ("", "context"):
        raise UsageError("%xmode: tracebacks are printed in the mode Context only")
    print("Exception reporting mode: Context")
