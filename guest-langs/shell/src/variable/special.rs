//! Variables and parameters that the shell itself computes.

use std::borrow::Cow;

use super::Variable;
use crate::run::Shell;

impl Shell {
    /// A variable by name, computed ones too.
    pub(crate) fn variable(&self, name: &str) -> Option<Cow<'_, Variable>> {
        if let Some(variable) = self.computed(name) {
            return Some(Cow::Owned(variable));
        }
        self.variables.get(name).map(Cow::Borrowed)
    }

    /// The value of a variable without a subscript, if it is set.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let (name, through) = self.resolve(name).ok()?;
        let variable = self.variable(&name)?;
        match through {
            None => variable.first().map(str::to_owned),
            Some(key) => match &variable.value {
                super::Value::Associative(items) => items.get(&key).cloned(),
                _ => variable.element(key.parse().ok()?).map(str::to_owned),
            },
        }
    }

    /// A special parameter, `$?` and its like, without `$@` and `$*`.
    pub(crate) fn special(&self, name: &str) -> Option<String> {
        Some(match name {
            "?" => self.status.to_string(),
            "$" => self.shell_pid.to_string(),
            "!" => self.jobs.last_pid?.to_string(),
            "#" => self.positional.len().to_string(),
            "-" => self.option_letters(),
            "0" => self.name.clone(),
            number => {
                let number: usize = number.parse().ok()?;
                self.positional.get(number.checked_sub(1)?)?.clone()
            }
        })
    }

    fn computed(&self, name: &str) -> Option<Variable> {
        let text = match name {
            "LINENO" => self.line.to_string(),
            "RANDOM" => self.random.get().to_string(),
            "SRANDOM" => self.system.seed().to_string(),
            "SECONDS" => {
                let now = self.system.monotonic().as_secs().cast_signed();
                (now - self.seconds_from).to_string()
            }
            "EPOCHSECONDS" => self.system.now().as_secs().to_string(),
            "EPOCHREALTIME" => {
                let now = self.system.now();
                format!("{}.{:06}", now.as_secs(), now.subsec_micros())
            }
            "BASHPID" => self.system.pid().to_string(),
            "PPID" => self.system.parent().to_string(),
            "UID" | "EUID" => self.system.uid().to_string(),
            "BASH_SUBSHELL" => self.subshell.to_string(),
            "SHELLOPTS" => self.option_names(),
            "BASHOPTS" => self.shopt_names(),
            "BASH_COMMAND" => self.command_text.clone(),
            "PIPESTATUS" => {
                let all = self.pipe_status.iter().map(ToString::to_string);
                return Some(Variable::list(all));
            }
            "FUNCNAME" if !self.frames.is_empty() => {
                let all = self.frames.iter().rev().map(|frame| frame.name.clone());
                return Some(Variable::list(all));
            }
            "BASH_LINENO" if !self.frames.is_empty() => {
                let all = self.frames.iter().rev().map(|frame| frame.line.to_string());
                return Some(Variable::list(all));
            }
            "BASH_SOURCE" => {
                let all = self.frames.iter().rev().map(|frame| frame.source.clone());
                let script = self.script.iter().cloned();
                return Some(Variable::list(all.chain(script)));
            }
            "DIRSTACK" => {
                let here = std::iter::once(self.cwd.clone());
                return Some(Variable::list(
                    here.chain(self.directories.iter().rev().cloned()),
                ));
            }
            "GROUPS" => return Some(Variable::list([self.system.uid().to_string()])),
            _ => return None,
        };
        Some(Variable::scalar(text))
    }

    /// What an assignment to a variable with a meaning does.
    pub(crate) fn assigned(&mut self, name: &str) {
        match name {
            "RANDOM" => {
                let seed = self.variables.get("RANDOM").and_then(|v| v.first());
                let seed = seed.and_then(|text| text.parse().ok()).unwrap_or(0);
                self.random.seed(seed);
            }
            "SECONDS" => {
                let value = self.variables.get("SECONDS").and_then(|v| v.first());
                let value: i64 = value.and_then(|text| text.parse().ok()).unwrap_or(0);
                self.seconds_from = self.system.monotonic().as_secs().cast_signed() - value;
            }
            "OPTIND" => self.getopts_at = 0,
            _ => {}
        }
    }
}

/// The generator of `$RANDOM`: 15 bits a turn.
#[derive(Debug)]
pub(crate) struct Random(std::sync::atomic::AtomicU64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.into())
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        *self = Self::new(seed);
    }

    pub(crate) fn get(&self) -> u64 {
        use std::sync::atomic::Ordering;
        // Knuth's MMIX constants.
        let state = self.0.load(Ordering::Relaxed);
        let next = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0.store(next, Ordering::Relaxed);
        (next >> 40) & 0x7fff
    }
}
