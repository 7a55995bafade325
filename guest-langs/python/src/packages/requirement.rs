//! A requirement as pip is given it: a name and versions, nothing else.

use std::fmt;
use std::str::FromStr;

use super::PackageError;

/// Longest name and longest version, in bytes.
const PART: usize = 64;
/// Most conditions on the version.
const CONDITIONS: usize = 8;
/// Longer ones first: `~=1` shall not be read as `~` and `=1`.
const OPERATORS: [&str; 7] = ["==", "!=", "~=", ">=", "<=", ">", "<"];

/// A package's name and what its version must be, such as `humanize==4.9.0` or
/// `tomli>=1,<3`. No extras, markers, addresses or paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    name: String,
    conditions: Vec<(&'static str, String)>,
}

impl Requirement {
    /// The name as it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one version that will do, when the requirement names it.
    #[must_use]
    pub fn pinned(&self) -> Option<&str> {
        match self.conditions.as_slice() {
            [("==", version)] if !version.contains('*') => Some(version),
            _ => None,
        }
    }
}

impl FromStr for Requirement {
    type Err = PackageError;

    fn from_str(text: &str) -> Result<Self, PackageError> {
        let bad = |reason| PackageError::BadRequirement {
            text: text.chars().take(PART).collect(),
            reason,
        };
        let text = text.trim();
        let end = text.find(['=', '!', '~', '<', '>', ' ']);
        let (name, mut rest) = text.split_at(end.unwrap_or(text.len()));
        if !is_name(name) {
            return Err(bad(
                "a name has letters, digits, `.`, `-` and `_`, 64 at most",
            ));
        }
        let mut conditions = Vec::new();
        rest = rest.trim_start();
        while !rest.is_empty() {
            let operator = OPERATORS.iter().find(|known| rest.starts_with(**known));
            let operator = operator.ok_or_else(|| bad("a version follows ==, >= or the like"))?;
            let behind = rest.get(operator.len()..).unwrap_or_default();
            let (version, following) = behind.split_once(',').unwrap_or((behind, ""));
            let version = version.trim();
            if !is_version(version) {
                return Err(bad(
                    "a version has digits, letters and `.`, `!`, `+`, `*`, 64 at most",
                ));
            }
            conditions.push((*operator, version.to_owned()));
            rest = following.trim_start();
            if conditions.len() > CONDITIONS {
                return Err(bad("it has too many conditions"));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            conditions,
        })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, (operator, version)) in self.conditions.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{operator}{version}")?;
        }
        Ok(())
    }
}

/// Letters and digits, with `.`, `-` and `_` between them.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= PART
        && bytes.iter().all(|byte| inner(*byte))
        && outer(bytes.first())
        && outer(bytes.last())
}

/// A version, which may end in `.*`.
pub(super) fn is_version(text: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'!' | b'+' | b'*');
    let bytes = text.as_bytes();
    bytes.len() <= PART
        && bytes.iter().all(|byte| inner(*byte))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// The name by which packages are told apart: lower case, one `-` for each run of
/// `-`, `_` and `.`.
pub(super) fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_written_anew() {
        for (text, written, pinned) in [
            ("humanize==4.9.0", "humanize==4.9.0", Some("4.9.0")),
            ("  a.b-C_d ", "a.b-C_d", None),
            ("x >= 1.0 , < 2", "x>=1.0,<2", None),
            ("x==1.*", "x==1.*", None),
            ("x~=1.4.2", "x~=1.4.2", None),
            ("x==1!2.0+local", "x==1!2.0+local", Some("1!2.0+local")),
        ] {
            let requirement: Requirement = text.parse().unwrap();
            assert_eq!(requirement.to_string(), written);
            assert_eq!(requirement.pinned(), pinned, "{text}");
        }
    }

    #[test]
    fn nothing_else_gets_through() {
        for text in [
            "",
            "-r",
            "--index-url=x",
            "-",
            ".",
            "./x.whl",
            "/etc/passwd",
            "a/b",
            "x @ https://example.org/x.whl",
            "git+https://example.org/x",
            "x; python_version>'3'",
            "x[extra]",
            "x==1 --hash=sha256:0",
            "x==1\n--index-url y",
            "x\n",
            "x\0",
            "x==",
            "x=1",
            "x==-1",
            "x===1",
            "x==1,--pre",
            "é",
            "x==é",
            "x y",
            "$HOME",
            "x==$(id)",
            &"x".repeat(65),
            &format!("x=={}", "1".repeat(65)),
            &format!("x{}", ">1,".repeat(20)),
        ] {
            let parsed = text.parse::<Requirement>();
            if text == "x\n" {
                assert_eq!(parsed.unwrap().to_string(), "x");
                continue;
            }
            assert!(parsed.is_err(), "{text:?}: {parsed:?}");
        }
    }

    #[test]
    fn names_are_told_apart_as_pip_does() {
        assert_eq!(normalized("Ruamel__.Yaml-x"), "ruamel-yaml-x");
    }
}
