"""The options of one cell: what ``begin`` applies and ``end`` takes back."""

import os
import posix
import sys

import _sandcell

from . import wire

_data = os.environ._data  # what os.environ holds, whatever a cell does to os.environ itself
_putenv = posix.putenv
_unsetenv = posix.unsetenv
_chdir = posix.chdir


class OptionsError(ValueError):
    """The host gave a cell options that mean nothing."""

    __module__ = "sandcell"


def set_variable(name, value):
    """Set or (None) remove an environment variable; what it was before (None: absent)."""
    key = name.encode("utf-8", "surrogateescape")
    before = _data.get(key)
    if value is None:
        _data.pop(key, None)
        _unsetenv(key)
    else:
        new = value.encode("utf-8", "surrogateescape")
        _putenv(key, new)
        _data[key] = new
    return None if before is None else before.decode("utf-8", "surrogateescape")


def check_environment(variables):
    """OptionsError unless this is a dict of names to str or None."""
    if not isinstance(variables, dict):
        raise OptionsError("env must be an object of strings")
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            raise OptionsError(f"{name!r} cannot be the name of an environment variable")
        if value is not None and (not isinstance(value, str) or "\0" in value):
            raise OptionsError(f"the value of the environment variable {name!r} must be a text without NUL")
    return variables


class Options:
    """Applies options. ``namespace`` is the user's."""

    TYPES = {
        "env": dict,
        "cwd": str,
        "argv": list,
        "filename": str,
        "stdin": bool,
        "silent": bool,
    }

    def __init__(self, streams, namespace):
        self._streams = streams
        self._namespace = namespace

    def _parse(self, data):
        try:
            options = wire.loads(data)
        except ValueError as error:
            raise OptionsError(f"the options are no JSON object: {error}") from None
        if not isinstance(options, dict):
            raise OptionsError("the options are no JSON object")
        for name, value in options.items():
            kind = self.TYPES.get(name)
            if kind is None:
                raise OptionsError(f"there is no option {name!r}")
            if value is not None and not isinstance(value, kind):
                raise OptionsError(f"the option {name!r} must be of type {kind.__name__}")
        if not all(isinstance(word, str) for word in options.get("argv") or ()):
            raise OptionsError("argv must be a list of strings")
        check_environment(options.get("env") or {})
        return options

    def begin(self, data):
        """Apply the options (JSON as bytes): a list of functions that undo them."""
        options = self._parse(data)
        undo = []
        try:
            self._apply(options, undo)
        except BaseException:
            self.end(undo)
            raise
        return undo

    def _apply(self, options, undo):
        if options.get("cwd") is not None:
            _chdir(options["cwd"])
        for name, value in (options.get("env") or {}).items():
            undo.append((set_variable, name, set_variable(name, value)))
        if options.get("argv") is not None:
            undo.append((self._set_argv, sys.argv))
            sys.argv = list(options["argv"])
        file_name = options.get("filename")
        if file_name is not None:
            undo.append((self._set_file, self._namespace.get("__file__")))
            self._namespace["__file__"] = file_name
            _sandcell.set_file_name(file_name)
        if options.get("stdin"):
            undo.append((self._streams.end_input,))
            self._streams.begin_input()
        _sandcell.set_silent(bool(options.get("silent")))

    @staticmethod
    def _set_argv(argv):
        sys.argv = argv

    def _set_file(self, value):
        if value is None:
            self._namespace.pop("__file__", None)
        else:
            self._namespace["__file__"] = value

    @staticmethod
    def end(undo):
        """Take back what begin did; may be called again after an interrupt."""
        while undo:
            function, *arguments = undo[-1]
            function(*arguments)
            undo.pop()
