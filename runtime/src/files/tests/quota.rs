use super::{NOW, check_sums, done, standard, tree, tree_with};
use crate::files::error::FileError;
use crate::files::quota::{FileLimits, HARD_LINKS};

fn bytes(limit: u64) -> FileLimits {
    FileLimits {
        bytes: limit,
        ..FileLimits::default()
    }
}

#[test]
fn bytes_are_counted_to_the_last_and_not_beyond() {
    let mut tree = tree_with(bytes(1000));
    tree.write("/a", &[1; 600], NOW).unwrap();
    let full = |wanted| {
        Err(FileError::NoSpace {
            wanted,
            limit: 1000,
        })
    };
    assert_eq!(tree.write("/b", &[1; 401], NOW), full(401));
    assert!(!tree.exists("/b").unwrap(), "nothing half");
    tree.write("/b", &[1; 400], NOW).unwrap();
    assert_eq!(tree.usage().bytes, 1000);
    assert_eq!(tree.append("/b", b"x", NOW), full(1));
    assert_eq!(tree.symlink("target", "/l", NOW), full(6));
    let notes = || [("k".to_owned(), "v".to_owned())].into();
    assert_eq!(tree.set_metadata("/a", notes(), NOW), full(2));
    // Writing over what is there needs nothing.
    let b = tree.stat("/b").unwrap().id;
    assert_eq!(tree.write_at(b, 0, &[2; 400], NOW), Ok(400));
    assert_eq!(done(tree.write_at(b, 1, &[2; 400], NOW)), full(1));
    assert_eq!(tree.stat("/b").unwrap().size, 400);
    // Replacing counts what goes against what comes.
    tree.write("/b", &[3; 200], NOW).unwrap();
    tree.symlink("target", "/l", NOW).unwrap();
    tree.set_metadata("/a", notes(), NOW).unwrap();
    assert_eq!(tree.usage().bytes, 600 + 200 + 6 + 2);
    tree.set_metadata("/a", [].into(), NOW).unwrap();
    tree.remove("/l", NOW).unwrap();
    tree.remove("/a", NOW).unwrap();
    assert_eq!(tree.usage().bytes, 200);
    check_sums(&tree);
}

#[test]
fn a_hole_is_free_and_filling_it_is_not() {
    let mut tree = tree_with(bytes(100_000));
    tree.write("/a", b"", NOW).unwrap();
    let a = tree.stat("/a").unwrap().id;
    tree.set_size_of(a, 1 << 40, NOW).unwrap();
    assert_eq!(tree.usage().bytes, 0);
    assert_eq!(
        tree.set_size_of(a, (1 << 40) + 1, NOW),
        Err(FileError::FileTooLarge {
            size: (1 << 40) + 1,
            limit: 1 << 40
        })
    );
    assert_eq!(
        done(tree.write_at(a, 1 << 40, b"x", NOW)),
        Err(FileError::FileTooLarge {
            size: (1 << 40) + 1,
            limit: 1 << 40
        })
    );
    assert_eq!(
        done(tree.write_at(a, u64::MAX, b"x", NOW)),
        Err(FileError::FileTooLarge {
            size: u64::MAX,
            limit: 1 << 40
        })
    );
    tree.write_at(a, 1 << 30, b"x", NOW).unwrap();
    assert_eq!(tree.usage().bytes, 1);
    // A terabyte of zeros is refused at once.
    assert!(matches!(
        tree.allocate_in(a, 0, 1 << 40, NOW),
        Err(FileError::NoSpace { .. })
    ));
    tree.allocate_in(a, 0, 65_536, NOW).unwrap();
    assert_eq!(tree.usage().bytes, 65_537);
    // Reading a terabyte into the host is refused; a range of it is not.
    assert!(matches!(
        tree.read("/a"),
        Err(FileError::FileTooLarge { .. })
    ));
    assert_eq!(tree.read_range("/a", 1 << 30, 2).unwrap(), b"x\0");
}

#[test]
fn entries_are_counted_by_names() {
    let mut tree = tree_with(FileLimits {
        entries: 4,
        ..FileLimits::default()
    });
    let full = Err(FileError::TooManyEntries { limit: 4 });
    tree.write("/a", b"", NOW).unwrap();
    tree.make_dir("/d", NOW).unwrap();
    tree.symlink("x", "/l", NOW).unwrap();
    let a = tree.stat("/a").unwrap().id;
    tree.link_in(a, crate::files::NodeId::ROOT, "b", NOW)
        .unwrap();
    assert_eq!(tree.write("/x", b"", NOW), full);
    assert_eq!(tree.make_dir("/x", NOW), full);
    assert_eq!(tree.symlink("x", "/x", NOW), full);
    assert_eq!(tree.link_in(a, crate::files::NodeId::ROOT, "c", NOW), full);
    // Moving needs no entry, replacing frees one.
    tree.rename("/a", "/d/a", NOW).unwrap();
    tree.rename("/l", "/b", NOW).unwrap();
    assert_eq!(tree.usage().entries, 3);
    tree.write("/x", b"", NOW).unwrap();
    assert_eq!(tree.make_dirs("/d/e/f", NOW), full);
    check_sums(&tree);
}

