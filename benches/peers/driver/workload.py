"""What everybody runs: the first expression, the mix of programs, the states that
are saved, and the programs that should end a host."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SHARED = HERE.parent / "programs"

FIRST = {"python": ("1+1", "2"), "javascript": ("1+1", "2"), "shell": ("echo hi", "hi")}

MIB = 1 << 20
LIMITS = {"wall_ms": 30_000, "memory_bytes": 256 * MIB}
# For programs that end badly: soon where time is the matter, else late enough for a
# busy machine.
ENDLESS = "an endless loop"
SHORT = {"wall_ms": 1000, "memory_bytes": 256 * MIB}
LONGER = {"wall_ms": 10_000, "memory_bytes": 256 * MIB}


@dataclass(frozen=True)
class Program:
    name: str
    # Evaluated once in each session, untimed; None if the call has all of it.
    define: str | None
    call: str


def _named(name, source, keyword, arguments=""):
    """Programs define `run`; all of them live in one session."""
    define = source.replace(f"{keyword} run(", f"{keyword} run_{name}(")
    if define == source:
        raise ValueError(f"{name} defines no run")
    return Program(name, define, f"run_{name}({arguments})")


def programs(language):
    if language == "python":
        files = {
            "fib": HERE / "programs/fib.py",
            "nbody": SHARED / "nbody.py",
            "strings": SHARED / "strings.py",
            "json": SHARED / "json_round.py",
        }
        arguments = {"nbody": "10000"}
        return [
            _named(name, path.read_text(), "def", arguments.get(name, ""))
            for name, path in files.items()
        ]
    if language == "javascript":
        names = ("fib", "nbody", "strings", "json")
        files = {name: HERE / f"programs/{name}.js" for name in names}
        return [_named(name, path.read_text(), "function") for name, path in files.items()]
    names = ("loop", "text", "words")
    return [Program(name, None, (HERE / f"programs/{name}.sh").read_text()) for name in names]


# Code that makes a state, and what a copy has to say.
STATES = {
    "python": {
        "small": ("x = 41", "x + 1", "42"),
        "4 MB": ("x = 41\ndata = 'x' * 4000000", "x + len(data)", "4000041"),
    },
    "javascript": {
        "small": ("globalThis.x = 41", "x + 1", "42"),
        "4 MB": (
            "globalThis.x = 41; globalThis.data = new Uint8Array(4000000).fill(7); 0",
            "x + data.length",
            "4000041",
        ),
    },
}

_COUNT = "def count():\n    yield 1\n    yield 2\nnumbers = count()\nnext(numbers)\n"
_COUNT_JS = "globalThis.numbers = (function* () { yield 1; yield 2 })(); numbers.next();"
_DOUBLE = "def double(n):\n    return 2 * n\n"
_DOUBLE_JS = "globalThis.double = n => 2 * n;"

# What a snapshot should still have: a name, code that makes it, an expression, its
# value. Each in a session of its own.
HELD = {
    "python": (
        ("a function", _DOUBLE, "double(21)", "42"),
        (
            "a class and its instance",
            "class Box:\n    def __init__(self, n):\n        self.n = n\nbox = Box(20)\n",
            "box.n + Box(22).n",
            "42",
        ),
        ("two names for one list", "rows = [1, 2]\nsame = rows\n", "int(same is rows)", "1"),
        ("a generator in its middle", _COUNT, "next(numbers)", "2"),
        ("a function beside a generator", _DOUBLE + _COUNT, "double(21)", "42"),
    ),
    "javascript": (
        ("a function", _DOUBLE_JS, "double(21)", "42"),
        (
            "a class and its instance",
            "globalThis.Box = class { constructor(n) { this.n = n } }; globalThis.box = new Box(20);",
            "box.n + new Box(22).n",
            "42",
        ),
        (
            "two names for one list",
            "globalThis.rows = [1, 2]; globalThis.same = rows;",
            "same === rows",
            "true",
        ),
        ("a generator in its middle", _COUNT_JS, "numbers.next().value", "2"),
        ("a function beside a generator", _DOUBLE_JS + _COUNT_JS, "double(21)", "42"),
    ),
}


@dataclass(frozen=True)
class Survival:
    """How to leave a mark, ways to end badly, and how to look for the mark."""

    prepare: str
    value: str
    expected: str
    cases: dict


SURVIVAL = {
    "python": Survival(
        "x = 41",
        "x",
        "41",
        {
            ENDLESS: "while True: pass",
            "memory without end": "kept = []\nwhile True: kept.append('x' * 1000000 + str(len(kept)))",
            "100,000 parentheses": "eval('(' * 100000 + '1' + ')' * 100000)",
            "repr of a list 10^6 deep": "deep = []\nfor _ in range(10**6): deep = [deep]\nrepr(deep)",
            "recursion without limit": "import sys\nsys.setrecursionlimit(10**9)\ndef dive(): dive()\ndive()",
        },
    ),
    "javascript": Survival(
        "globalThis.x = 41",
        "x",
        "41",
        {
            ENDLESS: "while (true) {}",
            "memory without end": "globalThis.kept = []; while (true) kept.push(new Array(100000).fill(kept.length))",
            "100,000 parentheses": "eval('('.repeat(100000) + '1' + ')'.repeat(100000))",
            "JSON of a list 10^6 deep": "let deep = []; for (let i = 0; i < 1000000; i++) deep = [deep]; JSON.stringify(deep)",
            "recursion without limit": "function dive() { dive() } dive()",
        },
    ),
    "shell": Survival(
        "echo 41 > /tmp/x",
        "cat /tmp/x",
        "41",
        {
            ENDLESS: "while :; do :; done",
            "memory without end": "s=xxxxxxxxxxxxxxxx; while :; do s=$s$s; done",
            "100,000 parentheses": "eval \"echo $(( 1 + $(printf '(%.0s' {1..100000})1$(printf ')%.0s' {1..100000}) ))\"",
            "recursion without limit": "dive() { dive; }; dive",
        },
    ),
}
