//! What a test says of itself, in the comment at its head.

/// Features that the engine does not have, as its own configuration says, or that the
/// language gave up (`import-assertions`, `cleanupSome`).
const ABSENT: [&str; 18] = [
    "Atomics",
    "FinalizationRegistry.prototype.cleanupSome",
    "Intl",
    "IsHTMLDDA",
    "ShadowRealm",
    "SharedArrayBuffer",
    "Temporal",
    "caller",
    "cross-realm",
    "decorators",
    "explicit-resource-management",
    "host-gc-required",
    "immutable-arraybuffer",
    "import-assertions",
    "import-defer",
    "legacy-regexp",
    "source-phase-imports",
    "tail-call-optimization",
];

#[derive(Default)]
pub(crate) struct About {
    /// The name of the error that the test must end with.
    pub(crate) negative: Option<String>,
    /// Files of the harness.
    pub(crate) includes: Vec<String>,
    flags: Vec<String>,
    features: Vec<String>,
}

impl About {
    pub(crate) fn of(text: &str) -> Self {
        let mut about = Self::default();
        let front = text
            .split_once("/*---")
            .and_then(|(_, rest)| rest.split_once("---*/"))
            .map_or("", |(front, _)| front);
        // Tests of line ends have others than line feeds.
        for line in front.split(['\n', '\r']) {
            let line = line.trim();
            if line.starts_with("includes:") {
                about.includes = list(line);
            } else if line.starts_with("flags:") {
                about.flags = list(line);
            } else if line.starts_with("features:") {
                about.features = list(line);
            } else if let Some(name) = line.strip_prefix("type:") {
                about.negative = Some(name.trim().to_owned());
            }
        }
        about
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    /// Why the test is not run: what it asks for is not there.
    pub(crate) fn skipped_for(&self, text: &str) -> Option<&'static str> {
        if self.flag("CanBlockIsFalse") || self.flag("CanBlockIsTrue") {
            return Some("agents");
        }
        if text.contains("$262.createRealm") {
            return Some("cross-realm");
        }
        ABSENT
            .into_iter()
            .find(|absent| self.features.iter().any(|name| name.starts_with(absent)))
    }
}

/// The words of `name: [one, two]`.
fn list(line: &str) -> Vec<String> {
    let inside = line
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    inside
        .map_or("", |(inside, _)| inside)
        .split(',')
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn a_head_is_read_whatever_its_lines_end_with() {
    let about = About::of("/*---\rflags: [async]\rincludes: [a.js, b.js]\rtype: E\r---*/");
    assert!(about.flag("async"));
    assert_eq!(about.includes, ["a.js", "b.js"]);
    assert_eq!(about.negative.as_deref(), Some("E"));
}
