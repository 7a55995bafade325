//! What a cell leaves behind and what it answers.

use crate::support::{check, context, exception, finished, raised, run, value};
use sandcell::{End, RunCode};

#[tokio::test]
async fn the_last_expression_is_the_result() {
    let context = context().await;
    check(&context, "1 + 1", "2").await;
    check(&context, "x = 20\nx * 2", "40").await;
    check(&context, "'text'", "'text'").await;
    check(&context, "x\n\n# a comment behind it\n", "20").await;
    check(&context, "(1,\n 2)", "(1, 2)").await;
    check(&context, "x; x + 1", "21").await;
}

#[tokio::test]
async fn a_cell_without_a_last_value_has_no_result() {
    let context = context().await;
    for code in [
        "",
        "\n\n",
        "# only a comment",
        "x = 1",
        "5;",
        "5 ;  # quiet",
        "None",
        "def f(): pass",
    ] {
        let report = finished(&context, code).await;
        assert_eq!(report.result, None, "{code:?}");
        assert_eq!(report.stdout_text(), "", "{code:?}");
    }
}

#[tokio::test]
async fn globals_live_on_from_cell_to_cell() {
    let context = context().await;
    finished(
        &context,
        "import math\ndef area(r): return math.pi * r * r\nclass Point: pass",
    )
    .await;
    finished(&context, "p = Point(); p.x = area(1)").await;
    check(&context, "round(p.x, 3)", "3.142").await;
    check(
        &context,
        "__name__, type(p).__module__",
        "('__main__', '__main__')",
    )
    .await;
    check(&context, "import __main__; __main__.p is p", "True").await;
}

#[tokio::test]
async fn earlier_inputs_and_outputs_are_kept() {
    let context = context().await;
    finished(&context, "6 * 7").await;
    check(&context, "_ + 1", "43").await;
    check(&context, "Out[1], In[1], __", "(42, '6 * 7', 42)").await;
}

#[tokio::test]
async fn a_silent_cell_leaves_no_trace_in_the_history() {
    let context = context().await;
    let report = finished(&context, RunCode::new("y = 1; y").silent()).await;
    assert_eq!(report.result, None);
    check(&context, "y, len(In)", "(1, 2)").await;
}

#[tokio::test]
async fn uniformly_indented_cells_run() {
    let context = context().await;
    check(&context, "    z = 1\n    if z:\n        z += 1\n    z", "2").await;
    check(&context, "\tw = 3\n\tw", "3").await;
    check(&context, "    '''a\n    b'''", "'a\\nb'").await;
}

#[tokio::test]
async fn line_ends_of_all_systems_are_taken() {
    let context = context().await;
    check(&context, "a = 1\r\nb = 2\r\na + b", "3").await;
    check(&context, "a = 1\rb = 3\ra + b", "4").await;
    check(&context, "\u{feff}a + 10", "11").await;
}

#[tokio::test]
async fn sys_exit_ends_the_cell_and_not_the_context() {
    let context = context().await;
    finished(&context, "kept = 1").await;
    for quiet in [
        "import sys; sys.exit()",
        "sys.exit(0)",
        "raise SystemExit",
        "exit()",
        "quit()",
    ] {
        finished(&context, format!("{quiet}\nkept = 2")).await;
    }
    let loud = raised(&context, "sys.exit(3)").await;
    assert_eq!(
        (loud.name.as_str(), loud.value.as_str()),
        ("SystemExit", "3")
    );
    let words = raised(&context, "sys.exit('no such file')").await;
    assert_eq!(
        (words.name.as_str(), words.value.as_str()),
        ("SystemExit", "no such file")
    );
    check(&context, "kept", "1").await;
}

#[tokio::test]
async fn the_source_of_what_cells_define_can_be_read() {
    let context = context().await;
    finished(
        &context,
        "def twice(n):\n    # says it all\n    return 2 * n\n",
    )
    .await;
    finished(
        &context,
        "class Box:\n    size = 1\n\nclass Lid:\n    def close(self):\n        return 'shut'\n",
    )
    .await;
    finished(&context, "import inspect").await;
    let expected = "'def twice(n):\\n    # says it all\\n    return 2 * n\\n'";
    check(&context, "inspect.getsource(twice)", expected).await;
    check(
        &context,
        "inspect.getsource(Box)",
        "'class Box:\\n    size = 1\\n'",
    )
    .await;
    check(
        &context,
        "inspect.getsource(Lid.close)",
        "\"    def close(self):\\n        return 'shut'\\n\"",
    )
    .await;
}

