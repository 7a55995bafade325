"""Random programs, one a line in base64: `generate.py KIND SEED COUNT [CORPUS]`.

The same arguments give the same programs. Kinds: `meaning` (deterministic ones,
see meaning.py), `grammar` (whatever the grammar allows), `spliced` (parts of the
corpus and of programs with a meaning, put into each other), `broken` (texts of the
other kinds, damaged). The corpus is a file with one JSON string a line.
"""

import ast
import base64
import json
import random
import sys

import hypothesmith
from hypothesis import HealthCheck, Phase, given, seed, settings

from meaning import programs

# Examples of one run of the generator: longer ones circle around what they found.
ROUND = 25


def sample(strategy, start, count):
    """`count` different values."""
    seen = {}
    round_ = 0
    while len(seen) < count:

        @seed(start * 1000 + round_)
        @settings(
            max_examples=min(ROUND, count - len(seen) + 5),
            database=None,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def take(value):
            seen.setdefault(value)

        take()
        round_ += 1
    return list(seen)[:count]


def fields(tree):
    """Every place of a tree that holds a statement or an expression."""
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                for at, item in enumerate(value):
                    if isinstance(item, (ast.stmt, ast.expr)):
                        yield item, value, at
            elif isinstance(value, (ast.stmt, ast.expr)):
                yield value, (node, name), None


def put(holder, at, new):
    if at is None:
        setattr(*holder, new)
    else:
        holder[at] = new


def trees(sources):
    for source in sources:
        try:
            yield ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass


def spliced(sources, count, dice):
    """Programs in which parts of others stand at places of the same kind."""
    whole = list(trees(sources))
    parts = {ast.stmt: [], ast.expr: []}
    for tree in whole:
        for item, _, _ in fields(tree):
            parts[ast.stmt if isinstance(item, ast.stmt) else ast.expr].append(ast.unparse(item))
    made = {}
    while len(made) < count:
        tree = ast.parse(ast.unparse(dice.choice(whole)))
        for _ in range(dice.randint(1, 5)):
            places = list(fields(tree))
            if not places:
                break
            item, holder, at = dice.choice(places)
            try:
                if isinstance(item, ast.stmt):
                    put(holder, at, ast.parse(dice.choice(parts[ast.stmt])).body[0])
                else:
                    put(holder, at, ast.parse(dice.choice(parts[ast.expr]), mode="eval").body)
            except (SyntaxError, IndexError, RecursionError):
                # A part that stands only within another, such as `return`.
                continue
        try:
            made.setdefault(ast.unparse(tree))
        except (ValueError, TypeError, RecursionError, AttributeError):
            # A name that stood where the grammar wants no expression.
            continue
    return list(made)


def broken(text, dice):
    """`text` with a few characters gone, doubled or strange."""
    strange = ["\x00", "\ud800", "\u2028", "(" * 50, "'''", "\\", "\n\t ", "\ufeff", "é", "0o9", "async ", "lambda:", "}", "\x0c"]
    for _ in range(dice.randint(1, 4)):
        at, to = sorted(dice.randint(0, len(text)) for _ in range(2))
        match dice.randint(0, 3):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:to] + text[at : at + 200] + text[to:]
            case 2:
                text = text[:at] + dice.choice(strange) + text[at:]
            case _:
                text = text[:at] + text[at : at + 30][::-1] + text[at + 30 :]
    return text


def main(kind, start, count, corpus=None):
    dice = random.Random(f"{kind} {start}")
    if kind == "meaning":
        return sample(programs(), start, count)
    if kind == "grammar":
        return sample(hypothesmith.from_grammar(), start, count)
    with open(corpus, encoding="utf-8") as file:
        sources = [json.loads(line) for line in file]
    sources += sample(programs(), start + 1, 20)
    if kind == "spliced":
        return spliced(sources, count, dice)
    assert kind == "broken", kind
    return [broken(dice.choice(sources), dice) for _ in range(count)]


if __name__ == "__main__":
    for made in main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]):
        print(base64.b64encode(made.encode("utf-8", "surrogatepass")).decode())
