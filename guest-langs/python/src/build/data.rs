//! The recipe of the data guest: the interpreter's, and what is linked to it.

use sandcell_guest_build::{
    Definition, Environment, FETCH_COMPILER, Input, Keep, Parts, Plan, SHARED, Step, locked_crates,
    pinned_wheels,
};

use super::files;
use super::plan;

/// Sources of the packages, packages of Python only, tools.
const FETCH_PACKAGES: Step = Step::new("fetch-data-packages");
/// libc++ with exceptions.
const CXX_RUNTIME: Step = Step::new("cxx-runtime");
/// numpy's modules and files.
const NUMPY: Step = Step::new("numpy");
/// pandas' modules and files.
const PANDAS: Step = Step::new("pandas");
/// FreeType, libjpeg, Qhull.
const GRAPHICS: Step = Step::new("graphics");
/// matplotlib, Pillow and what they stand on.
const PLOTTING: Step = Step::new("plotting");
/// The module.
const LINK: Step = Step::new("link-data");
/// The packages' Python files, compiled.
const PACKAGES: Step = Step::new("data-packages");
/// The check of the module, the archive and the papers.
const ASSEMBLE: Step = Step::new("assemble-data");

const COMPILER: (&str, Step) = ("compiler", FETCH_COMPILER.step);
const SOURCES: (&str, Step) = ("packages", FETCH_PACKAGES);
const INTERPRETER: (&str, Step) = ("interpreter", plan::MAKE);
const LIBRARIES: (&str, Step) = ("libraries", plan::C_LIBRARIES);

/// Flags and functions that the steps with a compiler share.
const COMMON: [&str; 4] = [
    "data/c/nothreads.h",
    "data/flags.sh",
    "data/modules.sh",
    "steps/flags.sh",
];

const STEPS: &[Definition] = &[
    Definition {
        environment: Environment::Callers,
        keep: Keep::UntilBuilt,
        tools: &["python3", "cargo"],
        ..step(
            FETCH_PACKAGES,
            "data/fetch-packages.sh",
            &[
                "data/crates.lock",
                "data/crates.toml",
                "data/pack/build_backend.py",
                "data/pack/unpack_sdist.py",
                "data/requirements-packages.txt",
                "data/requirements-sources.txt",
                "data/requirements-tools.txt",
                "steps/pip.sh",
            ],
            &[],
            25,
        )
    },
    step(
        CXX_RUNTIME,
        "data/cxx-runtime.sh",
        &[
            "data/c/fenv.c",
            "data/c/nothreads.h",
            "data/c/tags.s",
            "data/flags.sh",
            "steps/flags.sh",
        ],
        &[COMPILER],
        12,
    ),
    step(
        NUMPY,
        "data/numpy.sh",
        &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            "data/c/sse.h",
            "data/cross.ini",
            "data/drive.sh",
            "data/pack/guest_info.py",
            "data/pack/localize.py",
            "data/pack/patch.py",
            "data/pack/signatures.py",
            "data/pack/tree.py",
        ],
        &[COMPILER, INTERPRETER, SOURCES],
        110,
    ),
    step(
        PANDAS,
        "data/pandas.sh",
        &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            "data/pack/localize.py",
            "data/pack/patch.py",
            "data/pack/signatures.py",
            "data/pack/tree.py",
        ],
        &[COMPILER, INTERPRETER, SOURCES, ("numpy", NUMPY)],
        200,
    ),
    step(
        GRAPHICS,
        "data/graphics.sh",
        &COMMON,
        &[COMPILER, LIBRARIES, SOURCES],
        15,
    ),
    step(
        PLOTTING,
        "data/plotting.sh",
        &[
            COMMON[0],
            COMMON[1],
            COMMON[2],
            COMMON[3],
            "data/pack/localize.py",
            "data/pack/patch.py",
            "data/pack/signatures.py",
            "data/pack/tree.py",
        ],
        &[
            COMPILER,
            LIBRARIES,
            INTERPRETER,
            SOURCES,
            ("graphics", GRAPHICS),
            ("numpy", NUMPY),
        ],
        100,
    ),
    Definition {
        kernel: files::KERNEL_C,
        ..step(
            LINK,
            "data/link.sh",
            &[
                "data/c/blas.c",
                "data/c/blas_fortran.h",
                "data/c/blas_real.h",
                "data/c/nothreads.h",
                "data/c/sort.c",
                "data/c/sort_digits.h",
                "data/flags.sh",
                "data/pack/inittab.py",
                "steps/flags.sh",
            ],
            &[
                COMPILER,
                LIBRARIES,
                INTERPRETER,
                ("cxx", CXX_RUNTIME),
                ("numpy", NUMPY),
                ("pandas", PANDAS),
                ("plotting", PLOTTING),
            ],
            25,
        )
    },
    step(
        PACKAGES,
        "data/packages.sh",
        &["data/pack/patch.py", "data/pack/tree.py", "pack/compile.py"],
        &[
            SOURCES,
            ("native", plan::BUILD_PYTHON),
            ("numpy", NUMPY),
            ("pandas", PANDAS),
            ("plotting", PLOTTING),
        ],
        60,
    ),
    Definition {
        script: None,
        ..step(
            ASSEMBLE,
            "",
            &[],
            &[
                ("module", LINK),
                ("stdlib", plan::STDLIB),
                ("library", plan::LIBRARY),
                ("packages", PACKAGES),
            ],
            2,
        )
    },
];

