"""The frames of a traceback, in IPython's words: where, in which function, and the lines around."""

import io

BEFORE, AFTER = 3, 2
NUMBER_WIDTH = 7
SHOWN_FRAMES = 50
WALKED_FRAMES = 4000
LINE_LIMIT = 500
SOURCE_LIMIT = 16 * 1024 * 1024

_open_code = io.open_code
_next = BaseException.__dict__["__traceback__"].__get__


class Place:
    """One frame: its code, its line, and how often it stands here."""

    def __init__(self, code, line, module_globals):
        self.code = code
        self.line = line
        self.module_globals = module_globals

    def key(self):
        return self.code, self.line


def walk(exception, is_hidden, is_start):
    """The places of the exception's traceback, outermost first, without the frames of the kernel.

    Of a traceback of very many frames only the first and last are looked at; a str stands for the others.

    Everything before the first frame for which ``is_start`` is true (a cell) is the kernel's way into it.
    """
    places = []
    started = False
    entry = _next(exception)
    skipped = max(0, _length(entry) - WALKED_FRAMES)
    number = 0
    in_loop = False  # within the event loop that the kernel runs
    while entry is not None:
        number += 1
        if skipped and number == WALKED_FRAMES // 2:
            places.append(f"    [... skipping {skipped} frames]")
            for _ in range(skipped):
                entry = entry.tb_next
        frame = entry.tb_frame
        code = frame.f_code
        if not started and is_start(code):
            started = True
            places.clear()
        if is_hidden(code):
            in_loop = True
        elif not in_loop or "/asyncio/" not in code.co_filename:
            in_loop = False
            places.append(Place(code, entry.tb_lineno or code.co_firstlineno, frame.f_globals))
        entry = entry.tb_next
    return places


def _length(entry):
    count = 0
    while entry is not None:
        count += 1
        entry = entry.tb_next
    return count


class Sources:
    """Source lines for one traceback: those of cells come from the kernel, others from files."""

    def __init__(self, cells):
        self._cells = cells
        self._lines = {}

    def lines(self, place):
        name = place.code.co_filename
        lines = self._lines.get(name)
        if lines is None:
            lines = self._lines[name] = self._read(name, place.module_globals)
        return lines

    def _read(self, name, module_globals):
        text = self._cells.get(name)
        if text is None:
            text = _read_file(name) if not name.startswith("<") else None
        if text is None:
            text = _ask_loader(module_globals)
        return text.split("\n") if isinstance(text, str) else []


def _read_file(name):
    try:
        with _open_code(name) as file:
            return file.read(SOURCE_LIMIT).decode("utf-8", "replace").replace("\r\n", "\n")
    except (OSError, ValueError, TypeError):
        return None


def _ask_loader(module_globals):
    """The source as a loader of the user's own gives it (a zip archive, for instance)."""
    try:
        return module_globals["__loader__"].get_source(module_globals["__name__"])
    except Exception:
        return None


def describe_arguments(code):
    """The parameters of a function, as ``(a, b, *rest, **named)``."""
    count = code.co_argcount + code.co_kwonlyargcount
    names = list(code.co_varnames[:count])
    if code.co_flags & 0x04:
        names.append("*" + code.co_varnames[count])
        count += 1
    if code.co_flags & 0x08:
        names.append("**" + code.co_varnames[count])
    return "(" + ", ".join(names) + ")"


def describe_file(name, line, cells):
    if name in cells and name.startswith("Cell "):
        return f"{name}, line {line}"
    return f"File {name}:{line}"


def _indentation(line):
    return len(line) - len(line.lstrip())


def _window(lines, place):
    """First and last line (from 1) to show around the place."""
    line = place.line
    last = min(len(lines), line + AFTER)
    first = max(1, line - BEFORE)
    name = place.code.co_name
    if name.startswith("<") or not line <= len(lines):
        return first, last
    start = place.code.co_firstlineno
    first = max(first, start)
    if start <= len(lines):
        # the function ends where a line is indented no deeper than its head
        depth = _indentation(lines[start - 1])
        for number in range(line + 1, last + 1):
            text = lines[number - 1]
            if text.strip() and _indentation(text) <= depth and not text.lstrip().startswith((")", "]", "}")):
                last = number - 1
                break
    return first, last


def render_lines(lines, place):
    """The numbered lines around the place, the line itself behind an arrow."""
    if not 1 <= place.line <= len(lines):
        return []
    first, last = _window(lines, place)
    while first < place.line and not lines[first - 1].strip():
        first += 1
    while last > place.line and not lines[last - 1].strip():
        last -= 1
    shown = [(number, lines[number - 1].rstrip()) for number in range(first, last + 1)]
    depth = min((_indentation(text) for _, text in shown if text), default=0)
    rendered = []
    for number, text in shown:
        text = text[depth:]
        if len(text) > LINE_LIMIT:
            text = text[:LINE_LIMIT] + " ..."
        label = str(number)
        if number == place.line:
            label = "-" * (NUMBER_WIDTH - 2 - len(label)) + "> " + label
        rendered.append(f"{label:>{NUMBER_WIDTH}} {text}".rstrip())
    return rendered


def render_place(place, sources, cells):
    code = place.code
    head = describe_file(code.co_filename, place.line, cells)
    if code.co_name != "<module>":
        head += f", in {code.co_qualname}{describe_arguments(code)}"
    return "\n".join([head, *render_lines(sources.lines(place), place)])


def _repeated_run(places, start, counts):
    """The end of the run of often repeated places that begins at ``start``."""
    end = start
    while end < len(places) and not isinstance(places[end], str) and counts[places[end].key()] > 3:
        end += 1
    return end


def _summarize(places):
    """``r at line 1 (988 times), s at line 2 (987 times)``"""
    counts = {}
    for place in places:
        key = (place.code.co_name, place.line)
        counts[key] = counts.get(key, 0) + 1
    return ", ".join(f"{name} at line {line} ({count} times)" for (name, line), count in counts.items())


def render_places(places, cells):
    """All places as text blocks; recursion is collapsed and a very deep traceback cut."""
    counts = {}
    for place in places:
        if not isinstance(place, str):
            counts[place.key()] = counts.get(place.key(), 0) + 1
    blocks = []
    index = 0
    while index < len(places):
        end = _repeated_run(places, index, counts)
        cycle = len({place.key() for place in places[index:end]})
        if end - index > 3 * cycle:
            blocks.extend(places[index : index + 2 * cycle])
            blocks.append(
                "    [... skipping similar frames: " + _summarize(places[index + 2 * cycle : end - cycle]) + "]"
            )
            blocks.extend(places[end - cycle : end])
            index = end
        else:
            end = max(end, index + 1)
            blocks.extend(places[index:end])
            index = end
    if len(blocks) > 2 * SHOWN_FRAMES:
        skipped = len(blocks) - 2 * SHOWN_FRAMES
        blocks[SHOWN_FRAMES:-SHOWN_FRAMES] = [f"    [... skipping {skipped} frames]"]
    sources = Sources(cells)
    return [block if isinstance(block, str) else render_place(block, sources, cells) for block in blocks]


def own_file(name):
    """Is this a file of the kernel (whose frames are hidden)?"""
    return name.startswith(OWN_FOLDER)


OWN_FOLDER = __file__.rpartition("/")[0] + "/"
