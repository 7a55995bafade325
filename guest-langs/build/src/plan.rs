//! A recipe as data: what each step runs, needs and depends on.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::file::File;
use crate::inputs::Input;
use crate::key::{Key, KeyBuilder};

/// One stage of a build, by its name: in messages, log files and the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(&'static str);

impl Step {
    /// The step of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name in messages, log files and the cache.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// Whose environment variables a step's programs see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// The caller's: it may name mirrors and proxies.
    Callers,
    /// Only what a compiler needs: a CFLAGS of the caller must not get in.
    Clean,
}

/// How long an outcome is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until a newer recipe has replaced it for a while.
    Always,
    /// Until the guest is built: big, and only needed by steps that are kept.
    UntilBuilt,
}

/// A line of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The step.
    pub step: Step,
    /// Its script, a recipe file; none for the last step, which this crate does.
    pub script: Option<&'static str>,
    /// Further recipe files that the outcome depends on.
    pub files: &'static [&'static str],
    /// Files of the kernel, laid out as the folder `kernel`.
    pub kernel: &'static [File],
    /// The outcomes that the script finds beside it, with the names it uses.
    pub needs: &'static [(&'static str, Step)],
    /// Programs without which it cannot run.
    pub tools: &'static [&'static str],
    /// What its programs see.
    pub environment: Environment,
    /// How long its outcome is kept.
    pub keep: Keep,
    /// Wall time on two idle cores.
    pub seconds: u64,
    /// The folder `lib` becomes an archive of this name.
    pub archive: Option<&'static str>,
}

/// The step that unpacks the compiler; the same in all recipes.
pub const FETCH_COMPILER: Definition = Definition {
    step: Step::new("fetch-compiler"),
    script: Some("steps/fetch-compiler.sh"),
    files: &["requirements-compiler.txt", "steps/pip.sh"],
    kernel: &[],
    needs: &[],
    tools: &["python3"],
    environment: Environment::Callers,
    keep: Keep::Always,
    seconds: 10,
    archive: None,
};

/// Where the last step finds what it puts together.
#[derive(Debug)]
pub struct Parts {
    /// The step whose outcome holds `guest.wasm`; none when the recipe makes
    /// programs only.
    pub module: Option<Step>,
    /// The steps whose folders `lib` make the library.
    pub library: &'static [Step],
    /// The steps whose folders `programs` hold command modules.
    pub programs: &'static [Step],
    /// The steps whose folders `licences` go with the guest.
    pub licences: &'static [Step],
}

/// A whole recipe.
#[derive(Debug)]
pub struct Plan {
    /// The language's name, as the user gives it.
    pub language: &'static str,
    /// The steps, each behind those it needs.
    pub steps: &'static [Definition],
    /// The step that makes the guest's folder.
    pub assemble: Step,
    /// What it makes it from.
    pub parts: Parts,
    /// All files that scripts may name, laid out as the folder `recipe`.
    pub recipe: &'static [&'static [File]],
    /// The time that everything in the guest carries, in seconds since 1970.
    pub source_date_epoch: &'static str,
    /// Programs of this machine that take part, asked for their versions.
    pub tools: &'static [&'static str],
    /// The pinned inputs, for the papers.
    pub inputs: fn() -> Vec<Input>,
}

