//! `sandcell mcp`, as the real clients start it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{check, node_with, python_with};

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/mcp")
        .join(folder)
}

fn by_command(mut command: Command) {
    check(
        command
            .env_remove("MCP_URL")
            .env("MCP_COMMAND", env!("CARGO_BIN_EXE_sandcell")),
    );
}

#[test]
fn the_python_clients() {
    for generation in ["one", "two"] {
        let folder = sources("python");
        let list = folder.join(format!("{generation}.txt"));
        let mut command = Command::new(python_with(&format!("mcp-{generation}"), &list));
        command.arg(folder.join("tools.py"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        by_command(command);
    }
}

#[test]
fn the_typescript_client() {
    by_command(node_with(
        "mcp-javascript",
        &sources("javascript"),
        "tools.mjs",
    ));
}

#[test]
fn nothing_but_the_protocol_goes_to_standard_output() {
    use std::io::Write as _;
    use std::process::Stdio;

    let mut child = Command::new(env!("CARGO_BIN_EXE_sandcell"))
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("its input");
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let prints = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run_code","arguments":{"code":"print('out')"}}}"#;
    writeln!(stdin, "{hello}\n{ready}\nno JSON\n{prints}").expect("written");
    let ended = {
        // Its input ends when both calls are answered.
        use std::io::{BufRead as _, BufReader};
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut answers = Vec::new();
        while answers.len() < 2 {
            let line = lines.next().expect("an answer").expect("text");
            let message: serde_json::Value = serde_json::from_str(&line).expect("only JSON");
            assert_eq!(message["jsonrpc"], "2.0");
            if message.get("result").is_some() {
                answers.push(message);
            }
        }
        drop(stdin);
        assert!(lines.next().is_none());
        child.wait().expect("it ends")
    };
    assert!(ended.success());
}
