//! `%magics`, `!pip`, `help?`: what notebook users type besides Python.

use crate::support::{check, context, finished, raised, run};
use sandcell::End;

#[tokio::test]
async fn timing_magics_time_and_answer() {
    let context = context().await;
    let report = finished(&context, "%time 20 + 1").await;
    assert_eq!(report.text(), Some("21"));
    assert!(
        report.stdout_text().contains("Wall time: "),
        "{}",
        report.stdout_text()
    );
    let report = finished(&context, "%%time\ny = 3\ny * 2").await;
    assert_eq!(report.text(), Some("6"));
    check(&context, "y", "3").await;
    let report = finished(&context, "%timeit -n 3 -r 2 1 + 1").await;
    assert!(
        report.stdout_text().contains("2 runs, 3 loops each"),
        "{}",
        report.stdout_text()
    );
}

#[tokio::test]
async fn namespace_magics_know_the_variables() {
    let context = context().await;
    finished(&context, "alpha = 1; beta = 'b'").await;
    let report = finished(&context, "%who").await;
    let words: Vec<String> = report
        .stdout_text()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert_eq!(words, ["alpha", "beta"]);
    finished(&context, "%reset -f").await;
    assert_eq!(raised(&context, "alpha").await.name, "NameError");
}

#[tokio::test]
async fn files_magics_work_in_the_sandbox() {
    let context = context().await;
    finished(&context, "%%writefile note.txt\nhello\n").await;
    check(&context, "open('/home/user/note.txt').read()", "'hello\\n'").await;
    finished(&context, "%cd /tmp").await;
    check(&context, "%pwd", "'/tmp'").await;
}

#[tokio::test]
async fn cell_magics_give_rich_output_and_capture() {
    let context = context().await;
    let report = finished(&context, "%%html\n<b>x</b>").await;
    assert_eq!(report.displays[0].html(), Some("<b>x</b>"));
    let report = finished(&context, "%%capture kept\nprint('quiet')\n5").await;
    assert_eq!((report.stdout_text(), report.result), (String::new(), None));
    check(&context, "kept.stdout", "'quiet\\n'").await;
}

#[tokio::test]
async fn magics_that_cannot_be_are_told_apart_from_unknown_ones() {
    let context = context().await;
    let unknown = raised(&context, "%no_such_magic").await;
    assert_eq!(unknown.name, "UsageError");
    assert!(
        unknown.value.contains("`%no_such_magic` not found"),
        "{}",
        unknown.value
    );
    let impossible = raised(&context, "%%bash\nls").await;
    assert_eq!(impossible.name, "CommandNotAvailable");
    assert!(
        impossible.value.contains("not available"),
        "{}",
        impossible.value
    );
}

#[tokio::test]
async fn pip_install_knows_what_is_there() {
    let context = context().await;
    for line in [
        "!pip install {}",
        "%pip install {}",
        "!pip install -q {}",
        "pip install {}",
        "!python -m pip install {}",
    ] {
        let absent = raised(&context, line.replace("{}", "surely-not-there>=2")).await;
        assert_eq!(absent.name, "PackageNotAvailable", "{line}");
        assert!(
            absent.value.contains("surely-not-there"),
            "{line}: {}",
            absent.value
        );
        assert!(
            absent.value.contains("ask the host"),
            "{line}: {}",
            absent.value
        );
        let report = finished(&context, line.replace("{}", "pip")).await;
        let quiet = line.contains("-q");
        let said = report
            .stdout_text()
            .contains("Requirement already satisfied: pip");
        assert!(said != quiet, "{line}: {}", report.stdout_text());
    }
}

#[tokio::test]
async fn other_commands_are_an_error_and_the_context_lives() {
    let context = context().await;
    finished(&context, "kept = 4").await;
    for line in ["!ls -la", "out = !cat /etc/passwd", "!!date"] {
        let report = run(&context, line).await;
        let End::Raised(exception) = &report.outcome.end else {
            panic!("{line}: {}", report.outcome.end)
        };
        assert_eq!(exception.name, "CommandNotAvailable", "{line}");
    }
    check(&context, "kept", "4").await;
}

#[tokio::test]
async fn a_question_mark_shows_help() {
    let context = context().await;
    finished(
        &context,
        "def area(r):\n    'Surface of a circle.'\n    return 3 * r * r",
    )
    .await;
    let report = finished(&context, "area?").await;
    assert!(
        report.stdout_text().contains("Surface of a circle."),
        "{}",
        report.stdout_text()
    );
    let report = finished(&context, "area??").await;
    assert!(
        report.stdout_text().contains("return 3 * r * r"),
        "{}",
        report.stdout_text()
    );
}

#[tokio::test]
async fn modules_that_cannot_be_say_why() {
    let context = context().await;
    let cases = [
        (
            "import ssl",
            "ModuleNotFoundError",
            "ssl is not available in this sandbox",
        ),
        (
            "import ctypes",
            "ModuleNotFoundError",
            "ctypes is not available in this sandbox",
        ),
        ("import os; os.fork()", "AttributeError", "cannot be forked"),
        (
            "import subprocess; subprocess.run(['ls'])",
            "FileNotFoundError",
            "'ls'",
        ),
        (
            "import threading; threading.Thread(target=print).start()",
            "RuntimeError",
            "threads are not available",
        ),
        (
            "import socket; socket.create_connection(('localhost', 1))",
            "OSError",
            "network connections are not available",
        ),
        ("import numpy", "ModuleNotFoundError", "numpy"),
        (
            "import no_such_module",
            "ModuleNotFoundError",
            "No module named 'no_such_module'",
        ),
    ];
    for (code, name, words) in cases {
        let exception = raised(&context, code).await;
        assert_eq!(exception.name, name, "{code}: {}", exception.value);
        assert!(
            exception.value.contains(words),
            "{code}: {}",
            exception.value
        );
    }
}
