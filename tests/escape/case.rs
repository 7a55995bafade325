//! A file of cases:
//!
//! ```text
//! # Comments say what is attacked.
//! >>> open('/etc/shadow')
//! FileNotFoundError: [Errno 44] No such file or directory: '/etc/shadow'
//!
//! >>> for n in range(2):
//! ...     print(n)
//! 0
//! 1
//! ```
//!
//! What follows the code, up to an empty line, is what must come of it: the
//! output and the last value, or how the cell ended.

use std::fs;
use std::path::Path;

/// One attack.
#[derive(Debug)]
pub(crate) struct Case {
    /// Where it stands.
    pub(crate) line: usize,
    /// Comments and empty lines in front of it.
    before: String,
    pub(crate) code: String,
    pub(crate) expected: String,
}

/// All attacks of a file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) cases: Vec<Case>,
    /// What follows the last one.
    after: String,
}

impl File {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a file of cases");
        let mut cases = Vec::new();
        let mut before = String::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let Some(first) = line.strip_prefix(">>> ") else {
                assert!(
                    line.is_empty() || line.starts_with('#'),
                    "{}:{}: neither a comment nor a case",
                    path.display(),
                    number + 1
                );
                before.push_str(line);
                before.push('\n');
                continue;
            };
            let mut code = first.to_owned();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("...")) {
                code.push('\n');
                code.push_str(more.strip_prefix("... ").unwrap_or_default());
            }
            let mut expected = Vec::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
                expected.push(line);
            }
            cases.push(Case {
                line: number + 1,
                before: std::mem::take(&mut before),
                code,
                expected: expected.join("\n"),
            });
        }
        Self {
            cases,
            after: before,
        }
    }

    pub(crate) fn write(&self, path: &Path) {
        let mut text = String::new();
        for case in &self.cases {
            let code = case.code.replace('\n', "\n... ").replace("... \n", "...\n");
            text.push_str(&format!("{}>>> {code}\n", case.before));
            if !case.expected.is_empty() {
                text.push_str(&case.expected);
                text.push('\n');
            }
        }
        text.push_str(&self.after);
        fs::write(path, text).expect("the file is written");
    }
}
