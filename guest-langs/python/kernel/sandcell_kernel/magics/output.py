"""Cell magics that show or keep output: %%capture, %%html and its like, %lsmagic."""

import io
import sys

from .. import rich
from ..tracebacks import UsageError
from .registry import CELL, LINE, cell_magic, line_magic, options


class CapturedIO:
    """What %%capture keeps."""

    def __init__(self, stdout, stderr, outputs):
        self._stdout = stdout
        self._stderr = stderr
        self._outputs = outputs

    stdout = property(lambda self: self._stdout.getvalue() if self._stdout else "")
    stderr = property(lambda self: self._stderr.getvalue() if self._stderr else "")
    outputs = property(lambda self: [rich.RichOutput(*output) for output in self._outputs])

    def __str__(self):
        return self.stdout

    def show(self):
        """Give out again what was captured."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        for output in self.outputs:
            output.display()

    __call__ = show


class capture_output:
    """Context manager that keeps standard output, standard error and displays to itself."""

    publisher = None  # set at boot

    def __init__(self, stdout=True, stderr=True, display=True):
        self._wanted = stdout, stderr, display

    def __enter__(self):
        self._before = sys.stdout, sys.stderr, self.publisher.__dict__.get("publish")
        stdout, stderr, display = self._wanted
        out = sys.stdout = io.StringIO() if stdout else sys.stdout
        err = sys.stderr = io.StringIO() if stderr else sys.stderr
        outputs = []
        if display:

            def keep(data, metadata=None, *, display_id=None, update=False):
                outputs.append((data, metadata))

            self.publisher.publish = keep
        return CapturedIO(out if stdout else None, err if stderr else None, outputs)

    def __exit__(self, *_error):
        sys.stdout, sys.stderr, publish = self._before
        if publish is None:
            self.publisher.__dict__.pop("publish", None)
        else:
            self.publisher.publish = publish


@cell_magic("capture")
def capture(shell, line, cell):
    """Run the cell and keep its output in a variable (or drop it).  --no-stdout --no-stderr --no-display"""
    words = line.split()
    unknown = [
        word for word in words if word.startswith("-") and word not in ("--no-stdout", "--no-stderr", "--no-display")
    ]
    names = [word for word in words if not word.startswith("-")]
    if unknown or len(names) > 1:
        raise UsageError("usage: %%capture [--no-stdout] [--no-stderr] [--no-display] [variable]")
    with capture_output("--no-stdout" not in words, "--no-stderr" not in words, "--no-display" not in words) as kept:
        value = shell.run_text(cell)
        if value is not None:
            shell.display_pub.display(value)
    if names:
        shell.user_ns[names[0]] = kept


def _shown_as(name, kind, *names):
    def show(shell, line, cell):
        shell.display_pub.publish({kind: cell, "text/plain": f"<IPython.core.display.{name} object>"})

    show.__doc__ = f"Show the cell as {name}."
    cell_magic(*names)(show)


_shown_as("HTML", "text/html", "html", "HTML")
_shown_as("Markdown", "text/markdown", "markdown")
_shown_as("Latex", "text/latex", "latex")
_shown_as("Javascript", "application/javascript", "javascript", "js")
_shown_as("SVG", "image/svg+xml", "svg", "SVG")


@line_magic("lsmagic", "magic")
def lsmagic(shell, line):
    """List the magics that there are."""
    print("Available line magics:\n" + "  ".join("%" + name for name in sorted(LINE)))
    print("\nAvailable cell magics:\n" + "  ".join("%%" + name for name in sorted(CELL)))


@line_magic("clear")
def clear(shell, line):
    """Clear the output of this cell."""
    options(line, "")
    shell.display_pub.clear_output()
