"""Running as a program, as the command ``python3`` does: a script, ``-c``, ``-m`` or standard input.

The interpreter is the one that runs cells; here what cells have on top of Python is taken away first.
"""

import builtins
import io
import os
import posix
import sys

from . import figures, options, tables

# Options without a value that change nothing here.
WITHOUT_EFFECT = frozenset("bBdEIiOPqRsSvx")
USAGE = "usage: python3 [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"


class Usage(Exception):
    """The arguments make no sense."""


class Plain:
    """What the interpreter had before the kernel changed it."""

    def __init__(self):
        self.builtins = {name: vars(builtins).get(name) for name in ("print", "input", "exit", "quit", "help")}
        self.displayhook = sys.displayhook
        self.text_io, self.buffered, self.file_io = io.TextIOWrapper, io.open, io.FileIO

    def restore(self):
        """Take away what cells have and programs have not."""
        for name, value in self.builtins.items():
            if value is not None:
                setattr(builtins, name, value)
        for name in ("display", "get_ipython"):
            vars(builtins).pop(name, None)
        builtins.exit = sys.modules["_sitebuiltins"].Quitter("exit", "Ctrl-D (i.e. EOF)")
        builtins.quit = sys.modules["_sitebuiltins"].Quitter("quit", "Ctrl-D (i.e. EOF)")
        sys.displayhook = self.displayhook
        tables.uninstall()
        figures.uninstall()
        for name in [name for name in sys.modules if name.partition(".")[0] in ("IPython", "matplotlib_inline")]:
            del sys.modules[name]


