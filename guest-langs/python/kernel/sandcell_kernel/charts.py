"""What is drawn in a figure of matplotlib, as data: for whoever draws it again elsewhere."""

import datetime
import math
import numbers
import re

CHART = "application/vnd.sandcell.chart+json"

# Points of one chart. A chart is for people; a picture of more points comes without.
POINTS = 100_000

SCALES = ("linear", "log", "symlog", "logit", "function", "functionlog", "asinh")
UNIT = re.compile(r"[\(\[]([^()\[\]]*)[\)\]]")


class TooLarge(Exception):
    """More points than a chart may have."""


def of_figure(figure):
    """The chart of a figure: a dict, empty if there is nothing to tell."""
    from matplotlib import axes

    budget = [POINTS]
    try:
        charts = [
            _chart(part, budget)
            for part in figure.axes
            if isinstance(part, axes.Axes) and hasattr(part, "get_children") and not _is_colorbar(part)
        ]
    except TooLarge:
        return {}
    charts = [chart for chart in charts if chart is not None]
    if not charts:
        return {}
    if len(charts) == 1:
        return charts[0]
    title = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    return {"type": "superchart", "title": title or None, "elements": charts}


def _is_colorbar(axes):
    return hasattr(axes, "_colorbar") or axes.get_label() == "<colorbar>"


def _chart(axes, budget):
    """The chart of one pair of axes; None if nothing is drawn in them."""
    from matplotlib import collections, lines, patches, spines

    drawn = [
        artist
        for artist in axes.get_children()
        if isinstance(artist, (lines.Line2D, patches.Patch, collections.Collection))
        and not isinstance(artist, spines.Spine)
        and artist is not axes.patch
    ]
    images = list(axes.images)
    if not drawn and not images:
        return None
    kinds = _Kinds(lines, patches, collections)
    if drawn and all(isinstance(artist, lines.Line2D) for artist in drawn):
        return _line(axes, drawn, budget)
    boxes = [artist for artist in drawn if isinstance(artist, patches.PathPatch)]
    if boxes and all(isinstance(artist, (patches.PathPatch, lines.Line2D)) for artist in drawn):
        return _box_and_whisker(axes, boxes, drawn, kinds)
    rest = [artist for artist in drawn if not isinstance(artist, lines.Line2D)]
    for kind, make in (
        (collections.PathCollection, _scatter),
        (patches.Wedge, _pie),
        (patches.Rectangle, _bar),
    ):
        if rest and all(isinstance(artist, kind) for artist in rest):
            return make(axes, rest, budget)
    return {**_common("unknown", axes), "elements": []}


class _Kinds:
    """The classes of matplotlib that are asked about."""

    def __init__(self, lines, patches, collections):
        self.line, self.box = lines.Line2D, patches.PathPatch
        self.collection = collections.Collection


# ---- what all have ----


def _common(kind, axes):
    return {"type": kind, "title": axes.get_title() or None}


def _labels(axes):
    about = {}
    for name in ("x", "y"):
        label = getattr(axes, f"get_{name}label")() or None
        unit = UNIT.search(label) if label else None
        about[f"{name}_label"] = label
        about[f"{name}_unit"] = unit.group(1) if unit else None
    return about


def _ticks(axes):
    about = {}
    for name in ("x", "y"):
        axis = getattr(axes, f"{name}axis")
        scale = _scale(axis)
        low, high = sorted(getattr(axes, f"get_{name}lim")())
        places, texts = [], []
        for tick in axis.get_major_ticks(len(axis.get_majorticklocs())):
            place = tick.get_loc()
            if not low <= place <= high:
                continue
            places.append(_value(place, scale, axis))
            texts.append(tick.label1.get_text())
        if not any(texts):
            texts = [str(text) for text in axis.get_major_formatter().format_ticks([*axis.get_majorticklocs()])]
        about[f"{name}_ticks"], about[f"{name}_tick_labels"] = places, texts
        about[f"{name}_scale"] = scale
    return about