#[test]
fn a_file_has_a_bounded_number_of_names() {
    let mut tree = tree();
    tree.write("/0", b"", NOW).unwrap();
    let (file, root) = (tree.stat("/0").unwrap().id, crate::files::NodeId::ROOT);
    for at in 1..HARD_LINKS {
        tree.link_in(file, root, &at.to_string(), NOW).unwrap();
    }
    let full = FileError::TooManyHardLinks { limit: HARD_LINKS };
    assert_eq!(tree.link_in(file, root, "more", NOW), Err(full));
    assert_eq!(tree.stat("/7").unwrap().links, HARD_LINKS);
    tree.remove("/7", NOW).unwrap();
    tree.link_in(file, root, "more", NOW).unwrap();
}

#[test]
fn limits_may_be_lowered_below_what_is_there() {
    let mut tree = tree();
    tree.write("/a", &[1; 1000], NOW).unwrap();
    tree.set_limits(FileLimits {
        bytes: 10,
        entries: 0,
        ..FileLimits::default()
    });
    assert_eq!(tree.limits().bytes, 10);
    assert!(matches!(
        tree.append("/a", b"x", NOW),
        Err(FileError::NoSpace { .. })
    ));
    tree.write("/a", &[2; 500], NOW).unwrap();
    assert!(matches!(
        tree.write("/b", b"", NOW),
        Err(FileError::TooManyEntries { .. })
    ));
    tree.remove("/a", NOW).unwrap();
    assert_eq!(tree.usage().bytes, 0);
}

#[test]
fn names_paths_and_targets_have_their_lengths() {
    let mut tree = tree();
    let name = "n".repeat(255);
    tree.write(&format!("/{name}"), b"x", NOW).unwrap();
    assert_eq!(
        tree.write(&format!("/{name}n"), b"x", NOW),
        Err(FileError::NameTooLong {
            length: 256,
            limit: 255
        })
    );
    // Bytes count, not characters.
    assert!(matches!(
        tree.make_dir(&format!("/{}", "é".repeat(128)), NOW),
        Err(FileError::NameTooLong { length: 256, .. })
    ));
    let target = "t".repeat(4096);
    tree.symlink(&target, "/l", NOW).unwrap();
    assert_eq!(tree.read_link("/l").unwrap(), target);
    assert!(matches!(
        tree.symlink(&format!("{target}t"), "/m", NOW),
        Err(FileError::PathTooLong { length: 4097, .. })
    ));
    let longest = format!("/{}", "/".repeat(4095 - 1));
    assert_eq!(longest.len(), 4095);
    assert!(tree.exists(&format!("{longest}/")).unwrap());
    assert!(matches!(
        tree.exists(&format!("{longest}//")),
        Err(FileError::PathTooLong { length: 4097, .. })
    ));
    assert!(matches!(
        tree.make_dirs(&"/d".repeat(10_000), NOW),
        Err(FileError::PathTooLong { .. })
    ));
}

#[test]
fn depth_is_exact_also_when_directories_move() {
    let mut tree = tree_with(FileLimits {
        depth: 4,
        ..FileLimits::default()
    });
    let deep = Err(FileError::TooDeep { limit: 4 });
    tree.make_dirs("/1/2/3/4", NOW).unwrap();
    assert_eq!(tree.make_dir("/1/2/3/4/5", NOW), deep);
    tree.write("/1/2/3/4/file", b"", NOW).unwrap();
    tree.make_dirs("/a/b", NOW).unwrap();
    for at in 0..100 {
        tree.write(&format!("/a/file-{at}"), b"", NOW).unwrap();
    }
    tree.rename("/a", "/1/2/a", NOW).unwrap();
    assert_eq!(tree.rename("/1/2/a", "/1/2/3/a", NOW), deep);
    tree.remove("/1/2/a/b", NOW).unwrap();
    tree.rename("/1/2/a", "/1/2/3/a", NOW).unwrap();
    // Sideways and upwards is always fine.
    tree.rename("/1/2/3/4", "/1/2/3/five", NOW).unwrap();
    tree.rename("/1/2", "/2", NOW).unwrap();
    check_sums(&tree);
}

#[test]
fn deep_trees_are_walked_moved_and_dropped() {
    let mut tree = tree_with(FileLimits {
        depth: u32::MAX,
        ..FileLimits::default()
    });
    let mut at = crate::files::NodeId::ROOT;
    for _ in 0..5000 {
        at = tree.make_directory_in(at, "d", NOW).unwrap();
    }
    let copy = tree.clone();
    tree.rename("/d/d/d", "/e", NOW).unwrap();
    let mut up = at;
    for _ in 0..4997 {
        up = tree.parent(up).unwrap();
    }
    assert_eq!(up, tree.stat("/e").unwrap().id);
    tree.remove_all("/e", NOW).unwrap();
    assert_eq!(tree.usage().entries, 2);
    check_sums(&tree);
    assert_eq!(copy.usage().entries, 5000);
    drop(tree);
    drop(copy);
}

#[test]
fn the_standard_layout_needs_its_room() {
    let used = standard().usage();
    assert!(used.entries < 40 && used.bytes < 1024);
    let make = |limits| {
        crate::files::Tree::standard(
            &crate::files::Standard::default(),
            limits,
            super::storage(),
            NOW,
        )
    };
    assert!(make(bytes(used.bytes)).is_ok());
    assert!(matches!(
        make(bytes(used.bytes - 1)).map(drop),
        Err(FileError::NoSpace { .. })
    ));
    let entries = FileLimits {
        entries: used.entries - 1,
        ..FileLimits::default()
    };
    assert!(matches!(
        make(entries).map(drop),
        Err(FileError::TooManyEntries { .. })
    ));
}
