//! The pinned inputs, read from the recipe's own lists.

use serde::Serialize;

/// Something from outside that goes into the guest or makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Where packages of this kind come from: `debian`, `crates.io`,
    /// `pypi` or `npm`.
    pub registry: &'static str,
    /// The package's name there.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// Accepted SHA-256 digests, in hex: more than one where the file differs
    /// from machine to machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha256: Vec<String>,
    /// The digest as npm writes it, for packages that come from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// pip's requirements with hashes: `name==version \` and `--hash=sha256:...`.
#[must_use]
pub fn pinned_wheels(text: &str) -> Vec<Input> {
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
                integrity: None,
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
#[must_use]
pub fn locked_crates(manifest: &str, lock: &str) -> Vec<Input> {
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
                integrity: None,
            })
        })
        .collect()
}

/// The packages of an npm lock file (version 3), optional ones left out: they are
/// programs for machines of one kind.
#[must_use]
pub fn locked_packages(lock: &str) -> Vec<Input> {
    let lock: serde_json::Value = serde_json::from_str(lock).unwrap_or_default();
    let packages = lock.get("packages").and_then(serde_json::Value::as_object);
    let input = |(path, package): (&String, &serde_json::Value)| {
        let text = |key: &str| package.get(key)?.as_str().map(str::to_owned);
        let (_, name) = path.rsplit_once("node_modules/")?;
        let optional = package.get("optional").and_then(serde_json::Value::as_bool);
        (optional != Some(true)).then(|| Input {
            registry: "npm",
            name: name.to_owned(),
            version: text("version").unwrap_or_default(),
            sha256: Vec::new(),
            integrity: text("integrity"),
        })
    };
    packages.into_iter().flatten().filter_map(input).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_crates_and_packages_are_read_from_their_lists() {
        let wheels = pinned_wheels(
            "# the compiler\na==1.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n",
        );
        assert_eq!(wheels.len(), 1);
        assert_eq!(wheels[0].version, "1.2");
        assert_eq!(wheels[0].sha256, ["aa", "bb"]);

        let lock = "[[package]]\nname = \"b\"\nversion = \"3.0.0\"\nchecksum = \"cc\"\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\nchecksum = \"dd\"\n";
        let crates = locked_crates("[dependencies]\nb = \"=3.0.0\"\n", lock);
        assert_eq!(crates.len(), 1);
        assert_eq!(crates[0].sha256, ["cc"]);

        let packages = locked_packages(
            r#"{"packages": {"": {"name": "x"},
                "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"},
                "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "integrity": "sha512-y"},
                "node_modules/c": {"version": "1.0.0", "optional": true}}}"#,
        );
        let names: Vec<&str> = packages.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["a", "@s/b"]);
        assert_eq!(packages[1].integrity.as_deref(), Some("sha512-y"));
        assert!(locked_packages("no json").is_empty());
    }
}
