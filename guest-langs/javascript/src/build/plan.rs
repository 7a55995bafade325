//! The recipe: what each step runs, needs and depends on.

use sandcell_guest_build::{
    Definition, Environment, FETCH_COMPILER, File, Input, Keep, Parts, Plan, SHARED, Step,
    locked_crates, locked_packages, pinned_wheels,
};

use super::files;

/// The sources of the engine and of the allocator.
const FETCH_SOURCES: Step = Step::new("fetch-quickjs");
/// The npm packages that go into the guest, and the bundler.
const FETCH_PACKAGES: Step = Step::new("fetch-packages");
/// The engine, compiled.
const ENGINE: Step = Step::new("engine");
/// The kernel's C part and the link of the module.
const LINK: Step = Step::new("link-javascript");
/// The kernel's JavaScript part with its packages, as one script.
const BUNDLE: Step = Step::new("bundle");
/// The licence texts of what is linked in.
const LICENCES: Step = Step::new("licences-javascript");
/// The unpatched engine for this machine, as the program `run-script`: what the guest's
/// speed is measured against. No guest needs it.
pub const NATIVE: Step = Step::new("native-javascript");
/// The check of the module, the archive and the papers.
const ASSEMBLE: Step = Step::new("assemble-javascript");

/// What most steps have in common.
const fn line(
    step: Step,
    script: &'static str,
    files: &'static [&'static str],
    needs: &'static [(&'static str, Step)],
    seconds: u64,
) -> Definition {
    Definition {
        step,
        script: Some(script),
        files,
        kernel: &[] as &[File],
        needs,
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds,
        archive: None,
    }
}

const STEPS: &[Definition] = &[
    FETCH_COMPILER,
    Definition {
        tools: &["python3", "cargo"],
        environment: Environment::Callers,
        ..line(
            FETCH_SOURCES,
            "steps/fetch-sources.sh",
            &[
                "crates.lock",
                "crates.toml",
                "pack/append.c",
                "pack/locals.c",
                "pack/patch.py",
            ],
            &[],
            4,
        )
    },
    Definition {
        tools: &["python3"],
        environment: Environment::Callers,
        ..line(
            FETCH_PACKAGES,
            "steps/fetch-packages.sh",
            &[
                "package-lock.json",
                "package.json",
                "requirements-node.txt",
                "steps/pip.sh",
            ],
            &[],
            10,
        )
    },
    line(
        ENGINE,
        "steps/engine.sh",
        &["c/duplicate.c", "c/malloc.c", "steps/flags.sh"],
        &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
        ],
        30,
    ),
    Definition {
        kernel: files::KERNEL_C,
        ..line(
            LINK,
            "steps/link.sh",
            &["steps/flags.sh"],
            &[("compiler", FETCH_COMPILER.step), ("engine", ENGINE)],
            3,
        )
    },
    Definition {
        kernel: files::KERNEL_JS,
        ..line(
            BUNDLE,
            "steps/bundle.sh",
            &["pack/bundle.mjs", "pack/sucrase.mjs"],
            &[("packages", FETCH_PACKAGES)],
            2,
        )
    },
    line(
        LICENCES,
        "steps/licences.sh",
        &[],
        &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
        ],
        1,
    ),
    line(
        NATIVE,
        "steps/native.sh",
        &["c/native.c"],
        &[
            ("compiler", FETCH_COMPILER.step),
            ("sources", FETCH_SOURCES),
        ],
        60,
    ),
    Definition {
        script: None,
        ..line(
            ASSEMBLE,
            "",
            &[],
            &[("module", LINK), ("bundle", BUNDLE), ("licences", LICENCES)],
            1,
        )
    },
];

/// The whole recipe.
pub(super) static PLAN: Plan = Plan {
    language: "javascript",
    steps: STEPS,
    assemble: ASSEMBLE,
    parts: Parts {
        module: Some(LINK),
        library: &[BUNDLE],
        programs: &[],
        licences: &[LICENCES, BUNDLE],
    },
    recipe: &[files::RECIPE, SHARED],
    // 2025-06-11, as in all guests.
    source_date_epoch: "1749600000",
    tools: &["cargo", "node", "python3"],
    inputs,
};

/// All inputs, in a fixed order.
fn inputs() -> Vec<Input> {
    let mut inputs = pinned_wheels(PLAN.text("requirements-compiler.txt"));
    inputs.extend(locked_crates(
        PLAN.text("crates.toml"),
        PLAN.text("crates.lock"),
    ));
    inputs.extend(locked_packages(PLAN.text("package-lock.json")));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_complete_and_ordered() {
        assert_eq!(PLAN.check(), Vec::<String>::new());
        assert_eq!(PLAN.all_towards(ASSEMBLE).len(), STEPS.len() - 1);
    }

    #[test]
    fn every_input_is_pinned_by_version_and_digest() {
        let inputs = inputs();
        for input in &inputs {
            assert!(!input.version.is_empty(), "{input:?}");
            let hashed = !input.sha256.is_empty()
                || input
                    .integrity
                    .as_deref()
                    .is_some_and(|digest| digest.starts_with("sha512-"));
            assert!(hashed, "{input:?}");
        }
        for name in ["ziglang", "libquickjs-ng-sys", "libffi-sys", "sucrase"] {
            assert!(inputs.iter().any(|input| input.name == name), "{name}");
        }
    }

    #[test]
    fn no_lock_names_a_registry() {
        assert!(!PLAN.text("package-lock.json").contains("\"resolved\""));
    }
}
