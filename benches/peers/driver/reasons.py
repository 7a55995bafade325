"""Why somebody is ahead of us, and what would change it; and how fairness is kept.

By languages, metrics and the beginning of a peer's name; `*` stands for any. The
first that fits is taken.
"""

FLOOR = (
    "The floor: one process of the machine's own interpreter, without isolation and "
    "without limits. Nothing that isolates can be expected to be below it everywhere."
)

REASONS = (
    (
        "python",
        "cold",
        "pydantic-monty",
        "It is a static program with a small interpreter; ours opens a cache, maps compiled "
        "CPython and an image of its booted memory, and starts a runtime. Less to map (code "
        "that a first cell does not touch) and a runtime without threads would bring us "
        "nearer, not below.",
    ),
    (
        "python",
        "cold",
        "capsule-run",
        "Both map compiled code and boot nothing; what is left is opening a cache, checking "
        "its files and starting a runtime, and the two are near enough for the machine's load "
        "to decide. The program of its cold run is part of what was built.",
    ),
    (
        "python",
        "new",
        "pydantic-monty",
        "Its new session is an empty table of names in a process that has served others "
        "before; ours is memory that nobody has used, with all of CPython in it. Only a "
        "smaller set of pages that a first cell writes to would change it.",
    ),
    (
        "python",
        "take restore",
        "pydantic-monty",
        "It writes down the values of a session, ours all memory of the interpreter, "
        "generators, open files and modules included: a walk of the page table, a comparison "
        "with the image, a copy to a file. It grows with the state as ours does. A list of "
        "written pages kept by the kernel would spare the walk.",
    ),
    (
        "python",
        "take restore",
        "pyeryx",
        "It pickles the globals, so a small state is a few bytes; what cannot be pickled is "
        "not in it (see the table of what a copy has). Ours is all memory: a walk of the page "
        "table, a comparison with the image and a copy to a file, whatever the state.",
    ),
    (
        "python",
        "cpu",
        "pyodide",
        "V8's second compiler works on what runs long, and nothing looks whether to stop; "
        "ours is compiled once and looks in each loop and each recursion. A guest laid out by "
        "profile and fewer looks (issue: the Python ratio with limits on) would change it.",
    ),
    (
        "python",
        "cpu",
        "componentize-py, no limits",
        "Nothing can stop it. With any limit of time it is behind.",
    ),
    (
        "python",
        "memory",
        "pydantic-monty",
        "There is no CPython in it: a session is what its interpreter's own values need.",
    ),
    (
        "javascript",
        "cpu",
        "isolated-vm",
        "It is V8 with its compilers. An interpreter in WebAssembly cannot reach it; only a "
        "guest that makes WebAssembly of its programs could, and that would let user text "
        "reach the host's compiler, which is what we do not do.",
    ),
    (
        "javascript",
        "cpu",
        "quickjs",
        "The same interpreter's kin in V8, whose second compiler works on what runs long. "
        "Profile-guided layout of the guest would narrow it.",
    ),
    (
        "javascript",
        "exec",
        "*",
        "Its evaluation is a call in the host's own thread. Ours is an order to the owner of "
        "the guest and events back, with a stack of its own, a deadline, output that streams, "
        "TypeScript and `await` at the top; a call that waits for all of it on the caller's "
        "thread would save a few microseconds.",
    ),
    (
        "javascript",
        "new",
        "quickjs-emscripten",
        "Its sandboxes are objects in one heap that all share: nothing is mapped, and a bug "
        "in the engine is a bug between sandboxes.",
    ),
    (
        "javascript",
        "memory",
        "quickjs-emscripten",
        "All its sandboxes live in one heap, without a console, modules, Node's names or "
        "files; ours has memory of its own, in whole pages. Fewer pages written by a first "
        "cell would change it.",
    ),
    (
        "javascript",
        "memory",
        "quickjs-wasi",
        "It has the bare language, without a console, modules, Node's names or files. Fewer "
        "pages written by a first cell would change it.",
    ),
    (
        "javascript",
        "take restore",
        "quickjs-wasi",
        "It copies the whole of a memory of about a megabyte within the process. Ours writes "
        "what differs from the image to a file, files and descriptors included, and keeps "
        "nothing of it in memory. Keeping small states in memory would change it.",
    ),
    (
        "shell",
        "new exec cpu",
        "just-bash",
        "Its tools are functions in the host's own process; each of ours is a process of "
        "WebAssembly with a memory of its own and pipes between. Instances of tools kept "
        "ready would narrow it.",
    ),
    (
        "shell",
        "memory",
        "just-bash",
        "A sandbox is a few objects in the host's heap. Ours can run Python beside the shell "
        "and has a worker for each command.",
    ),
)


def reason_for(language, metric, peer):
    metric = metric.partition(" ")[0]
    for languages, metrics, beginning, reason in REASONS:
        fits = (
            language in languages.split(),
            metric in metrics.split(),
            beginning == "*" or peer.name.startswith(beginning),
        )
        if all(fits) and not peer.is_native:
            return reason
    return FLOOR if peer.is_native else None


FAIRNESS = (
    "A round does each thing with one after the other, and another begins in each round. "
    "An agent, a process that holds one peer, lives through the whole run, idle when others "
    "are measured. It takes the times itself, in the peer's own process and language, by the "
    "monotonic clock.",
    "All run the same programs: the first expression is `1+1` (`echo hi` for shells), the mix "
    "is `benches/programs` and `benches/peers/programs`. Values are compared.",
    "The same limits hold wherever a peer has them: 30 s of wall time, 256 MiB. The table "
    "above says where one is missing; a peer whose limits cost speed is measured without them "
    "as well, in the rows that say so.",
    "A new sandbox comes after 5 ms of rest, so that whoever keeps one ready in the background "
    "(pyeryx, we) has made it. \"No pool\" is ours without that. pydantic-monty's worker "
    "processes run already and are used again; that is its usual way.",
    "The end of a sandbox is not timed.",
    "Programs of the mix run three times before the first that counts, which gives V8's "
    "compilers their time. Their figure is processor time of the agent and all its children, "
    "by the kernel's account, so that other load does not matter; compilers in the background "
    "count. For shells it is wall time, since children that have ended are not in that account. "
    "capsule-run has no sessions: its figure has a new sandbox in it.",
    "Memory is what the agent and its children have dirtied for themselves (Private_Dirty), "
    "for each more of as many live sandboxes as the catalogue says, after garbage collection "
    "where the host has one, in a process of its own.",
    "Cold processes are the peer's command line where it has a quick one (ours, "
    "pydantic-monty, capsule-run), else the shortest program over its library; the start of "
    "Python or node is in it, as for whoever uses it so.",
    "pyeryx is used through its factory, which takes limits of memory and is the faster way; "
    "for snapshots the factory has imported `dill`, which else each session imports at its "
    "first snapshot (about a third of a second, more on a busy machine).",
    "pyodide's snapshots are an unfinished interface of its loader, for a sandbox that was "
    "made to be saved; the same goes for its interrupts, which want a second thread.",
    "A copy of a snapshot is asked for a value within the time of the restore.",
    "What a program that ends badly leaves is not timed: each runs once in an agent of its "
    "own. Whoever goes on for 40 s, or beyond 3 GiB, is ended by the bench.",
)
