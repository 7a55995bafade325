//! The recipe: what each step runs, needs and depends on.

use sandcell_guest_build::{
    Definition, Environment, FETCH_COMPILER, Input, Keep, Parts, Plan, SHARED, Step, locked_crates,
    pinned_wheels,
};

use super::files;

/// Name of the archive of CPython's tests.
pub(super) const TESTS_ARCHIVE: &str = "test.zip";

/// The sources of the interpreter and the C libraries, the time zones.
const FETCH_SOURCES: Step = Step::new("fetch-sources");
/// A Python of the guest's version for this machine.
pub(super) const BUILD_PYTHON: Step = Step::new("build-python");
/// The C libraries for the guest.
pub(super) const C_LIBRARIES: Step = Step::new("c-libraries");
/// The interpreter's configure.
const CONFIGURE: Step = Step::new("configure");
/// The interpreter as a static library.
pub(super) const MAKE: Step = Step::new("make");
/// The kernel's C part and the link of the module.
const LINK: Step = Step::new("link");
/// The standard library, compiled.
pub(super) const STDLIB: Step = Step::new("stdlib");
/// The kernel's Python part, compiled.
pub(super) const LIBRARY: Step = Step::new("library");
/// The check of the module, the archive and the papers.
const ASSEMBLE: Step = Step::new("assemble");
/// The interpreter's own tests, on request only.
pub(super) const TESTS: Step = Step::new("tests");

pub(super) const STEPS: &[Definition] = &[
    FETCH_COMPILER,
    Definition {
        step: FETCH_SOURCES,
        script: Some("steps/fetch-sources.sh"),
        files: &[
            "c/ceval_objects.h",
            "c/free_ints.h",
            "crates.lock",
            "crates.toml",
            "interpreter.txt",
            "pack/patch.py",
            "pack/unpack.py",
            "requirements-library.txt",
            "steps/apt.sh",
            "steps/pip.sh",
        ],
        kernel: &[],
        needs: &[],
        tools: &["python3", "cargo"],
        environment: Environment::Callers,
        keep: Keep::UntilBuilt,
        seconds: 12,
        archive: None,
    },
    Definition {
        step: BUILD_PYTHON,
        script: Some("steps/build-python.sh"),
        files: &["interpreter.txt"],
        kernel: &[],
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
        ],
        tools: &["make"],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 35,
        archive: None,
    },
    Definition {
        step: C_LIBRARIES,
        script: Some("steps/c-libraries.sh"),
        files: &[
            "c/duplicate.c",
            "c/logarithm.c",
            "c/malloc.c",
            "c/one_process.h",
            "c/string.c",
            "steps/flags.sh",
        ],
        kernel: &[],
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 25,
        archive: None,
    },
    Definition {
        step: CONFIGURE,
        script: Some("steps/configure.sh"),
        files: &["config.site", "steps/flags.sh"],
        kernel: &[],
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
            ("native", BUILD_PYTHON),
            ("libraries", C_LIBRARIES),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::UntilBuilt,
        seconds: 40,
        archive: None,
    },
    Definition {
        step: MAKE,
        script: Some("steps/make.sh"),
        files: &[],
        kernel: &[],
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
            ("native", BUILD_PYTHON),
            ("libraries", C_LIBRARIES),
            ("build", CONFIGURE),
        ],
        tools: &["make"],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 45,
        archive: None,
    },
    Definition {
        step: LINK,
        script: Some("steps/link.sh"),
        files: &["steps/flags.sh"],
        kernel: files::KERNEL_C,
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("libraries", C_LIBRARIES),
            ("interpreter", MAKE),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 3,
        archive: None,
    },
    Definition {
        step: STDLIB,
        script: Some("steps/stdlib.sh"),
        files: &["pack/compile.py", "pack/stdlib.py", "steps/licences.sh"],
        kernel: &[],
        needs: &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
            ("native", BUILD_PYTHON),
            ("interpreter", MAKE),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 15,
        archive: None,
    },
    Definition {
        step: LIBRARY,
        script: Some("steps/library.sh"),
        files: &["pack/compile.py"],
        kernel: files::KERNEL_PYTHON,
        needs: &[("native", BUILD_PYTHON)],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 1,
        archive: None,
    },
    Definition {
        step: ASSEMBLE,
        script: None,
        files: &[],
        kernel: &[],
        needs: &[("module", LINK), ("stdlib", STDLIB), ("library", LIBRARY)],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 1,
        archive: None,
    },
    Definition {
        step: TESTS,
        script: Some("steps/tests.sh"),
        files: &[],
        kernel: &[],
        needs: &[("sources", FETCH_SOURCES)],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 2,
        archive: Some(TESTS_ARCHIVE),
    },
];

/// The whole recipe.
pub(super) static PLAN: Plan = Plan {
    language: "python",
    steps: STEPS,
    assemble: ASSEMBLE,
    parts: Parts {
        module: Some(LINK),
        library: &[STDLIB, LIBRARY],
        programs: &[],
        licences: &[STDLIB],
    },
    recipe: &[files::RECIPE, SHARED],
    // That of the interpreter's release.
    source_date_epoch: "1749600000",
    tools: &["cc", "make", "cargo", "python3"],
    inputs,
};

/// All inputs, in a fixed order.
fn inputs() -> Vec<Input> {
    let mut inputs = vec![interpreter(PLAN.text("interpreter.txt"))];
    inputs.extend(pinned_wheels(PLAN.text("requirements-compiler.txt")));
    inputs.extend(pinned_wheels(PLAN.text("requirements-library.txt")));
    inputs.extend(locked_crates(
        PLAN.text("crates.toml"),
        PLAN.text("crates.lock"),
    ));
    inputs
}

/// `key value` lines.
fn interpreter(text: &str) -> Input {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == key)
            .map_or(String::new(), |(_, value)| value.to_owned())
    };
    Input {
        registry: "debian",
        name: value("package"),
        version: value("version"),
        sha256: vec![value("sha256")],
        integrity: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_complete_and_ordered() {
        assert_eq!(PLAN.check(), Vec::<String>::new());
        // All but the tests.
        assert_eq!(PLAN.all_towards(ASSEMBLE).len(), STEPS.len() - 1);
    }

    #[test]
    fn every_input_is_pinned_by_version_and_digest() {
        let inputs = inputs();
        for input in &inputs {
            assert!(
                !input.name.is_empty() && !input.version.is_empty(),
                "{input:?}"
            );
            assert!(!input.sha256.is_empty(), "{input:?}");
            for digest in &input.sha256 {
                assert_eq!(digest.len(), 64, "{input:?}");
                assert!(
                    digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{input:?}"
                );
            }
        }
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "python3.13",
                "ziglang",
                "tzdata",
                "bzip2-sys",
                "libffi-sys",
                "liblzma-sys",
                "libsqlite3-sys",
                "libz-sys"
            ]
        );
    }

    #[test]
    fn the_lock_agrees_with_the_manifest() {
        for line in PLAN.text("crates.toml").lines() {
            if let Some((name, version)) = line.split_once(" = \"=") {
                let version = version.trim_end_matches('"');
                let input = inputs().into_iter().find(|input| input.name == name);
                let locked = input.unwrap().version;
                assert_eq!(locked.split('+').next(), Some(version), "{name}");
            }
        }
    }
}
