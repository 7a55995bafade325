//! One thing that the doctor looked at.

use std::io;

use crate::console::{Colour, Output};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Well,
    /// Works, but could be better.
    Note,
    /// Something does not work.
    Problem,
}

/// What was looked at, and what was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    subject: String,
    detail: String,
    /// The command that mends it.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn well(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Verdict::Well, subject, detail)
    }

    pub(super) fn note(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Verdict::Note, subject, detail)
    }

    pub(super) fn problem(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Verdict::Problem, subject, detail)
    }

    fn new(verdict: Verdict, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            subject: subject.into(),
            detail: detail.into(),
            remedy: None,
        }
    }

    #[must_use]
    pub(super) fn remedy(mut self, command: impl Into<String>) -> Self {
        self.remedy = Some(command.into());
        self
    }

    /// A line, and a line with the remedy.
    pub(super) fn show(&self, output: &mut Output) -> io::Result<()> {
        let (word, colour) = match self.verdict {
            Verdict::Well => ("ok     ", Colour::Green),
            Verdict::Note => ("note   ", Colour::Yellow),
            Verdict::Problem => ("problem", Colour::Red),
        };
        let word = output.paint(colour, word);
        let detail = output.safe(&self.detail).into_owned();
        output.line(&format!("{word}  {:<20}{detail}", self.subject))?;
        match &self.remedy {
            Some(remedy) => {
                let label = output.paint(Colour::Cyan, "mend it:");
                output.line(&format!("         {label} {remedy}"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::Shared;

    #[test]
    fn a_finding_names_its_remedy() {
        let shared = Shared::default();
        let mut output = shared.pipe();
        Finding::well("kernel", "6.12").show(&mut output).unwrap();
        Finding::problem("image python", "is missing")
            .remedy("sandcell image build python")
            .show(&mut output)
            .unwrap();
        assert_eq!(
            shared.text(),
            "ok       kernel              6.12\n\
             problem  image python        is missing\n\
             \x20        mend it: sandcell image build python\n"
        );
    }
}