impl Plan {
    /// The line of a step.
    ///
    /// # Panics
    /// When the plan has no such step: a fault of the plan, which the test of
    /// every plan finds by calling [`Plan::check`].
    #[must_use]
    #[expect(clippy::panic, reason = "documented above")]
    pub fn definition(&self, step: Step) -> &'static Definition {
        match self.steps.iter().find(|line| line.step == step) {
            Some(line) => line,
            None => panic!("the plan for {} has no step {step}", self.language),
        }
    }

    /// All files of the folder `recipe`.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.recipe.iter().copied().flatten()
    }

    /// The text of a recipe file; empty when there is none of that name.
    #[must_use]
    pub fn text(&self, path: &str) -> &'static str {
        let mut all = self.recipe.iter().copied().flatten();
        all.find(|file| file.path == path)
            .map_or("", |file| file.text)
    }

    /// What is wrong with the plan: needs that do not stand before, files that
    /// are not embedded or change no key. Empty when all is well.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (place, line) in self.steps.iter().enumerate() {
            for path in line.script.iter().chain(line.files) {
                if self.text(path).is_empty() {
                    faults.push(format!("{}: {path} is not embedded", line.step));
                }
            }
            for (_, needed) in line.needs {
                let earlier = self.steps.iter().position(|other| other.step == *needed);
                if earlier.is_none_or(|earlier| earlier >= place) {
                    faults.push(format!("{needed} does not stand before {}", line.step));
                }
            }
        }
        for file in self.files() {
            let used = self
                .steps
                .iter()
                .any(|line| line.script == Some(file.path) || line.files.contains(&file.path));
            if !used {
                faults.push(format!("{} changes no key", file.path));
            }
        }
        faults
    }

    /// The key of every step. `host` names the kind of machine, for programs are
    /// fetched and built that run on it. `format` stands for the step that has no
    /// script: raised when this program does it differently.
    pub(crate) fn keys(&self, host: &str, format: &str) -> BTreeMap<Step, Key> {
        let mut keys = BTreeMap::new();
        // The table is in the order of needs.
        for line in self.steps {
            let mut key = KeyBuilder::new(line.step.name()).part(host);
            if line.script.is_none() {
                key = key.part(format).part(self.language);
            }
            for path in line.script.iter().chain(line.files) {
                key = key.part(path).part(self.text(path));
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
    #[must_use]
    pub fn missing(&self, target: Step, is_there: &dyn Fn(Step) -> bool) -> Vec<Step> {
        let mut found = Vec::new();
        self.visit(target, is_there, &mut found);
        found
    }

    fn visit(&self, step: Step, is_there: &dyn Fn(Step) -> bool, found: &mut Vec<Step>) {
        if found.contains(&step) || is_there(step) {
            return;
        }
        for (_, needed) in self.definition(step).needs {
            self.visit(*needed, is_there, found);
        }
        found.push(step);
    }

    /// All steps on the way to `target`, itself included, each after those it needs.
    #[must_use]
    pub fn all_towards(&self, target: Step) -> Vec<Step> {
        self.missing(target, &|_| false)
    }

    /// How long these steps take on two idle cores.
    pub(crate) fn estimate(&self, steps: &[Step]) -> Duration {
        let seconds = |step: &Step| self.definition(*step).seconds;
        Duration::from_secs(steps.iter().map(seconds).sum())
    }
}

/// A small recipe for the tests of this crate.
#[cfg(test)]
pub(crate) mod example {
    use super::*;

    pub(crate) const SOURCES: Step = Step::new("sources");
    pub(crate) const CONFIGURE: Step = Step::new("configure");
    pub(crate) const MAKE: Step = Step::new("make");
    pub(crate) const LINK: Step = Step::new("link");
    pub(crate) const LIBRARY: Step = Step::new("library");
    pub(crate) const ASSEMBLE: Step = Step::new("assemble");
    pub(crate) const COMPILER: Step = FETCH_COMPILER.step;

    const fn line(step: Step, needs: &'static [(&'static str, Step)], keep: Keep) -> Definition {
        Definition {
            step,
            script: Some("script.sh"),
            files: &["steps/flags.sh", "c/malloc.c", "c/duplicate.c"],
            kernel: &[],
            needs,
            tools: &[],
            environment: Environment::Clean,
            keep,
            seconds: 1,
            archive: None,
        }
    }

    pub(crate) static PLAN: Plan = Plan {
        language: "example",
        steps: &[
            FETCH_COMPILER,
            line(SOURCES, &[], Keep::UntilBuilt),
            line(
                CONFIGURE,
                &[("compiler", COMPILER), ("sources", SOURCES)],
                Keep::UntilBuilt,
            ),
            line(
                MAKE,
                &[("sources", SOURCES), ("build", CONFIGURE)],
                Keep::Always,
            ),
            line(
                LINK,
                &[("compiler", COMPILER), ("interpreter", MAKE)],
                Keep::Always,
            ),
            line(LIBRARY, &[("interpreter", MAKE)], Keep::Always),
            Definition {
                script: None,
                files: &[],
                ..line(
                    ASSEMBLE,
                    &[("module", LINK), ("library", LIBRARY)],
                    Keep::Always,
                )
            },
        ],
        assemble: ASSEMBLE,
        parts: Parts {
            module: Some(LINK),
            library: &[LIBRARY],
            programs: &[],
            licences: &[LIBRARY],
        },
        recipe: &[
            crate::file::SHARED,
            &[File {
                path: "script.sh",
                text: "mkdir out",
            }],
        ],
        source_date_epoch: "0",
        tools: &[],
        inputs: Vec::new,
    };
}

#[cfg(test)]
mod tests {
    use super::example::{ASSEMBLE, COMPILER, CONFIGURE, LIBRARY, LINK, MAKE, PLAN, SOURCES};

    #[test]
    fn a_good_plan_has_no_faults() {
        assert_eq!(PLAN.check(), Vec::<String>::new());
        assert_eq!(PLAN.all_towards(ASSEMBLE).len(), PLAN.steps.len());
    }

    #[test]
    fn a_key_follows_the_keys_before_it() {
        let (here, there) = (PLAN.keys("a", "1"), PLAN.keys("b", "1"));
        for (step, key) in &here {
            assert_ne!(Some(key), there.get(step), "{step}");
        }
        assert_eq!(here, PLAN.keys("a", "1"));
        assert_ne!(here.get(&ASSEMBLE), PLAN.keys("a", "2").get(&ASSEMBLE));
        assert_eq!(here.get(&LINK), PLAN.keys("a", "2").get(&LINK));
    }

    #[test]
    fn a_finished_step_hides_what_it_needed() {
        let all = PLAN.all_towards(ASSEMBLE);
        assert_eq!(PLAN.missing(ASSEMBLE, &|_| false), all);
        assert!(PLAN.missing(ASSEMBLE, &|_| true).is_empty());
        // After a change of the kernel only: sources and configure are not wanted back.
        let kept = |step| ![SOURCES, CONFIGURE, LINK, ASSEMBLE].contains(&step);
        assert_eq!(PLAN.missing(ASSEMBLE, &kept), [LINK, ASSEMBLE]);
        // A step that was lost brings back its own needs, and no others.
        let lost = |step| [LIBRARY, LINK, COMPILER].contains(&step);
        assert_eq!(PLAN.missing(ASSEMBLE, &lost), [ASSEMBLE]);
        let lost = |step| [LIBRARY, COMPILER].contains(&step);
        assert_eq!(
            PLAN.missing(ASSEMBLE, &lost),
            [SOURCES, CONFIGURE, MAKE, LINK, ASSEMBLE]
        );
    }
}
