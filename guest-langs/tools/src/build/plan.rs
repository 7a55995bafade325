//! The recipe: what each step runs, needs and depends on.

use sandcell_guest_build::{
    Definition, Environment, FETCH_COMPILER, File, Input, Keep, Parts, Plan, SHARED, Step,
    locked_crates, pinned_wheels,
};

use super::files;

/// The sources of the tools and of the libraries.
const FETCH: Step = Step::new("fetch-tools");
/// The libraries and the Unix below the tools.
const LIBRARIES: Step = Step::new("tools-libraries");
/// The commands taken from toybox.
const TOYBOX: Step = Step::new("toybox");
/// Our own programs, and the module of both.
const TOOLS: Step = Step::new("link-tools");
/// awk.
const AWK: Step = Step::new("awk");
/// jq.
const JQ: Step = Step::new("jq");
/// libgit2.
const GIT_LIBRARY: Step = Step::new("git-library");
/// git.
const GIT: Step = Step::new("git");
/// The licence texts of what is linked in.
const LICENCES: Step = Step::new("licences-tools");
/// The check of the modules, and the papers.
const ASSEMBLE: Step = Step::new("assemble-tools");

/// What most steps have in common.
const fn line(
    step: Step,
    script: &'static str,
    files: &'static [&'static str],
    kernel: &'static [File],
    needs: &'static [(&'static str, Step)],
    seconds: u64,
) -> Definition {
    Definition {
        step,
        script: Some(script),
        files,
        kernel,
        needs,
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds,
        archive: None,
    }
}

const COMPILER: (&str, Step) = ("compiler", FETCH_COMPILER.step);
const SOURCES: (&str, Step) = ("sources", FETCH);

const STEPS: &[Definition] = &[
    FETCH_COMPILER,
    Definition {
        tools: &["python3", "cargo"],
        environment: Environment::Callers,
        ..line(
            FETCH,
            "steps/fetch-tools.sh",
            &[
                "crates.lock",
                "crates.toml",
                "pack/patch.py",
                "pack/unpack.py",
                "sources.txt",
                "steps/debian.sh",
            ],
            &[],
            &[],
            15,
        )
    },
    line(
        LIBRARIES,
        "steps/tools-libraries.sh",
        &[
            "c/duplicate.c",
            "c/malloc.c",
            "steps/flags.sh",
            "steps/tools-flags.sh",
        ],
        files::UNIX,
        &[COMPILER, SOURCES],
        25,
    ),
    Definition {
        tools: &["python3"],
        ..line(
            TOYBOX,
            "steps/toybox.sh",
            &[
                "pack/toybox.py",
                "steps/flags.sh",
                "steps/tools-flags.sh",
                "toybox.txt",
            ],
            files::UNIX,
            &[COMPILER, SOURCES],
            15,
        )
    },
    line(
        TOOLS,
        "steps/link-tools.sh",
        &["steps/flags.sh", "steps/tools-flags.sh"],
        files::PROGRAMS,
        &[COMPILER, ("libraries", LIBRARIES), ("toybox", TOYBOX)],
        3,
    ),
    line(
        AWK,
        "steps/awk.sh",
        &["steps/flags.sh", "steps/tools-flags.sh"],
        files::UNIX,
        &[COMPILER, SOURCES, ("libraries", LIBRARIES)],
        5,
    ),
    line(
        JQ,
        "steps/jq.sh",
        &["sources.txt", "steps/flags.sh", "steps/tools-flags.sh"],
        files::UNIX,
        &[COMPILER, SOURCES, ("libraries", LIBRARIES)],
        10,
    ),
    line(
        GIT_LIBRARY,
        "steps/git-library.sh",
        &["steps/flags.sh", "steps/tools-flags.sh"],
        files::UNIX,
        &[COMPILER, SOURCES, ("libraries", LIBRARIES)],
        20,
    ),
    line(
        GIT,
        "steps/git.sh",
        &["steps/flags.sh", "steps/tools-flags.sh"],
        files::GIT,
        &[COMPILER, ("libraries", LIBRARIES), ("library", GIT_LIBRARY)],
        5,
    ),
    line(
        LICENCES,
        "steps/licences-tools.sh",
        &[],
        &[],
        &[COMPILER, SOURCES],
        1,
    ),
    Definition {
        script: None,
        ..line(
            ASSEMBLE,
            "",
            &[],
            &[],
            &[
                ("tools", TOOLS),
                ("awk", AWK),
                ("jq", JQ),
                ("git", GIT),
                ("licences", LICENCES),
            ],
            1,
        )
    },
];

/// The whole recipe.
pub(super) static PLAN: Plan = Plan {
    language: "tools",
    steps: STEPS,
    assemble: ASSEMBLE,
    parts: Parts {
        module: None,
        library: &[],
        programs: &[TOOLS, AWK, JQ, GIT],
        licences: &[LICENCES],
    },
    recipe: &[files::RECIPE, SHARED],
    // 2025-06-11, as in all guests.
    source_date_epoch: "1749600000",
    tools: &["cargo", "python3"],
    inputs,
};

/// All inputs, in a fixed order.
fn inputs() -> Vec<Input> {
    let mut inputs = packages(PLAN.text("sources.txt"));
    inputs.extend(pinned_wheels(PLAN.text("requirements-compiler.txt")));
    inputs.extend(locked_crates(
        PLAN.text("crates.toml"),
        PLAN.text("crates.lock"),
    ));
    inputs
}

/// Lines of package, version, file and SHA-256.
fn packages(list: &str) -> Vec<Input> {
    let package = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [name, version, _file, digest] if name != "#" => Some(Input {
                registry: "debian",
                name: name.to_owned(),
                version: version.to_owned(),
                sha256: vec![digest.to_owned()],
                integrity: None,
            }),
            _ => None,
        }
    };
    list.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_complete_and_ordered() {
        assert_eq!(PLAN.check(), Vec::<String>::new());
        assert_eq!(PLAN.all_towards(ASSEMBLE).len(), STEPS.len());
    }

    #[test]
    fn every_input_is_pinned_by_version_and_digest() {
        let inputs = inputs();
        for input in &inputs {
            assert!(!input.version.is_empty(), "{input:?}");
            assert!(!input.sha256.is_empty(), "{input:?}");
            for digest in &input.sha256 {
                assert_eq!(digest.len(), 64, "{input:?}");
            }
        }
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "toybox",
                "mawk",
                "jq",
                "libonig",
                "ziglang",
                "bzip2-sys",
                "libffi-sys",
                "libgit2-sys",
                "liblzma-sys",
                "libz-sys",
                "pcre2-sys"
            ]
        );
    }
}
