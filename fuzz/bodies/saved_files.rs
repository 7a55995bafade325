//! Bytes that may be a saved tree: refused, or a tree that is saved as the same
//! bytes.

use sandcell::files::{FileLimits, Storage, Tree};

/// Bytes of magic, version and limits, which the reader's bounds may lower.
const LIMITS_END: usize = 8 + 4 + 44;

pub(crate) fn body(input: &[u8]) {
    let bounds = FileLimits {
        bytes: 1 << 20,
        entries: 1000,
        ..FileLimits::default()
    };
    let mut rest = input;
    let storage = Storage::with_capacity("/nowhere", 0);
    let Ok(mut tree) = Tree::load(&mut rest, &bounds, storage, &[]) else {
        return;
    };
    let read = input.len() - rest.len();
    let mut again = Vec::new();
    tree.save(&mut again)
        .unwrap_or_else(|error| panic!("{error}"));
    let body = LIMITS_END..read;
    assert!(
        again.get(body.clone()) == input.get(body),
        "a tree has one form"
    );
    tree.drop_unheld();
    for entry in tree.list("/").unwrap_or_else(|error| panic!("{error}")) {
        // What is sealed may refuse.
        drop(tree.remove_all(&format!("/{}", entry.name), 1));
    }
}
