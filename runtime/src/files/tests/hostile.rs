//! Trees that are much too large, too deep or too tangled.

use super::{NOW, check_sums, storage, tree_with};
use crate::files::error::FileError;
use crate::files::quota::FileLimits;
use crate::files::tree::Tree;

#[test]
fn a_million_small_files_are_made_copied_saved_and_removed() {
    let limits = FileLimits {
        entries: 1_001_000,
        ..FileLimits::default()
    };
    let mut tree = tree_with(limits.clone());
    for folder in 0..100 {
        tree.make_dirs(&format!("/{folder}"), NOW).unwrap();
        for file in 0..10_000 {
            tree.write(&format!("/{folder}/{file}"), b"x", NOW).unwrap();
        }
    }
    assert_eq!(tree.usage().entries, 1_000_100);
    assert_eq!(tree.usage().bytes, 1_000_000);
    let mut copy = tree.clone();
    copy.rename("/50", "/moved", NOW).unwrap();
    copy.remove_all("/moved", NOW).unwrap();
    assert_eq!(copy.usage().entries, 990_099);
    assert_eq!(tree.list("/50").unwrap().len(), 10_000);
    drop(tree);
    let mut bytes = Vec::new();
    copy.save(&mut bytes).unwrap();
    drop(copy);
    let loaded = Tree::load(&mut &*bytes, &limits, storage(), &[]).unwrap();
    assert_eq!(loaded.usage().entries, 990_099);
    assert_eq!(loaded.read("/99/9999").unwrap(), b"x");
}

#[test]
fn the_deepest_tree_is_saved_moved_and_removed() {
    let limits = FileLimits {
        depth: 100_000,
        entries: 200_000,
        ..FileLimits::default()
    };
    let mut tree = tree_with(limits.clone());
    // Longer than any path: made from below, one directory around the other.
    tree.make_dir("/top", NOW).unwrap();
    for _ in 0..3000 {
        tree.make_dir("/new", NOW).unwrap();
        tree.rename("/top", "/new/top", NOW).unwrap();
        tree.rename("/new", "/top", NOW).unwrap();
    }
    check_sums(&tree);
    let mut bytes = Vec::new();
    tree.save(&mut bytes).unwrap();
    let mut copy = Tree::load(&mut &*bytes, &limits, storage(), &[]).unwrap();
    let shallow = FileLimits {
        depth: 3000,
        ..limits
    };
    let error = Tree::load(&mut &*bytes, &shallow, storage(), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "3001 levels of directories are more than 3000"
    );
    copy.remove_all("/top", NOW).unwrap();
    assert_eq!(copy.usage().entries, 0);
    let path = "/top".repeat(1023);
    assert!(tree.exists(&path).unwrap());
    assert!(matches!(
        tree.exists(&"/top".repeat(1025)),
        Err(FileError::PathTooLong { .. })
    ));
}

/// A change of these bytes is a change of the format: then the version and
/// docs/snapshot-format.md change as well.
#[test]
fn the_saved_form_of_version_one_stays() {
    let mut tree = tree_with(FileLimits::default());
    tree.make_dirs("/folder/empty", NOW).unwrap();
    tree.write("/folder/file", b"text", NOW + 1).unwrap();
    tree.symlink("../file", "/folder/link", NOW + 2).unwrap();
    let notes = [("key".to_owned(), "value".to_owned())].into();
    tree.set_metadata("/folder/file", notes, NOW + 3).unwrap();
    let mut bytes = Vec::new();
    tree.save(&mut bytes).unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "eeb068bb55febc56b1f505e20e925bdc4d9e0473c274496e75079c7fdbe13b31"
    );
}
