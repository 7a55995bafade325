//! Jobs: what runs in the background.

use std::sync::Arc;

use super::Shell;
use crate::system::{Child, ExitStatus};

/// Processes started by one `&`.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) number: u32,
    /// The processes, the last one the job's.
    pub(crate) children: Vec<Arc<dyn Child>>,
    pub(crate) command: String,
    /// Its own process group, if it has one.
    pub(crate) group: Option<u32>,
}

impl Job {
    pub(crate) fn pid(&self) -> u32 {
        self.children.last().map_or(0, |child| child.pid())
    }

    /// How it ended, once all of it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        if self.children.iter().any(|child| child.ended().is_none()) {
            return None;
        }
        self.children.last().and_then(|child| child.ended())
    }

    /// What `jobs` says of it.
    pub(crate) fn state(&self) -> String {
        match self.ended() {
            None => "Running".to_owned(),
            Some(ExitStatus::Exited(0)) => "Done".to_owned(),
            Some(ExitStatus::Exited(code)) => format!("Exit {code}"),
            Some(ExitStatus::Signalled(signal)) => signal.description().to_owned(),
        }
    }
}

/// The table of jobs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) all: Vec<Job>,
    /// What the shell that this one is a copy of runs: to be shown only.
    pub(crate) parents: Vec<Job>,
    /// `$!`
    pub(crate) last_pid: Option<u32>,
    /// Processes of process substitutions, for `wait $!`.
    pub(crate) substitutions: Vec<Arc<dyn Child>>,
    /// Ends that `wait` may still ask for, by process, the newest last.
    pub(crate) past: Vec<(u32, i32)>,
}

/// Ends that are remembered.
const PAST: usize = 4_096;
/// Jobs that may run at once.
const JOBS: usize = 4_096;

impl Jobs {
    /// What a subshell knows of its parent's jobs.
    pub(super) fn inherited(&self) -> Self {
        Self {
            all: Vec::new(),
            parents: self.all.clone(),
            last_pid: self.last_pid,
            substitutions: Vec::new(),
            past: Vec::new(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.all.len() >= JOBS
    }

    pub(crate) fn add(
        &mut self,
        children: Vec<Arc<dyn Child>>,
        command: &str,
        group: Option<u32>,
    ) -> u32 {
        let number = self.all.last().map_or(1, |job| job.number + 1);
        self.last_pid = children.last().map(|child| child.pid());
        self.all.push(Job {
            number,
            children,
            command: command.to_owned(),
            group,
        });
        number
    }

    /// Puts a job's end away and the job with it.
    pub(crate) fn retire(&mut self, number: u32) {
        if let Some(at) = self.all.iter().position(|job| job.number == number) {
            let job = self.all.remove(at);
            if let Some(status) = job.ended() {
                self.past.push((job.pid(), status.code()));
                if self.past.len() > PAST {
                    self.past.remove(0);
                }
            }
        }
    }

    /// Puts away jobs that have ended, without a word.
    pub(crate) fn sweep(&mut self) {
        let ended: Vec<u32> = self
            .all
            .iter()
            .filter(|job| job.ended().is_some())
            .map(|job| job.number)
            .collect();
        for number in ended {
            self.retire(number);
        }
    }

    /// `%1`, `%%`, `%+`, `%-`, `%name`, `%?text`.
    pub(crate) fn find(&self, text: &str) -> Option<&Job> {
        let name = text.strip_prefix('%')?;
        match name {
            "" | "%" | "+" => self.all.last(),
            "-" => self.all.iter().rev().nth(1).or_else(|| self.all.last()),
            _ => {
                if let Ok(number) = name.parse::<u32>() {
                    return self.all.iter().find(|job| job.number == number);
                }
                let fits = |job: &&Job| match name.strip_prefix('?') {
                    Some(part) => job.command.contains(part),
                    None => job.command.starts_with(name),
                };
                self.all.iter().rev().find(fits)
            }
        }
    }

    pub(crate) fn by_pid(&self, pid: u32) -> Option<&Job> {
        let has = |job: &&Job| job.children.iter().any(|child| child.pid() == pid);
        self.all.iter().find(has)
    }
}

impl Shell {
    /// The line of `jobs` for one job.
    pub(crate) fn job_line(&self, job: &Job, with_pid: bool) -> String {
        let all = if self.jobs.all.is_empty() {
            &self.jobs.parents
        } else {
            &self.jobs.all
        };
        let newest = all.last().map(|job| job.number);
        let second = all.iter().rev().nth(1).map(|job| job.number);
        let mark = if Some(job.number) == newest {
            '+'
        } else if Some(job.number) == second {
            '-'
        } else {
            ' '
        };
        let running = if job.ended().is_none() { " &" } else { "" };
        let pid = if with_pid {
            format!("{:>5} ", job.pid())
        } else {
            String::new()
        };
        format!(
            "[{}]{mark}  {pid}{:<24}{}{running}\n",
            job.number,
            job.state(),
            job.command
        )
    }
}
