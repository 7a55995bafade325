use super::{NOW, check_sums, laid, shown, standard, tree};
use crate::files::error::FileError;
use crate::files::node::Kind;

/// What stands before, what is renamed to what, and what then stands or why not.
type Rename<'a> = (
    &'a [&'a str],
    &'a str,
    &'a str,
    Result<&'a [&'a str], FileError>,
);

#[test]
fn renames_replace_like_by_like() {
    let cases: &[Rename<'_>] = &[
        (&["/a"], "/a", "/b", Ok(&["/b = /a"])),
        (&["/a", "/b"], "/a", "/b", Ok(&["/b = /a"])),
        (&["/a"], "/a", "/a", Ok(&["/a = /a"])),
        (&["/d/"], "/d", "/e", Ok(&["/e/"])),
        (&["/d/"], "/d/", "/e/", Ok(&["/e/"])),
        (&["/d/", "/d/x"], "/d", "/e", Ok(&["/e/", "/e/x = /d/x"])),
        (&["/d/", "/e/"], "/d", "/e", Ok(&["/e/"])),
        (
            &["/d/", "/d/x", "/e/"],
            "/d",
            "/e",
            Ok(&["/e/", "/e/x = /d/x"]),
        ),
        (
            &["/d/", "/e/", "/e/x"],
            "/d",
            "/e",
            Err(FileError::NotEmpty),
        ),
        (&["/d/", "/e/"], "/d", "/e/d", Ok(&["/e/", "/e/d/"])),
        (&["/a", "/d/"], "/a", "/d", Err(FileError::IsADirectory)),
        (&["/a", "/d/"], "/d", "/a", Err(FileError::NotADirectory)),
        (&["/a", "/d/"], "/a", "/d/a", Ok(&["/d/", "/d/a = /a"])),
        (&["/a"], "/a/", "/b", Err(FileError::NotADirectory)),
        (&["/a"], "/a", "/b/", Err(FileError::NotADirectory)),
        (&["/a"], "/nothing", "/b", Err(FileError::NotFound)),
        (&["/a"], "/a", "/nothing/b", Err(FileError::NotFound)),
        (&["/a"], "/a", "/a/b", Err(FileError::NotADirectory)),
        (&["/d/e/f/"], "/d", "/d/e/f/g", Err(FileError::Invalid)),
        (&["/d/"], "/d", "/d/d", Err(FileError::Invalid)),
        (&["/d/e/"], "/d/e", "/d", Err(FileError::NotEmpty)),
        (&["/d/"], "/", "/d/x", Err(FileError::Busy)),
        (&["/d/"], "/d", "/", Err(FileError::Busy)),
        (&["/d/"], "/d/.", "/e", Err(FileError::Busy)),
        (&["/d/"], "/d/..", "/e", Err(FileError::Busy)),
        // Links are moved and replaced, not followed.
        (&["/a", "/l -> a"], "/l", "/m", Ok(&["/a = /a", "/m -> a"])),
        (
            &["/a", "/b", "/l -> a"],
            "/b",
            "/l",
            Ok(&["/a = /a", "/l = /b"]),
        ),
        (&["/l -> l"], "/l", "/m", Ok(&["/m -> l"])),
        (
            &["/d/", "/l -> d"],
            "/l/",
            "/m",
            Err(FileError::NotADirectory),
        ),
        (
            &["/d/", "/e/", "/l -> d"],
            "/e",
            "/l/",
            Err(FileError::NotADirectory),
        ),
        (
            &["/d/", "/e/", "/l -> d"],
            "/e",
            "/l/e",
            Ok(&["/d/", "/d/e/", "/l -> d"]),
        ),
    ];
    for (before, from, to, expected) in cases {
        let mut tree = laid(before);
        let unchanged = shown(&tree);
        let result = tree.rename(from, to, NOW + 1);
        match expected {
            Ok(after) => {
                assert_eq!(result, Ok(()), "{before:?}: {from} to {to}");
                assert_eq!(&shown(&tree), after, "{before:?}: {from} to {to}");
            }
            Err(error) => {
                assert_eq!(result, Err(error.clone()), "{before:?}: {from} to {to}");
                assert_eq!(shown(&tree), unchanged, "{before:?}: {from} to {to}");
            }
        }
        check_sums(&tree);
    }
}

