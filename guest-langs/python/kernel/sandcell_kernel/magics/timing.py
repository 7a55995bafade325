"""%time and %timeit, as line and cell magics."""

import math
import time
import timeit

from ..tracebacks import UsageError
from .registry import cell_magic, line_magic, number, options

# %timeit doubles its loops tenfold until one run takes this long, in seconds
ENOUGH = 0.2
RUNS = 7


def format_time(seconds, precision=3):
    """A time span in the unit that suits it."""
    if seconds >= 60:
        parts = []
        left = seconds
        for name, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            count = int(left / length)
            if count > 0:
                left %= length
                parts.append(f"{count}{name}")
            if left < 1:
                break
        return " ".join(parts)
    order = min(-int(math.floor(math.log10(seconds)) // 3), 3) if seconds > 0 else 3
    unit, scale = (("s", 1), ("ms", 1e3), ("μs", 1e6), ("ns", 1e9))[max(order, 0)]
    return f"{seconds * scale:.{precision}g} {unit}"


class TimeitResult:
    """What ``%timeit -o`` returns."""

    def __init__(self, loops, repeat, timings, compile_time, precision):
        self.loops = loops
        self.repeat = repeat
        self.all_runs = timings
        self.timings = [timing / loops for timing in timings]
        self.best = min(self.timings)
        self.worst = max(self.timings)
        self.average = math.fsum(self.timings) / len(self.timings)
        self.stdev = math.sqrt(math.fsum((timing - self.average) ** 2 for timing in self.timings) / len(self.timings))
        self.compile_time = compile_time
        self._precision = precision

    def __str__(self):
        return (
            f"{format_time(self.average, self._precision)} ± {format_time(self.stdev, self._precision)} per loop "
            f"(mean ± std. dev. of {self.repeat} run{'s' * (self.repeat != 1)}, "
            f"{self.loops:,} loop{'s' * (self.loops != 1)} each)"
        )

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"<TimeitResult : {self}>")


@line_magic("timeit")
def timeit_line(shell, line):
    """Time a statement.  -n N loops  -r R runs  -p P digits  -t wall clock  -c CPU clock  -q quiet  -o return it"""
    return _timeit(shell, line, None)


@cell_magic("timeit")
def timeit_cell(shell, line, cell):
    """Time a cell; the line is set-up code that is not timed. Options as %timeit."""
    return _timeit(shell, line, cell)


def _timeit(shell, line, cell):
    chosen, statement = options(line, "tcqo", "nrp")
    setup = "pass"
    if cell is not None:
        setup, statement = statement or "pass", cell
    if not statement.strip():
        raise UsageError("%timeit needs a statement")
    clock = time.process_time if "c" in chosen else time.perf_counter
    runs = number(chosen.get("r", RUNS), "r")
    precision = number(chosen.get("p", 3), "p")
    start = time.perf_counter()
    timer = timeit.Timer(shell.transform_cell(statement), setup, clock, globals=shell.user_ns)
    compile_time = time.perf_counter() - start
    if "n" in chosen:
        loops = number(chosen["n"], "n")
    else:
        loops = 1
        while timer.timeit(loops) < ENOUGH and loops < 10**9:
            loops *= 10
    result = TimeitResult(loops, runs, timer.repeat(runs, loops), compile_time, precision)
    if "q" not in chosen:
        if result.worst > 4 * result.best and result.best > 0 and result.worst > 1e-6:
            print(
                f"The slowest run took {result.worst / result.best:.2f} times longer than the fastest. "
                "This could mean that an intermediate result is being cached."
            )
        print(result)
    return result if "o" in chosen else None


@line_magic("time")
def time_line(shell, line):
    """Time the execution of a statement or expression, and give its value."""
    if not line.strip():
        raise UsageError("%time needs a statement")
    return _time(shell, line, "<timed eval>")


@cell_magic("time")
def time_cell(shell, line, cell):
    """Time the execution of a cell, and give the value of its last expression."""
    if line.strip():
        raise UsageError("Can't use statement directly after '%%time'!")
    # the empty first line stands for the magic's own: line numbers in tracebacks are those of the cell
    return _time(shell, "\n" + cell, shell.cell_file())


def _time(shell, source, file_name):
    code = shell.compile(shell.transform_cell(source), file_name)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        return shell.run_compiled(code)
    finally:
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"CPU times: total: {format_time(cpu)}\nWall time: {format_time(wall)}")
