"""What ``get_ipython()`` gives: the namespace, the magics, and running text as a cell would."""

import sys

import _sandcell

from . import magics, rewrite
from .magics import commands
from .tracebacks import UsageError

# Names in the user's namespace that are not the user's.
HIDDEN = frozenset({"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"})


class InteractiveShell:
    """The part of IPython's shell object that programs in cells use."""

    __module__ = "IPython.core.interactiveshell"

    def __init__(self, user_module, inputs, outputs, publisher, formatter, report):
        self.user_module = user_module
        self.user_ns = self.user_global_ns = vars(user_module)
        self.inputs = inputs
        self.outputs = outputs
        self.display_pub = publisher
        self.config = {}
        self.host_names = set()
        self._formatter = formatter
        self._report = report
        self._fresh_names = {}

    def __repr__(self):
        return "<InteractiveShell of the Sandcell kernel>"

    def __reduce__(self):
        raise TypeError("cannot pickle the shell of the kernel")

    # ---- the namespace ----

    @property
    def execution_count(self):
        return _sandcell.cell_number()

    def fill_namespace(self):
        """The names that every fresh namespace has."""
        folder = __import__("os").getcwd()
        self._fresh_names = {
            "In": self.inputs,
            "Out": self.outputs,
            "_ih": self.inputs,
            "_oh": self.outputs,
            "_dh": [folder],
            "_": "",
            "__": "",
            "___": "",
            "_i": "",
            "_ii": "",
            "_iii": "",
        }
        self.user_ns.update(self._fresh_names)

    def user_names(self):
        """Names of the user's own variables, sorted."""
        return sorted(
            name
            for name in self.user_ns
            if isinstance(name, str) and not name.startswith("_") and name not in HIDDEN and name not in self.host_names
        )

    def push(self, variables):
        """Put variables into the user's namespace."""
        self.user_ns.update(variables)

    def reset(self, keep_history=False, what=""):
        """Remove what the user defined, and the history with it."""
        everything = not what
        if (everything and not keep_history) or what == "in":
            del self.inputs[1:-1]
        if (everything and not keep_history) or what == "out":
            self.outputs.clear()
            _sandcell.forget(_sandcell.cell_number())
            for name in ("_", "__", "___"):
                self.user_ns[name] = ""
        if everything:
            for name in list(self.user_ns):
                if (
                    name not in HIDDEN
                    and name not in self.host_names
                    and not (name.startswith("__") and name.endswith("__"))
                ):
                    del self.user_ns[name]

    def lookup(self, name):
        """A variable or a builtin; NameError."""
        if name in self.user_ns:
            return self.user_ns[name]
        builtins = vars(sys.modules["builtins"])
        if name in builtins:
            return builtins[name]
        raise NameError(f"name {name!r} is not defined")

    def set_precision(self, text):
        self._formatter.float_format = text
        _sandcell.set_precision(text)

    # ---- running text ----

    def cell_file(self):
        return f"Cell In[{_sandcell.cell_number()}]"

    def known(self, name):
        return name in self.user_ns

    def transform_cell(self, source):
        """The text as plain Python: magics become calls."""
        try:
            compile(source, "<cell>", "exec", 0x2000, True)
        except SyntaxError:
            return rewrite.rewrite(source, self.known) or source
        except Exception:
            pass
        return source

    @staticmethod
    def compile(source, file_name):
        """(code of the body, code of the last expression, quiet); either code may be None."""
        return _sandcell.compile_cell(source, file_name)

    @staticmethod
    def run_compiled(parts):
        """Run what compile gave; the value of the last expression, None if that ends in a semicolon."""
        body, expression, quiet = parts
        if body is not None:
            _sandcell.run_code(body)
        if expression is None:
            return None
        value = _sandcell.run_code(expression)
        return None if quiet else value

    def run_text(self, cell):
        """Run the body of a cell magic; its lines count from the second line of the cell."""
        return self.run_compiled(self.compile(self.transform_cell("\n" + cell), self.cell_file()))

    def run_cell(self, raw_cell, store_history=False, silent=False, **_arguments):
        """Run text as a cell; its value is displayed. Exceptions are raised."""
        value = self.run_compiled(self.compile(self.transform_cell(raw_cell), "<run_cell>"))
        if value is not None and not silent:
            self.display_pub.display(value)
        return value

    def ev(self, expression):
        """The value of an expression in the user's namespace."""
        return eval(expression, self.user_ns)

    def ex(self, statements):
        """Run statements in the user's namespace."""
        exec(statements, self.user_ns)

    def showtraceback(self, *_arguments, **_options):
        """Print the traceback of the exception being handled, or of the last one."""
        error = sys.exception() or getattr(sys, "last_exc", None)
        if error is None:
            print("No traceback available to show.", file=sys.stderr)
        else:
            self._report(error)

    # ---- magics and commands ----

    def run_line_magic(self, magic_name, line, *_arguments):
        """Run a line magic; UsageError if there is no such thing."""
        function = magics.find(magics.LINE, magic_name, "Line")
        if magic_name not in ("time", "timeit", "pinfo", "pinfo2", "history"):
            line = self.expand(line)
        return function(self, line)

    def run_cell_magic(self, magic_name, line, cell):
        """Run a cell magic; UsageError if there is no such thing."""
        return magics.find(magics.CELL, magic_name, "Cell")(self, line, cell)

    def magic(self, text):
        name, _, rest = text.strip().lstrip("%").partition(" ")
        return self.run_line_magic(name, rest.strip())

    def find_line_magic(self, name):
        return magics.LINE.get(name)

    def find_cell_magic(self, name):
        return magics.CELL.get(name)

    def register_magic_function(self, func, magic_kind="line", magic_name=None):
        """Make a function of the user's a magic."""
        name = magic_name or func.__name__
        if magic_kind not in ("line", "cell", "line_cell"):
            raise ValueError("magic_kind must be one of ('line', 'cell', 'line_cell')")
        if magic_kind in ("line", "line_cell"):
            magics.LINE[name] = lambda _shell, line: func(line)
        if magic_kind in ("cell", "line_cell"):
            magics.CELL[name] = lambda _shell, line, cell: func(line, cell)

    def expand(self, line):
        """Put values of variables in place of ``{expression}`` and ``$name``, as IPython does in magic lines."""
        if "{" not in line and "$" not in line:
            return line
        out = []
        place = 0
        while place < len(line):
            character = line[place]
            if character == "{":
                end = line.find("}", place)
                if line.startswith("{{", place):
                    out.append("{")
                    place += 2
                    continue
                value = self._evaluate(line[place + 1 : end]) if end > 0 else None
                if value is not None:
                    out.append(value)
                    place = end + 1
                    continue
            elif character == "$":
                end = place + 1
                while end < len(line) and (line[end].isalnum() or line[end] == "_"):
                    end += 1
                name = line[place + 1 : end]
                if name.isidentifier() and name in self.user_ns:
                    out.append(str(self.user_ns[name]))
                    place = end
                    continue
            out.append(character)
            place += 1
        return "".join(out)

    def _evaluate(self, expression):
        try:
            return str(eval(expression, self.user_ns))
        except Exception:
            return None

    def system(self, command):
        """``!command``: what it prints is printed."""
        commands.system(self, command)

    def getoutput(self, command):
        """``!!command`` and ``name = !command``: the lines that it prints."""
        return commands.output_of(self, command)

    # ---- accepted for the sake of programs that ask for them ----

    def set_next_input(self, *_arguments, **_options):
        """There is no next input to set."""

    def enable_gui(self, *_arguments):
        raise UsageError("there is no screen in this sandbox")

    def enable_matplotlib(self, *_arguments):
        return "inline", "inline"

    def ask_exit(self):
        raise SystemExit
