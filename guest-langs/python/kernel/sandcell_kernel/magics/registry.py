"""The table of magics, and the reading of their options.

A line magic is a function ``(shell, line)``, a cell magic a function ``(shell, line, cell)``.
"""

from ..tracebacks import UsageError

LINE = {}
CELL = {}

# Magics that IPython users know and that cannot exist here, with the reason.
_NO_PACKAGES = "packages cannot be installed at run time, ask the host to add them to the image"
_NO_TERMINAL = "there is no terminal in this sandbox"
IMPOSSIBLE = {
    **dict.fromkeys(["pypy", "python2"], "there is no such program in this sandbox"),
    **dict.fromkeys(["conda", "mamba", "micromamba", "uv"], _NO_PACKAGES),
    **dict.fromkeys("debug pdb edit page man less more gui killbgscripts".split(), _NO_TERMINAL),
}


def line_magic(*names):
    def register(function):
        LINE.update(dict.fromkeys(names, function))
        return function

    return register


def cell_magic(*names):
    def register(function):
        CELL.update(dict.fromkeys(names, function))
        return function

    return register


def find(table, name, kind):
    """The magic of that name, or UsageError with what there is."""
    function = table.get(name)
    if function is not None:
        return function
    sign = "%" if kind == "Line" else "%%"
    if name in IMPOSSIBLE:
        raise UsageError(f"{kind} magic function `{sign}{name}` is not available: {IMPOSSIBLE[name]}.")
    other = CELL if table is LINE else LINE
    words = f"{kind} magic function `{sign}{name}` not found."
    if name in other:
        other_sign = "%%" if table is LINE else "%"
        words = f"{words[:-1]} (but {'cell' if table is LINE else 'line'} magic `{other_sign}{name}` exists)."
    existing = " ".join(sign + known for known in sorted(table))
    raise UsageError(f"{words} There are: {existing}")


def options(line, flags, valued=""):
    """Read leading options: ({letter: value or True}, rest of the line). ``valued`` letters take a value."""
    found = {}
    rest = line.lstrip()
    while rest.startswith("-") and len(rest) > 1 and rest[1].isalpha():
        word, _, after = rest.partition(" ")
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in valued:
                if not letters:
                    letters, _, after = after.lstrip().partition(" ")
                if not letters:
                    raise UsageError(f"option -{letter} requires argument")
                found[letter] = letters
                break
            if letter not in flags:
                raise UsageError(
                    f"option -{letter} not recognized (allowed: {' '.join('-' + known for known in flags + valued)})"
                )
            found[letter] = True
        rest = after.lstrip()
    return found, rest


def number(text, option):
    """The positive whole number that an option was given."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise UsageError(f"option -{option} needs a positive number, not {text!r}")
    return value
