//! Recursion without end, in Python and in C.

use crate::bystander::Expected::{Finished, Raised, Trapped};
use crate::bystander::case;
use sandcell::TrapKind;

#[tokio::test]
async fn python_functions() {
    case(
        "plain",
        "def f(): return f()\nf()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "default arguments",
        "def f(n=1): return f()\nf()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "a method with default arguments",
        "class A:\n    def f(self, n=1): return self.f()\nA().f()",
        Raised("RecursionError"),
    )
    .await;
    case("lambda", "f = lambda: f()\nf()", Raised("RecursionError")).await;
    case(
        "generator",
        "def f(): yield from f()\nlist(f())",
        Raised("RecursionError"),
    )
    .await;
    case(
        "coroutine",
        "async def f(): await f()\nawait f()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "property",
        "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nA().a",
        Raised("RecursionError"),
    )
    .await;
    case(
        "comparison",
        "class A:\n    def __eq__(self, other): return self == other\nA() == A()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "new",
        "class A:\n    def __new__(cls): return cls()\nA()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "caught",
        "def f():\n    try: f()\n    except RecursionError: pass\nf()",
        Finished,
    )
    .await;
}

#[tokio::test]
async fn a_recursion_limit_without_limit() {
    let raise_limit = "import sys\nsys.setrecursionlimit(10**9)\n";
    for (name, code) in [
        ("plain", "def f(): return f()\nf()"),
        (
            "with arguments",
            "def f(*a, **k): return f(1, *a[:9], **k)\nf()",
        ),
        (
            "repr",
            "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        ),
        (
            "format",
            "class A:\n    def __format__(self, s): return f'{self}'\nf'{A()}'",
        ),
        (
            "getattr",
            "class A:\n    def __getattr__(self, name): return getattr(self, name)\nA().x",
        ),
        ("map", "def f(n): return list(map(f, [n]))\nf(1)"),
        ("sorted", "def f(n): return sorted([1, 2], key=f)\nf(1)"),
        (
            "partial",
            "import functools\ndef f(): return functools.partial(f)()\nf()",
        ),
        (
            "import",
            "import builtins\ndef f(*a, **k): return f(*a, **k)\nbuiltins.__import__ = f\nimport x",
        ),
        (
            "re.sub",
            "import re\ndef f(m): return re.sub('a', f, 'a')\nf(None)",
        ),
        (
            "json",
            "import json\nclass A: pass\ndef f(o): return [o]\njson.dumps(A(), default=f, check_circular=False)",
        ),
        (
            "descriptors",
            "class D:\n    def __get__(self, o, t): return o.d\nclass A: d = D()\nA().d",
        ),
        (
            "bool",
            "class A:\n    def __bool__(self): return bool(self)\nbool(A())",
        ),
        ("exec", "text = 'exec(text)'\nexec(text)"),
        ("eval", "text = 'eval(text)'\neval(text)"),
    ] {
        case(
            name,
            format!("{raise_limit}{code}"),
            Raised("RecursionError"),
        )
        .await;
    }
}

#[tokio::test]
async fn deep_values() {
    let deep = "deep = []\nfor _ in range(10**6): deep = [deep]\n";
    case(
        "repr",
        format!("{deep}repr(deep)"),
        Raised("RecursionError"),
    )
    .await;
    case(
        "comparison",
        format!("{deep}other = []\nfor _ in range(10**6): other = [other]\ndeep == other"),
        Raised("RecursionError"),
    )
    .await;
    case(
        "copy",
        format!("{deep}import copy; copy.deepcopy(deep)"),
        Raised("RecursionError"),
    )
    .await;
    case(
        "pickle",
        format!("{deep}import pickle; pickle.dumps(deep)"),
        Raised("RecursionError"),
    )
    .await;
    case(
        "json",
        format!("{deep}import json; json.dumps(deep)"),
        Raised("RecursionError"),
    )
    .await;
    case(
        "marshal",
        format!("{deep}import marshal; marshal.dumps(deep)"),
        Raised("ValueError"),
    )
    .await;
    case(
        "hash",
        "deep = ()\nfor _ in range(10**6): deep = (deep,)\nhash(deep)",
        // As natively: hashing tuples recurses without counting.
        Trapped(TrapKind::StackOverflow),
    )
    .await;
    case("deletion", format!("{deep}del deep"), Finished).await;
    case(
        "dicts",
        "deep = {}\nfor _ in range(10**6): deep = {'a': deep}\nstr(deep)",
        Raised("RecursionError"),
    )
    .await;
    case(
        "json text",
        "import json; json.loads('[' * 10**6)",
        Raised("RecursionError"),
    )
    .await;
    case("exceptions", "error = None\nfor _ in range(10**5):\n    new = ValueError()\n    new.__context__ = error\n    error = new\nraise error", Raised("ValueError")).await;
    // Natively these two end the process.
    case(
        "iterators",
        "chain = iter([])\nfor _ in range(10**5): chain = map(str, chain)\nlist(chain)",
        Trapped(TrapKind::StackOverflow),
    )
    .await;
    case(
        "zip of zips",
        "chain = iter([1])\nfor _ in range(10**5): chain = zip(chain)\nnext(chain)",
        Trapped(TrapKind::StackOverflow),
    )
    .await;
    case("types", "kind = int\nfor _ in range(10**5): kind = kind | None if False else list[kind]\nrepr(kind)", Raised("RecursionError")).await;
    case("partials", "import functools\nf = int\nfor _ in range(10**5): f = functools.partial(f) if False else functools.partial(lambda g: g(), f)\nf()", Raised("RecursionError")).await;
    case(
        "pattern",
        "import re; re.compile('(' * 10**5 + ')' * 10**5)",
        Raised("RecursionError"),
    )
    .await;
}

#[tokio::test]
async fn a_deep_value_as_the_result() {
    // It cannot be shown; stderr says so.
    case(
        "list",
        "deep = []\nfor _ in range(10**6): deep = [deep]\ndeep",
        Finished,
    )
    .await;
    case(
        "repr",
        "class A:\n    def __repr__(self): return repr(self)\nA()",
        Finished,
    )
    .await;
    case(
        "html",
        "class A:\n    def _repr_html_(self): return self._repr_html_()\nA()",
        Finished,
    )
    .await;
}

#[tokio::test]
async fn recursion_while_memory_is_full() {
    let code = "import sys\nsys.setrecursionlimit(10**9)\ndef exhaust(size):\n    kept = []\n    while True:\n        try: kept.append(bytearray(size))\n        except MemoryError: return kept\ndef f(): return f()\nfull = exhaust(10**6), exhaust(10**3), exhaust(40)\ntry: f()\nfinally: del full";
    case("full to the brim", code, Raised("MemoryError")).await;
}
