//! `sandcell doctor`: what is missing or damaged, and what mends it.

mod finding;
mod images;
mod system;
mod tools;

use sandcell::Cache;

use crate::console::{Escapes, Output};
use crate::exit::{ExitStatus, Failure};
use finding::{Finding, Verdict};

pub(crate) fn execute() -> Result<ExitStatus, Failure> {
    let mut doctor = Doctor {
        stdout: Output::stdout(Escapes::Shown),
        problems: 0,
    };
    doctor.tell(&system::kernel())?;
    doctor.tell(&system::mappings())?;
    doctor.tell(&system::overcommit())?;
    doctor.tell(&system::address_space())?;
    doctor.tell(&system::sealed_files())?;
    doctor.tell(&system::page_map())?;
    match Cache::of_user() {
        Ok(cache) => {
            doctor.tell(&system::cache_folder(cache.path()))?;
            doctor.tell_all(&images::check(&cache))?;
        }
        Err(error) => doctor.tell(
            &Finding::problem("cache", error.to_string())
                .remedy("export SANDCELL_CACHE=FOLDER, a folder that only you can write to"),
        )?,
    }
    doctor.conclude()
}

struct Doctor {
    stdout: Output,
    problems: u32,
}

impl Doctor {
    fn tell(&mut self, finding: &Finding) -> Result<(), Failure> {
        if finding.verdict == Verdict::Problem {
            self.problems += 1;
        }
        finding.show(&mut self.stdout)?;
        Ok(())
    }

    fn tell_all(&mut self, findings: &[Finding]) -> Result<(), Failure> {
        findings.iter().try_for_each(|finding| self.tell(finding))
    }

    fn conclude(mut self) -> Result<ExitStatus, Failure> {
        let (words, status) = match self.problems {
            0 => ("all is well".to_owned(), ExitStatus::Success),
            1 => ("one thing is wrong".to_owned(), ExitStatus::Own),
            many => (format!("{many} things are wrong"), ExitStatus::Own),
        };
        self.stdout.line(&words)?;
        Ok(status)
    }
}
