"""The MIME bundle of a value: what a cell's result and display() show."""

import binascii
import sys

from . import pretty, wire

TEXT_LIMIT = pretty.TEXT_LIMIT

_encode_base64 = binascii.b2a_base64

# MIME type, method, is the value binary?
METHODS = (
    ("text/html", "_repr_html_", False),
    ("text/markdown", "_repr_markdown_", False),
    ("image/svg+xml", "_repr_svg_", False),
    ("image/png", "_repr_png_", True),
    ("application/pdf", "_repr_pdf_", True),
    ("image/jpeg", "_repr_jpeg_", True),
    ("text/latex", "_repr_latex_", False),
    ("application/json", "_repr_json_", None),
    ("application/javascript", "_repr_javascript_", False),
)

# Values of these types have a text form only: no need to ask them for others.
PLAIN_TYPES = frozenset(
    {int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, type(None)}
)

CANARY = "_sandcell_no_object_has_this_method_"


class Formatter:
    """Makes bundles. ``report`` prints the traceback of a method that failed; ``float_format`` is %precision's."""

    def __init__(self, report):
        self._report = report
        self.float_format = None
        # class -> function that gives (data, metadata) of its instances; with text/plain in it, that is all
        self.types = {}

    def bundle(self, value, include=None, exclude=None):
        """(data, metadata) of a value. A method that raises is reported on stderr and left out."""
        data, metadata = {}, {}
        if type(value) not in PLAIN_TYPES and not isinstance(value, type):
            self._add_rich(value, data, metadata, include, exclude)
        if "text/plain" not in data:
            data["text/plain"] = self.text(value)
        if include:
            data = {kind: item for kind, item in data.items() if kind in include}
        if exclude:
            data = {kind: item for kind, item in data.items() if kind not in exclude}
        return self.check(data, metadata)

    def text(self, value):
        """text/plain of a value; never raises but for an interrupt."""
        try:
            return pretty.pretty(value, self.float_format)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._report(error)
            return f"<unprintable {type(value).__name__} object>"

    def check(self, data, metadata):
        """Make a bundle fit for the wire: bytes to base64, what JSON cannot hold is reported and left out."""
        checked = {}
        for kind, item in data.items():
            if not isinstance(kind, str) or item is None:
                continue
            if isinstance(item, (bytes, bytearray, memoryview)):
                item = _encode_base64(item, newline=False).decode("ascii")
            elif not isinstance(item, str):
                try:
                    item = wire.loads(wire.dumps(item))
                except (TypeError, ValueError) as error:
                    self._complain(f"the {kind} form is left out: {error}")
                    continue
            if kind == "text/plain" and isinstance(item, str) and len(item) > TEXT_LIMIT + 100:
                item = f"{item[:TEXT_LIMIT]}\n[... output cut: {len(item)} characters]"
            checked[kind] = item
        kept = {}
        for kind, item in metadata.items():
            try:
                wire.dumps({kind: item})
            except (TypeError, ValueError) as error:
                self._complain(f"metadata of {kind!r} is left out: {error}")
                continue
            kept[kind] = item
        return checked, kept

    def _add_rich(self, value, data, metadata, include, exclude):
        if find_method(value, CANARY) is not None:
            return  # the object answers to every name: its answers mean nothing
        for kind, function in self.types.items():
            if isinstance(value, kind):
                self._add_bundle(lambda **_wanted: function(value), data, metadata, include, exclude)
        if type(value) in self.types and "text/plain" in data:
            return  # all there is to tell was told
        method = find_method(value, "_repr_mimebundle_")
        if method is not None:
            self._add_bundle(method, data, metadata, include, exclude)
        for kind, name, binary in METHODS:
            if kind in data or (include and kind not in include) or (exclude and kind in exclude):
                continue
            method = find_method(value, name)
            if method is None:
                continue
            item, about = self._ask(method)
            if item is None:
                continue
            if binary is not None and not isinstance(item, (str, bytes) if binary else str):
                expected = "bytes or str" if binary else "str"
                self._complain(f"{kind} formatter returned invalid type {type(item)!r} (expected {expected})")
                continue
            data[kind] = item
            if about:
                metadata[kind] = about

    def _add_bundle(self, method, data, metadata, include, exclude):
        try:
            answer = method(include=include, exclude=exclude)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._report(error)
            return
        if isinstance(answer, tuple) and len(answer) == 2:
            answer, about = answer
            if isinstance(about, dict):
                metadata.update(about)
        if isinstance(answer, dict):
            data.update(answer)
        elif answer is not None:
            self._complain(f"_repr_mimebundle_ returned {type(answer)!r} (expected a dict)")

    def _ask(self, method):
        """The method's (data, metadata)."""
        try:
            answer = method()
        except KeyboardInterrupt:
            raise
        except NotImplementedError:
            return None, None
        except BaseException as error:
            self._report(error)
            return None, None
        if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict):
            return answer
        return answer, None

    @staticmethod
    def _complain(words):
        stream = sys.stderr
        if stream is not None:
            stream.write(f"FormatterWarning: {words}\n")


def find_method(value, name):
    """The bound method of that name, or None. Classes are not asked: their methods are for their instances."""
    if isinstance(value, type):
        return None
    try:
        method = getattr(value, name, None)
    except Exception:
        return None
    return method if callable(method) else None
