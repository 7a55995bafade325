use super::{NOW, check_sums, laid, shown, tree, tree_with};
use crate::files::error::FileError;
use crate::files::quota::FileLimits;

#[test]
fn what_one_copy_changes_the_other_does_not_see() {
    let lines = ["/d/", "/d/a", "/d/b", "/l -> d", "/e/"];
    type Change = fn(&mut crate::files::Tree);
    let changes: [Change; 10] = [
        |tree| tree.write("/d/a", b"other", NOW).unwrap(),
        |tree| tree.append("/d/a", b"more", NOW).unwrap(),
        |tree| tree.write("/d/new", b"new", NOW).unwrap(),
        |tree| tree.remove("/d/a", NOW).unwrap(),
        |tree| tree.rename("/d", "/f", NOW).unwrap(),
        |tree| tree.rename("/d/a", "/d/b", NOW).unwrap(),
        |tree| tree.remove_all("/d", NOW).unwrap(),
        |tree| tree.make_dirs("/e/f/g", NOW).unwrap(),
        |tree| tree.symlink("x", "/m", NOW).unwrap(),
        |tree| {
            let id = tree.stat("/d/a").unwrap().id;
            tree.set_size_of(id, 2, NOW).unwrap();
        },
    ];
    for change in changes {
        let mut original = laid(&lines);
        let before = shown(&original);
        let usage = original.usage();
        let mut copy = original.clone();
        change(&mut copy);
        assert_eq!(shown(&original), before);
        assert_eq!(original.usage(), usage);
        assert_ne!(shown(&copy), before);
        check_sums(&copy);
        // And the other way round.
        let copy = original.clone();
        change(&mut original);
        assert_eq!(shown(&copy), before);
        assert_eq!(copy.usage(), usage);
    }
}

#[test]
fn attributes_are_not_shared_either() {
    let original = laid(&["/a"]);
    let mut copy = original.clone();
    copy.set_mode("/a", 0o700, NOW).unwrap();
    copy.set_owner("/a", 1, 2, NOW).unwrap();
    copy.set_times("/a", Some(1), Some(2), NOW).unwrap();
    let notes = [("k".to_owned(), "v".to_owned())];
    copy.set_metadata("/a", notes.clone().into(), NOW).unwrap();
    let (old, new) = (original.stat("/a").unwrap(), copy.stat("/a").unwrap());
    assert_eq!((old.mode, old.owner, old.group), (0o644, 1000, 1000));
    assert_eq!((new.mode, new.owner, new.group), (0o700, 1, 2));
    assert_eq!(old.modified_ns, NOW);
    assert!(original.metadata("/a").unwrap().is_empty());
    assert_eq!(copy.metadata("/a").unwrap(), notes.into());
}

#[test]
fn numbers_stay_with_files_and_are_not_given_again() {
    let mut tree = laid(&["/a"]);
    let a = tree.stat("/a").unwrap().id;
    let mut copy = tree.clone();
    tree.rename("/a", "/b", NOW).unwrap();
    assert_eq!(tree.stat("/b").unwrap().id, a);
    assert_eq!(copy.stat("/a").unwrap().id, a);
    tree.remove("/b", NOW).unwrap();
    tree.write("/b", b"", NOW).unwrap();
    assert_ne!(tree.stat("/b").unwrap().id, a);
    copy.write("/a", b"written", NOW).unwrap();
    assert_eq!(copy.stat("/a").unwrap().id, a);
}

#[test]
fn an_open_file_outlives_its_names_in_each_copy() {
    let mut tree = laid(&["/a"]);
    let a = tree.stat("/a").unwrap().id;
    tree.pin(a).unwrap();
    tree.pin(a).unwrap();
    tree.remove("/a", NOW).unwrap();
    assert_eq!(tree.usage().bytes, 2, "still held, still counted");
    assert_eq!(tree.stat_of(a).unwrap().links, 0);
    let mut copy = tree.clone();
    let mut bytes = [0; 8];
    tree.unpin(a);
    assert_eq!(tree.read_at(a, 0, &mut bytes), Ok(2));
    tree.write_at(a, 0, b"written", NOW).unwrap();
    tree.unpin(a);
    assert_eq!(tree.read_at(a, 0, &mut bytes), Err(FileError::Stale));
    assert_eq!(tree.usage().bytes, 0);
    assert_eq!(copy.read_at(a, 0, &mut bytes), Ok(2));
    copy.unpin(a);
    copy.unpin(a);
    copy.unpin(a);
    assert_eq!(copy.usage().bytes, 0);
    assert_eq!(copy.pin(a), Err(FileError::Stale));
}

#[test]
fn copies_share_what_they_do_not_change() {
    let mut tree = tree_with(FileLimits::default());
    for at in 0..20_000 {
        tree.write(&format!("/{at}"), b"contents", NOW).unwrap();
    }
    // Two thousand million entries, were they copied: more than any machine has.
    let copies = vec![tree; 100_000];
    assert_eq!(copies.last().unwrap().read("/19999").unwrap(), b"contents");
}

#[test]
fn a_thousand_copies_that_each_write_share_the_rest() {
    let storage = crate::files::Storage::new(std::env::temp_dir());
    let limits = FileLimits {
        resident_file_bytes: 0,
        ..FileLimits::default()
    };
    let mut tree = crate::files::Tree::new(limits, storage.clone(), NOW);
    tree.write("/big", &[1; 20 * 65_536], NOW).unwrap();
    let mut copies: Vec<_> = (0..1000).map(|_| tree.clone()).collect();
    for (at, copy) in copies.iter_mut().enumerate() {
        copy.write("/mine", at.to_string().as_bytes(), NOW).unwrap();
    }
    assert_eq!(storage.used_bytes(), 20 * 65_536);
    for (at, copy) in copies.iter().enumerate() {
        assert_eq!(copy.read("/mine").unwrap(), at.to_string().as_bytes());
        assert_eq!(copy.stat("/big").unwrap().size, 20 * 65_536);
    }
    assert!(!tree.exists("/mine").unwrap());
}

#[test]
fn a_fresh_tree_is_one_directory() {
    let tree = tree();
    assert!(tree.list("/").unwrap().is_empty());
    assert_eq!(tree.usage(), crate::files::FileUsage::default());
    assert_eq!(tree.stat("/").unwrap().links, 2);
}
