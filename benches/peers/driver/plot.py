"""docs/benchmarks.svg: bars on logarithmic scales, a column for each language."""

import math
from html import escape

from .figures import METRICS, figure, floor_of, rounded
from .measure import key
from .report import COLUMNS, LANGUAGES, of_language

BAR, GAP, LABEL, WIDTH, VALUE, MARGIN = 14, 4, 170, 150, 60, 16
HEAD, TITLE = 48, 24
COLUMN = LABEL + WIDTH + VALUE + MARGIN
OURS, OTHERS, FLOOR = "#0a6e5c", "#8a94a6", "#d0d5dd"


def bars(metric, peers, results):
    """Names, values and colours of one panel."""
    floor = floor_of(peers, results, key)
    found = []
    for peer in peers:
        one = figure(metric, results[key(peer)], floor)
        if one is not None and one.least > 0:
            colour = OURS if peer.is_ours else FLOOR if peer.is_native else OTHERS
            found.append((peer.name, one.least, colour))
    return found


def lengths(values):
    """Parts of the whole width; the least is seen as well."""
    logarithms = [math.log10(value) for value in values]
    low = math.floor(min(logarithms))
    span = max(logarithms) - low
    return [0.04 + 0.96 * (one - low) / span if span > 0 else 1 for one in logarithms]


def text(x, y, words, size=11, anchor="start", weight="normal", colour="#1d2433"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def panel(left, top, metric, found):
    title, unit = METRICS[metric]
    shapes = [text(left, top + 14, f"{title}, {unit}", weight="bold")]
    y = top + TITLE
    for (name, value, colour), part in zip(found, lengths([one[1] for one in found])):
        width = round(WIDTH * part, 1)
        shapes.append(text(left + LABEL - 6, y + 11, name, anchor="end"))
        shapes.append(
            f'<rect x="{left + LABEL}" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>'
        )
        shapes.append(text(left + LABEL + width + 4, y + 11, rounded(value), colour="#475067"))
        y += BAR + GAP
    return shapes


def drawn(peers, results):
    languages = [name for name in LANGUAGES if of_language(peers, name, results)]
    shapes = []
    top = HEAD
    for metric in COLUMNS:
        found = [bars(metric, of_language(peers, name, results), results) for name in languages]
        for number, one in enumerate(found):
            if one:
                shapes += panel(MARGIN + number * COLUMN, top, metric, one)
        most = max((len(one) for one in found), default=0)
        top += TITLE + most * (BAR + GAP) + MARGIN if most else 0
    for number, name in enumerate(languages):
        shapes.append(
            text(MARGIN + number * COLUMN, 20, LANGUAGES[name], size=15, weight="bold")
        )
    legend = "minimum; logarithmic scales of each panel's own; shorter is better; dark: Sandcell, pale: the floor without isolation"
    shapes.append(text(MARGIN, 38, legend, colour="#475067"))
    width = MARGIN + COLUMN * max(1, len(languages))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" '
            f'width="{width}" height="{top}" font-family="sans-serif">',
            f'<rect width="{width}" height="{top}" fill="#ffffff"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )
