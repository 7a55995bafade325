//! Wrong usage is told in a way that helps.

use crate::support::sandcell;

#[track_caller]
fn refused(words: &[&str], message: &str) {
    let ended = sandcell(words).exits(2).prints("");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
    ended.says(message);
}

#[test]
fn options_that_are_not_there_are_refused() {
    refused(
        &["run", "--colour", "x.py"],
        "unexpected argument '--colour'",
    );
    refused(&["fly"], "unrecognized subcommand 'fly'");
    refused(&["run"], "FILE");
}

#[test]
fn values_that_mean_nothing_are_refused() {
    refused(
        &["run", "--memory", "lots", "x.py"],
        "it does not start with a number",
    );
    refused(
        &["run", "--memory", "5 apples", "x.py"],
        "`apples` is no unit",
    );
    refused(
        &["run", "--timeout", "5 days", "x.py"],
        "`days` is no unit of time",
    );
    refused(&["run", "--fuel=-1", "x.py"], "--fuel");
    refused(&["run", "--seed", "x", "x.py"], "--seed");
    refused(&["run", "--env", "=1", "-c", "1"], "has no name");
    refused(&["image", "build", "python", "--jobs", "0"], "--jobs");
}

#[test]
fn settings_without_effect_are_refused() {
    refused(
        &["run", "--json", "--raw", "-c", "1"],
        "cannot be used with",
    );
}

#[test]
fn code_in_place_of_a_file_gets_a_hint() {
    refused(
        &["run", "print(1)"],
        "hint: `sandcell run -c CODE` runs code",
    );
}

#[test]
fn without_words_there_is_help() {
    let ended = sandcell(&[]).exits(2).says("Usage: sandcell");
    for command in ["run", "repl", "image", "doctor"] {
        assert!(ended.stderr.contains(command), "{ended:?}");
    }
}

#[test]
fn help_has_examples_and_version_a_number() {
    for words in [
        &["--help"][..],
        &["run", "--help"],
        &["repl", "--help"],
        &["image", "--help"],
    ] {
        let ended = sandcell(words).exits(0);
        assert!(ended.text().contains("Examples:\n  sandcell "), "{ended:?}");
    }
    let version = format!("sandcell {}\n", env!("CARGO_PKG_VERSION"));
    sandcell(&["--version"]).exits(0).prints(&version);
}