def _scale(axis):
    from matplotlib import category, dates

    converter = axis.get_converter() if hasattr(axis, "get_converter") else axis.converter
    if isinstance(converter, category.StrCategoryConverter):
        return "categorical"
    if isinstance(converter, (dates.DateConverter, dates._SwitchableDateConverter)) or isinstance(
        axis.get_major_formatter(), (dates.DateFormatter, dates.AutoDateFormatter, dates.ConciseDateFormatter)
    ):
        return "datetime"
    name = axis.get_scale()
    return name if name in SCALES else "linear"


# ---- values ----


def plain(value):
    """A value that JSON has: numbers that it has not are null, moments are texts."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    item = getattr(value, "item", None)
    if callable(item):
        try:
            value = item()
        except (TypeError, ValueError):  # of an array
            return str(value)
        if hasattr(value, "isoformat"):
            return value.isoformat()
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    return str(value)


def _value(value, scale, axis=None):
    """A place on an axis, as the reader of the chart wants it."""
    if scale == "datetime":
        if isinstance(value, (datetime.date, str)) or hasattr(value, "isoformat"):
            return plain(value)
        if type(value).__name__ == "datetime64":
            return str(value.astype("datetime64[us]").item().isoformat())
        from matplotlib import dates

        try:
            return dates.num2date(value).replace(tzinfo=None).isoformat()
        except (TypeError, ValueError, OverflowError):
            return _plain_moment(value)
    return plain(value)


def _plain_moment(value):
    """A moment that is no number of days, such as a Period of pandas'."""
    return None if isinstance(value, numbers.Real) else str(value)


def _points(xs, ys, axes, budget):
    budget[0] -= len(xs)
    if budget[0] < 0:
        raise TooLarge
    x_scale, y_scale = _scale(axes.xaxis), _scale(axes.yaxis)
    return [[_value(x, x_scale), _value(y, y_scale)] for x, y in zip(xs, ys, strict=False)]


def _label(artist, default=None):
    label = artist.get_label()
    return default if label is None or str(label).startswith("_") else str(label)


# ---- the seven kinds ----


def _line(axes, drawn, budget):
    elements = []
    for number, line in enumerate(drawn):
        xs, ys = line.get_xdata(orig=True), line.get_ydata(orig=True)
        points = _points([*xs], [*ys], axes, budget)
        elements.append({"label": _label(line, f"Line {number + 1}" if len(drawn) > 1 else line.get_label()), "points": points})
    return {**_common("line", axes), **_labels(axes), **_ticks(axes), "elements": elements}


def _scatter(axes, drawn, budget):
    elements = []
    for collection in drawn:
        offsets = collection.get_offsets()
        if hasattr(offsets, "filled"):  # a point that misses a part is masked as a whole
            offsets = offsets.astype(float).filled(math.nan)
        points = _points([*offsets[:, 0]], [*offsets[:, 1]], axes, budget)
        elements.append({"label": _label(collection, collection.get_label()), "points": points})
    return {**_common("scatter", axes), **_labels(axes), **_ticks(axes), "elements": elements}


def _pie(axes, drawn, _budget):
    elements = [
        {
            "label": _label(wedge, ""),
            "angle": plain(abs(wedge.theta2 - wedge.theta1)),
            "radius": plain(wedge.r),
        }
        for wedge in drawn
    ]
    return {**_common("pie", axes), "elements": elements}


def _bar(axes, drawn, budget):
    budget[0] -= len(drawn)
    if budget[0] < 0:
        raise TooLarge
    containers = [container for container in axes.containers if len(container) and hasattr(container, "orientation")]
    names = {"x": _names(axes.xaxis), "y": _names(axes.yaxis)}
    elements = []
    for container in containers or [drawn]:
        lying = getattr(container, "orientation", "vertical") == "horizontal"
        group = _label(container, "") if hasattr(container, "get_label") else ""
        for bar in container:
            start, length = (bar.get_y(), bar.get_height()) if lying else (bar.get_x(), bar.get_width())
            value = bar.get_width() if lying else bar.get_height()
            middle = start + length / 2
            axis = axes.yaxis if lying else axes.xaxis
            label = _nearest(names["y" if lying else "x"], middle, length)
            if label is None:
                label = str(_value(middle, _scale(axis)))
            elements.append({"label": label, "group": group or "", "value": plain(value)})
    return {**_common("bar", axes), **_labels(axes), "elements": elements}


