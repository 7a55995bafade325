//! Trees as bytes and back, and bytes that no tree wrote.

use std::sync::Arc;

use super::{Dice, NOW, check_sums, shown, standard, storage, tree, tree_with};
use crate::files::node::{Kind, NodeId};
use crate::files::quota::FileLimits;
use crate::files::saved::SavedError;
use crate::files::tree::Tree;
use crate::files::{LIBRARY_PATH, Library, Storage};

/// Bytes of magic, version and limits.
const LIMITS_END: usize = 8 + 4 + 44;

fn saved(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    tree.save(&mut bytes).unwrap();
    bytes
}

fn load(mut bytes: &[u8]) -> Result<Tree, SavedError> {
    let tree = Tree::load(&mut bytes, &FileLimits::default(), storage(), &[])?;
    assert!(bytes.is_empty(), "{} bytes are left", bytes.len());
    Ok(tree)
}

/// A tree of everything, out of random operations.
fn random_tree(dice: &mut Dice) -> Tree {
    let limits = FileLimits {
        resident_bytes: 100_000,
        resident_file_bytes: 65_536,
        ..FileLimits::default()
    };
    let mut tree = tree_with(limits);
    let names = ["a", "b", "ü", "line\nbreak", "long name"];
    for step in 0..200 {
        let path = |dice: &mut Dice| -> String {
            (0..=dice.below(3))
                .map(|_| format!("/{}", dice.one_of(&names)))
                .collect()
        };
        let at = path(dice);
        let now = NOW + step;
        // Many of these fail; what works is enough.
        let _unused = match dice.below(11) {
            0..=2 => tree.make_dirs(&at, now),
            3 => tree.symlink("../b/./c", &at, now),
            4 | 5 => tree.write(&at, &vec![7; dice.size(200_000)], now),
            6 => tree.rename(&at, &path(dice), now),
            7 => tree.set_metadata(&at, [(at.clone(), "noted".to_owned())].into(), now),
            8 => tree.set_mode(&at, 0o4751, now).and_then(|()| {
                tree.set_owner(&at, 5, 6, now)?;
                tree.set_times(&at, Some(1), Some(2), now)
            }),
            9 => {
                // A file with a hole, held open and perhaps without a name soon.
                let holed = tree.write(&at, b"start", now).and_then(|()| {
                    let id = tree.stat_link(&at)?.id;
                    tree.pin(id)?;
                    tree.write_at(id, 400_000, b"behind a hole", now)
                });
                if dice.below(2) == 0 && holed.is_ok() {
                    tree.remove(&at, now)
                } else {
                    Ok(())
                }
            }
            _ => match tree.stat_link(&at) {
                Ok(stat) if stat.kind == Kind::File => {
                    let name = format!("link {step}");
                    tree.link_in(stat.id, NodeId::ROOT, &name, now)
                }
                _ => tree.remove_all(&at, now),
            },
        };
    }
    tree
}

#[test]
fn random_trees_come_back_as_they_were() {
    for seed in 1..=20 {
        let original = random_tree(&mut Dice(seed));
        let bytes = saved(&original);
        let mut copy = load(&bytes).unwrap();
        assert!(saved(&copy) == bytes, "seed {seed}");
        assert_eq!(copy.usage().bytes, original.usage().bytes);
        check_sums(&copy);
        copy.drop_unheld();
        check_sums(&copy);
        let mut released = original.clone();
        released.pins = Arc::default();
        released.drop_unheld();
        assert!(saved(&copy) == saved(&released), "seed {seed}");
        // It is a tree like any other.
        copy.make_dirs("/new/place", NOW).unwrap();
        copy.write("/new/place/file", b"text", NOW).unwrap();
        copy.remove_all("/new", NOW).unwrap();
        check_sums(&copy);
    }
}

