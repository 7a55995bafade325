//! Tampering with the interpreter and with the kernel's own parts.

use sandcell::TrapKind;

use crate::bystander::Expected::{Finished, Raised, Trapped};
use crate::bystander::{case, cases};

#[tokio::test]
async fn ways_out_of_the_process() {
    case(
        "os._exit",
        "import os; os._exit(3)",
        Trapped(TrapKind::Exited { status: 3 }),
    )
    .await;
    case(
        "os._exit(0)",
        "import os; os._exit(0)",
        Trapped(TrapKind::Exited { status: 0 }),
    )
    .await;
    case(
        "os.abort",
        "import os; os.abort()",
        Trapped(TrapKind::Aborted),
    )
    .await;
    case("sys.exit", "import sys; sys.exit(5)", Raised("SystemExit")).await;
    case(
        "sys.exit in a task",
        "import asyncio, sys\nasync def leave(): sys.exit(5)\nawait leave()",
        Raised("SystemExit"),
    )
    .await;
    case(
        "a signal",
        "import signal; signal.raise_signal(signal.SIGINT)",
        Raised("KeyboardInterrupt"),
    )
    .await;
    case(
        "a fatal signal",
        "import signal; signal.raise_signal(signal.SIGABRT)",
        Trapped(TrapKind::Aborted),
    )
    .await;
    case(
        "kill",
        "import os; os.kill(os.getpid(), 9)",
        Trapped(TrapKind::Aborted),
    )
    .await;
    case(
        "fault handler",
        "import faulthandler; faulthandler._sigsegv()",
        Trapped(TrapKind::Aborted),
    )
    .await;
}

#[tokio::test]
async fn ways_out_that_come_late() {
    case(
        "at exit",
        "import atexit, os; atexit.register(os._exit, 3)",
        Finished,
    )
    .await;
    case(
        "finaliser",
        "import os\nclass Last:\n    def __del__(self): os._exit(4)\nlast = Last()\ndel last",
        Trapped(TrapKind::Exited { status: 4 }),
    )
    .await;
    case(
        "repr",
        "import os\nclass Bad:\n    def __repr__(self): os.abort()\nBad()",
        Trapped(TrapKind::Aborted),
    )
    .await;
    case(
        "exit in repr",
        "class Bad:\n    def __repr__(self): raise SystemExit(7)\nBad()",
        Finished,
    )
    .await;
}

/// Spoils something, then checks that what a cell needs is still there.
async fn survives(name: &str, code: &str) {
    let mend = "1 + 1\nprint('printed')\ndisplay('shown')";
    cases(
        name,
        [
            (code.into(), Finished),
            (mend.into(), Finished),
            ("1 / 0".into(), Raised("ZeroDivisionError")),
            ("def f(:".into(), Raised("SyntaxError")),
        ],
    )
    .await;
}

#[tokio::test]
async fn builtins() {
    let spoil = "import builtins\nfor name in ['len', 'repr', 'str', 'isinstance', 'getattr', 'Exception', 'type', 'hasattr', 'dict', 'list', 'tuple', 'compile', 'exec', 'eval', 'sorted', 'iter', 'next', 'map', 'vars', 'id', 'BaseException', 'KeyboardInterrupt', 'SystemExit', 'MemoryError']:\n    setattr(builtins, name, None)";
    survives("replaced", spoil).await;
    survives("deleted", "import builtins\nfor name in ['len', 'repr', 'str', 'isinstance', 'getattr', 'Exception', 'compile', 'type', 'set', 'max', 'min']:\n    delattr(builtins, name)").await;
    cases(
        "no import",
        [
            ("import builtins; del builtins.__import__".into(), Finished),
            ("import json".into(), Raised("ImportError")),
            ("1 / 0".into(), Raised("ZeroDivisionError")),
        ],
    )
    .await;
    cases(
        "no builtins",
        [
            ("__builtins__ = {}".into(), Finished),
            ("1 + 1".into(), Finished),
            ("print".into(), Raised("NameError")),
            ("1 / 0".into(), Raised("ZeroDivisionError")),
        ],
    )
    .await;
}

#[tokio::test]
async fn modules() {
    survives("cleared", "import sys; sys.modules.clear()").await;
    survives("without the kernel's", "import sys\nfor name in list(sys.modules):\n    if name not in ('sys', 'builtins'): del sys.modules[name]").await;
    survives("replaced", "import sys\nfor name in ['traceback', 'linecache', 'asyncio', 'ast', 'json', 'os', 'io', 'inspect', 're']: sys.modules[name] = None").await;
    survives("emptied", "import traceback, linecache, ast, inspect, re, json\nfor module in (traceback, linecache, ast, inspect, re): vars(module).clear()").await;
    survives(
        "a main of its own",
        "import sys, types; sys.modules['__main__'] = types.ModuleType('__main__')",
    )
    .await;
    survives("hooks", "import sys\nsys.excepthook = sys.displayhook = sys.unraisablehook = sys.meta_path = sys.path_hooks = sys.path = None").await;
    survives("a trace", "import sys\nsys.settrace(lambda *a: (_ for _ in ()).throw(ValueError()) if False else None); sys.setprofile(lambda *a: None)").await;
}

#[tokio::test]
async fn the_kernels_names() {
    survives("history", "In = Out = _ = __ = ___ = get_ipython = None").await;
    survives("history deleted", "del In, Out, _ih, _oh").await;
    survives("history filled", "In.clear(); Out.clear(); Out[1] = In").await;
    survives(
        "the shell",
        "shell = get_ipython()\nfor name in list(vars(shell)):\n    setattr(shell, name, None)",
    )
    .await;
    survives(
        "the main dictionary",
        "for name in list(globals()):\n    if name != 'kept': globals().pop(name)",
    )
    .await;
    survives("the loop", "import asyncio\nloop = asyncio.get_event_loop()\nloop.stop(); loop.close(); loop._ready.append(None)").await;
    survives(
        "a broken policy",
        "import asyncio\nasyncio.set_event_loop_policy(None); asyncio.set_event_loop(None)",
    )
    .await;
    survives(
        "collector",
        "import gc\ngc.disable(); gc.set_threshold(0); gc.unfreeze(); gc.collect()",
    )
    .await;
    survives("every object", "import gc\nfound = [o for o in gc.get_objects() if type(o).__module__.startswith('sandcell')]\nfor o in found:\n    try: vars(o).clear()\n    except Exception: pass").await;
}

#[tokio::test]
async fn the_kernels_channel() {
    case(
        "garbage to every function",
        "import _sandcell
for name in dir(_sandcell):
    function = getattr(_sandcell, name)
    if not callable(function) or isinstance(function, type): continue
    for arguments in [(), (None,), (0,), (-1,), (b'',), ('',), (1, b'x'), (99, b'{}'), (7, b'\\xff' * 100), (3, b'[' * 100_000), (2**70,), (object(), object())]:
        try: function(*arguments)
        except BaseException: pass
'alive'",
        Finished,
    )
    .await;
    case(
        "a frame of an unknown kind",
        "import _sandcell\ntry: _sandcell.emit(99, b'{}')\nexcept Exception as error: print(error)",
        Finished,
    )
    .await;
    case(
        "an import of the kernel",
        "import sandcell_kernel",
        Raised("ModuleNotFoundError"),
    )
    .await;
}
