"""sys.stdin, sys.stdout and sys.stderr of the guest.

What is written is a frame at once, nothing is buffered: one write, one event.
"""

import io
import sys

import _sandcell

_emit = _sandcell.emit
_emit_text = _sandcell.emit_text
_set_closed = _sandcell.set_closed
_file_io = io.FileIO
_buffered_reader = io.BufferedReader
_text_wrapper = io.TextIOWrapper


class StdinNotImplementedError(NotImplementedError, RuntimeError):
    """input() was called while there is nothing to read."""

    __module__ = "IPython.core.error"


class ByteStream(io.BufferedIOBase):
    """``sys.stdout.buffer``: bytes go out as they are."""

    def __init__(self, text):
        self._text = text

    name = property(lambda self: self._text.name)
    closed = property(lambda self: self._text.closed)
    raw = property(lambda self: self)
    mode = "wb"

    def write(self, data):
        self._text._check_open()
        with memoryview(data) as view:
            _emit(self._text._kind, view if view.c_contiguous else view.tobytes())
            return view.nbytes

    def flush(self):
        self._text._check_open()

    def close(self):
        self._text.close()

    def fileno(self):
        return self._text.fileno()

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True


class TextStream(io.TextIOBase):
    """``sys.stdout`` and ``sys.stderr``."""

    encoding = "utf-8"
    newlines = None
    line_buffering = True
    write_through = True
    mode = "w"

    def __init__(self, kind, name, errors):
        self._kind = kind
        self._name = name
        self._errors = errors
        self._closed = False
        self._buffer = ByteStream(self)

    name = property(lambda self: self._name)
    errors = property(lambda self: self._errors)
    buffer = property(lambda self: self._buffer)
    closed = property(lambda self: self._closed)

    def _check_open(self):
        if self._closed:
            raise ValueError("I/O operation on closed file.")

    def write(self, text):
        if self._closed:
            raise ValueError("I/O operation on closed file.")
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        _emit_text(self._kind, text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        self._check_open()

    def close(self):
        """Closed for the rest of the cell: the next cell finds the stream open again."""
        self._closed = True
        _set_closed(self._kind, True)

    def reopen(self):
        self._closed = False
        _set_closed(self._kind, False)

    def detach(self):
        raise io.UnsupportedOperation("the streams of the sandbox cannot be detached")

    def reconfigure(self, **_settings):
        """Accepted and without effect: the encoding is UTF-8 and nothing is buffered."""

    def fileno(self):
        return self._kind

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def __repr__(self):
        return f"<{self._name} mode='w' encoding='utf-8'>"

    def __reduce_ex__(self, protocol):
        raise TypeError(f"cannot pickle {self._name}")


def open_stdin():
    """A text stream over descriptor 0, with nothing read ahead from an earlier cell."""
    raw = _file_io(0, "rb", closefd=False)
    raw.name = "<stdin>"
    stream = _text_wrapper(_buffered_reader(raw), "utf-8", "surrogateescape")
    stream.mode = "r"
    return stream


class Streams:
    """The three streams, and ``input``."""

    def __init__(self):
        self.stdout = TextStream(1, "<stdout>", "surrogateescape")
        self.stderr = TextStream(2, "<stderr>", "backslashreplace")
        self.stdin = open_stdin()
        self.has_input = False

    def install(self):
        sys.stdin = sys.__stdin__ = self.stdin
        sys.stdout = sys.__stdout__ = self.stdout
        sys.stderr = sys.__stderr__ = self.stderr

    def repair(self):
        """Open what a cell closed, put back what a cell took away; a stream of the user's own stays."""
        for name in ("stdout", "stderr"):
            own = getattr(self, name)
            if own._closed:
                own.reopen()
            if getattr(sys, name, None) is None:
                setattr(sys, name, own)

    def begin_input(self):
        """This cell has data on descriptor 0."""
        self.stdin = sys.stdin = open_stdin()
        self.has_input = True

    def end_input(self):
        self.has_input = False

    def input(self, prompt="", /):
        """Read a string from standard input.  The trailing newline is stripped.

        Works only if the host gave this cell an input; else it raises StdinNotImplementedError.
        """
        stream = getattr(sys, "stdin", None)
        if stream is self.stdin and not self.has_input:
            raise StdinNotImplementedError(
                "input() was called, but this cell has no standard input: nobody is there to answer. "
                "Give the value in the code, or have the host run the cell with an input."
            )
        if stream is None:
            raise RuntimeError("input(): lost sys.stdin")
        stdout = getattr(sys, "stdout", None)
        if stdout is None:
            raise RuntimeError("input(): lost sys.stdout")
        if prompt is not None and (text := str(prompt)):
            stdout.write(text)
        line = stream.readline()
        if not line:
            raise EOFError("EOF when reading a line")
        return line[:-1] if line.endswith("\n") else line
