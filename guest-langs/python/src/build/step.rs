//! The table of steps: what each runs, needs and depends on.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::files::{self, File};
use super::key::{Key, KeyBuilder};

/// One stage of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The compiler out of its wheel.
    FetchCompiler,
    /// The sources of the interpreter and the C libraries, the time zones.
    FetchSources,
    /// A Python of the guest's version for this machine.
    BuildPython,
    /// The C libraries for the guest.
    CLibraries,
    /// The interpreter's configure.
    Configure,
    /// The interpreter as a static library.
    Make,
    /// The kernel's C part and the link of the module.
    Link,
    /// The standard library, compiled.
    Stdlib,
    /// The kernel's Python part, compiled.
    Library,
    /// The check of the module, the archive and the papers.
    Assemble,
    /// The interpreter's own tests, on request only.
    Tests,
}

/// Whose environment variables a step's programs see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    /// The caller's: it may name mirrors and proxies.
    Callers,
    /// Only what a compiler needs: a CFLAGS of the caller must not get in.
    Clean,
}

/// How long an outcome is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Until a newer recipe has replaced it for a while.
    Always,
    /// Until the guest is built: big, and only needed by steps that are kept.
    UntilBuilt,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) step: Step,
    pub(super) name: &'static str,
    /// Under `recipe`; none for the step that this program does itself.
    pub(super) script: Option<&'static str>,
    /// Further recipe files that the outcome depends on.
    files: &'static [&'static str],
    /// Files of the kernel, laid out as the folder `kernel`.
    pub(super) kernel: &'static [File],
    /// The outcomes that the script finds beside it, with the names it uses.
    pub(super) needs: &'static [(&'static str, Step)],
    /// Programs without which it cannot run.
    pub(super) tools: &'static [&'static str],
    pub(super) environment: Environment,
    pub(super) keep: Keep,
    /// Wall time on two idle cores.
    seconds: u64,
}

