//! Which tools there are.

use crate::build::{OWN_PROGRAMS, TOYBOX_COMMANDS};

/// A tool: the name it is called by, and the module that does it.
///
/// The module gets the name as its first argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// What scripts call it, such as `ls`.
    pub name: String,
    /// Name of the module, as
    /// [`BuiltGuest::program`](crate::build::BuiltGuest::program) takes it.
    pub module: &'static str,
}

/// Modules with one program each, and further names of it.
const SINGLE: &[(&str, &[&str])] = &[
    ("awk", &["awk", "mawk"]),
    ("jq", &["jq"]),
    ("git", &["git"]),
];

/// The module of all others.
const SHARED: &str = "tools";

/// All tools, sorted by name.
#[must_use]
pub fn programs() -> Vec<Program> {
    let single = SINGLE.iter().flat_map(|(module, names)| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .map(move |name| (name, *module))
    });
    let own = OWN_PROGRAMS
        .lines()
        .filter_map(|line| line.strip_prefix("PROGRAM(\"")?.split_once('"'))
        .map(|(name, _)| name.to_owned());
    let taken = TOYBOX_COMMANDS
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("options "))
        .flat_map(str::split_whitespace)
        .map(str::to_lowercase);
    // `[` is test's other name.
    let shared = own
        .chain(taken)
        .chain(["[".to_owned()])
        .map(|name| (name, SHARED));
    let mut programs: Vec<Program> = single
        .chain(shared)
        .map(|(name, module)| Program { name, module })
        .collect();
    programs.sort();
    programs.dedup();
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let programs = programs();
        assert!(programs.len() > 100, "{}", programs.len());
        for pair in programs.windows(2) {
            assert_ne!(pair[0].name, pair[1].name);
        }
        for (name, module) in [
            ("ls", "tools"),
            ("[", "tools"),
            ("nproc", "tools"),
            ("awk", "awk"),
            ("jq", "jq"),
            ("git", "git"),
        ] {
            let found = programs.iter().find(|program| program.name == name);
            assert_eq!(found.map(|program| program.module), Some(module), "{name}");
        }
        assert!(
            !programs
                .iter()
                .any(|program| program.name.contains("toybox"))
        );
    }
}
