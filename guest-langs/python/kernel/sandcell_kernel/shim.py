"""The modules ``IPython`` and ``sandcell`` of the guest.

``IPython`` is a shim: the parts that programs in cells import, over this kernel. It is not IPython.
"""

import sys
import types

import _sandcell

from . import calls, display, magics, rich, shell, streams, tracebacks

VERSION = (9, 0, 0)


def module(name, doc, members, is_package=False):
    made = types.ModuleType(name, doc)
    made.__dict__.update(members)
    made.__all__ = [member for member in members if not member.startswith("_")]
    if is_package:
        made.__path__ = []
    sys.modules[name] = made
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, made)
    return made


def _registrar(shell, kind):
    """``@register_line_magic`` and its like."""

    def register(function_or_name):
        if isinstance(function_or_name, str):

            def with_name(function):
                shell.register_magic_function(function, kind, function_or_name)
                return function

            return with_name
        shell.register_magic_function(function_or_name, kind)
        return function_or_name

    register.__name__ = f"register_{kind}_magic"
    return register


def install_ipython(the_shell, publisher):
    """Make ``import IPython`` work."""

    def get_ipython():
        """The shell of the kernel."""
        return the_shell

    shared = {"get_ipython": get_ipython, "display": publisher.display}
    capture = {
        "capture_output": magics.output.capture_output,
        "CapturedIO": magics.output.CapturedIO,
        "RichOutput": rich.RichOutput,
    }
    functions = {
        "display": publisher.display,
        "update_display": publisher.update_display,
        "clear_output": publisher.clear_output,
        "publish_display_data": publisher.publish_display_data,
        "DisplayHandle": display.DisplayHandle,
    }
    classes = {kind.__name__: kind for kind in rich.CLASSES}
    errors = {"UsageError": tracebacks.UsageError, "StdinNotImplementedError": streams.StdinNotImplementedError}
    magic = {f"register_{kind}_magic": _registrar(the_shell, kind) for kind in ("line", "cell", "line_cell")}
    version = {"version_info": VERSION, "__version__": ".".join(map(str, VERSION))}
    doc = "The parts of IPython that programs in cells use, over the Sandcell kernel. Not IPython itself."
    module("IPython", doc, {**shared, **version}, is_package=True)
    module("IPython.display", "Showing things.", {**functions, **classes})
    module("IPython.core", "", {}, is_package=True)
    module("IPython.core.display", "", {**functions, **classes})
    module("IPython.core.display_functions", "", functions)
    module("IPython.core.error", "", errors)
    module("IPython.core.getipython", "", {"get_ipython": get_ipython})
    module("IPython.core.interactiveshell", "", {"InteractiveShell": shell.InteractiveShell})
    module("IPython.core.magic", "", magic)
    module("IPython.utils", "", {}, is_package=True)
    module("IPython.utils.capture", "", capture)
    module("IPython.utils.io", "", capture)
    return get_ipython


def install_sandcell():
    """Make ``import sandcell`` work: the errors of the kernel; host functions become its attributes."""
    errors = (
        calls.HostFunctionError,
        _sandcell.OutputLimitExceeded,
        magics.commands.CommandNotAvailable,
        magics.packages.PackageNotAvailable,
    )
    return module(
        "sandcell",
        "The sandbox around this program. The functions that the host provides are attributes of this module.",
        {kind.__name__: kind for kind in errors},
    )
