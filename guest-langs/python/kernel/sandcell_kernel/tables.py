"""Data frames as data, and pictures of Pillow's, in results and displays."""

import sys

from . import charts, formats, pretty

DATA = "application/vnd.sandcell.data+json"

# Values of one frame: beyond, the HTML of its head and tail must do.
VALUES = 100_000

TEXT_LIMIT = pretty.TEXT_LIMIT


def of_frame(frame):
    """The data of a frame, and its texts where they can be made together."""
    bundle = _texts(frame)
    data = _columns(frame)
    if data is not None:
        bundle[DATA] = data
    return bundle, {}


def _columns(frame):
    """``{column: [values]}``; moments as ISO texts, what JSON has not as null. None if the frame is too large."""
    names = [str(name) for name in frame.columns]
    if frame.size > VALUES or len(set(names)) != len(names):
        return None
    return {name: _values(column) for name, (_, column) in zip(names, frame.items(), strict=True)}


def _values(column):
    values = column.tolist()
    if isinstance(column.dtype, _dtype) and column.dtype.kind in "biu":
        return values
    return [value if type(value) is str else _value(value) for value in values]


def _texts(frame):
    """What ``repr`` and ``_repr_html_`` of a frame give, each value formatted once. Nothing where that would differ
    from asking for one after the other, or fails: then they are asked."""
    if not _is_plain(frame):
        return {}
    try:
        parameters = _formats.get_dataframe_repr_params()
        if parameters["max_cols"] == 0 or frame._info_repr() or not _get_option("display.notebook_repr_html"):
            return {}
        if _get_option("styler.render.repr") != "html":
            return {}
        line_width = parameters.pop("line_width")
        del parameters["max_colwidth"]  # the option of that name is it
        renderer = _formats.DataFrameRenderer(_Formatter(frame, bold_rows=True, escape=True, **parameters))
        html = renderer.to_html(notebook=True)
        text = renderer.to_string(line_width=line_width)
    except Exception:
        return {}
    return {"text/html": html, "text/plain": text} if len(text) <= TEXT_LIMIT else {}


def _is_plain(frame):
    """Is a frame shown as pandas shows it?"""
    kind = type(frame)
    plain = all(getattr(kind, name, None) is method for name, method in _methods.items())
    return plain and not any(hasattr(kind, name) for name in FORMS) and NAMES.isdisjoint(vars(frame))


def _value(item):
    try:
        if item is None or item != item:  # None, NaN, NaT
            return None
    except Exception:  # NA has no truth, and neither has what arrays answer
        if type(item).__name__ == "NAType":
            return None
    return charts.plain(item)


_formats = _Formatter = _get_option = _dtype = None
_methods = {}

# What pandas defines to show a frame, and what others may add to it.
SHOWN = ("__repr__", "_repr_html_", "_repr_latex_", "_info_repr", "to_string")
FORMS = tuple(name for _, name, _ in formats.METHODS if name not in SHOWN) + ("_repr_mimebundle_",)
NAMES = frozenset(SHOWN + FORMS)


def _learn(pandas):
    """Take from pandas what makes the texts of a frame."""
    global _formats, _Formatter, _get_option, _dtype
    from pandas.io.formats import format as _formats

    class OnceFormatter(_formats.DataFrameFormatter):
        """Formats each column once, for text and HTML."""

        def __init__(self, *positional, **named):
            self._formatted = {}
            super().__init__(*positional, **named)

        def format_col(self, i):
            if i not in self._formatted:
                self._formatted[i] = super().format_col(i)
            return list(self._formatted[i])  # the renderers change their lists

    _Formatter, _get_option, _dtype = OnceFormatter, pandas.get_option, sys.modules["numpy"].dtype
    for name in SHOWN:
        _methods[name] = getattr(pandas.DataFrame, name)


def install(display, formatter):
    """Teach the formatter about frames and ``Image.show()`` where to show."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        _learn(pandas)
        formatter.types[pandas.DataFrame] = of_frame
    viewers = sys.modules.get("PIL.ImageShow")
    if viewers is not None:

        class CellViewer(viewers.Viewer):
            """Shows a picture in the output of the cell."""

            def show(self, image, **_options):
                display(image)
                return 1

        viewers.register(CellViewer(), 0)


def uninstall():
    """As in a terminal: pandas shows the columns that fit, pictures have no viewer."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        pandas.set_option("display.max_columns", 0)
    viewers = sys.modules.get("PIL.ImageShow")
    if viewers is not None:
        viewers._viewers[:] = [viewer for viewer in viewers._viewers if type(viewer).__module__ == viewers.__name__]
