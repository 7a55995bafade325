"""Telling of exceptions: the error frame of a cell, and tracebacks on stderr."""

import sys

from . import wire
from .tracebacks import Renderer, exception_name, exception_value

FINISHED, RAISED, INTERRUPTED = 0, 1, 2

# Levels of a traceback that stay with an exception after its report. Each holds a frame with its variables: those of
# a runaway recursion are tens of megabytes that nobody can let go of before the next exception.
KEPT_LEVELS = 100

_get_code = SystemExit.__dict__["code"].__get__


class Reporter:
    """``cells`` maps the file names of cells to their sources."""

    def __init__(self, cells, stderr):
        self._renderer = Renderer(cells)
        self._stderr = stderr

    def report(self, exception, silent):
        """Emit the error frame that ends a cell; the status of the cell."""
        try:
            return self._report(exception, silent)
        except KeyboardInterrupt:
            # its own methods would not come to an end: they are not asked again
            name, value = exception_name(exception), "<interrupted while it was told>"
            wire.send(wire.ERROR, {"name": name, "value": value, "traceback": f"{name}: {value}"})
            return INTERRUPTED

    def _report(self, exception, silent):
        value = None
        if isinstance(exception, SystemExit):
            code = _get_code(exception)
            if code is None or code == 0:
                return FINISHED
            value = exception_value(exception)
        name = exception_name(exception)
        if value is None:
            value = self._value(exception)
        if not silent:
            # what a debugger and %tb look for; a silent cell leaves no traces
            sys.last_exc = sys.last_value = exception
            sys.last_type = type(exception)
            sys.last_traceback = exception.__traceback__
        wire.send(wire.ERROR, {"name": name, "value": value, "traceback": self.text(exception)})
        _shorten(exception)
        return INTERRUPTED if isinstance(exception, KeyboardInterrupt) else RAISED

    @staticmethod
    def _value(exception):
        return exception_value(exception)

    def text(self, exception):
        """The traceback as text; a plainer one if that cannot be made."""
        try:
            return self._renderer.text(exception)
        except Exception as error:
            name, value = exception_name(exception), exception_value(exception)
            return f"{name}: {value}\n[the traceback could not be made: {exception_name(error)}]"

    def print(self, exception):
        """Print the traceback of an exception that does not end the cell."""
        stream = sys.stderr
        (self._stderr if stream is None else stream).write(self.text(exception) + "\n")


def _shorten(exception):
    """Cut the tracebacks of an exception and of those that led to it; the outermost levels stay."""
    for _link in range(KEPT_LEVELS):
        level = BaseException.__traceback__.__get__(exception)
        for _step in range(KEPT_LEVELS - 1):
            if level is None:
                break
            level = level.tb_next
        if level is not None:
            level.tb_next = None
        cause = BaseException.__cause__.__get__(exception)
        exception = BaseException.__context__.__get__(exception) if cause is None else cause
        if exception is None:
            break
