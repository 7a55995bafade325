//! Processes that Python starts, in cells and in programs.

use sandcell::command::ExitStatus;

use crate::python::sandbox;
use crate::support::{check as check_cell, finished, first, raised};
use crate::tools::{check, run};

/// Cells and their values.
const CELLS: &[(&str, &str)] = &[
    (
        "import subprocess, os, shutil\nsubprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout",
        "'hi\\n'",
    ),
    (
        "subprocess.check_output('echo a | cat', shell=True)",
        "b'a\\n'",
    ),
    ("subprocess.run(['exit', '7']).returncode", "7"),
    (
        "subprocess.run(['cat'], input=b'x' * 200000, capture_output=True).stdout == b'x' * 200000",
        "True",
    ),
    ("os.system('exit 3') >> 8", "3"),
    ("os.popen('echo p').read()", "'p\\n'"),
    ("shutil.which('cat')", "'/usr/bin/cat'"),
    ("os.getpid(), os.getppid()", "(1, 0)"),
    (
        "p = subprocess.Popen(['sleep', '1000']); p.poll(), p.terminate(), p.wait()",
        "(None, None, -15)",
    ),
    (
        "p = subprocess.Popen(['sleep', '1000']); os.kill(p.pid, 9); p.wait()",
        "-9",
    ),
    (
        "try:\n    subprocess.run(['sleep', '1000'], timeout=0.05)\nexcept subprocess.TimeoutExpired as e:\n    r = 'late'\nr",
        "'late'",
    ),
    (
        "try:\n    subprocess.run(['none-such'])\nexcept FileNotFoundError as e:\n    r = e.filename\nr",
        "'none-such'",
    ),
    (
        "try:\n    subprocess.run(['pwd'], cwd='/none')\nexcept FileNotFoundError as e:\n    r = e.filename\nr",
        "'/none'",
    ),
    (
        "subprocess.run(['pwd'], cwd='/tmp', capture_output=True, text=True).stdout",
        "'/tmp\\n'",
    ),
    (
        "subprocess.run(['env'], env={'A': 'b'}, capture_output=True, text=True).stdout",
        "'A=b\\nPWD=/home/user\\n'",
    ),
    ("subprocess.run(['abort']).returncode", "-6"),
    (
        "subprocess.run(['python', '-c', 'import os; print(os.getpid() > 1, os.getppid())'], capture_output=True, text=True).stdout",
        "'True 1\\n'",
    ),
    (
        "r, w = os.pipe(); os.write(w, b'ab'); os.close(w); x = os.read(r, 9), os.read(r, 9); os.close(r); x",
        "(b'ab', b'')",
    ),
    (
        "open('/tmp/s', 'w').write('echo s\\n'); os.chmod('/tmp/s', 0o755); subprocess.getoutput('/tmp/s')",
        "'s'",
    ),
    (
        "with open('/tmp/o', 'w') as f:\n    subprocess.run(['echo', 'f'], stdout=f)\nopen('/tmp/o').read()",
        "'f\\n'",
    ),
    (
        "with open('/tmp/o') as f:\n    r = subprocess.run(['cat'], stdin=f, capture_output=True).stdout\nr",
        "b'f\\n'",
    ),
    (
        "a = subprocess.Popen(['echo', 'q'], stdout=subprocess.PIPE)\nb = subprocess.Popen(['cat'], stdin=a.stdout, stdout=subprocess.PIPE)\na.stdout.close()\nb.communicate()[0]",
        "b'q\\n'",
    ),
    (
        "os.waitstatus_to_exitcode(os.spawnvp(os.P_WAIT, 'exit', ['exit', '4']) << 8)",
        "4",
    ),
    (
        "subprocess.run('echo e | cat', shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout",
        "b'e\\n'",
    ),
];

#[tokio::test]
async fn cells_start_processes() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    for &(code, value) in CELLS {
        check_cell(&context, code, value).await;
    }
    assert!(sandbox.processes().is_empty());
}

