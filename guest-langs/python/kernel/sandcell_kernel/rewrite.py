"""What IPython adds to Python, turned into Python: magics, ``!commands``, ``help?``, prompts, indented cells.

Only cells that do not parse as they are come here. A line is looked at where a statement begins: not inside
brackets, strings or continued lines. The number of lines stays, so that tracebacks show the cell as it was typed.
"""

import re

_CELL_MAGIC = re.compile(r"%%(\w+)(?:[ \t]+(.*))?$").match
_HELP_CELL = re.compile(r"(%%\w+)(\?\??)\s*$").match
_ASSIGN = re.compile(
    r"(?P<left>[^=!%()\[\]{}'\"#;]*(?:\[[^\]\n]*\][^=!%(){}'\"#;]*)?)=[ \t]*(?P<mark>[%!])(?P<rest>.*)$"
).match
_HELP = re.compile(r"(?P<name>%{0,2}(?!\d)[\w*]+(?:\.[\w*]+|\[-?\d+\])*)(?P<mark>\?\??)$").match
_CLASSIC_PROMPT = re.compile(r"^(>>>|\.\.\.)( |$)")
_NUMBERED_PROMPT = re.compile(r"^(In \[\d+\]: |\s*\.{3,}: ?)")
_STRING_START = re.compile(r"['\"#()\[\]{}\\]").search
_FIRST_WORD = re.compile(r"([A-Za-z_]\w*)(?:[ \t]+(.*))?$").match
_OPERATORS = re.compile(r"(?:[=<>!+\-*/%&|^@.,:;)\]}]|\(|\[|(?:if|else|for|in|is|and|or|not)\b)").match

# Words that start a line magic even without a percent sign, if they are no variable. An operator may follow only
# where it means something to the magic (a path, an option).
AUTOMAGIC = frozenset({"pip", "cd", "ls", "pwd", "env", "time", "timeit", "who", "whos", "history", "reset", "run"})


class Scanner:
    """Knows, line by line, whether a statement begins here."""

    def __init__(self):
        self.depth = 0
        self.quote = None  # the triple quote that is open
        self.continued = False

    def at_statement(self):
        return self.depth == 0 and self.quote is None and not self.continued

    def feed(self, line):
        """Take in one line of Python (without its line end)."""
        self.continued = False
        place = 0
        while True:
            if self.quote is not None:
                end = _string_end(line, place, self.quote)
                if end < 0:
                    return
                self.quote = None
                place = end
            found = _STRING_START(line, place)
            if found is None:
                return
            character = found[0]
            place = found.end()
            if character == "#":
                return
            if character == "\\":
                self.continued = place == len(line)
                place += 1
            elif character in "([{":
                self.depth += 1
            elif character in ")]}":
                self.depth = max(0, self.depth - 1)
            elif line.startswith(character * 2, place):
                self.quote = character * 3
                place += 2
            else:
                end = _string_end(line, place, character)
                if end < 0:
                    # a string that goes on in the next line behind a backslash, or an error
                    self.continued = line.endswith("\\")
                    return
                place = end


def _string_end(line, place, quote):
    """Where the string ends that was opened before ``place``: just behind its quote; -1 if not in this line."""
    while place < len(line):
        if line[place] == "\\":
            place += 2
        elif line.startswith(quote, place):
            return place + len(quote)
        else:
            place += 1
    return -1


def _call(method, *arguments):
    return f"get_ipython().{method}({', '.join(map(repr, arguments))})"


def _line_magic(text):
    name, _, rest = text.partition(" ")
    return _call("run_line_magic", name, rest.strip())


def _help(name, mark):
    return _call("run_line_magic", "pinfo2" if mark == "??" else "pinfo", name)


def _rewrite_statement(text, known):
    """The Python for a statement of IPython's, or None. ``text`` has no indentation."""
    text = text.rstrip()
    if text.startswith("%%"):
        return None  # a cell magic that is not at the top of the cell: no Python either
    found = _HELP(text)
    if found:
        return _help(found["name"], found["mark"])
    first = text[0]
    if first == "?":
        mark = "??" if text.startswith("??") else "?"
        return _help(text[len(mark) :].strip(), mark)
    if first == "%":
        return _line_magic(text[1:])
    if first == "!":
        if text.startswith("!!"):
            return _call("getoutput", text[2:].strip())
        return _call("system", text[1:].strip())
    found = _ASSIGN(text)
    if found and found["left"].strip():
        rest = found["rest"].strip()
        value = _line_magic(rest) if found["mark"] == "%" else _call("getoutput", rest)
        return f"{found['left']}= {value}"
    found = _FIRST_WORD(text)
    if found and found[1] in AUTOMAGIC and not known(found[1]):
        rest = found[2] or ""
        if not _OPERATORS(rest) or (found[1] in ("cd", "ls", "pip", "run") and rest[:1] in "./-~"):
            return _call("run_line_magic", found[1], rest)
    return None


def _rewrite_lines(lines, known):
    scanner = Scanner()
    out = []
    index = 0
    changed = False
    while index < len(lines):
        line = lines[index]
        index += 1
        body = line.lstrip(" \t\f")
        if not scanner.at_statement() or not body or body[0] == "#":
            scanner.feed(line)
            out.append(line)
            continue
        # a magic line that ends in a backslash goes on in the next one
        count, joined = 1, body
        while joined.endswith("\\") and body[0] in "%!?" and index + count - 1 < len(lines):
            joined = joined[:-1] + " " + lines[index + count - 1].lstrip()
            count += 1
        python = _rewrite_statement(joined, known)
        if python is None:
            scanner.feed(line)
            out.append(line)
            continue
        changed = True
        out.append(line[: len(line) - len(body)] + python)
        out.extend([""] * (count - 1))
        index += count - 1
    return out if changed else lines


def _dedent(lines):
    """Take the indentation of the first line from all lines that have it."""
    first = next((line for line in lines if line.strip()), "")
    space = first[: len(first) - len(first.lstrip(" \t"))]
    if not space:
        return lines
    return [line[len(space) :] if line.startswith(space) else line for line in lines]


def _strip_prompts(lines):
    """Take away ``>>> `` and ``In [1]: `` prompts of a pasted session, with the outputs between them left alone."""
    first = next((line for line in lines if line.strip()), "")
    for prompt in (_CLASSIC_PROMPT, _NUMBERED_PROMPT):
        if prompt.search(first):
            return [prompt.sub("", line, count=1) for line in lines]
    return lines


def rewrite(source, known=lambda name: False):
    """The cell as plain Python, or None if there is nothing to change.

    ``known(name)`` tells whether a name is a variable of the user's: it is then never taken for a magic.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    original = lines
    lines = _strip_prompts(_dedent(lines))
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return None
    head = lines[first].rstrip()
    if head.startswith("%%"):
        found = _HELP_CELL(head)
        if found:
            return "\n" * first + _help(found[1], found[2])
        found = _CELL_MAGIC(head)
        if found:
            body = "\n".join(lines[first + 1 :])
            return "\n" * first + _call("run_cell_magic", found[1], (found[2] or "").strip(), body)
    lines = _rewrite_lines(lines, known)
    return None if lines is original or lines == original else "\n".join(lines)
