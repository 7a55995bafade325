//! The pinned inputs, read from the recipe's own lists.

use serde::Serialize;

use super::files::recipe_text;

/// Something from outside that goes into the guest or makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Input {
    /// Where packages of this kind come from: `debian`, `crates.io` or `pypi`.
    pub registry: &'static str,
    /// The package's name there.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// Accepted SHA-256 digests, in hex: more than one where the file differs
    /// from machine to machine.
    pub sha256: Vec<String>,
}

/// All inputs, in a fixed order.
pub(super) fn all() -> Vec<Input> {
    let mut inputs = vec![interpreter(recipe_text("interpreter.txt"))];
    inputs.extend(requirements(recipe_text("requirements-compiler.txt")));
    inputs.extend(requirements(recipe_text("requirements-library.txt")));
    inputs.extend(crates(
        recipe_text("crates.toml"),
        recipe_text("crates.lock"),
    ));
    inputs
}

/// `key value` lines.
fn interpreter(text: &str) -> Input {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == key)
            .map_or(String::new(), |(_, value)| value.to_owned())
    };
    Input {
        registry: "debian",
        name: value("package"),
        version: value("version"),
        sha256: vec![value("sha256")],
    }
}

/// pip's requirements with hashes: `name==version \` and `--hash=sha256:...`.
fn requirements(text: &str) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for word in text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
    {
        if let Some((name, version)) = word.split_once("==") {
            inputs.push(Input {
                registry: "pypi",
                name: name.to_owned(),
                version: version.to_owned(),
                sha256: Vec::new(),
            });
        } else if let (Some(digest), Some(input)) =
            (word.strip_prefix("--hash=sha256:"), inputs.last_mut())
        {
            input.sha256.push(digest.to_owned());
        }
    }
    inputs
}

/// The packages of a cargo lock file that the manifest asks for by name: the
/// others are what those crates want for a build in Rust, and nothing of theirs
/// is used.
fn crates(manifest: &str, lock: &str) -> Vec<Input> {
    let wanted: Vec<&str> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    lock.split("[[package]]")
        .filter_map(|package| {
            let value = |key: &str| {
                package
                    .lines()
                    .filter_map(|line| line.split_once(" = "))
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| value.trim_matches('"').to_owned())
            };
            let name = value("name")?;
            let digest = value("checksum")?;
            wanted.contains(&name.as_str()).then(|| Input {
                registry: "crates.io",
                name,
                version: value("version").unwrap_or_default(),
                sha256: vec![digest],
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_pinned_by_version_and_digest() {
        let inputs = all();
        for input in &inputs {
            assert!(
                !input.name.is_empty() && !input.version.is_empty(),
                "{input:?}"
            );
            assert!(!input.sha256.is_empty(), "{input:?}");
            for digest in &input.sha256 {
                assert_eq!(digest.len(), 64, "{input:?}");
                assert!(
                    digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{input:?}"
                );
            }
        }
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "python3.13",
                "ziglang",
                "tzdata",
                "bzip2-sys",
                "libffi-sys",
                "liblzma-sys",
                "libsqlite3-sys",
                "libz-sys"
            ]
        );
    }

    #[test]
    fn the_lock_agrees_with_the_manifest() {
        for line in recipe_text("crates.toml").lines() {
            if let Some((name, version)) = line.split_once(" = \"=") {
                let version = version.trim_end_matches('"');
                let input = all().into_iter().find(|input| input.name == name);
                let locked = input.unwrap().version;
                assert_eq!(locked.split('+').next(), Some(version), "{name}");
            }
        }
    }
}
