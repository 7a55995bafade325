//! What a run may be given: environment, folder, arguments, standard input.

use std::collections::BTreeMap;

use crate::support::{builder, check, context, finished, first, raised, run, start};
use sandcell::{End, RunCode};

#[tokio::test]
async fn environment_variables_of_a_run_are_set_and_then_as_before() {
    let sandbox = start(builder().await.env("KEPT", "sandbox")).await;
    let context = first(&sandbox);
    finished(
        &context,
        "import os\ndef both(): return os.environ.get('KEPT'), os.environ.get('NEW')",
    )
    .await;
    let cell = RunCode::new("both()").env("KEPT", "run").env("NEW", "ü=1 ");
    check(&context, cell, "('run', 'ü=1 ')").await;
    check(&context, "both()", "('sandbox', None)").await;
    let variables = BTreeMap::from([("NEW".to_owned(), String::new())]);
    check(
        &context,
        RunCode::new("both()").envs(variables),
        "('sandbox', '')",
    )
    .await;
    let cell = RunCode::new("os.environ['KEPT'] = 'changed'; os.environ['OWN'] = '1'; 1 / 0")
        .env("KEPT", "run");
    assert_eq!(raised(&context, cell).await.name, "ZeroDivisionError");
    check(
        &context,
        "both(), os.environ['OWN']",
        "(('sandbox', None), '1')",
    )
    .await;
}

#[tokio::test]
async fn the_environment_is_small_and_the_same_everywhere() {
    let context = context().await;
    let expected = "[('HOME', '/home/user'), ('LANG', 'C.UTF-8'), ('PATH', '/usr/local/bin:/usr/bin:/bin'), ('TZ', 'UTC'), ('USER', 'user')]";
    let report = finished(&context, "import os; print(sorted(os.environ.items()))").await;
    assert_eq!(report.stdout_text().trim_end(), expected);
}

#[tokio::test]
async fn names_of_variables_that_cannot_be_are_an_error_of_the_cell() {
    let context = context().await;
    for name in ["", "A=B", "A\0"] {
        let report = run(&context, RunCode::new("1").env(name, "x")).await;
        let End::Raised(exception) = &report.outcome.end else {
            panic!("{name:?}: {}", report.outcome.end)
        };
        assert_eq!(exception.name, "OptionsError", "{name:?}");
    }
    check(&context, "2", "2").await;
}

#[tokio::test]
async fn a_run_has_its_folder_and_arguments() {
    let context = context().await;
    check(
        &context,
        "import os, sys; os.getcwd(), sys.argv",
        "('/home/user', [''])",
    )
    .await;
    check(&context, RunCode::new("os.getcwd()").cwd("/tmp"), "'/tmp'").await;
    let arguments = vec!["prog.py".to_owned(), "--flag".to_owned(), "ü".to_owned()];
    check(
        &context,
        RunCode::new("sys.argv").argv(arguments),
        "['prog.py', '--flag', 'ü']",
    )
    .await;
    check(&context, "sys.argv", "['']").await;
    let report = run(&context, RunCode::new("1").cwd("/no/such/folder")).await;
    let End::Raised(exception) = &report.outcome.end else {
        panic!("{}", report.outcome.end)
    };
    assert_eq!(exception.name, "FileNotFoundError");
    check(&context, "'alive'", "'alive'").await;
}

#[tokio::test]
async fn input_reads_what_the_run_was_given() {
    let context = context().await;
    let cell =
        RunCode::new("name = input('who? ')\nage = int(input())\nname, age").stdin("Ada\n36\n");
    let report = finished(&context, cell).await;
    assert_eq!(
        (report.text(), report.stdout_text().as_str()),
        (Some("('Ada', 36)"), "who? ")
    );
    let end = raised(
        &context,
        RunCode::new("input(); input()").stdin("one line\n"),
    )
    .await;
    assert_eq!(end.name, "EOFError");
    let cell = RunCode::new("import sys; sys.stdin.read(), sys.stdin.read()").stdin("rest\nof it");
    check(&context, cell, "('rest\\nof it', '')").await;
    let cell = RunCode::new("sys.stdin.buffer.read()").stdin(&b"\x00\xff\n"[..]);
    check(&context, cell, "b'\\x00\\xff\\n'").await;
    let cell = RunCode::new("[line for line in sys.stdin]").stdin("a\nb\n");
    check(&context, cell, "['a\\n', 'b\\n']").await;
    check(
        &context,
        RunCode::new("import os; os.read(0, 10)").stdin("raw"),
        "b'raw'",
    )
    .await;
}

#[tokio::test]
async fn large_standard_input_is_data() {
    let context = context().await;
    let data: Vec<u8> = (0..8 << 20).map(|n: u32| n.to_le_bytes()[0]).collect();
    let code = "import sys, hashlib; data = sys.stdin.buffer.read(); len(data), data == bytes(range(256)) * (len(data) // 256)";
    check(&context, RunCode::new(code).stdin(data), "(8388608, True)").await;
}

#[tokio::test]
async fn input_without_standard_input_raises() {
    let context = context().await;
    let exception = raised(&context, "input('anybody?')").await;
    assert_eq!(exception.name, "StdinNotImplementedError");
    check(&context, RunCode::new("input()").stdin("x\n"), "'x'").await;
    assert_eq!(
        raised(&context, "input()").await.name,
        "StdinNotImplementedError"
    );
    check(&context, "import sys; sys.stdin.read()", "''").await;
}
