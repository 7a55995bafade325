//! Each promise of SPECIFICATION.md names a test or a figure that is there.

use std::fs;
use std::path::Path;

/// The file and the name in the last column of a line of a table.
fn held_by(line: &str) -> Option<(&str, &str)> {
    let cell = line.trim().strip_suffix('|')?.rsplit('|').next()?.trim();
    let mut parts = cell.split('`').filter(|part| !part.trim().is_empty());
    Some((parts.next()?, parts.next()?))
}

#[test]
fn every_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SPECIFICATION.md")).expect("the promises");
    let rows = text.lines().filter(|line| {
        line.starts_with("| ") && !line.starts_with("| promise") && !line.starts_with("|---")
    });
    let mut promises = 0;
    for row in rows {
        let (file, name) = held_by(row).expect(row);
        let source = fs::read_to_string(root.join(file)).expect(row);
        let there = if file.starts_with("tests/") {
            source.contains(&format!("fn {name}("))
        } else {
            source.contains(name)
        };
        assert!(there, "{file} has no {name}");
        promises += 1;
    }
    assert!(promises >= 30, "{promises}");
}