def _names(axis):
    """Places of an axis that have names: ticks with a text that somebody gave."""
    texts = [label.get_text() for label in axis.get_ticklabels()]
    if not any(texts):
        texts = [str(text) for text in axis.get_major_formatter().format_ticks([*axis.get_majorticklocs()])]
    return [(place, text) for place, text in zip(axis.get_majorticklocs(), texts, strict=False) if text]


def _nearest(names, place, reach):
    best = min(names, key=lambda name: abs(name[0] - place), default=None)
    if best is None or abs(best[0] - place) > abs(reach):
        return None
    return best[1]


def _box_and_whisker(axes, boxes, drawn, kinds):
    """Boxes are patches or closed lines; what belongs to one stands at its place on the axis of categories."""
    lines = [artist for artist in drawn if isinstance(artist, kinds.line)]
    shapes = [box.get_path().vertices for box in boxes]
    standing = _are_standing(shapes)
    along, across = (1, 0) if standing else (0, 1)
    names = _names(axes.xaxis if standing else axes.yaxis)
    elements = []
    for shape in shapes:
        low, high = shape[:, along].min(), shape[:, along].max()
        left, right = shape[:, across].min(), shape[:, across].max()
        middle = (left + right) / 2
        element = {
            "label": _nearest(names, middle, right - left) or "",
            "min": plain(low),
            "first_quartile": plain(low),
            "median": None,
            "third_quartile": plain(high),
            "max": plain(high),
            "outliers": [],
        }
        for line in lines:
            _box_line(line.get_xydata(), element, (along, across), (left, right), (low, high))
        elements.append(element)
    return {**_common("box_and_whisker", axes), **_labels(axes), "elements": elements}


def _are_standing(shapes):
    """Several boxes stand beside each other: their middles differ on the axis of categories."""
    if len(shapes) > 1:
        middles = [[(shape[:, axis].min() + shape[:, axis].max()) / 2 for shape in shapes] for axis in (0, 1)]
        steps = [sorted(middle) for middle in middles]
        gaps = [{round(after - before, 6) for before, after in zip(places, places[1:], strict=False)} for places in steps]
        widths = [{round(shape[:, axis].max() - shape[:, axis].min(), 6) for shape in shapes} for axis in (0, 1)]
        if (len(gaps[0]), len(widths[0])) != (len(gaps[1]), len(widths[1])):
            return (len(gaps[0]), len(widths[0])) < (len(gaps[1]), len(widths[1]))
    return True


def _box_line(points, element, axes, sides, ends):
    """Read one line of a box plot: median, whisker or outliers of this box."""
    along, across = axes
    (left, right), (low, high) = sides, ends
    if not len(points):
        return
    wide = points[:, across]
    if wide.min() < left - 1e-9 or wide.max() > right + 1e-9:
        return
    places = points[:, along]
    if len(points) == 2 and places[0] == places[1] and wide.min() < wide.max():
        if low <= places[0] <= high and abs((wide.max() - wide.min()) - (right - left)) < 1e-6:
            element["median"] = plain(places[0])
        return
    same_place = wide.max() - wide.min() < 1e-9 and abs(wide[0] - (left + right) / 2) < 1e-6
    if same_place and len(points) == 2 and (places.max() == low or places.min() == high or low in places or high in places):
        element["min"] = min(element["min"], plain(places.min()))
        element["max"] = max(element["max"], plain(places.max()))
    elif same_place:
        element["outliers"] += [plain(place) for place in places]
