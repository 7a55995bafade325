"""The text form of a value: its repr, with containers laid out over lines of at most 80 characters.

The layout and the ``_repr_pretty_(p, cycle)`` protocol are those that IPython users know.
"""

import collections
import inspect
import types

WIDTH = 79
ITEM_LIMIT = 1000
TEXT_LIMIT = 1024 * 1024

_SCALARS = (int, str, float, bool, complex, bytes, type(None))
_object_repr = object.__repr__


class TextLimit(Exception):
    """The text became longer than TEXT_LIMIT."""


class Group:
    """A bracket and what is in it: on one line if it fits, else every item on its own."""

    __slots__ = ("indent", "items", "width")

    def __init__(self, indent):
        self.indent = indent
        self.items = []
        self.width = 0


class Break:
    """A place where the line may break; ``text`` stands there if it does not."""

    __slots__ = ("text",)

    def __init__(self, text):
        self.text = text


NEWLINE = Break("\n")


class Printer:
    """Collects the text of a value as a tree of groups; ``p`` of ``_repr_pretty_``."""

    def __init__(self, float_format=None, width=WIDTH, limit=TEXT_LIMIT):
        self.max_width = width
        self.max_seq_length = ITEM_LIMIT
        self.float_format = float_format
        self._root = Group(0)
        self._open = [self._root]
        self._left = limit
        self._stack = []

    # ---- what _repr_pretty_ may call ----

    def text(self, text):
        """Add text that is not broken."""
        if len(text) > self._left:
            self._open[-1].items.append(text[: self._left])
        self._spend(len(text))
        self._open[-1].items.append(text)
        self._open[-1].width += len(text)

    def breakable(self, separator=" "):
        """Add a separator that may become a new line."""
        self._spend(len(separator))
        self._open[-1].items.append(Break(separator))
        self._open[-1].width += len(separator)

    def break_(self):
        """Add a new line."""
        self._spend(1)
        for group in self._open:
            group.width += 10 * self.max_width  # no group around it fits on a line
        self._open[-1].items.append(NEWLINE)

    def begin_group(self, indent=0, open=""):
        if open:
            self.text(open)
        self._open.append(Group(indent))

    def end_group(self, dedent=0, close=""):
        group = self._open.pop()
        self._open[-1].items.append(group)
        self._open[-1].width += group.width
        if close:
            self.text(close)

    def group(self, indent=0, open="", close=""):
        return _GroupContext(self, indent, open, close)

    def indent(self, indent):
        return _GroupContext(self, indent, "", "")

    def pretty(self, value):
        """Add the text of a value."""
        kind = type(value)
        if kind in _SCALARS:
            if kind is float and self.float_format is not None:
                self.text(self.float_format % value)
            else:
                self._lines(repr(value))
            return
        identity = id(value)
        cycle = identity in self._stack
        self._stack.append(identity)
        try:
            self.begin_group()
            try:
                self._dispatch(value, kind, cycle)
            finally:
                self.end_group()
        finally:
            self._stack.pop()

    # ---- layout ----

    def _spend(self, length):
        self._left -= length
        if self._left < 0:
            raise TextLimit

    def _lines(self, text):
        """Text that may itself have several lines."""
        if "\n" not in text:
            self.text(text)
            return
        for number, line in enumerate(text.split("\n")):
            if number:
                self.break_()
            self.text(line)

    def getvalue(self):
        """The text of all that was added (and stays: a printer cut short shows what it has)."""
        while len(self._open) > 1:
            self.end_group()
        out = []
        column = 0
        # (item, indentation of its group, is its group flat?); an explicit stack: values may nest deeply
        work = [(self._root, 0, False)]
        while work:
            item, indent, flat = work.pop()
            if type(item) is str:
                out.append(item)
                column += len(item)
            elif type(item) is Break:
                if item is NEWLINE or not flat:
                    out.append("\n" + " " * indent)
                    column = indent
                else:
                    out.append(item.text)
                    column += len(item.text)
            else:
                fits = column + item.width + _following(work) <= self.max_width
                inner = indent + item.indent
                work.extend((part, inner, fits) for part in reversed(item.items))
        return "".join(out)

    # ---- values ----

    def _dispatch(self, value, kind, cycle):
        printer = _PRINTERS.get(kind)
        if printer is not None:
            printer(self, value, cycle)
            return
        if kind is type or isinstance(value, type):
            self._type(value)
            return
        for base in kind.__mro__:
            if base is object:
                break
            members = vars(base)
            if "_repr_pretty_" in members and callable(members["_repr_pretty_"]):
                value._repr_pretty_(self, cycle)
                return
            printer = _PRINTERS.get(base)
            if printer is not None and kind.__repr__ is base.__repr__:
                printer(self, value, cycle)
                return
            if "__repr__" in members:
                break
        if kind.__repr__ is _object_repr:
            self.text(f"<{_type_path(kind)} at {id(value):#x}>")
        else:
            self._lines(repr(value))

    def _type(self, value):
        if type(value).__repr__ is not type.__repr__:
            self._lines(repr(value))
        else:
            self.text(_type_path(value))

    def items(self, values, cycle, open, close):
        """The items of a sequence between brackets."""
        if cycle:
            self.text(f"{open}...{close}")
            return
        self.begin_group(len(open), open)
        for index, value in enumerate(values):
            if index:
                self.text(",")
                self.breakable()
            if index >= self.max_seq_length:
                self.text("...")
                break
            self.pretty(value)
        if open == "(" and len(values) == 1:
            self.text(",")
        self.end_group(len(open), close)

    def pairs(self, mapping, cycle, open="{", close="}"):
        if cycle:
            self.text(f"{open}...{close}")
            return
        self.begin_group(len(open), open)
        for index, key in enumerate(mapping):
            if index:
                self.text(",")
                self.breakable()
            if index >= self.max_seq_length:
                self.text("...")
                break
            self.pretty(key)
            self.text(": ")
            self.pretty(mapping[key])
        self.end_group(len(open), close)

    def call(self, name, arguments):
        """``name(argument, ...)`` with each argument a function that adds its text."""
        self.begin_group(len(name) + 1, name + "(")
        for index, add in enumerate(arguments):
            if index:
                self.text(",")
                self.breakable()
            add()
        self.end_group(len(name) + 1, ")")


