"""docs/benchmarks.md, and the same tables for the terminal."""

from . import workload
from .figures import METRICS, ahead, cpu_ratios, figure, floor_of, program_ms, rounded
from .measure import key
from .reasons import FAIRNESS, reason_for

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "Shell"}
HELD = {True: "yes", False: "**no**", None: "not in its language"}
COLUMNS = ("cold", "new", "exec", "cpu", "memory")
SAVING = ("take", "restore", "take 4 MB", "restore 4 MB")


def of_language(peers, language, results):
    return [peer for peer in peers if peer.language == language and key(peer) in results]


def row(cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def table(head, rows):
    return [row(head), row(["---"] * len(head)), *map(row, rows), ""]


def cell(metric, peer, results, floor, ours):
    measured = results[key(peer)]
    one = figure(metric, measured, floor)
    if one is None:
        return ""
    text = rounded(one.least)
    if metric not in ("cpu", "memory"):
        text += f" / {rounded(one.middle)}"
    if one.parts and one.parts[0] < one.parts[1]:
        text += f" ({one.parts[0]} of {one.parts[1]} programs)"
    if not peer.is_ours and ours is not None:
        text += f" · {rounded(one.least / ours.least)}×"
    return text


def our_figure(metric, peers, results, floor):
    for peer in peers:
        if peer.name == "sandcell":
            return figure(metric, results[key(peer)], floor)
    return None


def main_table(peers, results, columns):
    floor = floor_of(peers, results, key)
    shown = [
        metric
        for metric in columns
        if any(figure(metric, results[key(peer)], floor) for peer in peers)
    ]
    ours = {metric: our_figure(metric, peers, results, floor) for metric in shown}
    rows = []
    for peer in peers:
        cells = [cell(metric, peer, results, floor, ours[metric]) for metric in shown]
        if any(cells):
            rows.append([peer.name, *cells])
    refused = {}
    for phase in {"snapshot" if metric in SAVING else metric for metric in columns}:
        for peer in peers:
            reason = results[key(peer)].refused.get(phase)
            if reason:
                refused.setdefault((phase, oneline(reason)), []).append(peer.name)
    notes = [
        f"{phase.capitalize()}, not measured: {', '.join(names)} ({reason})."
        for (phase, reason), names in sorted(refused.items())
    ]
    if notes:
        notes.append("")
    head = ["", *(f"{METRICS[metric][0]}, {METRICS[metric][1]}" for metric in shown)]
    return [*table(head, rows), *notes] if rows else notes


def cpu_table(peers, results, language):
    floor = floor_of(peers, results, key)
    names = [program.name for program in workload.programs(language)]
    rows, notes = [], []
    for peer in peers:
        measured = results[key(peer)]
        if not measured.cpu:
            continue
        ratios = cpu_ratios(measured, floor)
        cells = []
        for name in names:
            time = program_ms(measured, name)
            if time is None:
                cells.append("refused" if measured.cpu.get(name, {}).get("refused") else "")
                continue
            text = f"{rounded(time)} ms"
            if name in ratios:
                text += f" · {rounded(ratios[name])}×"
            cells.append(text)
        rows.append([peer.name, *cells])
        for name, figures in measured.cpu.items():
            if figures["refused"]:
                notes.append(f"{peer.name} on {name}: {oneline(figures['refused'])}.")
    return [*table(["least time · times the floor's", *names], rows), *notes, ""]


def oneline(text, most=110):
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def survival(answer):
    if "gone" in answer:
        return f"**{oneline(answer['gone'], 60)}**"
    short = oneline(answer["ended"], 60).rstrip(": ")
    if not answer["new"]:
        return f"{short}; **nothing new can be made**"
    return f"{short}; variables {'live' if answer['variables'] else 'lost'}"


def survival_table(peers, results, language):
    names = list(workload.SURVIVAL[language].cases)
    rows = [
        [peer.name, *(survival(results[key(peer)].survive[name]) for name in names)]
        for peer in peers
        if all(name in results[key(peer)].survive for name in names)
    ]
    return table(["", *names], rows) if rows else []


def held_table(peers, results, language):
    if language not in workload.HELD:
        return []
    names = [name for name, _, _, _ in workload.HELD[language]]
    rows = []
    for peer in peers:
        held = results[key(peer)].holds
        sizes = results[key(peer)].snapshot
        if held:
            answers = [HELD[held.get(name, False)] for name in names]
            size = " / ".join(f"{rounded(one['bytes'] / 1e6)} MB" for one in sizes.values())
            rows.append([peer.name, *answers, size])
    return table(["a copy has", *names, "size, small / 4 MB"], rows) if rows else []


def losses(peers, results):
    """Every figure in which somebody is ahead of us, with the reason."""
    for language in LANGUAGES:
        group = of_language(peers, language, results)
        for metric in METRICS:
            for peer, theirs, ours in ahead(metric, group, results, key):
                yield language, metric, peer, theirs, ours


def unexplained(peers, results):
    return [
        f"{language}, {metric}, {peer.name}"
        for language, metric, peer, _, _ in losses(peers, results)
        if reason_for(language, metric, peer) is None
    ]


def loss_lines(peers, results):
    for language, metric, peer, theirs, ours in losses(peers, results):
        title, unit = METRICS[metric]
        reason = reason_for(language, metric, peer) or "No reason is known yet."
        yield (
            f"- **{LANGUAGES[language]}, {title}: {peer.name}** "
            f"{rounded(theirs.least)} against {rounded(ours.least)} {unit}. {reason}"
        )


def tables(peers, results, skipped):
    lines = []
    for language, title in LANGUAGES.items():
        group = of_language(peers, language, results)
        if not group:
            continue
        lines += [f"## {title}", "", *main_table(group, results, COLUMNS)]
        lines += cpu_table(group, results, language)
        saving = main_table(group, results, SAVING)
        if saving:
            lines += ["Saving a live session:", "", *saving]
            lines += held_table(group, results, language)
        survived = survival_table(group, results, language)
        if survived:
            lines += ["What a program that ends badly leaves (memory 256 MiB; wall time 1 s for the loop, 10 s else):", ""]
            lines += survived
    if skipped:
        lines += ["Not measured:", ""]
        lines += [f"- {name}: {oneline(reason, 300)}" for name, reason in skipped.items()]
    return "\n".join(lines)


def written(peers, results, data):
    machine = data["machine"]
    lines = [
        "# Benchmarks",
        "",
        "Sandcell beside others that run untrusted code on one's own machine, all in one "
        "session and in turns. This page and its plot are written by",
        "",
        "```",
        "benches/peers/run            # about ten minutes; --quick about four",
        "```",
        "",
        f"Measured on {machine['cores']} cores of {machine['cpu']}, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, {data['rounds']} rounds; load when it ended: "
        f"{machine['load']} (the bench itself makes about 1; above, medians say little and "
        "minimums count).",
        "",
        "Each figure is minimum / median, then how many times ours it is, by the minimum: "
        "above 1 we are ahead. Less is better everywhere.",
        "",
        "![The same figures as a plot](benchmarks.svg)",
        "",
        "## Who is measured",
        "",
        *table(
            ["", "language", "version", "what it is", "limits while measured"],
            [
                [
                    peer.name,
                    LANGUAGES[peer.language],
                    results[key(peer)].version,
                    peer.about,
                    peer.limits,
                ]
                for peer in peers
                if key(peer) in results
            ],
        ),
        tables(peers, results, data["skipped"]),
        "## Where others are ahead",
        "",
        "Every figure above in which somebody needs less than we do, why, and what would "
        "change it.",
        "",
        *(list(loss_lines(peers, results)) or ["None in this run."]),
        "",
        "## How it is measured, and what is fair",
        "",
        *(f"- {line}" for line in FAIRNESS),
        "",
    ]
    return "\n".join(lines)
