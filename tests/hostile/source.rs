//! Source text that is no program.

use sandcell::{Error, Limit};

use crate::bystander::Expected::{Finished, Interrupted, Raised};
use crate::bystander::{Neighbour, case, narrow};
use crate::support::{check, first, refusal, runtime, start};

#[tokio::test]
async fn syntax_errors() {
    for code in [
        "def f(:", "x = ", "'open", "1 +* 2", "\u{a0}x", "x = 0777", "return 1", "f'{'",
    ] {
        case(code, code, Raised("SyntaxError")).await;
    }
    case("no indentation", "if x:\npass", Raised("IndentationError")).await;
    case(
        "tabs and blanks",
        "if x:\n\tpass\n        pass",
        Raised("TabError"),
    )
    .await;
}

#[tokio::test]
async fn source_that_is_not_utf8() {
    let cases: [&[u8]; 5] = [
        b"\xff",
        b"x = 'caf\xe9'",
        b"\xc0\x80",
        b"\xed\xa0\x80 = 1",
        b"# \xf8\x88\x80\x80\x80",
    ];
    for code in cases {
        case(&format!("{code:?}"), code.to_vec(), Raised("SyntaxError")).await;
    }
}

#[tokio::test]
async fn nul_bytes() {
    for code in ["\0", "x = 1\0", "'a\0b'", "# \0", "x = 1\n\0\ny = 2"] {
        case(&format!("{code:?}"), code, Raised("SyntaxError")).await;
    }
}

#[tokio::test]
async fn empty_cells() {
    for code in ["", " ", "\n", "\n \n\t\n", "#", "\u{feff}", "\r\n", "\x0c"] {
        case(&format!("{code:?}"), code, Finished).await;
    }
}

#[tokio::test]
async fn a_cell_above_the_size_limit() {
    let runtime = runtime().await;
    let context = first(&start(narrow(&runtime)).await);
    let mut neighbour = Neighbour::new(&runtime).await;
    let asked = (4 << 20) + 1;
    let error = refusal(context.execute("#".repeat(asked)));
    let expected = Error::LimitExceeded {
        limit: Limit::Cell,
        allowed: 4 << 20,
        asked: asked as u64,
    };
    assert_eq!(error.to_string(), expected.to_string());
    assert!(matches!(
        error,
        Error::LimitExceeded {
            limit: Limit::Cell,
            ..
        }
    ));
    let largest = context.execute("#".repeat(4 << 20)).unwrap();
    assert!(neighbour.watch(largest).await.is_finished());
    check(&context, "'alive'", "'alive'").await;
    neighbour.unharmed().await;
}

#[tokio::test]
async fn nested_brackets() {
    let nested = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    case("a cell of brackets", nested, Raised("MemoryError")).await;
    case(
        "eval of brackets",
        "eval('(' * 100_000 + '1' + ')' * 100_000)",
        Raised("MemoryError"),
    )
    .await;
}

#[tokio::test]
async fn nested_source() {
    for (name, code, exception) in [
        ("lists", "eval('[' * 100_000)", "MemoryError"),
        ("minus signs", "eval('-' * 100_000 + '1')", "MemoryError"),
        ("attributes", "eval('x' + '.x' * 100_000)", "RecursionError"),
        ("sums", "eval('1' + '+1' * 200_000)", "RecursionError"),
        ("lambdas", "eval('lambda:' * 100_000 + '1')", "MemoryError"),
        ("strings in strings", "eval('f\"{' * 200)", "MemoryError"),
        (
            "literals",
            "import ast; ast.literal_eval('[' * 100_000 + ']' * 100_000)",
            "MemoryError",
        ),
        (
            "trees",
            "import ast\nat = dict(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)\nnode = ast.Constant(1, **at)\nfor _ in range(10**5): node = ast.UnaryOp(ast.USub(), node, **at)\ncompile(ast.Expression(node), 'x', 'eval')",
            "RecursionError",
        ),
    ] {
        case(name, code, Raised(exception)).await;
    }
}

#[tokio::test]
async fn source_that_compiles_for_long() {
    case(
        "constants",
        "compile('x = ' + '9' * 10**6, 'x', 'exec')",
        Raised("SyntaxError"),
    )
    .await;
    case(
        "a power",
        "compile('x = 2 ** 2 ** 2 ** 2 ** 2 ** 2', 'x', 'exec')",
        Finished,
    )
    .await;
    case(
        "the power itself",
        "2 ** 2 ** 2 ** 2 ** 2 ** 2",
        Interrupted,
    )
    .await;
    case(
        "many lines",
        "exec('x = 1\\n' * 10**8)",
        Raised("MemoryError"),
    )
    .await;
    let code = "text = 'x = [' + '1,' * 1_000 + ']'\nwhile True:\n    compile(text, 'x', 'exec')";
    case("compiling without end", code, Interrupted).await;
}