#[tokio::test]
async fn what_a_child_writes_is_the_cells_output() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    let report = finished(
        &context,
        "import subprocess, os\nprint('1')\nsubprocess.run(['echo', '2'])\nprint('3')\nos.system('echo 4')\nprint('5')\nsubprocess.run(['unknown'])\nNone",
    )
    .await;
    assert_eq!(report.stdout_text(), "1\n2\n3\n4\n5\n");
    assert_eq!(report.stderr_text(), "unknown: no such tool\n");
    // A child that lives on does not hold the cell, and writes to nobody then.
    let report = finished(&context, "p = subprocess.Popen(['yes']); None").await;
    assert!(report.stderr_text().is_empty());
    check_cell(&context, "p.poll(), p.kill(), p.wait()", "(None, None, -9)").await;
}

#[tokio::test]
async fn output_of_children_counts() {
    let sandbox = sandbox().await;
    let mut limits = sandbox.limits().clone();
    limits.output_bytes = 100_000;
    let context = first(&sandbox);
    drop((limits, context));
    let mut programs = crate::tools::programs();
    programs.add("nothing", crate::tools::module());
    let runtime = crate::tools::runtime_with(programs).await;
    let sandbox = runtime
        .sandbox()
        .output_bytes(100_000)
        .start()
        .await
        .unwrap();
    let execution = first(&sandbox)
        .execute("import subprocess; subprocess.run(['zeros', '1000000'])")
        .unwrap();
    let report = execution.report().await.unwrap();
    assert!(matches!(
        report.outcome.end,
        sandcell::End::Exhausted {
            limit: sandcell::Limit::Output,
            ..
        }
    ));
    assert!(report.stdout.len() <= 100_000);
}

#[tokio::test]
async fn shell_lines_and_magics() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    let report = finished(
        &context,
        "!echo hello\nx = !echo a\nword = 'w'\n!echo {word} $word\nprint(x)",
    )
    .await;
    assert_eq!(report.stdout_text(), "hello\nw w\n['a']\n");
    let report = finished(&context, "%%sh\necho one\necho two | cat").await;
    assert_eq!(report.stdout_text(), "one\ntwo\n");
    finished(&context, "%cd /tmp").await;
    check_cell(&context, "!!pwd", "['/tmp']").await;
    check_cell(&context, "!exit 4\n_exit_code", "4").await;
    let failed = raised(&context, "%%sh\nexit 3").await;
    assert_eq!(failed.name, "CalledProcessError");
    let report = finished(
        &context,
        "%%python\nimport sys\nprint(len(sys.stdin.read()) == 0)",
    )
    .await;
    assert_eq!(report.stdout_text(), "True\n");
    check_cell(
        &context,
        "y = !echo one two\ny.s, y.n, y.l",
        "('one two', 'one two', ['one two'])",
    )
    .await;
}

#[tokio::test]
async fn asyncio_subprocesses() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    check_cell(
        &context,
        "import asyncio\np = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)\n(await p.communicate(b'z' * 100000))[0] == b'z' * 100000, p.returncode",
        "(True, 0)",
    )
    .await;
    check_cell(
        &context,
        "async def one(n):\n    p = await asyncio.create_subprocess_shell(f'echo {n} | cat', stdout=asyncio.subprocess.PIPE)\n    return (await p.communicate())[0].decode().strip()\nawait asyncio.gather(*(one(n) for n in range(10)))",
        "['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']",
    )
    .await;
    check_cell(
        &context,
        "p = await asyncio.create_subprocess_exec('sleep', '1000')\np.kill()\nawait p.wait()",
        "-9",
    )
    .await;
}

#[tokio::test]
async fn programs_start_programs() {
    let sandbox = sandbox().await;
    let code = "import subprocess\nprint(subprocess.run(['python', '-c', 'print(5)'], capture_output=True).stdout)\nprint('before')\nimport sys\nsys.stdout.flush()\nsubprocess.run(['echo', 'child'])\nprint('after')";
    check(
        &sandbox,
        &["python", "-c", code],
        "b'5\\n'\nbefore\nchild\nafter\n",
    )
    .await;
    sandbox
        .files()
        .write(
            "/tmp/deep.py",
            "import subprocess, sys\nr = subprocess.run([sys.executable, __file__]).returncode\nsys.exit(r)\n",
        )
        .unwrap();
    let output = run(&sandbox, &["python", "/tmp/deep.py"]).await;
    assert_eq!(output.exit.status, ExitStatus::Code(1));
    assert!(
        output.stderr_text().contains("BlockingIOError"),
        "{}",
        output.stderr_text()
    );
    assert!(sandbox.processes().is_empty());
}
