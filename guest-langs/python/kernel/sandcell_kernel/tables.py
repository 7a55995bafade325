"""Data frames as data, and pictures of Pillow's, in results and displays."""

import sys

from . import charts

DATA = "application/vnd.sandcell.data+json"

# Values of one frame: beyond, the HTML of its head and tail must do.
VALUES = 100_000


def of_frame(frame):
    """``{column: [values]}``; moments as ISO texts, what JSON has not as null."""
    if frame.size > VALUES or len(set(map(str, frame.columns))) != len(frame.columns):
        return {}, {}
    return {DATA: {str(name): [_value(item) for item in frame[name].tolist()] for name in frame.columns}}, {}


def _value(item):
    if item is None or item != item:  # None, NaN, NaT
        return None
    if type(item).__name__ == "NAType":
        return None
    return charts.plain(item)


def install(display, formatter):
    """Teach the formatter about frames and ``Image.show()`` where to show."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        formatter.types[pandas.DataFrame] = of_frame
    viewers = sys.modules.get("PIL.ImageShow")
    if viewers is not None:

        class CellViewer(viewers.Viewer):
            """Shows a picture in the output of the cell."""

            def show(self, image, **_options):
                display(image)
                return 1

        viewers.register(CellViewer(), 0)
