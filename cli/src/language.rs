//! The languages that images can be built of. Everything else in this crate
//! knows languages by their names only.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use sandcell::Language;
use sandcell_python::build::BuildError;

/// Names of all languages.
pub(crate) const NAMES: [&str; 1] = ["python"];

/// How a guest is to be built, where that is not the recipe's affair.
#[derive(Debug, Default)]
pub(crate) struct BuildSettings {
    /// Archive of the interpreter's source, instead of fetching it.
    pub(crate) source: Option<PathBuf>,
    /// Compilers that run at once; `None` for as many as there are processors.
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// The language of this name, if there is one.
pub(crate) fn find(name: &str, settings: BuildSettings) -> Option<Box<dyn Language>> {
    if name != "python" {
        return None;
    }
    let mut python = sandcell_python::Python::default();
    if let Some(source) = settings.source {
        python = python.source(source);
    }
    if let Some(jobs) = settings.jobs {
        python = python.jobs(jobs);
    }
    Some(Box::new(python))
}

/// What a user can do about a failed build; for a failure of unknown cause, what
/// the build said last.
pub(crate) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let error = error.downcast_ref::<BuildError>()?;
    if let Some(advice) = error.advice() {
        return Some(advice.to_owned());
    }
    match error {
        BuildError::Step { tail, .. } => Some(format!("its last words were\n{tail}")),
        _ => None,
    }
}