class Program:
    """Runs this interpreter as a program. ``plain`` is taken before the kernel changes anything."""

    def __init__(self, plain):
        self._plain = plain
        self._unbuffered = False

    def run(self, arguments, environment):
        """Run; the exit status, or 256 and a signal."""
        self._set_environment(environment)
        self._plain.restore()
        argv = [os.fsdecode(word) for word in arguments] or ["python3"]
        try:
            mode, target, rest = self._parse(argv)
        except Usage as error:
            posix.write(2, f"{error}\n{USAGE}".encode())
            return 2
        self._open_streams()
        if mode == "version":
            print("Python " + sys.version.partition(" ")[0])
            return self._finish(0)
        if mode == "help":
            print(USAGE, end="")
            return self._finish(0)
        sys.argv, sys.orig_argv = rest, argv
        return self._finish(self._guard(mode, target))

    # ---- before ----

    def _set_environment(self, environment):
        wanted = {}
        for text in environment:
            name, _, value = text.decode("utf-8", "surrogateescape").partition("=")
            wanted[name] = value
        for name in [name for name in os.environ if name not in wanted]:
            options.set_variable(name, None)
        for name, value in wanted.items():
            options.set_variable(name, value)
        try:
            posix.chdir(wanted.get("PWD") or "/")
        except OSError:
            posix.chdir("/")

    def _parse(self, argv):
        """(mode, target, sys.argv) of the arguments."""
        self._unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
        words = argv[1:]
        while words:
            word = words.pop(0)
            if word == "-" or not word.startswith("-"):
                return ("stdin", None, ["-", *words]) if word == "-" else ("file", word, [word, *words])
            if word.startswith("--"):
                if word in ("--version", "--help"):
                    return word[2:], None, []
                raise Usage(f"unknown option {word}")
            letters = word[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                if letter in "cmWX":
                    value = letters or (words.pop(0) if words else None)
                    if value is None:
                        raise Usage(f"Argument expected for the -{letter} option")
                    if letter == "c":
                        return "command", value, ["-c", *words]
                    if letter == "m":
                        return "module", value, ["-m", *words]
                    if letter == "W":
                        sys.warnoptions.append(value)
                    break
                if letter == "u":
                    self._unbuffered = True
                elif letter in "Vh?":
                    return "version" if letter == "V" else "help", None, []
                elif letter not in WITHOUT_EFFECT:
                    raise Usage(f"Unknown option: -{letter}")
        return "stdin", None, [""]

    def _open_streams(self):
        """Streams over the descriptors 0, 1 and 2, buffered as CPython does it."""
        sys.stdin = sys.__stdin__ = self._open(0, "<stdin>", "surrogateescape")
        sys.stdout = sys.__stdout__ = self._open(1, "<stdout>", "surrogateescape")
        sys.stderr = sys.__stderr__ = self._open(2, "<stderr>", "backslashreplace")

    def _open(self, descriptor, name, errors):
        mode = "rb" if descriptor == 0 else "wb"
        try:
            buffering = 0 if self._unbuffered and descriptor else -1
            stream = self._plain.buffered(descriptor, mode, buffering, closefd=False)
        except OSError:
            return None  # it is closed
        raw = stream if buffering == 0 else stream.raw
        raw.name = name
        lines = descriptor == 2 or raw.isatty()
        text = self._plain.text_io(
            stream, "utf-8", errors, "\n" if descriptor else None, lines, bool(self._unbuffered and descriptor)
        )
        text.mode = mode[0]
        return text

    # ---- the run ----

    def _guard(self, mode, target):
        """Run the target; the exit status."""
        try:
            if sys.warnoptions:
                import warnings

                warnings._processoptions(sys.warnoptions)
            self._start(mode, target)
        except SystemExit as stop:
            return self._status(stop.code)
        except BaseException as error:
            return self._report(error)
        return 0

    def _start(self, mode, target):
        import types

        main = types.ModuleType("__main__")
        main.__builtins__ = builtins
        sys.modules["__main__"] = main
        del sys.path[0]
        if mode == "command":
            sys.path.insert(0, "")
            self._exec(main, target + "\n", "<string>", register=True)
        elif mode == "module":
            import runpy

            sys.path.insert(0, os.getcwd())
            runpy._run_module_as_main(target)
        elif mode == "stdin":
            sys.path.insert(0, "")
            text = b"" if sys.stdin is None else sys.stdin.buffer.read()
            self._exec(main, text, "<stdin>", register=True)
        else:
            self._run_file(main, target)

    def _run_file(self, main, path):
        import runpy

        importer = None
        if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
            importer = sys.modules["pkgutil"].get_importer(path)
        if importer is not None:
            sys.path.insert(0, path)
            runpy._run_module_as_main("__main__", False)
            return
        try:
            with io.open_code(os.path.abspath(path)) as file:
                text = file.read()
        except OSError as error:
            note = f"{sys.executable}: can't open file {os.path.abspath(path)!r}: [Errno {error.errno}] {error.strerror}"
            print(note, file=sys.stderr)
            raise SystemExit(2) from None
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        main.__file__ = path
        main.__cached__ = None
        from importlib.machinery import SourceFileLoader

        main.__loader__ = SourceFileLoader("__main__", path)
        self._exec(main, text, path)

    @staticmethod
    def _exec(main, text, name, register=False):
        if register:
            # what is in no file is shown in tracebacks, too
            lines = text if isinstance(text, str) else text.decode("utf-8", "replace")
            import linecache

            linecache.cache[name] = len(lines), None, lines.splitlines(True), name
        exec(compile(text, name, "exec", 0, True), main.__dict__)

    # ---- after ----

    @staticmethod
    def _status(code):
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 0xFF
        try:
            print(code, file=sys.stderr)
        except Exception:
            pass
        return 1

    @staticmethod
    def _report(error):
        """Show an exception that nobody caught, without the frames of this file."""
        entry = error.__traceback__
        while entry is not None and entry.tb_frame.f_globals is globals():
            entry = entry.tb_next
        error = error.with_traceback(entry)
        try:
            sys.stdout.flush()
        except Exception:
            pass
        try:
            sys.excepthook(type(error), error, entry)
        except SystemExit as stop:
            return Program._status(stop.code)
        except BaseException:
            sys.__excepthook__(type(error), error, entry)
        return 256 + 2 if isinstance(error, KeyboardInterrupt) else 1

    @staticmethod
    def _finish(status):
        """What CPython does at its end."""
        try:
            threading = sys.modules.get("threading")
            if threading is not None:
                threading._shutdown()
            sys.modules["atexit"]._run_exitfuncs()
        except BaseException as error:
            Program._report(error)
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None and not stream.closed:
                    stream.flush()
            except BrokenPipeError as error:
                posix.write(2, f"Exception ignored on flushing sys.stdout:\nBrokenPipeError: {error}\n".encode())
                status = 120
            except Exception:
                status = status or 120
        return status