#[test]
fn hard_links_are_one_file() {
    let mut tree = laid(&["/a", "/d/"]);
    let file = tree.stat("/a").unwrap().id;
    let d = tree.stat("/d").unwrap().id;
    tree.link_in(file, d, "b", NOW + 5).unwrap();
    assert_eq!(tree.stat("/d/b").unwrap().id, file);
    assert_eq!(tree.stat("/a").unwrap().links, 2);
    assert_eq!(tree.stat("/a").unwrap().changed_ns, NOW + 5);
    tree.write("/d/b", b"through the other name", NOW).unwrap();
    assert_eq!(tree.read("/a").unwrap(), b"through the other name");
    // Renaming one name to the other does nothing, as POSIX wants.
    tree.rename("/a", "/d/b", NOW).unwrap();
    assert!(tree.exists("/a").unwrap());
    check_sums(&tree);
    tree.remove("/a", NOW).unwrap();
    assert_eq!(tree.read("/d/b").unwrap(), b"through the other name");
    assert_eq!(tree.stat("/d/b").unwrap().links, 1);
    check_sums(&tree);
    tree.remove("/d/b", NOW).unwrap();
    assert_eq!(tree.usage().bytes, 0);
}

#[test]
fn directories_and_what_is_gone_get_no_further_name() {
    let mut tree = laid(&["/d/", "/a"]);
    let root = crate::files::NodeId::ROOT;
    let d = tree.stat("/d").unwrap().id;
    let a = tree.stat("/a").unwrap().id;
    assert_eq!(
        tree.link_in(d, root, "x", NOW),
        Err(FileError::NotPermitted)
    );
    assert_eq!(tree.link_in(a, root, "d", NOW), Err(FileError::Exists));
    assert_eq!(tree.link_in(a, root, "a", NOW), Err(FileError::Exists));
    assert_eq!(tree.link_in(a, a, "x", NOW), Err(FileError::NotADirectory));
    tree.pin(a).unwrap();
    tree.remove("/a", NOW).unwrap();
    assert_eq!(tree.link_in(a, root, "x", NOW), Err(FileError::NotFound));
    tree.unpin(a);
    assert_eq!(tree.link_in(a, root, "x", NOW), Err(FileError::Stale));
}

#[test]
fn removal_asks_for_the_right_sort() {
    let mut tree = laid(&["/d/", "/d/x", "/e/", "/a", "/l -> d", "/m -> nothing"]);
    let cases = [
        ("/d", Err(FileError::NotEmpty)),
        ("/d/", Err(FileError::NotEmpty)),
        ("/a/", Err(FileError::NotADirectory)),
        ("/l/", Err(FileError::NotADirectory)),
        ("/m/", Err(FileError::NotADirectory)),
        ("/nothing", Err(FileError::NotFound)),
        ("/", Err(FileError::Busy)),
        ("/d/.", Err(FileError::Busy)),
        ("/d/..", Err(FileError::Busy)),
        ("/e/", Ok(())),
        ("/l", Ok(())),
        ("/m", Ok(())),
        ("/a", Ok(())),
        ("/a", Err(FileError::NotFound)),
    ];
    for (path, expected) in cases {
        assert_eq!(tree.remove(path, NOW), expected, "{path}");
    }
    assert_eq!(shown(&tree), ["/d/", "/d/x = /d/x"]);
    let root = crate::files::NodeId::ROOT;
    assert_eq!(
        tree.remove_file_in(root, "d", NOW),
        Err(FileError::IsADirectory)
    );
    let d = tree.stat("/d").unwrap().id;
    assert_eq!(
        tree.remove_directory_in(d, "x", NOW),
        Err(FileError::NotADirectory)
    );
}

#[test]
fn removing_a_directory_follows_no_links() {
    let mut tree = laid(&[
        "/keep/",
        "/keep/me",
        "/gone/deep/er/",
        "/gone/deep/link -> /keep",
        "/gone/deep/er/file",
        "/link -> keep",
    ]);
    tree.remove_all("/gone", NOW).unwrap();
    tree.remove_all("/link", NOW).unwrap();
    assert_eq!(shown(&tree), ["/keep/", "/keep/me = /keep/me"]);
    assert_eq!(tree.remove_all("/", NOW), Err(FileError::Busy));
    assert_eq!(
        tree.remove_all("/keep/me/", NOW),
        Err(FileError::NotADirectory)
    );
    check_sums(&tree);
}

