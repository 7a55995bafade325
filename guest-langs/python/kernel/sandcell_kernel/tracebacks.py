"""Exceptions as text, as IPython prints them without colours.

Nothing here looks up a name in a module that a cell could have changed.
"""

from . import frames

NAME_LIMIT = 200  # bytes
VALUE_LIMIT = 64 * 1024
TEXT_LIMIT = 512 * 1024
CHAIN_LIMIT = 20
GROUP_WIDTH = 15
GROUP_DEPTH = 10
NOTES_LIMIT = 100

RULE = "-" * 75
CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"

_type_name = type.__dict__["__name__"].__get__
_get_cause = BaseException.__dict__["__cause__"].__get__
_get_context = BaseException.__dict__["__context__"].__get__
_get_suppress = BaseException.__dict__["__suppress_context__"].__get__
_get_members = BaseExceptionGroup.__dict__["exceptions"].__get__


def cut(text, limit, what):
    """The text, or its first part and a sentence that says that it was cut."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[... {what} cut: {len(text) - limit} of {len(text)} characters left out]"


def exception_name(exception):
    name = _type_name(type(exception))[:NAME_LIMIT].encode("utf-8", "replace")[:NAME_LIMIT]
    return name.decode("utf-8", "ignore")


def exception_value(exception):
    """str() of the exception, whatever that takes."""
    try:
        value = str(exception)
        if type(value) is not str:
            value = str.__str__(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"<exception str() failed: {exception_name(error)}>"
    return cut(value, VALUE_LIMIT, "value")


def _notes(exception):
    try:
        notes = exception.__notes__
    except Exception:
        return []
    if not isinstance(notes, (list, tuple)):
        notes = [notes]
    lines = []
    for note in notes[:NOTES_LIMIT]:
        try:
            lines.append(cut(str(note), VALUE_LIMIT, "note"))
        except Exception:
            lines.append("<note str() failed>")
    return lines


class Renderer:
    """Renders exceptions; ``cells`` maps the file names of cells to their sources."""

    def __init__(self, cells):
        self._cells = cells

    # ---- which frames are shown ----

    def _is_cell(self, code):
        return code.co_filename in self._cells

    @staticmethod
    def _is_hidden(code):
        return frames.own_file(code.co_filename)

    # ---- the whole ----

    def text(self, exception):
        """The traceback of the exception and of those behind it."""
        if isinstance(exception, UsageError):
            return f"UsageError: {exception_value(exception)}"
        parts = []
        chain = self._chain(exception)
        for index, (link, words) in enumerate(chain):
            if words:
                parts.append(words)
            parts.append(self._one(link, first=index == 0, depth=0))
        return cut("\n".join(parts), TEXT_LIMIT, "traceback")

    def _chain(self, exception):
        """(exception, words before it), oldest first."""
        links = []
        seen = set()
        while exception is not None and id(exception) not in seen:
            seen.add(id(exception))
            words = ""
            before = _get_cause(exception)
            if before is not None:
                words = CAUSE
            elif not _get_suppress(exception):
                before = _get_context(exception)
                words = CONTEXT
            if before is None or id(before) in seen:
                words = ""
            if len(links) >= CHAIN_LIMIT:
                words = f"\n[... {words.strip()} earlier exceptions left out]\n" if before is not None else ""
                before = None
            links.append((exception, words))
            exception = before
        links.reverse()
        return links

    def _one(self, exception, first, depth):
        """One exception: head, frames, last line."""
        places = frames.walk(exception, self._is_hidden, self._is_cell)
        name = exception_name(exception)
        blocks = []
        if isinstance(exception, SyntaxError):
            if places:
                blocks.append(self._head(name, first) + "\n" + "\n\n".join(frames.render_places(places, self._cells)))
            blocks.append("\n".join(self._syntax_lines(exception)) + "\n" + self._last_line(exception, name))
            return "\n\n".join(blocks)
        blocks.append(self._head(name, first))
        rendered = frames.render_places(places, self._cells)
        if rendered:
            blocks[0] += "\n" + rendered[0]
            blocks.extend(rendered[1:])
        blocks.append(self._last_line(exception, name))
        text = "\n\n".join(blocks) if rendered else "\n".join(blocks)
        if isinstance(exception, BaseExceptionGroup):
            text += "\n" + self._members(exception, depth)
        return text

    @staticmethod
    def _head(name, first):
        head = name + "Traceback (most recent call last)".rjust(75 - len(name))
        return f"{RULE}\n{head}" if first else head

    @staticmethod
    def _last_line(exception, name):
        if isinstance(exception, SyntaxError):
            value = exception.msg if isinstance(exception.msg, str) else "<no detail available>"
        else:
            value = exception_value(exception)
        return "\n".join([f"{name}: {value}", *_notes(exception)])

    def _syntax_lines(self, error):
        """Where a syntax error is, and its line with a caret."""
        name = error.filename if isinstance(error.filename, str) else "<string>"
        line = error.lineno if isinstance(error.lineno, int) else None
        if line is None:
            return [f"  {name}" if name in self._cells else f"  File {name}"]
        lines = ["  " + frames.describe_file(name, line, self._cells)]
        text = error.text
        if not isinstance(text, str):
            source = self._cells.get(name, "").split("\n")
            text = source[line - 1] if 1 <= line <= len(source) else ""
        text = text.rstrip("\r\n")
        stripped = text.lstrip(" \t\f")
        if not stripped:
            return lines
        lines.append("    " + cut(stripped, frames.LINE_LIMIT, "line"))
        offset = error.offset
        if isinstance(offset, int) and offset >= 1:
            start = offset - 1 - (len(text) - len(stripped))
            end = error.end_offset
            width = 1
            if error.end_lineno == line and isinstance(end, int) and end > offset:
                width = end - offset
            if 0 <= start <= frames.LINE_LIMIT:
                width = max(1, min(width, max(1, len(stripped) - start)))
                padding = "".join(character if character.isspace() else " " for character in stripped[:start])
                lines.append("    " + padding.ljust(start) + "^" * width)
        return lines

    def _members(self, group, depth):
        """The exceptions of a group, indented behind a bar."""
        members = _get_members(group)
        if depth >= GROUP_DEPTH:
            return f"  [... {len(members)} sub-exceptions, nested too deeply to be shown]"
        lines = []
        for number, member in enumerate(members[:GROUP_WIDTH], 1):
            lead = "  +-+" if number == 1 else "    +"
            lines.append(f"{lead}---------------- {number} ----------------")
            text = self._one(member, first=False, depth=depth + 1)
            lines.extend(f"    | {line}".rstrip() for line in text.split("\n"))
        if len(members) > GROUP_WIDTH:
            lines.append("    +---------------- ... ----------------")
            lines.append(f"    | and {len(members) - GROUP_WIDTH} more exceptions")
        lines.append("    +------------------------------------")
        return "\n".join(lines)


class UsageError(Exception):
    """A magic command was used wrongly; its message is all that is shown."""

    __module__ = "IPython.core.error"
