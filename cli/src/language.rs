//! The languages that images can be built of. Everything else in this crate
//! knows languages by their names only.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sandcell::Language;
use sandcell_guest_build::BuildError;

/// Names of all languages, which are those of their images.
pub(crate) const NAMES: [&str; 3] = [PYTHON, JAVASCRIPT, DATA];

pub(crate) const PYTHON: &str = "python";
pub(crate) const JAVASCRIPT: &str = "javascript";
/// Python with numpy, pandas and matplotlib inside.
pub(crate) const DATA: &str = "data";

/// The image's name that a name of a language stands for, such as `js`; none when
/// there is no such language. TypeScript runs where JavaScript does.
pub(crate) fn image_of(language: &str) -> Option<&'static str> {
    match language.to_ascii_lowercase().as_str() {
        "python" | "py" => Some(PYTHON),
        "javascript" | "js" | "typescript" | "ts" => Some(JAVASCRIPT),
        _ => None,
    }
}

/// The image for a program in this file, by its extension; Python for all others.
pub(crate) fn image_for(file: Option<&Path>) -> &'static str {
    let extension = file.and_then(Path::extension).and_then(|end| end.to_str());
    match extension {
        Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx") => JAVASCRIPT,
        _ => PYTHON,
    }
}

/// Whether this file is a program of the shell, by its extension.
pub(crate) fn is_of_the_shell(file: &Path) -> bool {
    let extension = file.extension().and_then(|end| end.to_str());
    matches!(extension, Some("sh" | "bash"))
}

/// How a guest is to be built, where that is not the recipe's affair.
#[derive(Debug, Default)]
pub(crate) struct BuildSettings {
    /// Archive of the interpreter's source, instead of fetching it.
    pub(crate) source: Option<PathBuf>,
    /// Compilers that run at once; `None` for as many as there are processors.
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// Whether cells of this image are written with braces rather than indentation.
pub(crate) fn has_braces(image: &Path) -> bool {
    image == Path::new(JAVASCRIPT)
}

/// The language of this name, if there is one.
pub(crate) fn find(name: &str, settings: BuildSettings) -> Option<Box<dyn Language>> {
    match name {
        PYTHON | DATA => {
            let mut python = match name {
                DATA => sandcell_python::Python::data(),
                _ => sandcell_python::Python::default(),
            };
            if let Some(source) = settings.source {
                python = python.source(source);
            }
            if let Some(jobs) = settings.jobs {
                python = python.jobs(jobs);
            }
            Some(Box::new(python))
        }
        JAVASCRIPT => {
            let mut javascript = sandcell_javascript::JavaScript::default();
            if let Some(jobs) = settings.jobs {
                javascript = javascript.jobs(jobs);
            }
            Some(Box::new(javascript))
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_their_language() {
        let image = |file: &str| image_for(Some(Path::new(file)));
        assert_eq!(image("a.py"), "python");
        assert_eq!(image("a"), "python");
        assert_eq!(image("folder.ts/a.txt"), "python");
        for file in ["a.js", "a.mjs", "b/a.cjs", "a.ts", "a.mts", "a.test.tsx"] {
            assert_eq!(image(file), "javascript", "{file}");
        }
        assert_eq!(image_for(None), "python");
        for (file, shell) in [
            ("a.sh", true),
            ("b/a.bash", true),
            ("sh", false),
            ("a.py", false),
        ] {
            assert_eq!(is_of_the_shell(Path::new(file)), shell, "{file}");
        }
    }

    #[test]
    fn languages_have_short_names() {
        for name in ["js", "ts", "JavaScript", "typescript"] {
            assert_eq!(image_of(name), Some("javascript"));
        }
        assert_eq!(image_of("py"), Some("python"));
        assert_eq!(image_of("cobol"), None);
    }
}
