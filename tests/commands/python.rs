//! Python as a program.

use sandcell::Sandbox;
use sandcell::command::{CommandEvent, ExitStatus, Input, InterpreterProgram, Signal};

use crate::tools::{check, finish, programs, run, runtime_with};

pub(crate) async fn sandbox() -> Sandbox {
    let mut programs = programs();
    let python = InterpreterProgram::of_image("python");
    programs.add("python", python.clone());
    programs.add("python3", python);
    let runtime = runtime_with(programs).await;
    runtime.sandbox().start().await.expect("a sandbox")
}

#[tokio::test]
async fn code_modules_scripts_and_standard_input() {
    let sandbox = sandbox().await;
    check(&sandbox, &["python", "-c", "print(1)"], "1\n").await;
    check(
        &sandbox,
        &["python3", "-c", "import sys; print(sys.argv)", "a", "-b"],
        "['-c', 'a', '-b']\n",
    )
    .await;
    check(&sandbox, &["python", "-V"], "Python 3.13.5\n").await;
    let files = sandbox.files();
    files
        .write(
            "/tmp/main.py",
            "import sys, other\nprint(__name__, sys.argv, other.value, __file__)\n",
        )
        .unwrap();
    files.write("/tmp/other.py", "value = 7\n").unwrap();
    check(
        &sandbox,
        &["python", "/tmp/main.py", "x"],
        "__main__ ['/tmp/main.py', 'x'] 7 /tmp/main.py\n",
    )
    .await;
    let module = sandbox.command(["python", "-m", "main", "y"]).cwd("/tmp");
    assert_eq!(
        finish(module).await.stdout_text(),
        "__main__ ['/tmp/main.py', 'y'] 7 /tmp/main.py\n"
    );
    let piped = sandbox
        .command(["python", "-", "z"])
        .stdin(Input::Bytes("import sys\nprint(sys.argv)".into()));
    assert_eq!(finish(piped).await.stdout_text(), "['-', 'z']\n");
    let piped = sandbox
        .command(["python"])
        .stdin(Input::Bytes("print('in')".into()));
    assert_eq!(finish(piped).await.stdout_text(), "in\n");
    files
        .write("/tmp/script", "#!/usr/bin/env python3\nprint('script')\n")
        .unwrap();
    files.set_mode("/tmp/script", 0o755).unwrap();
    check(&sandbox, &["/tmp/script"], "script\n").await;
    check(
        &sandbox,
        &["python", "-m", "json.tool", "--help"],
        &run(&sandbox, &["python", "-m", "json.tool", "-h"])
            .await
            .stdout_text(),
    )
    .await;
}

#[tokio::test]
async fn exit_codes_are_those_of_cpython() {
    let sandbox = sandbox().await;
    for (code, status, error) in [
        ("", 0, ""),
        ("raise SystemExit", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit(256 + 4)", 4, ""),
        ("import sys; sys.exit('words')", 1, "words\n"),
        ("exit(5)", 5, ""),
        ("import os; os._exit(200)", 200, ""),
        (
            "1 +",
            1,
            "  File \"<string>\", line 1\n    1 +\n       ^\nSyntaxError: invalid syntax\n",
        ),
        (
            "1/0",
            1,
            "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n    1/0\n    ~^~\nZeroDivisionError: division by zero\n",
        ),
    ] {
        let output = run(&sandbox, &["python", "-c", code]).await;
        assert_eq!(output.exit.status, ExitStatus::Code(status), "{code}");
        assert_eq!(output.stderr_text(), error, "{code}");
    }
    let missing = run(&sandbox, &["python", "/tmp/none.py"]).await;
    assert_eq!(missing.exit.status, ExitStatus::Code(2));
    assert!(
        missing
            .stderr_text()
            .contains("can't open file '/tmp/none.py'")
    );
    let unknown = run(&sandbox, &["python", "-Z"]).await;
    assert_eq!(unknown.exit.status, ExitStatus::Code(2));
    let module = run(&sandbox, &["python", "-m", "none_such"]).await;
    assert_eq!(module.exit.status, ExitStatus::Code(1));
    assert_eq!(
        module.stderr_text(),
        "/usr/bin/python3: No module named none_such\n"
    );
}

#[tokio::test]
async fn standard_input_is_a_stream() {
    let sandbox = sandbox().await;
    let code = "import sys\nfor line in sys.stdin:\n    print(line.strip().upper(), flush=True)\nprint('end')";
    let mut command = sandbox
        .command(["python", "-c", code])
        .stdin(Input::Pipe)
        .start()
        .unwrap();
    for (word, loud) in [("one", "ONE\n"), ("two", "TWO\n")] {
        command
            .write_stdin(format!("{word}\n").as_bytes())
            .await
            .unwrap();
        assert_eq!(
            command.next().await,
            Some(CommandEvent::Stdout(loud.into()))
        );
    }
    command.close_stdin();
    assert_eq!(command.output(99).await.unwrap().stdout_text(), "end\n");
    let asks = sandbox.command(["python", "-c", "print(input('? '), input())"]);
    let answered = finish(asks.stdin(Input::Bytes("a\nb\n".into()))).await;
    assert_eq!(answered.stdout_text(), "? a b\n");
    let binary = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])";
    let command = sandbox
        .command(["python", "-c", binary])
        .stdin(Input::Bytes(vec![0, 255, 10].into()));
    assert_eq!(&finish(command).await.stdout[..], [10, 255, 0]);
}

