//! Node as a program, and the processes that it starts.

use sandcell::command::{CommandEvent, ExitStatus, Input, InterpreterProgram};
use sandcell::{Cache, Sandbox};

use crate::tools::{check, finish, programs, run, runtime_with};

async fn sandbox() -> Sandbox {
    let cache = Cache::of_user().expect("a cache");
    let javascript = sandcell_javascript::JavaScript::default();
    cache.ensure(&javascript, &mut ()).await.expect("the image");
    let mut programs = programs();
    let node = InterpreterProgram::of_image("javascript");
    programs.add("node", node.clone());
    programs.add("tsx", node);
    runtime_with(programs)
        .await
        .sandbox()
        .start()
        .await
        .expect("a sandbox")
}

#[tokio::test]
async fn code_files_and_standard_input() {
    let sandbox = sandbox().await;
    check(&sandbox, &["node", "-e", "console.log(1)"], "1\n").await;
    check(&sandbox, &["node", "-p", "1 + 1"], "2\n").await;
    check(&sandbox, &["node", "-p", "({ a: [1] })"], "{ a: [ 1 ] }\n").await;
    check(
        &sandbox,
        &["node", "-e", "console.log(process.argv.slice(1))", "a", "b"],
        "[ 'a', 'b' ]\n",
    )
    .await;
    check(&sandbox, &["node", "-v"], "v22.0.0\n").await;
    let files = sandbox.files();
    files.write("/tmp/main.js", "const { v } = require('./other.cjs');\nconsole.log(v, require.main === module, __filename, process.argv[1], process.argv[2]);\nsetTimeout(() => console.log('later'), 1);\n").unwrap();
    files.write("/tmp/other.cjs", "exports.v = 7;\n").unwrap();
    files.write("/tmp/main.mjs", "import { readFileSync } from 'node:fs';\nimport { v } from './other.cjs';\nconsole.log(v, import.meta.url, readFileSync('/tmp/other.cjs', 'utf8').length);\nawait 1;\n").unwrap();
    files
        .write(
            "/tmp/main.ts",
            "interface A { a: number }\nconst a: A = { a: 1 };\nconsole.log(a.a as number);\n",
        )
        .unwrap();
    check(
        &sandbox,
        &["node", "/tmp/main.js", "x"],
        "7 true /tmp/main.js /tmp/main.js x\nlater\n",
    )
    .await;
    check(
        &sandbox,
        &["node", "/tmp/main.mjs"],
        "7 file:///tmp/main.mjs 15\n",
    )
    .await;
    check(&sandbox, &["tsx", "/tmp/main.ts"], "1\n").await;
    let relative = sandbox.command(["node", "main.js"]).cwd("/tmp");
    assert!(finish(relative).await.stdout_text().starts_with("7 true"));
    let piped = sandbox
        .command(["node"])
        .stdin(Input::Bytes("console.log('in')".into()));
    assert_eq!(finish(piped).await.stdout_text(), "in\n");
    let environment = "console.log(process.env.X, process.cwd(), typeof display, process.pid > 1)";
    let command = sandbox
        .command(["node", "-e", environment])
        .env("X", "y")
        .cwd("/tmp");
    assert_eq!(
        finish(command).await.stdout_text(),
        "y /tmp undefined true\n"
    );
}

#[tokio::test]
async fn exit_codes() {
    let sandbox = sandbox().await;
    for (code, status, error) in [
        ("", 0, ""),
        ("process.exit(3)", 3, ""),
        ("try { process.exit(4) } catch {}", 4, ""),
        ("process.exitCode = 5", 5, ""),
        (
            "setTimeout(() => process.exit(6), 1); setInterval(() => {}, 1000)",
            6,
            "",
        ),
        ("throw new TypeError('bad')", 1, "TypeError: bad"),
        ("Promise.reject(new Error('lost'))", 1, "Error: lost"),
        (
            "process.on('exit', (code) => { process.exitCode = code + 7 })",
            7,
            "",
        ),
        ("1 +", 1, "SyntaxError"),
    ] {
        let output = run(&sandbox, &["node", "-e", code]).await;
        assert_eq!(
            output.exit.status,
            ExitStatus::Code(status),
            "{code}: {}",
            output.stderr_text()
        );
        assert!(
            output.stderr_text().contains(error),
            "{code}: {}",
            output.stderr_text()
        );
    }
    let missing = run(&sandbox, &["node", "/tmp/none.js"]).await;
    assert_eq!(missing.exit.status, ExitStatus::Code(1));
    assert!(
        missing
            .stderr_text()
            .contains("Cannot find module '/tmp/none.js'")
    );
    let bad = run(&sandbox, &["node", "--no_such=1", "-Z"]).await;
    assert_eq!(bad.exit.status, ExitStatus::Code(9));
}