#[test]
fn where_contents_lie_makes_no_difference() {
    let limits = |resident_bytes| FileLimits {
        resident_bytes,
        ..FileLimits::default()
    };
    let text = vec![3; 300_000];
    let mut in_memory = tree_with(limits(1 << 30));
    in_memory.write("/file", &text, NOW).unwrap();
    let mut spilled = tree_with(limits(0));
    spilled.write("/file", &text, NOW).unwrap();
    spilled.set_limits(limits(1 << 30));
    assert_eq!(saved(&in_memory), saved(&spilled));
    assert_eq!(spilled.usage().resident_bytes, 0);
    assert!(load(&saved(&spilled)).unwrap().usage().resident_bytes > 0);
}

#[test]
fn holes_stay_holes() {
    let mut tree = tree();
    tree.write("/file", b"x", NOW).unwrap();
    let id = tree.stat("/file").unwrap().id;
    tree.write_at(id, 1 << 38, b"y", NOW).unwrap();
    let bytes = saved(&tree);
    assert!(bytes.len() < 2000);
    let copy = load(&bytes).unwrap();
    assert_eq!(copy.stat("/file").unwrap().size, (1 << 38) + 1);
    assert_eq!(copy.usage(), tree.usage());
}

#[test]
fn names_of_a_file_stay_names_of_one_file() {
    let mut tree = super::laid(&["/a/", "/a/file"]);
    let id = tree.stat("/a/file").unwrap().id;
    tree.link_in(id, NodeId::ROOT, "other", NOW).unwrap();
    let mut copy = load(&saved(&tree)).unwrap();
    assert_eq!(copy.stat("/other").unwrap(), tree.stat("/a/file").unwrap());
    copy.append("/other", b"!", NOW).unwrap();
    assert_eq!(copy.read("/a/file").unwrap(), b"/a/file!");
}

#[test]
fn listings_go_on_where_they_were() {
    let tree = super::laid(&["/b", "/a", "/c"]);
    let copy = load(&saved(&tree)).unwrap();
    let second = |tree: &Tree| tree.entry_from(NodeId::ROOT, 3).unwrap().unwrap();
    assert_eq!(&*second(&tree).entry.name, "a");
    assert_eq!(&*second(&copy).entry.name, "a");
    assert_eq!(second(&copy).cookie, second(&tree).cookie);
}

#[test]
fn the_standard_layout_is_small_and_stays_sealed() {
    let tree = standard();
    let bytes = saved(&tree);
    assert!(bytes.len() < 8192, "{} bytes", bytes.len());
    let mut copy = load(&bytes).unwrap();
    assert_eq!(shown(&copy), shown(&tree));
    assert!(copy.remove("/dev/null", NOW).is_err());
    assert_eq!(copy.stat("/home/user").unwrap().owner, 1000);
}

#[test]
fn what_was_mounted_must_be_given_again() {
    let library = |digest: &str| Arc::new(Library::new("nowhere").identified(digest));
    let mut tree = standard();
    tree.mount(LIBRARY_PATH, library("abc")).unwrap();
    let bytes = saved(&tree);
    let bounds = FileLimits::default();
    assert_eq!(
        load(&bytes).unwrap_err(),
        SavedError::MissingMount {
            path: LIBRARY_PATH.to_owned()
        }
    );
    let wrong = Tree::load(
        &mut &*bytes,
        &bounds,
        storage(),
        &[(LIBRARY_PATH, library("abd"))],
    );
    assert_eq!(
        wrong.unwrap_err(),
        SavedError::WrongMount {
            path: LIBRARY_PATH.to_owned(),
            expected: "library abc".to_owned(),
            found: "library abd".to_owned(),
        }
    );
    let copy = Tree::load(
        &mut &*bytes,
        &bounds,
        storage(),
        &[(LIBRARY_PATH, library("abc"))],
    );
    assert_eq!(saved(&copy.unwrap()), bytes);
}

