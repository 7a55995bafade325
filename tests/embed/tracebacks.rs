//! Tracebacks as notebook users know them.

use crate::support::{context, finished, raised};
use sandcell::RunCode;

#[tokio::test]
async fn a_traceback_names_cells_lines_and_source() {
    let context = context().await;
    finished(&context, "def divide(a, b):\n    return a / b\n").await;
    let exception = raised(&context, "# the second cell\nfirst = 1\ndivide(first, 0)").await;
    assert_eq!(exception.name, "ZeroDivisionError");
    assert_eq!(exception.value, "division by zero");
    let expected = "\
---------------------------------------------------------------------------
ZeroDivisionError                         Traceback (most recent call last)
Cell In[2], line 3
      1 # the second cell
      2 first = 1
----> 3 divide(first, 0)

Cell In[1], line 2, in divide(a, b)
      1 def divide(a, b):
----> 2     return a / b

ZeroDivisionError: division by zero";
    assert_eq!(exception.traceback.trim_end(), expected);
}

#[tokio::test]
async fn causes_and_contexts_are_told() {
    let context = context().await;
    let code =
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('k') from error";
    let exception = raised(&context, code).await;
    let traceback = &exception.traceback;
    assert!(
        traceback.contains("ZeroDivisionError: division by zero"),
        "{traceback}"
    );
    assert!(
        traceback.contains("was the direct cause of the following exception"),
        "{traceback}"
    );
    assert!(
        traceback.trim_end().ends_with("KeyError: 'k'"),
        "{traceback}"
    );
    let code = "try:\n    1 / 0\nexcept ZeroDivisionError:\n    missing";
    let traceback = raised(&context, code).await.traceback;
    assert!(
        traceback.contains("During handling of the above exception"),
        "{traceback}"
    );
}

#[tokio::test]
async fn a_syntax_error_points_at_its_place() {
    let exception = raised(&context().await, "x = 1\ny = (2 +* 3)\n").await;
    assert_eq!(exception.name, "SyntaxError");
    let traceback = &exception.traceback;
    assert!(traceback.contains("Cell In[1], line 2"), "{traceback}");
    assert!(traceback.contains("y = (2 +* 3)"), "{traceback}");
    let lines: Vec<&str> = traceback.lines().collect();
    let source = lines
        .iter()
        .position(|line| line.contains("y = (2"))
        .unwrap();
    let column = lines[source].find('*');
    assert_eq!(lines[source + 1].find('^'), column, "{traceback}");
}

#[tokio::test]
async fn the_library_appears_with_its_file_and_source() {
    let traceback = raised(&context().await, "import json\njson.loads('{')")
        .await
        .traceback;
    assert!(
        traceback.contains("File /usr/lib/python3.13/json/decoder.py:"),
        "{traceback}"
    );
    assert!(traceback.contains("self.scan_once(s, idx)"), "{traceback}");
    assert!(!traceback.contains("sandcell_kernel"), "{traceback}");
}

#[tokio::test]
async fn a_deep_recursion_is_told_briefly() {
    let exception = raised(
        &context().await,
        "def down(n):\n    return down(n + 1)\ndown(0)",
    )
    .await;
    assert_eq!(exception.name, "RecursionError");
    assert!(
        exception.traceback.lines().count() < 60,
        "{}",
        exception.traceback
    );
    assert!(
        exception.traceback.contains("similar frames"),
        "{}",
        exception.traceback
    );
}

#[tokio::test]
async fn exception_groups_show_their_members() {
    let exception = raised(
        &context().await,
        "raise ExceptionGroup('two', [ValueError(1), TypeError('t')])",
    )
    .await;
    assert_eq!(exception.name, "ExceptionGroup");
    for words in ["two (2 sub-exceptions)", "ValueError: 1", "TypeError: t"] {
        assert!(
            exception.traceback.contains(words),
            "{words}: {}",
            exception.traceback
        );
    }
}

#[tokio::test]
async fn a_cell_that_is_a_file_is_named_as_one() {
    let context = context().await;
    let cell = || RunCode::new("print(__file__)\n1 / 0\n").filename("tools/report.py");
    let report = crate::support::run(&context, cell()).await;
    assert_eq!(report.stdout_text(), "tools/report.py\n");
    let traceback = &crate::support::exception(&report.outcome).traceback;
    assert!(traceback.contains("tools/report.py"), "{traceback}");
    assert!(traceback.contains("1 / 0"), "{traceback}");
    assert!(!traceback.contains("Cell In["), "{traceback}");
    assert_eq!(raised(&context, "__file__").await.name, "NameError");
}

#[tokio::test]
async fn exceptions_that_fail_to_speak_are_told_all_the_same() {
    let context = context().await;
    let code =
        "class Mute(Exception):\n    def __str__(self): raise RuntimeError('mute')\nraise Mute()";
    let exception = raised(&context, code).await;
    assert_eq!(exception.name, "Mute");
    let code = "class Odd(type):\n    def __getattribute__(cls, name): raise SystemError(name)\nclass Error(Exception, metaclass=Odd): pass\nraise Error('odd')";
    let exception = raised(&context, code).await;
    assert_eq!(exception.name, "Error");
    let exception = raised(&context, "raise ValueError('x' * 10_000_000)").await;
    assert_eq!(exception.name, "ValueError");
    // A name beyond 256 bytes is cut, wherever that falls in a character.
    for letter in ["E", "Ü"] {
        let code = format!("raise type('{letter}' * 10_000, (Exception,), {{}})('x')");
        let exception = raised(&context, code).await;
        assert!(exception.name.starts_with(letter), "{}", exception.name);
        assert!(exception.name.len() <= 256, "{}", exception.name);
    }
}