#[tokio::test]
async fn standard_input_is_a_stream() {
    let sandbox = sandbox().await;
    let code = "process.stdin.setEncoding('utf8'); process.stdin.on('data', (d) => console.log(d.trim().toUpperCase())); process.stdin.on('end', () => console.log('end'))";
    let mut command = sandbox
        .command(["node", "-e", code])
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
    let all = "for await (const chunk of process.stdin) process.stdout.write(chunk)";
    let bytes: Vec<u8> = (0..=255).collect();
    let command = sandbox
        .command(["node", "-e", all])
        .stdin(Input::Bytes(bytes.clone().into()));
    assert_eq!(finish(command).await.stdout, bytes);
    let sync = "console.log(require('fs').readFileSync(0, 'utf8').length)";
    let command = sandbox
        .command(["node", "-e", sync])
        .stdin(Input::Bytes("abc".into()));
    assert_eq!(finish(command).await.stdout_text(), "3\n");
}

/// Code behind `cp`, and what it prints.
const PROGRAMS: &[(&str, &str)] = &[
    ("console.log(cp.execSync('echo hi').toString())", "hi\n\n"),
    (
        "console.log(cp.execFileSync('echo', ['a'], { encoding: 'utf8' }).trim())",
        "a\n",
    ),
    (
        "const r = cp.spawnSync('exit', ['3']); console.log(r.status, r.signal)",
        "3 null\n",
    ),
    (
        "console.log(cp.spawnSync('cat', { input: 'x'.repeat(200000) }).stdout.length)",
        "200000\n",
    ),
    (
        "console.log(cp.spawnSync('none-such').error.code)",
        "ENOENT\n",
    ),
    (
        "const r = cp.spawnSync('sleep', ['1000'], { timeout: 20 }); console.log(r.signal, r.error.code)",
        "SIGTERM ETIMEDOUT\n",
    ),
    (
        "try { cp.execSync('exit 4', { stdio: 'pipe' }) } catch (e) { console.log(e.status) }",
        "4\n",
    ),
    (
        "cp.exec('echo b | cat', (e, out, err) => console.log(e, out, err))",
        "null b\n \n",
    ),
    ("cp.exec('exit 5', (e) => console.log(e.code))", "5\n"),
    (
        "cp.execFile('none-such', (e) => console.log(e.code))",
        "ENOENT\n",
    ),
    (
        "const c = cp.spawn('cat'); c.stdout.on('data', (d) => console.log(`${d}`)); c.on('close', (n, s) => console.log(n, s)); c.stdin.end('w')",
        "w\n0 null\n",
    ),
    (
        "const c = cp.spawn('sleep', ['1000']); c.on('exit', (n, s) => console.log(n, s)); console.log(c.kill())",
        "true\nnull SIGTERM\n",
    ),
    (
        "cp.spawn('echo', ['inherited'], { stdio: 'inherit' }).on('close', () => console.log('after'))",
        "inherited\nafter\n",
    ),
    (
        "const { stdout } = await require('util').promisify(cp.exec)('echo p'); console.log(stdout)",
        "p\n\n",
    ),
    (
        "try { cp.fork('x') } catch (e) { console.log(e.code) }",
        "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM\n",
    ),
    (
        "console.log(cp.execFileSync('node', ['-p', '6 * 7']).toString())",
        "42\n\n",
    ),
    (
        "cp.spawn('none-such').on('error', (e) => console.log(e.message))",
        "spawn none-such ENOENT\n",
    ),
    (
        "cp.exec('pwd', { cwd: '/tmp', env: { A: 'b' } }, (e, out) => console.log(out.trim()))",
        "/tmp\n",
    ),
];

#[tokio::test]
async fn programs_start_programs() {
    let sandbox = sandbox().await;
    for &(code, expected) in PROGRAMS {
        let code = format!("const cp = require('child_process'); {code}");
        let output = run(&sandbox, &["node", "-e", &code]).await;
        assert_eq!(
            output.stdout_text(),
            expected,
            "{code}: {}",
            output.stderr_text()
        );
        assert_eq!(
            output.exit.status,
            ExitStatus::SUCCESS,
            "{code}: {}",
            output.stderr_text()
        );
    }
    assert!(sandbox.processes().is_empty());
}