#[test]
fn a_tree_above_the_bounds_is_refused() {
    let mut tree = tree();
    tree.make_dirs("/a/b/c", NOW).unwrap();
    tree.write("/a/file", &[1; 5000], NOW).unwrap();
    let bytes = saved(&tree);
    let refused = |change: fn(&mut FileLimits)| {
        let mut bounds = FileLimits::default();
        change(&mut bounds);
        Tree::load(&mut &*bytes, &bounds, storage(), &[]).map(|tree| tree.limits().clone())
    };
    let too_much = |what, found, limit| Err(SavedError::TooMuch { what, found, limit });
    assert_eq!(
        refused(|b| b.bytes = 4999),
        too_much("bytes of contents", 5000, 4999)
    );
    assert_eq!(refused(|b| b.entries = 3), too_much("entries", 4, 3));
    assert_eq!(
        refused(|b| b.depth = 2),
        too_much("levels of directories", 3, 2)
    );
    assert_eq!(
        refused(|b| b.file_bytes = 10),
        too_much("bytes of one file", 5000, 10)
    );
    assert_eq!(refused(|b| b.bytes = 5000).unwrap().bytes, 5000);
    let tight = refused(|b| b.entries = 4).unwrap();
    assert_eq!(tight.entries, 4);
    let spill_nothing = Storage::with_capacity("/nowhere", 0);
    let bounds = FileLimits {
        resident_bytes: 0,
        ..FileLimits::default()
    };
    let error = Tree::load(&mut &*bytes, &bounds, spill_nothing, &[]).unwrap_err();
    assert!(matches!(error, SavedError::Spill(_)), "{error}");
}

#[test]
fn truncated_bytes_are_refused_at_every_place() {
    let bytes = saved(&standard());
    for length in 0..bytes.len() {
        let error = Tree::load(
            &mut bytes.get(..length).unwrap(),
            &FileLimits::default(),
            storage(),
            &[],
        )
        .unwrap_err();
        assert!(
            matches!(error, SavedError::Truncated { .. }),
            "{length}: {error}"
        );
    }
}

/// Changed bytes give an error, or a tree that is whole.
fn check_changed(bytes: &[u8]) -> bool {
    let limits = FileLimits {
        bytes: 2 << 20,
        entries: 1000,
        ..FileLimits::default()
    };
    let Ok(mut tree) = Tree::load(&mut &*bytes, &limits, storage(), &[]) else {
        return false;
    };
    check_sums(&tree);
    let again = saved(&tree);
    // The limits, which the bounds may lower, are in front.
    let body = LIMITS_END..again.len();
    assert!(
        again.get(body.clone()) == bytes.get(body),
        "a tree has one form only"
    );
    tree.drop_unheld();
    let names: Vec<_> = tree.list("/").unwrap();
    for entry in names {
        // Sealed things may refuse.
        drop(tree.remove_all(&format!("/{}", entry.name), NOW));
    }
    check_sums(&tree);
    true
}

#[test]
fn changed_bytes_never_make_a_broken_tree() {
    let mut dice = Dice(11);
    let mut loaded = 0;
    for seed in 1..=6 {
        let mut small = random_tree(&mut Dice(seed));
        // Contents are most of the bytes and nothing can be wrong with them.
        for entry in small.list("/").unwrap() {
            if entry.kind == Kind::File {
                let path = format!("/{}", entry.name);
                small.write(&path, b"little", NOW).unwrap();
            }
        }
        let bytes = saved(&small);
        for _ in 0..400 {
            let mut changed = bytes.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.size(changed.len());
                changed[at] = match dice.below(3) {
                    0 => changed[at] ^ (1 << dice.below(8)),
                    1 => *dice.one_of(&[0, 1, 0x7f, 0xff]),
                    _ => changed[dice.size(bytes.len())],
                };
            }
            loaded += u32::from(check_changed(&changed));
        }
    }
    assert!(
        loaded > 0,
        "no change was harmless: the test tests too little"
    );
}