class _GroupContext:
    def __init__(self, printer, indent, open, close):
        self._printer = printer
        self._arguments = indent, open, close

    def __enter__(self):
        indent, open, _ = self._arguments
        self._printer.begin_group(indent, open)

    def __exit__(self, *_error):
        indent, _, close = self._arguments
        self._printer.end_group(indent, close)


def _following(work):
    """How much text must stand on the same line behind a group: up to the next possible break."""
    length = 0
    for item, _, flat in reversed(work):
        if type(item) is str:
            length += len(item)
        elif type(item) is Break:
            if not flat or item is NEWLINE:
                break
            length += len(item.text)
        else:
            break
        if length > WIDTH:
            break
    return length


def _type_path(kind):
    module = kind.__dict__.get("__module__") if type(kind) is type else getattr(kind, "__module__", None)
    name = type.__dict__["__qualname__"].__get__(kind)
    return name if not isinstance(module, str) or module in ("builtins", "exceptions") else f"{module}.{name}"


# ---- printers of the usual types ----


def _sequence(open, close):
    def add(printer, value, cycle):
        printer.items(value, cycle, open, close)

    return add


def _set(printer, value, cycle):
    frozen = isinstance(value, frozenset)
    if not value:
        printer.text("frozenset()" if frozen else "set()")
        return
    values = value
    if len(value) <= ITEM_LIMIT:
        try:
            values = sorted(value)
        except Exception:
            values = value
    printer.items(values, cycle, "frozenset({" if frozen else "{", "})" if frozen else "}")


def _dict(printer, value, cycle):
    printer.pairs(value, cycle)


def _ordered_dict(printer, value, cycle):
    name = type(value).__name__
    if cycle:
        printer.text(f"{name}(...)")
    elif value:
        printer.call(name, [lambda: printer.pairs(value, False)])
    else:
        printer.text(f"{name}()")


def _counter(printer, value, cycle):
    name = type(value).__name__
    if cycle:
        printer.text(f"{name}(...)")
    elif value:
        try:
            ordered = dict(value.most_common())
        except TypeError:
            ordered = dict(value)
        printer.call(name, [lambda: printer.pairs(ordered, False)])
    else:
        printer.text(f"{name}()")


def _default_dict(printer, value, cycle):
    name = type(value).__name__
    if cycle:
        printer.text(f"{name}(...)")
    else:
        printer.call(name, [lambda: printer.pretty(value.default_factory), lambda: printer.pairs(value, False)])


def _deque(printer, value, cycle):
    name = type(value).__name__
    if cycle:
        printer.text(f"{name}(...)")
        return
    arguments = [lambda: printer.items(value, False, "[", "]")]
    if value.maxlen is not None:
        arguments.append(lambda: printer.text(f"maxlen={value.maxlen}"))
    printer.call(name, arguments)


def _namespace(printer, value, cycle):
    name = "namespace"
    if cycle:
        printer.text(f"{name}(...)")
        return

    def member(key, item):
        def add():
            printer.begin_group(len(key) + 1, key + "=")
            printer.pretty(item)
            printer.end_group()

        return add

    printer.call(name, [member(key, item) for key, item in vars(value).items()])


def _function(printer, value, cycle):
    name = (
        f"{value.__module__}.{value.__qualname__}" if value.__module__ not in (None, "builtins") else value.__qualname__
    )
    try:
        name += str(inspect.signature(value))
    except Exception:
        pass
    printer.text(f"<function {name}>")


def _plain(printer, value, cycle):
    printer.text(repr(value))


_PRINTERS = {
    list: _sequence("[", "]"),
    tuple: _sequence("(", ")"),
    set: _set,
    frozenset: _set,
    dict: _dict,
    types.SimpleNamespace: _namespace,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _function,
    collections.OrderedDict: _ordered_dict,
    collections.Counter: _counter,
    collections.defaultdict: _default_dict,
    collections.deque: _deque,
    **dict.fromkeys((range, *_SCALARS), _plain),
}


def pretty(value, float_format=None, limit=TEXT_LIMIT):
    """The text of a value, cut at ``limit`` characters with a last line that says so."""
    printer = Printer(float_format, limit=limit)
    try:
        printer.pretty(value)
    except TextLimit:
        return printer.getvalue() + f"\n[... output cut after {limit} characters]"
    return printer.getvalue()
