"""JSON to and from the host.

Only C functions work here, taken at boot: a cell that breaks the json module or the builtins cannot break frames.
"""

import _json

import _sandcell

RESULT, DISPLAY, UPDATE, CLEAR, ERROR = 3, 4, 5, 6, 7

_make_encoder = _json.make_encoder
_make_scanner = _json.make_scanner
_encode_string = _json.encode_basestring
_emit = _sandcell.emit


class NotSerializable(TypeError):
    """A value that JSON cannot hold."""


def _refuse(value):
    raise NotSerializable(f"Object of type {type(value).__name__} is not JSON serializable")


def dumps(value):
    """The value as UTF-8 JSON text. TypeError or ValueError (NaN, a circle, too deep) if JSON cannot hold it.

    Lone surrogates, which JSON text in UTF-8 cannot hold either, become question marks.
    """
    encoder = _make_encoder({}, _refuse, _encode_string, None, ":", ",", False, False, False)
    try:
        text = "".join(encoder(value, 0))
    except RecursionError:
        raise ValueError("the value is nested too deeply for JSON") from None
    return text.encode("utf-8", "replace")


class _Plain:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo = {}


_scan = _make_scanner(_Plain)


def loads(data):
    """The value of a JSON text (bytes). ValueError if it is none."""
    text = data.decode("utf-8").strip(" \t\r\n")
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("not a JSON text") from None
    if end != len(text):
        raise ValueError("more than one JSON value")
    return value


def send(kind, message):
    """Emit a frame with a JSON payload."""
    _emit(kind, dumps(message))
