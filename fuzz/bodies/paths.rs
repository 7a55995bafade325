//! A script of operations on paths, one a line: `mkdir P`, `write P`, `link T P`,
//! `move P Q`, `remove P`, `all P`, `read P`. Words are split at tabs, so that
//! paths may hold anything else. Whatever it does, the tree stays a tree.

use sandcell::files::{FileError, FileLimits, Kind, Storage, Tree};

/// Operations of one script that are carried out.
const STEPS: usize = 300;

pub(crate) fn body(input: &[u8]) {
    let limits = FileLimits {
        bytes: 1 << 16,
        entries: 200,
        depth: 20,
        ..FileLimits::default()
    };
    let mut tree = Tree::new(limits, Storage::with_capacity("/nowhere", 0), 1);
    for (at, line) in input.split(|byte| *byte == b'\n').take(STEPS).enumerate() {
        // As the calls of a guest: what is not UTF-8 never gets to the tree.
        if let Ok(line) = std::str::from_utf8(line) {
            let before = tree.usage();
            let done = step(&mut tree, line, at as u64 + 2);
            let same = tree.usage() == before;
            assert!(done.is_ok() || same || line.starts_with("all"), "{line}");
        }
    }
    check(&tree);
}

fn step(tree: &mut Tree, line: &str, now_ns: u64) -> Result<(), FileError> {
    let mut words = line.split('\t');
    let what = words.next().unwrap_or_default();
    let one = words.next().unwrap_or_default();
    let two = words.next().unwrap_or_default();
    match what {
        "mkdir" => tree.make_dir(one, now_ns),
        "write" => tree.write(one, two.as_bytes(), now_ns),
        "link" => tree.symlink(one, two, now_ns),
        "move" => tree.rename(one, two, now_ns),
        "remove" => tree.remove(one, now_ns),
        "all" => tree.remove_all(one, now_ns),
        _ => tree.read(one).map(|_| ()),
    }
}

/// Everything is reached once, by its own path, and the sums are right.
fn check(tree: &Tree) {
    let mut entries = 0;
    let mut open = vec![(String::new(), 0)];
    while let Some((at, depth)) = open.pop() {
        assert!(depth <= tree.limits().depth, "{at:?} is too deep");
        let shown = if at.is_empty() { "/" } else { &at };
        let listed = match tree.list(shown) {
            // Paths have a bound that is reached before the depth.
            Err(FileError::PathTooLong { .. }) => continue,
            listed => listed.unwrap_or_else(|error| panic!("{at:?}: {error}")),
        };
        for entry in listed {
            entries += 1;
            let path = format!("{at}/{}", entry.name);
            match tree.stat_link(&path) {
                Err(FileError::PathTooLong { .. }) => {}
                found => assert_eq!(found.map(|stat| stat.id), Ok(entry.id), "{path:?}"),
            }
            if entry.kind == Kind::Directory {
                open.push((path, depth + 1));
            }
        }
    }
    assert_eq!(entries, tree.usage().entries);
    let mut bytes = Vec::new();
    tree.save(&mut bytes)
        .unwrap_or_else(|error| panic!("{error}"));
    let storage = Storage::with_capacity("/nowhere", 0);
    let copy = Tree::load(&mut &*bytes, tree.limits(), storage, &[]);
    let copy = copy.unwrap_or_else(|error| panic!("{error}"));
    let mut again = Vec::new();
    copy.save(&mut again)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(again == bytes, "a tree has one form");
}