const TABLE: &[Definition] = &[
    Definition {
        step: Step::FetchCompiler,
        name: "fetch-compiler",
        script: Some("steps/fetch-compiler.sh"),
        files: &["requirements-compiler.txt", "steps/pip.sh"],
        kernel: &[],
        needs: &[],
        tools: &["python3"],
        environment: Environment::Callers,
        keep: Keep::Always,
        seconds: 10,
    },
    Definition {
        step: Step::FetchSources,
        name: "fetch-sources",
        script: Some("steps/fetch-sources.sh"),
        files: &[
            "c/ceval_floats.h",
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
    },
    Definition {
        step: Step::BuildPython,
        name: "build-python",
        script: Some("steps/build-python.sh"),
        files: &["interpreter.txt"],
        kernel: &[],
        needs: &[
            ("compiler", Step::FetchCompiler),
            ("sources", Step::FetchSources),
        ],
        tools: &["make"],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 35,
    },
    Definition {
        step: Step::CLibraries,
        name: "c-libraries",
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
            ("compiler", Step::FetchCompiler),
            ("sources", Step::FetchSources),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 25,
    },
    Definition {
        step: Step::Configure,
        name: "configure",
        script: Some("steps/configure.sh"),
        files: &["config.site", "steps/flags.sh"],
        kernel: &[],
        needs: &[
            ("compiler", Step::FetchCompiler),
            ("sources", Step::FetchSources),
            ("native", Step::BuildPython),
            ("libraries", Step::CLibraries),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::UntilBuilt,
        seconds: 40,
    },
    Definition {
        step: Step::Make,
        name: "make",
        script: Some("steps/make.sh"),
        files: &[],
        kernel: &[],
        needs: &[
            ("compiler", Step::FetchCompiler),
            ("sources", Step::FetchSources),
            ("native", Step::BuildPython),
            ("libraries", Step::CLibraries),
            ("build", Step::Configure),
        ],
        tools: &["make"],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 45,
    },
    Definition {
        step: Step::Link,
        name: "link",
        script: Some("steps/link.sh"),
        files: &["steps/flags.sh"],
        kernel: files::KERNEL_C,
        needs: &[
            ("compiler", Step::FetchCompiler),
            ("libraries", Step::CLibraries),
            ("interpreter", Step::Make),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 3,
    },
    Definition {
        step: Step::Stdlib,
        name: "stdlib",
        script: Some("steps/stdlib.sh"),
        files: &["pack/compile.py", "pack/stdlib.py", "steps/licences.sh"],
        kernel: &[],
        needs: &[
            ("compiler", Step::FetchCompiler),
            ("sources", Step::FetchSources),
            ("native", Step::BuildPython),
            ("interpreter", Step::Make),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 15,
    },
    Definition {
        step: Step::Library,
        name: "library",
        script: Some("steps/library.sh"),
        files: &["pack/compile.py"],
        kernel: files::KERNEL_PYTHON,
        needs: &[("native", Step::BuildPython)],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 1,
    },
    Definition {
        step: Step::Assemble,
        name: "assemble",
        script: None,
        files: &[],
        kernel: &[],
        needs: &[
            ("module", Step::Link),
            ("stdlib", Step::Stdlib),
            ("library", Step::Library),
        ],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 1,
    },
    Definition {
        step: Step::Tests,
        name: "tests",
        script: Some("steps/tests.sh"),
        files: &[],
        kernel: &[],
        needs: &[("sources", Step::FetchSources)],
        tools: &[],
        environment: Environment::Clean,
        keep: Keep::Always,
        seconds: 2,
    },
];

impl Step {
    /// The name in messages, log files and the cache.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// How long it takes on two idle cores, roughly.
    #[must_use]
    pub fn estimate(self) -> Duration {
        Duration::from_secs(self.definition().seconds)
    }

    pub(super) fn definition(self) -> &'static Definition {
        // Every variant has its line, which a test walks through.
        let index = TABLE.iter().position(|line| line.step == self).unwrap_or(0);
        #[expect(
            clippy::indexing_slicing,
            reason = "an index that was just found, or the first"
        )]
        &TABLE[index]
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The key of every step. `host` names the kind of machine, for programs are
/// fetched and built that run on it. `format` stands for the step that has no
/// script: raised when this program does it differently.
pub(super) fn keys(host: &str, format: &str) -> BTreeMap<Step, Key> {
    let mut keys = BTreeMap::new();
    // The table is in the order of needs.
    for line in TABLE {
        let mut key = KeyBuilder::new(line.name).part(host);
        if line.script.is_none() {
            key = key.part(format);
        }
        for path in line.script.iter().chain(line.files) {
            key = key.part(path).part(files::recipe_text(path));
        }
        for file in line.kernel {
            key = key.part(file.path).part(file.text);
        }
        for (role, needed) in line.needs {
            key = key
                .part(role)
                .part(keys.get(needed).map_or("", Key::as_str));
        }
        keys.insert(line.step, key.finish());
    }
    keys
}

/// The steps that must be run for `target`, each after those it needs. A step
/// whose outcome is there is not run, nor is what only it would have needed.
pub(super) fn missing(target: Step, is_there: &dyn Fn(Step) -> bool) -> Vec<Step> {
    fn visit(step: Step, is_there: &dyn Fn(Step) -> bool, found: &mut Vec<Step>) {
        if found.contains(&step) || is_there(step) {
            return;
        }
        for (_, needed) in step.definition().needs {
            visit(*needed, is_there, found);
        }
        found.push(step);
    }
    let mut found = Vec::new();
    visit(target, is_there, &mut found);
    found
}

/// All steps on the way to `target`, itself included, each after those it needs.
pub(super) fn all_towards(target: Step) -> Vec<Step> {
    missing(target, &|_| false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_ordered() {
        for (place, line) in TABLE.iter().enumerate() {
            assert_eq!(line.step.definition().name, line.name);
            for path in line.script.iter().chain(line.files) {
                assert!(
                    !files::recipe_text(path).is_empty(),
                    "{path} is not embedded"
                );
            }
            for (_, needed) in line.needs {
                let earlier = TABLE.iter().position(|other| other.step == *needed);
                assert!(earlier.unwrap() < place, "{} before {needed}", line.name);
            }
        }
        assert_eq!(all_towards(Step::Assemble).len(), TABLE.len() - 1);
    }

    #[test]
    fn every_recipe_file_belongs_to_a_step() {
        for file in files::RECIPE {
            let used = TABLE
                .iter()
                .any(|line| line.script == Some(file.path) || line.files.contains(&file.path));
            assert!(used, "{} changes no key", file.path);
        }
    }

    #[test]
    fn a_key_follows_the_keys_before_it() {
        let (here, there) = (keys("a", "1"), keys("b", "1"));
        for (step, key) in &here {
            assert_ne!(Some(key), there.get(step), "{step}");
        }
        assert_eq!(here, keys("a", "1"));
    }

    #[test]
    fn a_finished_step_hides_what_it_needed() {
        let all = all_towards(Step::Assemble);
        assert_eq!(missing(Step::Assemble, &|_| false), all);
        assert!(missing(Step::Assemble, &|_| true).is_empty());
        // After a change of the kernel only: sources and configure are not wanted back.
        let kept = |step| {
            !matches!(
                step,
                Step::FetchSources | Step::Configure | Step::Link | Step::Assemble
            )
        };
        assert_eq!(missing(Step::Assemble, &kept), [Step::Link, Step::Assemble]);
        // A step that was lost brings back its own needs, and no others.
        let lost = |step| {
            !matches!(
                step,
                Step::FetchSources | Step::Configure | Step::CLibraries | Step::Assemble
            )
        };
        assert_eq!(
            missing(Step::Assemble, &lost),
            [Step::Assemble],
            "nothing that is there needs to be made again"
        );
    }
}