#[tokio::test]
async fn classes_and_functions_of_cells_can_be_pickled() {
    let context = context().await;
    finished(
        &context,
        "import pickle, copy\nclass Node:\n    def __init__(self, n): self.n = n",
    )
    .await;
    finished(&context, "def shout(text): return text.upper()").await;
    check(&context, "pickle.loads(pickle.dumps([Node(7)]))[0].n", "7").await;
    check(&context, "pickle.loads(pickle.dumps(shout))('a')", "'A'").await;
    check(&context, "type(copy.deepcopy(Node(1))) is Node", "True").await;
}

#[tokio::test]
async fn a_cell_of_a_mebibyte_runs() {
    let context = context().await;
    let mut code = "total = 0\n".to_owned();
    while code.len() < 1 << 20 {
        code.push_str("total += 1  # one more line of a long cell\n");
    }
    let lines = code.lines().count() - 1;
    code.push_str("total");
    check(&context, code, &lines.to_string()).await;
    let text = "x".repeat(1 << 20);
    check(&context, format!("text = '{text}'\nlen(text)"), "1048576").await;
}

#[tokio::test]
async fn hostile_source_text_is_a_syntax_error() {
    let context = context().await;
    let cases: [(&[u8], &str); 6] = [
        (b"def f(:", "SyntaxError"),
        (b"x = 'caf\xe9'", "SyntaxError"),
        (b"\xff\xfe1", "SyntaxError"),
        (b"x = 1\0", "SyntaxError"),
        (b"if 1:\nx = 1", "IndentationError"),
        (b"x = 'open", "SyntaxError"),
    ];
    for (code, name) in cases {
        let exception = raised(&context, code.to_vec()).await;
        assert_eq!(exception.name, name, "{:?}", String::from_utf8_lossy(code));
        assert!(
            exception.traceback.contains(name),
            "{}",
            exception.traceback
        );
    }
    check(&context, "'alive'", "'alive'").await;
}

#[tokio::test]
async fn names_and_texts_are_unicode() {
    let context = context().await;
    check(&context, "größe = 'ñandú 🐍'\ngröße", "'ñandú 🐍'").await;
    check(&context, "len(größe), größe[-1]", "(7, '🐍')").await;
    let lone = value(&context, "'\\ud800'").await;
    assert_eq!(lone, "'\\ud800'");
}

#[tokio::test]
async fn a_raised_exception_is_data_and_the_context_lives() {
    let context = context().await;
    let report = run(&context, "before = 1\nraise KeyError('which')").await;
    let exception = exception(&report.outcome);
    assert_eq!(
        (exception.name.as_str(), exception.value.as_str()),
        ("KeyError", "'which'")
    );
    assert_eq!(report.outcome.lost, None);
    check(&context, "before", "1").await;
}

#[tokio::test]
async fn executions_are_numbered_and_say_what_they_used() {
    let context = context().await;
    let first = context.execute("print('abc'); 1").unwrap();
    let second = context.execute("sum(range(300_000))").unwrap();
    assert!(first.id() < second.id());
    let first = first.outcome().await.unwrap();
    assert_eq!(first.end, End::Finished);
    assert!(first.usage.output_bytes >= 4, "{:?}", first.usage);
    assert_eq!(first.usage.fuel, None);
    assert_eq!(first.usage.calls, 0);
    let second = second.outcome().await.unwrap();
    assert!(second.usage.cpu > first.usage.cpu, "{:?}", second.usage);
    assert!(
        second.usage.wall >= second.usage.cpu / 2,
        "{:?}",
        second.usage
    );
    let before = second.usage.peak_memory_bytes;
    let large = run(&context, "large = bytearray(64 << 20)").await.outcome;
    assert!(
        large.usage.peak_memory_bytes >= before + (32 << 20),
        "{:?}",
        large.usage
    );
}