#[test]
fn making_needs_a_free_name_in_a_directory() {
    let mut tree = laid(&["/d/", "/a", "/l -> d", "/m -> nothing"]);
    let directory = |tree: &mut crate::files::Tree, path| tree.make_dir(path, NOW);
    let cases = [
        ("/new", Ok(())),
        ("/new2/", Ok(())),
        ("/new", Err(FileError::Exists)),
        ("/a", Err(FileError::Exists)),
        ("/a/", Err(FileError::NotADirectory)),
        ("/l", Err(FileError::Exists)),
        ("/l/", Err(FileError::NotADirectory)),
        ("/m", Err(FileError::Exists)),
        ("/", Err(FileError::Exists)),
        ("/d/.", Err(FileError::Exists)),
        ("/d/..", Err(FileError::Exists)),
        ("/a/x", Err(FileError::NotADirectory)),
        ("/nothing/x", Err(FileError::NotFound)),
        ("/m/x", Err(FileError::NotFound)),
        ("/l/x", Ok(())),
    ];
    for (path, expected) in cases {
        assert_eq!(directory(&mut tree, path), expected, "{path}");
    }
    let cases = [
        ("target", "/a", Err(FileError::Exists)),
        ("target", "/d", Err(FileError::Exists)),
        ("target", "/d/", Err(FileError::Exists)),
        ("target", "/a/", Err(FileError::NotADirectory)),
        ("target", "/x/", Err(FileError::NotFound)),
        ("", "/x", Err(FileError::NotFound)),
        ("nul\0", "/x", Err(FileError::InvalidName)),
        ("/anything at all/../", "/x", Ok(())),
    ];
    for (target, path, expected) in cases {
        assert_eq!(tree.symlink(target, path, NOW), expected, "{path}");
    }
    check_sums(&tree);
}

#[test]
fn times_and_counts_follow_changes() {
    let mut tree = tree();
    tree.make_dir("/d", NOW + 1).unwrap();
    tree.write("/d/f", b"x", NOW + 2).unwrap();
    let times = |tree: &crate::files::Tree, path| {
        let stat = tree.stat(path).unwrap();
        (
            stat.accessed_ns - NOW,
            stat.modified_ns - NOW,
            stat.changed_ns - NOW,
        )
    };
    assert_eq!(times(&tree, "/"), (0, 1, 1));
    assert_eq!(times(&tree, "/d"), (1, 2, 2));
    assert_eq!(times(&tree, "/d/f"), (2, 2, 2));
    tree.write("/d/f", b"y", NOW + 3).unwrap();
    assert_eq!(times(&tree, "/d"), (1, 2, 2), "contents are not entries");
    assert_eq!(times(&tree, "/d/f"), (2, 3, 3));
    tree.read("/d/f").unwrap();
    tree.list("/d").unwrap();
    assert_eq!(times(&tree, "/d/f"), (2, 3, 3), "reading moves no time");
    tree.set_mode("/d/f", 0o100_600, NOW + 4).unwrap();
    assert_eq!(times(&tree, "/d/f"), (2, 3, 4));
    assert_eq!(tree.stat("/d/f").unwrap().mode, 0o600);
    tree.rename("/d/f", "/g", NOW + 5).unwrap();
    assert_eq!(times(&tree, "/d"), (1, 5, 5));
    assert_eq!(times(&tree, "/"), (0, 5, 5));
    assert_eq!(times(&tree, "/g"), (2, 3, 5));
    tree.set_times("/g", Some(0), Some(u64::MAX), NOW + 6)
        .unwrap();
    let stat = tree.stat("/g").unwrap();
    assert_eq!((stat.accessed_ns, stat.modified_ns), (0, u64::MAX));
    for (path, links) in [("/", 3), ("/d", 2)] {
        assert_eq!(tree.stat(path).unwrap().links, links);
    }
    tree.make_dir("/d/e", NOW).unwrap();
    assert_eq!(tree.stat("/d").unwrap().links, 3);
    assert_eq!(tree.stat("/d/e").unwrap().kind, Kind::Directory);
}

#[test]
fn the_host_alone_changes_what_is_sealed() {
    let mut tree = standard();
    let path = crate::files::BOOT_ID_PATH;
    let before = shown(&tree);
    let denied = Err(FileError::Denied);
    assert_eq!(tree.write(path, b"x", NOW), denied);
    assert_eq!(tree.append(path, b"x", NOW), denied);
    assert_eq!(tree.remove(path, NOW), denied);
    assert_eq!(tree.remove_all("/proc", NOW), denied);
    assert_eq!(tree.rename(path, "/tmp/x", NOW), denied);
    assert_eq!(tree.rename("/proc", "/tmp/x", NOW), denied);
    assert_eq!(tree.rename("/etc/hostname", path, NOW), denied);
    assert_eq!(tree.write("/proc/x", b"", NOW), denied);
    assert_eq!(tree.make_dir("/proc/x", NOW), denied);
    assert_eq!(tree.symlink("x", "/dev/x", NOW), denied);
    assert_eq!(tree.set_mode(path, 0o777, NOW), denied);
    assert_eq!(tree.set_times(path, Some(1), None, NOW), denied);
    let id = tree.stat(path).unwrap().id;
    let tmp = tree.stat("/tmp").unwrap().id;
    assert_eq!(tree.link_in(id, tmp, "x", NOW), denied);
    assert_eq!(shown(&tree), before);
    tree.publish(path, b"renewed\n", NOW).unwrap();
    assert_eq!(tree.read(path).unwrap(), b"renewed\n");
    assert_eq!(tree.publish("/proc/x", b"", NOW), Err(FileError::NotFound));
}
