//! Every command line of the tables, run.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use sandcell::conformance::Program;

use super::lines::{Line, parse};
use super::{built, module_of, world};

fn lines() -> Vec<Line> {
    let mut all = Vec::new();
    for text in [
        include_str!("tables/files.txt"),
        include_str!("tables/text.txt"),
        include_str!("tables/other.txt"),
    ] {
        all.extend(parse(text));
    }
    let only = std::env::var("SANDCELL_TOOLS_ONLY").unwrap_or_default();
    all.retain(|line| only.is_empty() || line.words.first() == Some(&only));
    all
}

fn environment() -> Vec<(String, String)> {
    [
        ("HOME", "/home/user"),
        ("PWD", "/home/user"),
        ("USER", "user"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// What differs between what came and what must come.
fn difference(
    line: &Line,
    output: &str,
    status: Option<i32>,
    file: impl Fn(&str) -> String,
) -> Option<String> {
    let mut found = String::new();
    if output != line.output {
        found.push_str(&format!(
            "it printed\n{output}but should print\n{}",
            line.output
        ));
    }
    if status != Some(line.status) {
        found.push_str(&format!("it ended with {status:?}, not {}\n", line.status));
    }
    for (name, contents) in &line.files {
        let now = file(name);
        if now != *contents {
            found.push_str(&format!("{name} holds\n{now}but should hold\n{contents}"));
        }
    }
    (!found.is_empty()).then(|| format!("{}: {}\n{found}", line.number, line.command))
}

#[tokio::test]
async fn command_lines_do_what_they_say() {
    let tools = built();
    let mut modules = BTreeMap::new();
    let mut wrong = Vec::new();
    let lines = lines();
    for line in &lines {
        let name = line.words.first().unwrap();
        let module = module_of(name).unwrap_or_else(|| panic!("there is no {name}"));
        let program = modules.entry(module).or_insert_with(|| {
            let wasm = std::fs::read(tools.program(module)).unwrap();
            Program::compile(&wasm).unwrap()
        });
        let ended = program
            .run(&line.words, &environment(), world::tree())
            .await
            .unwrap();
        let mut output = String::from_utf8_lossy(&ended.output).into_owned();
        if let Some(trap) = &ended.trap {
            output.push_str(trap);
        }
        let file = |name: &str| world::contents(&ended.tree, name);
        wrong.extend(difference(line, &output, ended.status, file));
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong\n\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
}

/// The expectations themselves, held against this machine's tools when
/// `SANDCELL_GNU_TOOLS` is set: it must have GNU's.
#[test]
fn gnu_tools_agree_with_the_tables() {
    if std::env::var_os("SANDCELL_GNU_TOOLS").is_none() {
        eprintln!("not run: SANDCELL_GNU_TOOLS is not set");
        return;
    }
    let mut wrong = Vec::new();
    for line in lines().iter().filter(|line| line.like_gnu) {
        let folder = tempfile::TempDir::new().unwrap();
        world::lay(folder.path());
        let (name, arguments) = line.words.split_first().unwrap();
        let done = Command::new(name)
            .args(arguments)
            .current_dir(folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output();
        let Ok(done) = done else {
            eprintln!("not on this machine: {name}");
            continue;
        };
        let output = [done.stdout, done.stderr].concat();
        let file = |name: &str| {
            std::fs::read_to_string(folder.path().join(name))
                .unwrap_or_else(|error| error.to_string())
        };
        wrong.extend(difference(
            line,
            &String::from_utf8_lossy(&output),
            done.status.code(),
            file,
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
