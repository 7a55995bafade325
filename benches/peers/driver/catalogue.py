"""Who is measured, and how each is started."""

from dataclasses import dataclass, field

PHASES = ("cold", "new", "exec", "cpu", "memory", "snapshot", "survive")


@dataclass(frozen=True)
class Peer:
    name: str
    language: str
    # What it is, in our own words.
    about: str
    # The agent's file, or "sandcell" for our own.
    agent: str
    arguments: tuple = ()
    # The set of packages that it needs.
    packages: str = ""
    phases: tuple = PHASES
    # What its limits were while it was measured.
    limits: str = ""
    # Extra words for node.
    node: tuple = ()
    # For its agent when snapshots are measured.
    snapshot_arguments: tuple = ()
    # How many times each thing is done in a round; slow peers say less.
    counts: dict = field(default_factory=dict)

    @property
    def is_ours(self):
        return self.agent == "sandcell"

    @property
    def is_native(self):
        return self.agent == "native_agent.py"


COUNTS = {"cold": 3, "new": 20, "exec": 200, "run": 1, "snapshot": 8, "live": 100}
SLOW = {"cold": 1, "new": 1, "exec": 200, "run": 1, "snapshot": 1, "live": 4}
PROCESSES = {"new": 5, "live": 20}

OURS = "wall time 30 s, memory 256 MiB; output, files and processes always bounded"
EPOCH = "wall time by epochs 30 s, memory 256 MiB"

PEERS = (
    Peer(
        "sandcell",
        "python",
        "CPython 3.13 as a core WebAssembly module under wasmtime, copy-on-write over a booted image",
        "sandcell",
        ("python",),
        limits=OURS,
    ),
    Peer(
        "sandcell, no pool",
        "python",
        "the same without guests kept ready",
        "sandcell",
        ("python", "--no-pool"),
        phases=("new",),
        limits=OURS,
    ),
    Peer(
        "sandcell, fuel",
        "python",
        "the same, counting instructions",
        "sandcell",
        ("python", "--fuel"),
        phases=("cpu",),
        limits=f"{OURS}; fuel",
    ),
    Peer(
        "pyeryx",
        "python",
        "CPython 3.14 as a component under wasmtime, from a library for Python; one instance is kept ready",
        "eryx_agent.py",
        packages="eryx",
        limits="wall time 30 s (epochs; fuel is always counted), memory 256 MiB",
        snapshot_arguments=("--snapshots",),
    ),
    Peer(
        "pydantic-monty",
        "python",
        "not CPython: an interpreter in Rust for a part of the language, in worker processes that are used again by the next session",
        "monty_agent.py",
        packages="monty",
        limits="time 30 s, memory 256 MiB, counted by the interpreter",
        counts={"live": 40},
    ),
    Peer(
        "componentize-py",
        "python",
        "CPython 3.14 booted ahead of time into a component, under PyPI's wasmtime with a page of glue of ours",
        "componentize_agent.py",
        packages="componentize",
        limits=EPOCH,
        counts={"live": 60},
    ),
    Peer(
        "componentize-py, no limits",
        "python",
        "the same without epochs",
        "componentize_agent.py",
        ("--plain",),
        packages="componentize",
        phases=("cpu",),
        limits="none",
    ),
    Peer(
        "componentize-py, fuel",
        "python",
        "the same with fuel in place of epochs",
        "componentize_agent.py",
        ("--fuel",),
        packages="componentize",
        phases=("cpu",),
        limits="fuel, memory 256 MiB",
    ),
    Peer(
        "capsule-run",
        "python",
        "componentize-py's CPython as a task built ahead of time: a fresh component for each call, no sessions",
        "capsule_agent.py",
        packages="capsule",
        phases=("cold", "new", "cpu", "survive"),
        limits="wall time 30 s, memory 256 MB, as its task says (in our runs `exec` held neither); fuel is counted",
    ),
    Peer(
        "pyodide",
        "python",
        "CPython 3.14 by emscripten in node's own V8; it is no sandbox by itself (`import js` is the host)",
        "pyodide.mjs",
        packages="javascript",
        limits="an interrupt after 30 s from another thread; none of memory",
        snapshot_arguments=("--snapshots",),
        counts=SLOW,
    ),
    Peer(
        "python3",
        "python",
        "the floor: this machine's CPython as a child process, no isolation",
        "native_agent.py",
        ("python",),
        phases=("cold", "new", "exec", "cpu", "memory"),
        limits="none",
        counts=PROCESSES,
    ),
    Peer(
        "sandcell",
        "javascript",
        "QuickJS-ng as a core WebAssembly module under wasmtime, copy-on-write over a booted image",
        "sandcell",
        ("javascript",),
        limits=OURS,
    ),
    Peer(
        "sandcell, no pool",
        "javascript",
        "the same without guests kept ready",
        "sandcell",
        ("javascript", "--no-pool"),
        phases=("new",),
        limits=OURS,
    ),
    Peer(
        "quickjs-wasi",
        "javascript",
        "QuickJS-ng as a WebAssembly module in node's V8",
        "quickjs_wasi.mjs",
        packages="javascript",
        limits="wall time 30 s by its interrupt callback, memory 256 MiB",
    ),
    Peer(
        "quickjs-wasi, no limits",
        "javascript",
        "the same without callback",
        "quickjs_wasi.mjs",
        ("--unlimited",),
        packages="javascript",
        phases=("cpu",),
        limits="none",
    ),
    Peer(
        "quickjs-emscripten",
        "javascript",
        "QuickJS as a WebAssembly module in node's V8; all runtimes share one heap",
        "quickjs_emscripten.mjs",
        packages="javascript",
        limits="wall time 30 s by its interrupt callback, memory 256 MiB",
    ),
    Peer(
        "quickjs-emscripten, no limits",
        "javascript",
        "the same without callback",
        "quickjs_emscripten.mjs",
        ("--unlimited",),
        packages="javascript",
        phases=("cpu",),
        limits="none",
    ),
    Peer(
        "isolated-vm",
        "javascript",
        "isolates of node's own V8 with its compiler, in the host's process and address space",
        "isolated_vm.mjs",
        packages="javascript",
        node=("--no-node-snapshot",),
        limits="wall time 30 s for each evaluation, memory 256 MiB (not exact)",
    ),
    Peer(
        "node",
        "javascript",
        "the floor: this machine's node as a child process, no isolation",
        "native_agent.py",
        ("node",),
        phases=("cold", "new", "exec", "cpu", "memory"),
        limits="none",
        counts=PROCESSES,
    ),
    Peer(
        "sandcell",
        "shell",
        "bash's language by an interpreter of our own on the host; the tools are WebAssembly processes",
        "sandcell",
        ("shell",),
        phases=("cold", "new", "exec", "cpu", "memory", "survive"),
        limits=OURS,
    ),
    Peer(
        "just-bash",
        "shell",
        "bash's language and its tools in TypeScript, in the host's own V8; no isolation but what the code checks",
        "just_bash.mjs",
        packages="javascript",
        phases=("cold", "new", "exec", "cpu", "memory", "survive"),
        limits="wall time 30 s, its usual limits of size; limits of turns and commands off; none of memory",
    ),
    Peer(
        "bash",
        "shell",
        "the floor: this machine's bash as a child process, no isolation",
        "native_agent.py",
        ("bash",),
        phases=("cold", "new", "exec", "cpu", "memory"),
        limits="none",
        counts=PROCESSES,
    ),
)


def count(peer, what):
    return peer.counts.get(what, COUNTS[what])
