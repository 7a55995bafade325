//! Programs that do not end by themselves.

use crate::bystander::Expected::{Interrupted, Stopped};
use crate::bystander::case;

#[tokio::test]
async fn endless_loops() {
    case("while", "while True: pass", Interrupted).await;
    case(
        "generator",
        "def forever():\n    while True: yield 1\nfor _ in forever(): pass",
        Interrupted,
    )
    .await;
    case("sleep", "import time; time.sleep(10**9)", Interrupted).await;
    case(
        "await",
        "import asyncio; await asyncio.sleep(10**9)",
        Interrupted,
    )
    .await;
    case("tasks", "import asyncio\nasync def spin():\n    while True: await asyncio.sleep(0)\nawait asyncio.gather(*[spin() for _ in range(100)])", Interrupted).await;
    case(
        "a class that waits",
        "class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()",
        Interrupted,
    )
    .await;
}

#[tokio::test]
async fn loops_that_swallow_the_interrupt() {
    let code = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        pass";
    case("except KeyboardInterrupt", code, Stopped).await;
    let code = "while True:\n    try:\n        while True: pass\n    except:\n        continue";
    case("bare except", code, Stopped).await;
    let code = "while True:\n    try:\n        while True: pass\n    finally:\n        continue";
    case("finally continue", code, Stopped).await;
    let code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
    case("ignored signal", code, Stopped).await;
    let code = "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\nwhile True: pass";
    case("own handler", code, Stopped).await;
    let code = "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n        while True: pass";
    case("suppress", code, Stopped).await;
    let code = "import asyncio\nasync def stubborn():\n    while True:\n        try: await asyncio.sleep(10**6)\n        except BaseException: pass\nwhile True:\n    try: await stubborn()\n    except BaseException: pass";
    case("await that swallows", code, Stopped).await;
    let code = "class Undead:\n    def __del__(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException: pass\nundead = Undead()\ndel undead";
    case("finaliser", code, Stopped).await;
}

#[tokio::test]
async fn loops_in_c() {
    case("sum", "sum(range(10**12))", Stopped).await;
    case("membership", "object() in iter(int, 1)", Stopped).await;
    case(
        "list of the endless",
        "import itertools; max(itertools.count())",
        Stopped,
    )
    .await;
    case(
        "cycle",
        "import collections, itertools; collections.deque(itertools.repeat(1), maxlen=0)",
        Stopped,
    )
    .await;
}

#[tokio::test]
async fn large_powers() {
    case("10 ** 10 ** 8", "10 ** 10 ** 8", Interrupted).await;
    case(
        "multiplication",
        "x = 3 ** 10_000_000\nwhile True: x * x",
        Interrupted,
    )
    .await;
}

#[tokio::test]
async fn catastrophic_patterns() {
    case(
        "nested repeats",
        "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')",
        Interrupted,
    )
    .await;
    case(
        "alternatives",
        "import re; re.search(r'(x|xx|xxx)*y', 'x' * 200)",
        Interrupted,
    )
    .await;
    case(
        "backtracking",
        "import re; re.match(r'(.*)*(.*)*(.*)*=', 'x' * 5000)",
        Interrupted,
    )
    .await;
    case("swallowed", "import re\nwhile True:\n    try: re.match(r'(a+)+$', 'a' * 64 + 'b')\n    except BaseException: pass", Stopped).await;
}

#[tokio::test]
async fn endless_work_at_the_end_of_a_cell() {
    case(
        "a property of the exception",
        "class Slow(Exception):\n    def __str__(self):\n        while True: pass\nraise Slow()",
        Interrupted,
    )
    .await;
    case("a repr that swallows", "class Slow:\n    def __repr__(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException: pass\nSlow()", Stopped).await;
}
