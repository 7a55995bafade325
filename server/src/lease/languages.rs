//! The languages of a server's contexts, and the images that they run on.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A language that code can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Python,
    JavaScript,
    /// Runs on JavaScript's interpreter, in contexts of its own.
    TypeScript,
    /// Runs in a shell process of the sandbox, with no image.
    Bash,
}

impl Language {
    const ALL: [Self; 4] = [Self::Python, Self::JavaScript, Self::TypeScript, Self::Bash];

    /// As clients are told it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Bash => "bash",
        }
    }

    /// The language of a name as a client may write it.
    fn parse(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "python" | "py" | "python3" => Some(Self::Python),
            "javascript" | "js" => Some(Self::JavaScript),
            "typescript" | "ts" => Some(Self::TypeScript),
            "bash" | "sh" | "shell" => Some(Self::Bash),
            _ => None,
        }
    }

    /// The language whose interpreter runs it.
    fn interpreter(self) -> Self {
        match self {
            Self::TypeScript => Self::JavaScript,
            other => other,
        }
    }

    /// Code that sets variables of the environment.
    pub(super) fn setting(self, variables: &BTreeMap<String, String>) -> String {
        // Objects and strings of JSON are those of both languages.
        let literal = serde_json::json!(variables);
        match self.interpreter() {
            Self::Bash => exports(variables),
            Self::Python => format!("__import__('os').environ.update({literal})"),
            _ => format!("void Object.assign(process.env, {literal})"),
        }
    }
}

/// The `export` commands of these variables; names that a shell has no variables
/// of are left out.
fn exports(variables: &BTreeMap<String, String>) -> String {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_name = |name: &str| {
        name.bytes().next().is_some_and(is_letter)
            && name
                .bytes()
                .all(|byte| is_letter(byte) || byte.is_ascii_digit())
    };
    let known = variables.iter().filter(|(name, _)| is_name(name));
    let each = known.map(|(name, value)| {
        // No quoted text of a shell holds a NUL, and neither does a variable.
        let quoted = shlex::try_quote(value).unwrap_or_default();
        format!("export {name}={quoted}\n")
    });
    each.collect()
}

/// There is no context of this language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no kernel for the language `{asked}`; there is {there}")]
pub(crate) struct NoLanguage {
    asked: String,
    there: Languages,
}

/// Which languages there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Languages {
    /// That of the image that sandboxes start from.
    own: Language,
    /// The image of JavaScript, where that is not the sandboxes' own.
    javascript: Option<String>,
}

impl Default for Languages {
    fn default() -> Self {
        Self {
            own: Language::Python,
            javascript: None,
        }
    }
}

impl Languages {
    /// Sandboxes start from an image of JavaScript, and there is no other one.
    pub(crate) fn only_javascript() -> Self {
        Self {
            own: Language::JavaScript,
            javascript: None,
        }
    }

    /// Adds JavaScript, by the name of its image.
    pub(crate) fn with_javascript(mut self, image: String) -> Self {
        if self.own != Language::JavaScript {
            self.javascript = Some(image);
        }
        self
    }

    /// The language of a name.
    pub(crate) fn find(&self, name: &str) -> Result<Language, NoLanguage> {
        let found = Language::parse(name).filter(|language| self.has(*language));
        found.ok_or_else(|| NoLanguage {
            asked: name.trim().chars().take(50).collect(),
            there: self.clone(),
        })
    }

    /// Those that run on images, with these; the sandboxes' own comes first.
    pub(crate) fn of_images(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let there = Language::ALL.into_iter().filter(|one| self.has(*one));
        let there = there.filter(|one| *one != Language::Bash);
        there.map(|one| (one.name(), self.image(one)))
    }

    /// Whether code of this language can run.
    pub(super) fn has(&self, language: Language) -> bool {
        let interpreter = language.interpreter();
        interpreter == Language::Bash
            || interpreter == self.own
            || (interpreter == Language::JavaScript && self.javascript.is_some())
    }

    /// That of code that names none.
    pub(super) fn own(&self) -> Language {
        self.own
    }

    /// Those that each sandbox has a context of from the start.
    pub(super) fn at_start(&self) -> impl Iterator<Item = Language> {
        let second = self.javascript.is_some().then_some(Language::JavaScript);
        std::iter::once(self.own).chain(second)
    }

    /// The image of a language; `None` for that which sandboxes start from, and for
    /// what needs none.
    pub(super) fn image(&self, language: Language) -> Option<&str> {
        match language.interpreter() {
            Language::JavaScript if self.own != Language::JavaScript => self.javascript.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = Language::ALL.iter().filter(|one| self.has(**one));
        let there: Vec<_> = there.map(|one| format!("`{}`", one.name())).collect();
        f.write_str(&there.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_several_names() {
        let both = Languages::default().with_javascript("javascript".to_owned());
        for (name, language) in [
            ("python", Language::Python),
            (" Python ", Language::Python),
            ("js", Language::JavaScript),
            ("JavaScript", Language::JavaScript),
            ("ts", Language::TypeScript),
            ("typescript", Language::TypeScript),
            ("bash", Language::Bash),
            ("Shell", Language::Bash),
        ] {
            assert_eq!(both.find(name), Ok(language), "{name}");
        }
        assert_eq!(both.image(Language::Python), None);
        assert_eq!(both.image(Language::TypeScript), Some("javascript"));
        assert_eq!(both.image(Language::Bash), None);
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let message = |languages: Languages, name: &str| {
            let refused = languages.find(name).unwrap_err();
            refused.to_string()
        };
        assert_eq!(
            message(Languages::default(), "js"),
            "there is no kernel for the language `js`; there is `python`, `bash`"
        );
        let both = Languages::default().with_javascript("x".to_owned());
        assert_eq!(
            message(both, "R"),
            "there is no kernel for the language `R`; there is `python`, `javascript`, `typescript`, `bash`"
        );
        let refused = message(Languages::only_javascript(), "python");
        assert!(refused.ends_with("there is `javascript`, `typescript`, `bash`"));
    }

    #[test]
    fn variables_are_set_in_the_words_of_each_language() {
        let variables = [("A", "it's $x"), ("not a name", "1"), ("B_2", "")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = BTreeMap::from(variables);
        assert_eq!(
            Language::Bash.setting(&variables),
            "export A=\"it's \"'$x'\nexport B_2=''\n"
        );
        let python = Language::Python.setting(&variables);
        assert!(python.starts_with("__import__('os').environ.update({"));
    }
}