#[tokio::test]
async fn a_program_is_no_cell() {
    let sandbox = sandbox().await;
    let code = "import sys, os\nprint(sorted(globals())[:3], 'get_ipython' in dir(__builtins__), os.getcwd(), os.environ['X'], 'Out' in globals())\n1 + 1\nimport asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\nprint(asyncio.run(f()))";
    let command = sandbox
        .command(["python", "-c", code])
        .cwd("/tmp")
        .env("X", "y");
    let output = finish(command).await;
    assert_eq!(output.stderr_text(), "");
    assert_eq!(
        output.stdout_text(),
        "['__builtins__', '__doc__', '__loader__'] False /tmp y False\n5\n"
    );
    let order = "import sys\nprint('a')\nsys.stdout.flush()\nimport atexit\natexit.register(lambda: print('at exit'))\nprint('b')";
    check(&sandbox, &["python", "-c", order], "a\nb\nat exit\n").await;
}

#[tokio::test]
async fn signals_reach_a_program() {
    let sandbox = sandbox().await;
    let code = "print('ready', flush=True)\ntry:\n    while True: pass\nexcept KeyboardInterrupt:\n    print('interrupted', flush=True)\nwhile True: pass";
    let mut command = sandbox.command(["python", "-c", code]).start().unwrap();
    assert_eq!(
        command.next().await,
        Some(CommandEvent::Stdout("ready\n".into()))
    );
    command.signal(Signal::INT);
    assert_eq!(
        command.next().await,
        Some(CommandEvent::Stdout("interrupted\n".into()))
    );
    command.signal(Signal::INT);
    let output = command.output(9999).await.unwrap();
    assert_eq!(output.exit.status, ExitStatus::Signal(Signal::INT));
    assert!(output.stderr_text().ends_with("KeyboardInterrupt\n"));
    let sleeping = sandbox
        .command(["python", "-c", "import time; time.sleep(1000)"])
        .start()
        .unwrap();
    sleeping.signal(Signal::TERM);
    assert_eq!(
        sleeping.wait().await.unwrap().status,
        ExitStatus::Signal(Signal::TERM)
    );
}

#[tokio::test]
async fn a_broken_pipe_is_an_error_in_it() {
    let sandbox = sandbox().await;
    let code = "print('x\\n' * 1000000)";
    let (reader, writer) = sandcell::stream::pipe();
    drop(reader);
    let command = sandbox
        .command(["python", "-c", code])
        .descriptor(1, writer);
    let output = finish(command).await;
    assert_eq!(output.exit.status, ExitStatus::Code(1));
    assert!(
        output.stderr_text().contains("BrokenPipeError"),
        "{}",
        output.stderr_text()
    );
}
