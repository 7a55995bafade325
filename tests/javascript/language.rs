//! The language itself: small programs of the folder `language`, each in an interpreter of its own.
//!
//! A case begins with `=== its name`; behind `---` stands what it prints. Lines `@@ name` begin a file of the
//! sandbox, `@@ cell` the cell that uses them.

use sandcell::{Event, Sandbox};

use crate::guest::builder;
use crate::support::{events, start};

struct Case<'a> {
    name: &'a str,
    files: Vec<(&'a str, String)>,
    cell: String,
    printed: String,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut found: Vec<Case<'_>> = Vec::new();
    let mut printing = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            printing = false;
            found.push(Case {
                name,
                files: Vec::new(),
                cell: String::new(),
                printed: String::new(),
            });
            continue;
        }
        let case = found.last_mut().expect("a case begins with its name");
        let target = if line == "---" {
            printing = true;
            continue;
        } else if let Some(file) = line.strip_prefix("@@ ") {
            case.files.push((file, String::new()));
            continue;
        } else if printing {
            &mut case.printed
        } else {
            case.files
                .last_mut()
                .filter(|(name, _)| *name != "cell")
                .map_or(&mut case.cell, |(_, text)| text)
        };
        target.push_str(line);
        target.push('\n');
    }
    found
}

/// What the case prints, or how it ended.
async fn printed(sandbox: &Sandbox, case: &Case<'_>) -> String {
    for (name, text) in case.files.iter().filter(|(name, _)| *name != "cell") {
        let path = format!("/home/user/{name}");
        sandbox.files().write(&path, text).unwrap();
    }
    let context = sandbox.create_context().await.unwrap();
    let (seen, outcome) = events(&context, case.cell.as_str()).await;
    let mut text = String::new();
    for event in &seen {
        if let Event::Stdout(bytes) = event {
            text.push_str(&String::from_utf8_lossy(bytes));
        }
    }
    if !outcome.is_finished() {
        text += &outcome.end.to_string();
        text.push('\n');
    }
    sandbox.close_context(context.id()).unwrap();
    text
}

async fn check_all(text: &str, least: usize) {
    let sandbox = start(builder().await).await;
    let cases = cases(text);
    assert!(cases.len() >= least, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let found = printed(&sandbox, case).await;
        if found != case.printed {
            wrong.push(format!(
                "=== {}\n{found}--- expected\n{}",
                case.name, case.printed
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! language {
    ($($name:ident: $file:literal, $least:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            check_all(include_str!(concat!("language/", $file)), $least).await;
        }
    )*};
}

language! {
    classes: "classes.txt", 22;
    functions: "functions.txt", 20;
    promises_and_asynchronous_iteration: "async.txt", 18;
    patterns_operators_and_statements: "patterns.txt", 21;
    regular_expressions: "regexps.txt", 24;
    objects_and_collections: "objects.txt", 30;
    numbers_and_bytes: "numbers.txt", 18;
    internationalisation: "intl.txt", 10;
    modules: "modules.txt", 17;
    variables: "variables.txt", 4;
    strings: "strings.txt", 8;
}