/// A step as most are: in a clean environment, kept.
const fn step(
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
        kernel: &[],
        needs,
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds,
        archive: None,
    }
}

/// The interpreter's steps and those of the packages.
const ALL: [Definition; plan::STEPS.len() + STEPS.len()] = {
    let mut all = [FETCH_COMPILER; plan::STEPS.len() + STEPS.len()];
    let (mut index, mut other) = (0, 0);
    #[expect(clippy::indexing_slicing, reason = "checked when this is compiled")]
    while index < plan::STEPS.len() {
        all[index] = plan::STEPS[index];
        index += 1;
    }
    #[expect(clippy::indexing_slicing, reason = "checked when this is compiled")]
    while other < STEPS.len() {
        all[index + other] = STEPS[other];
        other += 1;
    }
    all
};

/// The whole recipe.
pub(super) static PLAN: Plan = Plan {
    language: "data",
    steps: &ALL,
    assemble: ASSEMBLE,
    parts: Parts {
        module: Some(LINK),
        programs: &[],
        library: &[plan::STDLIB, plan::LIBRARY, PACKAGES],
        licences: &[plan::STDLIB, PACKAGES],
    },
    recipe: &[files::RECIPE, files::DATA, SHARED],
    source_date_epoch: plan::PLAN.source_date_epoch,
    tools: plan::PLAN.tools,
    inputs,
};

/// All inputs, in a fixed order.
fn inputs() -> Vec<Input> {
    let mut inputs = (plan::PLAN.inputs)();
    for file in ["sources", "packages", "tools"] {
        let text = PLAN.text(&format!("data/requirements-{file}.txt"));
        inputs.extend(pinned_wheels(text));
    }
    inputs.extend(locked_crates(
        PLAN.text("data/crates.toml"),
        PLAN.text("data/crates.lock"),
    ));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_complete_and_ordered() {
        assert_eq!(PLAN.check(), Vec::<String>::new());
        let towards = PLAN.all_towards(ASSEMBLE);
        for line in STEPS {
            assert!(towards.contains(&line.step), "{}", line.step);
        }
    }

    #[test]
    fn every_input_is_pinned_by_version_and_digest() {
        let inputs = inputs();
        for input in &inputs {
            assert!(!input.name.is_empty(), "{input:?}");
            assert!(!input.version.is_empty(), "{input:?}");
            assert!(!input.sha256.is_empty(), "{input:?}");
            assert!(input.sha256.iter().all(|digest| digest.len() == 64));
        }
        for name in ["numpy", "pandas", "matplotlib", "pillow", "freetype-sys"] {
            assert!(inputs.iter().any(|input| input.name == name), "{name}");
        }
    }
}
