//! Programs and cells in JavaScript and TypeScript.

use std::io::Write;

use crate::support::{example, run, run_with};

fn program(ending: &str, text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_ending_of_a_file_chooses_the_language() {
    let ended = run(&[example("hello.ts").to_str().unwrap()]).exits(0);
    assert_eq!(
        ended.text(),
        "Hello from TypeScript! Hello from TypeScript!\nMap(3) { 1 => 1, 2 => 4, 3 => 9 }\n"
    );
    for (ending, text) in [
        (".js", "process.argv.slice(2)"),
        (
            ".mjs",
            "import process from 'node:process'; process.argv.slice(2)",
        ),
        (".cjs", "const { argv } = require('process'); argv.slice(2)"),
        (
            ".ts",
            "const words: string[] = process.argv.slice(2); words",
        ),
    ] {
        let file = program(ending, text);
        run(&[file.path().to_str().unwrap(), "a", "-b"])
            .exits(0)
            .prints("[ 'a', '-b' ]\n");
    }
}

#[test]
fn code_and_standard_input_by_the_name_of_the_language() {
    run(&["--lang", "js", "-c", "[1, 2].map((n) => n * 2)"])
        .exits(0)
        .prints("[ 2, 4 ]\n");
    run(&["--lang", "ts", "-c", "const n: number = 1; n"])
        .exits(0)
        .prints("1\n");
    run(&["--image", "javascript", "-c", "typeof process"])
        .exits(0)
        .prints("'object'\n");
    run_with(
        &[
            "--lang",
            "js",
            "-c",
            "require('fs').readFileSync(0, 'utf8')",
        ],
        b"data",
    )
    .exits(0)
    .prints("'data'\n");
    run(&["--lang", "cobol", "-c", "1"])
        .exits(2)
        .says("no such language");
}

#[test]
fn an_error_is_told_as_node_tells_it() {
    let file = program(
        ".js",
        "function f() {\n  throw new RangeError('bad')\n}\nf()",
    );
    let path = file.path().to_str().unwrap();
    let name = format!("at f ({path}:2:");
    run(&[path]).exits(1).says("RangeError: bad").says(&name);
}
