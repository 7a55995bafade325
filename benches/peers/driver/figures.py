"""From times to figures: minimum, median, ratios, and where somebody is ahead of us."""

import math
from dataclasses import dataclass
from statistics import median

# What tables compare, with titles and units. Less is better in all.
METRICS = {
    "cold": ("cold process to the first result", "ms"),
    "new": ("new sandbox and its first result", "ms"),
    "exec": ("trivial cell in a live session", "ms"),
    "cpu": ("time of the mix, times the floor's", "×"),
    "memory": ("memory of one more live sandbox", "MB"),
    "take": ("snapshot, small state", "ms"),
    "restore": ("restore and first cell, small state", "ms"),
    "take 4 MB": ("snapshot, 4 MB of state", "ms"),
    "restore 4 MB": ("restore and first cell, 4 MB of state", "ms"),
}


@dataclass(frozen=True)
class Figure:
    least: float
    middle: float
    # Of a mean: how many parts it has of how many.
    parts: tuple | None = None


def of(values):
    return Figure(min(values), median(values)) if values else None


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def program_ms(measured, name):
    """The least time of a program: processor time, but wall time where the kernel's
    account has not all of it (a shell's children are gone before one can look)."""
    figures = measured.cpu.get(name)
    return min(figures[figures["clock"]], default=None) if figures else None


def cpu_ratios(measured, floor):
    """By program: its time over that of the floor."""
    ratios = {}
    for name in measured.cpu:
        own = program_ms(measured, name)
        beside = program_ms(floor, name) if floor else None
        if own and beside:
            ratios[name] = own / beside
    return ratios


def figure(metric, measured, floor):
    """A figure of a peer, or nothing if it has none."""
    if metric in measured.times:
        return of(measured.times[metric])
    if metric == "memory":
        return of([value / 1e6 for value in measured.memory])
    if metric == "cpu":
        ratios = cpu_ratios(measured, floor)
        if not ratios:
            return None
        mean = geometric_mean(ratios.values())
        return Figure(mean, mean, (len(ratios), len(measured.cpu)))
    what, _, state = metric.partition(" ")
    kept = measured.snapshot.get(state or "small")
    return of(kept[what]) if kept else None


def ahead(metric, peers, results, key):
    """Who is ahead of us in this, of a language: peer, its figure, ours."""
    by_name = {peer.name: peer for peer in peers if key(peer) in results}
    ours = by_name.get("sandcell")
    if ours is None:
        return []
    floor = floor_of(peers, results, key)
    our_figure = figure(metric, results[key(ours)], floor)
    found = []
    for peer in by_name.values():
        theirs = figure(metric, results[key(peer)], floor)
        if peer.is_ours or theirs is None or our_figure is None:
            continue
        if theirs.least < our_figure.least:
            found.append((peer, theirs, our_figure))
    return found


def floor_of(peers, results, key):
    for peer in peers:
        if peer.is_native and key(peer) in results:
            return results[key(peer)]
    return None


def rounded(value):
    """Three digits that say something."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"
