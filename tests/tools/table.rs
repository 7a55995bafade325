//! Every command line of the tables, run.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::lines::{Line, parse};
use super::world;

/// All lines; those with a word that `SANDCELL_TOOLS_ONLY` names, when it is set.
fn lines() -> Vec<Line> {
    let texts = [
        include_str!("tables/files.txt"),
        include_str!("tables/text.txt"),
        include_str!("tables/search.txt"),
        include_str!("tables/data.txt"),
        include_str!("tables/packed.txt"),
        include_str!("tables/other.txt"),
    ];
    let mut all: Vec<Line> = texts.iter().flat_map(|text| parse(text)).collect();
    let only = std::env::var("SANDCELL_TOOLS_ONLY").unwrap_or_default();
    all.retain(|line| only.is_empty() || line.command.split(' ').any(|word| word == only));
    all
}

/// What differs between what came and what must come.
fn difference(
    line: &Line,
    output: &str,
    status: i32,
    file: impl Fn(&str) -> String,
) -> Option<String> {
    let mut found = String::new();
    if output != line.output {
        let wanted = &line.output;
        write!(found, "it printed\n{output}but should print\n{wanted}").unwrap();
    }
    if status != line.status {
        writeln!(found, "it ended with {status}, not {}", line.status).unwrap();
    }
    for (name, contents) in &line.files {
        let now = file(name);
        if now != *contents {
            write!(found, "{name} holds\n{now}but should hold\n{contents}").unwrap();
        }
    }
    (!found.is_empty()).then(|| format!("{}: {}\n{found}", line.number, line.command))
}

#[tokio::test]
async fn command_lines_do_what_they_say() {
    let mut wrong = Vec::new();
    let lines = lines();
    for line in &lines {
        let sandbox = world::sandbox().await;
        let done = world::run(&sandbox, &line.command).await;
        let file = |name: &str| world::contents(&sandbox, name);
        wrong.extend(difference(
            line,
            &done.output,
            done.status.shell_code().into(),
            file,
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong\n\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
    let whole = std::env::var_os("SANDCELL_TOOLS_ONLY").is_none();
    assert!(!whole || lines.len() >= 150, "{} lines", lines.len());
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
        world::lay_on_host(folder.path());
        let done = Command::new("sh")
            .args(["-c", &line.command])
            .current_dir(folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if done.status.code() == Some(127) {
            eprintln!("not on this machine: {}", line.command);
            continue;
        }
        let output = [done.stdout, done.stderr].concat();
        let file = |name: &str| {
            std::fs::read_to_string(folder.path().join(name))
                .unwrap_or_else(|error| error.to_string())
        };
        let output = String::from_utf8_lossy(&output);
        let status = done.status.code().unwrap_or(-1);
        wrong.extend(difference(line, &output, status, file));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
