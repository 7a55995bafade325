//! Output without measure, and streams that are broken.

use crate::bystander::Expected::{Finished, OutputSpent, Raised};
use crate::bystander::{case, cases};

#[tokio::test]
async fn a_gigabyte_of_output() {
    for (name, code) in [
        ("prints", "for _ in range(1024): print('x' * (1 << 20))"),
        ("small prints", "for _ in range(10**7): print('x' * 100)"),
        (
            "bytes",
            "import sys\nfor _ in range(1024): sys.stdout.buffer.write(bytes(1 << 20))",
        ),
        (
            "stderr",
            "import sys\nfor _ in range(1024): print('x' * (1 << 20), file=sys.stderr)",
        ),
        (
            "descriptor",
            "import os\nwhile True: os.write(1, bytes(1 << 20))",
        ),
        ("displays", "for _ in range(1024): display('x' * (1 << 20))"),
        (
            "swallowed",
            "while True:\n    try: print('x' * (1 << 20))\n    except Exception: break",
        ),
        (
            "the result",
            "class Long:\n    def _repr_html_(self): return 'x' * (9 << 20)\nLong()",
        ),
    ] {
        case(name, code, OutputSpent).await;
    }
    // The kernel cuts the words of an exception.
    case(
        "a traceback",
        "raise ValueError('x' * (9 << 20))",
        Raised("ValueError"),
    )
    .await;
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[tokio::test]
async fn streams_that_are_closed_or_replaced() {
    let back = || ("print('back')".into(), Finished);
    cases(
        "closed stdout",
        [
            (
                "import sys; sys.stdout.close(); print('x')".into(),
                Raised("ValueError"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "closed stderr",
        [
            (
                "import sys; sys.stderr.close(); 1 / 0".into(),
                Raised("ZeroDivisionError"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "no stdout",
        [
            ("import sys; sys.stdout = None; print('x')".into(), Finished),
            back(),
        ],
    )
    .await;
    cases(
        "no stderr",
        [
            (
                "import sys; sys.stderr = None; 1 / 0".into(),
                Raised("ZeroDivisionError"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "deleted",
        [
            (
                "import sys; del sys.stdout, sys.stderr, sys.stdin; print('x')".into(),
                Raised("RuntimeError"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "closed for good",
        [
            (
                "import sys; sys.__stdout__.close(); sys.__stderr__.close()".into(),
                Finished,
            ),
            back(),
        ],
    )
    .await;
    cases(
        "descriptors",
        [
            ("import os\nfor n in range(3): os.close(n)".into(), Finished),
            back(),
        ],
    )
    .await;
    cases(
        "detached",
        [
            (
                "import sys; sys.stdout.detach()".into(),
                Raised("UnsupportedOperation"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "no buffer",
        [
            (
                "import sys; sys.stdout.buffer.close(); sys.stdout.buffer.write(b'x')".into(),
                Raised("ValueError"),
            ),
            back(),
        ],
    )
    .await;
    cases(
        "a stream of its own",
        [
            ("import sys\nclass Own:\n    def write(self, text): raise SystemError('own')\nsys.stdout = Own()\nprint('x')".into(), Raised("SystemError")),
            ("sys.stdout = sys.__stdout__; print('back')".into(), Finished),
        ],
    )
    .await;
    cases(
        "a number",
        [
            (
                "import sys; sys.stdout = 5; print('x')".into(),
                Raised("AttributeError"),
            ),
            ("sys.stdout = sys.__stdout__".into(), Finished),
            back(),
        ],
    )
    .await;
}

#[tokio::test]
async fn odd_text() {
    case(
        "lone surrogates",
        "print('\\ud800')",
        Raised("UnicodeEncodeError"),
    )
    .await;
    case("lone surrogate as a result", "'\\ud800'", Finished).await;
    case(
        "in an exception",
        "raise ValueError('\\ud800')",
        Raised("ValueError"),
    )
    .await;
    case(
        "in a class name",
        "type('E\\ud800', (Exception,), {})",
        Raised("UnicodeEncodeError"),
    )
    .await;
    case(
        "control characters",
        "print(''.join(map(chr, range(256))))",
        Finished,
    )
    .await;
    case("wrong mime types", "class A:\n    def _repr_mimebundle_(self, **k): return {7: object(), 'text/plain': 5, None: b'x'}\nA()", Raised("ValueError")).await;
    case(
        "a long mime type",
        "class A:\n    def _repr_mimebundle_(self, **k): return {'x' * 1000: 'y'}\nA()",
        Raised("ValueError"),
    )
    .await;
    case("many mime types", "class A:\n    def _repr_mimebundle_(self, **k): return {f'a/{n}': 'x' for n in range(1000)}\nA()", Raised("ValueError")).await;
    case("deep json", "class A:\n    def _repr_json_(self):\n        x = []\n        for _ in range(1000): x = [x]\n        return x\nA()", Raised("ValueError")).await;
}
