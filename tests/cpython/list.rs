//! The fixed list of modules and exceptions: docs/cpython-tests.md.

use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../docs/cpython-tests.md");

/// What a module's tests must come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) run: u64,
    pub(crate) skipped: u64,
    /// Tests that must fail.
    pub(crate) failing: Vec<String>,
    /// Tests, classes or modules that are left out.
    pub(crate) not_run: Vec<String>,
}

/// Every module of the page. What is wrong with the page panics.
pub(crate) fn modules() -> BTreeMap<String, Expected> {
    let mut modules = BTreeMap::new();
    for row in rows("Modules") {
        let [module, run, skipped] = row.as_slice() else {
            panic!("a row of modules has three cells: {row:?}");
        };
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("number in {row:?}"));
        let expected = Expected {
            run: number(run),
            skipped: number(skipped),
            ..Expected::default()
        };
        let before = modules.insert(module.clone(), expected);
        assert_eq!(before, None, "{module} is listed twice");
    }
    for (section, failing) in [("Expected failures", true), ("Not run", false)] {
        for row in rows(section) {
            let [name, reason] = row.as_slice() else {
                panic!("a row of exceptions has two cells: {row:?}");
            };
            assert!(!reason.is_empty(), "{name} has no reason");
            let expected = module_of(&mut modules, name);
            let names = if failing {
                &mut expected.failing
            } else {
                &mut expected.not_run
            };
            names.push(name.clone());
        }
    }
    modules
}

/// The listed module that a test belongs to.
fn module_of<'a>(modules: &'a mut BTreeMap<String, Expected>, test: &str) -> &'a mut Expected {
    let module = modules.keys().find(|module| {
        test.strip_prefix(module.as_str())
            .is_some_and(|rest| rest.starts_with('.'))
    });
    let module = module
        .cloned()
        .unwrap_or_else(|| panic!("the module of {test} is not listed"));
    modules.get_mut(&module).expect("it was just found")
}

/// The cells of the table below a heading, without its head.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            inside = title == heading;
        }
        if let Some(row) = line.strip_prefix("| `").filter(|_| inside) {
            let cells = row.trim_end_matches([' ', '|']).split(" | ");
            rows.push(
                cells
                    .map(|cell| cell.trim_matches([' ', '`']).to_owned())
                    .collect(),
            );
        }
    }
    assert!(!rows.is_empty(), "the page has no table {heading:?}");
    rows
}
