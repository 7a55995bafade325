use super::{CREAT, DIRECTORY, FOLLOW, NOW, OUT, PATH, READ, ROOT, WRITE, World};
use crate::wasi::Errno;

const LINES: &[&str] = &[
    "/d/",
    "/d/file",
    "/empty/",
    "/file",
    "/to-file -> file",
    "/to-dir -> d",
    "/dangling -> nothing",
    "/loop -> loop",
];

#[test]
fn directories_are_made() {
    let cases = [
        ("new", Ok(())),
        ("new/", Ok(())),
        ("d/new", Ok(())),
        ("to-dir/new", Ok(())),
        ("./d/../new", Ok(())),
        ("d", Err(Errno::Exist)),
        ("d/", Err(Errno::Exist)),
        ("file", Err(Errno::Exist)),
        ("file/", Err(Errno::Notdir)),
        ("to-file", Err(Errno::Exist)),
        ("dangling", Err(Errno::Exist)),
        ("dangling/", Err(Errno::Notdir)),
        (".", Err(Errno::Exist)),
        ("..", Err(Errno::Exist)),
        ("d/.", Err(Errno::Exist)),
        ("nothing/new", Err(Errno::Noent)),
        ("dangling/new", Err(Errno::Noent)),
        ("file/new", Err(Errno::Notdir)),
        ("loop/new", Err(Errno::Loop)),
        ("/new", Err(Errno::Perm)),
        ("", Err(Errno::Noent)),
    ];
    for (path, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.make_directory(path), expected, "{path}");
    }
}

#[test]
fn directories_are_removed() {
    let cases = [
        ("empty", Ok(())),
        ("empty/", Ok(())),
        ("to-dir/../empty", Ok(())),
        ("d", Err(Errno::Notempty)),
        ("d/", Err(Errno::Notempty)),
        ("file", Err(Errno::Notdir)),
        ("file/", Err(Errno::Notdir)),
        ("to-dir", Err(Errno::Notdir)),
        ("to-dir/", Err(Errno::Notdir)),
        ("dangling", Err(Errno::Notdir)),
        ("nothing", Err(Errno::Noent)),
        ("d/nothing", Err(Errno::Noent)),
        (".", Err(Errno::Inval)),
        ("empty/.", Err(Errno::Inval)),
        ("..", Err(Errno::Notempty)),
        ("d/..", Err(Errno::Notempty)),
        ("/empty", Err(Errno::Perm)),
    ];
    for (path, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.remove_directory(path), expected, "{path}");
    }
}

#[test]
fn files_and_links_are_removed() {
    let cases = [
        ("file", Ok(())),
        ("d/file", Ok(())),
        ("to-file", Ok(())),
        ("to-dir", Ok(())),
        ("dangling", Ok(())),
        ("loop", Ok(())),
        ("to-dir/file", Ok(())),
        ("d", Err(Errno::Isdir)),
        ("d/", Err(Errno::Isdir)),
        ("empty", Err(Errno::Isdir)),
        ("file/", Err(Errno::Notdir)),
        ("to-dir/", Err(Errno::Notdir)),
        ("to-file/", Err(Errno::Notdir)),
        ("dangling/", Err(Errno::Notdir)),
        ("nothing", Err(Errno::Noent)),
        ("file/x", Err(Errno::Notdir)),
        (".", Err(Errno::Isdir)),
        ("..", Err(Errno::Isdir)),
        ("/file", Err(Errno::Perm)),
    ];
    for (path, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.unlink(path), expected, "{path}");
        assert!(world.tree.exists("/d").unwrap());
    }
}

#[test]
fn things_are_renamed() {
    let cases = [
        ("file", "new", Ok(())),
        ("file", "file", Ok(())),
        ("file", "d/file", Ok(())),
        ("d", "new", Ok(())),
        ("d/", "new", Ok(())),
        ("d", "new/", Ok(())),
        ("d/", "new/", Ok(())),
        ("d", "empty", Ok(())),
        ("empty", "d/empty", Ok(())),
        ("to-dir", "new", Ok(())),
        ("file", "to-dir/new", Ok(())),
        ("file", "to-file", Ok(())),
        ("file", "dangling", Ok(())),
        ("file", "d", Err(Errno::Isdir)),
        ("file", "empty", Err(Errno::Isdir)),
        ("file", "new/", Err(Errno::Notdir)),
        ("file/", "new", Err(Errno::Notdir)),
        ("d", "file", Err(Errno::Notdir)),
        ("empty", "d", Err(Errno::Notempty)),
        ("d", "d/new", Err(Errno::Inval)),
        ("d", "d/d/new", Err(Errno::Noent)),
        ("nothing", "new", Err(Errno::Noent)),
        ("file", "nothing/new", Err(Errno::Noent)),
        ("file", "file/new", Err(Errno::Notdir)),
        ("to-dir/", "new", Err(Errno::Notdir)),
        ("empty", "to-dir/", Err(Errno::Notdir)),
        ("d/.", "new", Err(Errno::Busy)),
        ("d", "..", Err(Errno::Busy)),
        ("/file", "new", Err(Errno::Perm)),
        ("file", "/new", Err(Errno::Perm)),
    ];
    for (from, to, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.rename(from, to), expected, "{from} to {to}");
    }
}

#[test]
fn links_are_made_and_read() {
    let cases = [
        ("target", "new", Ok(())),
        ("/absolute", "d/new", Ok(())),
        ("../../up", "new", Ok(())),
        ("target", "file", Err(Errno::Exist)),
        ("target", "d", Err(Errno::Exist)),
        ("target", "d/", Err(Errno::Exist)),
        ("target", "dangling", Err(Errno::Exist)),
        ("target", "file/", Err(Errno::Notdir)),
        ("target", "new/", Err(Errno::Noent)),
        ("target", "nothing/new", Err(Errno::Noent)),
        ("target", "/new", Err(Errno::Perm)),
        ("", "new", Err(Errno::Noent)),
        ("nul\0", "new", Err(Errno::Inval)),
    ];
    for (target, path, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.symlink(target, path), expected, "{target} at {path}");
        if expected.is_ok() {
            assert_eq!(world.read_link(path, 100).unwrap(), target.as_bytes());
        }
    }
    let mut world = World::new(LINES);
    assert_eq!(world.read_link("dangling", 100).unwrap(), b"nothing");
    assert_eq!(world.read_link("dangling", 3).unwrap(), b"not", "cut");
    assert_eq!(world.read_link("dangling", 0).unwrap(), b"");
    assert_eq!(world.read_link("file", 100), Err(Errno::Inval));
    assert_eq!(world.read_link("d", 100), Err(Errno::Inval));
    assert_eq!(world.read_link("to-dir/", 100), Err(Errno::Inval));
    assert_eq!(world.read_link("nothing", 100), Err(Errno::Noent));
}

#[test]
fn files_get_further_names() {
    let cases = [
        (0, "file", "new", Ok(())),
        (0, "file", "d/new", Ok(())),
        (0, "to-file", "new", Ok(())),
        (0, "dangling", "new", Ok(())),
        (0, "loop", "new", Ok(())),
        (FOLLOW, "to-file", "new", Ok(())),
        (FOLLOW, "dangling", "new", Err(Errno::Noent)),
        (FOLLOW, "loop", "new", Err(Errno::Loop)),
        (0, "d", "new", Err(Errno::Perm)),
        (FOLLOW, "to-dir", "new", Err(Errno::Perm)),
        (0, "file", "file", Err(Errno::Exist)),
        (0, "file", "d", Err(Errno::Exist)),
        (0, "file", "dangling", Err(Errno::Exist)),
        (0, "file", "new/", Err(Errno::Noent)),
        (0, "file/", "new", Err(Errno::Notdir)),
        (0, "nothing", "new", Err(Errno::Noent)),
        (0, "file", "nothing/new", Err(Errno::Noent)),
        (2, "file", "new", Err(Errno::Inval)),
        (0, "/file", "new", Err(Errno::Perm)),
        (0, "file", "/new", Err(Errno::Perm)),
    ];
    for (flags, from, to, expected) in cases {
        let mut world = World::new(LINES);
        assert_eq!(world.link(flags, from, to), expected, "{from} at {to}");
    }
    let mut world = World::new(LINES);
    world.link(0, "file", "new").unwrap();
    assert_eq!(world.stat("new").unwrap().1, 2);
    world.link(0, "to-file", "link").unwrap();
    assert_eq!(
        world.stat_at(ROOT, 0, "link").unwrap().0,
        7,
        "the link itself"
    );
    world.link(FOLLOW, "to-file", "followed").unwrap();
    assert_eq!(world.stat("file").unwrap().1, 3);
}

#[test]
fn what_is_at_a_path_is_described() {
    let mut world = World::new(LINES);
    // Path, whether followed, and type, links and size.
    let cases = [
        ("file", 0, Ok((4, 1, 5))),
        ("file", FOLLOW, Ok((4, 1, 5))),
        ("d", 0, Ok((3, 2, 0))),
        (".", 0, Ok((3, 4, 0))),
        ("../..", 0, Ok((3, 4, 0))),
        ("to-file", 0, Ok((7, 1, 4))),
        ("to-file", FOLLOW, Ok((4, 1, 5))),
        ("to-dir/", 0, Ok((3, 2, 0))),
        ("to-file/", 0, Err(Errno::Notdir)),
        ("dangling", 0, Ok((7, 1, 7))),
        ("dangling", FOLLOW, Err(Errno::Noent)),
        ("loop", 0, Ok((7, 1, 4))),
        ("loop", FOLLOW, Err(Errno::Loop)),
        ("file/", 0, Err(Errno::Notdir)),
        ("nothing", 0, Err(Errno::Noent)),
        ("", 0, Err(Errno::Noent)),
        ("/", 0, Err(Errno::Perm)),
        ("file", 4, Err(Errno::Inval)),
    ];
    for (path, flags, expected) in cases {
        let found = world.stat_at(ROOT, flags, path);
        let found = found.map(|(kind, links, size, _)| (kind, links, size));
        assert_eq!(found, expected, "{path} {flags}");
    }
    let id = |world: &mut World, path| {
        world.stat(path).unwrap();
        (world.u64_at(OUT), world.u64_at(OUT + 8))
    };
    let (device, inode) = id(&mut world, "file");
    assert_eq!(id(&mut world, "to-file"), (device, inode));
    let (other_device, other) = id(&mut world, "d/file");
    assert_eq!(device, other_device);
    assert_ne!(inode, other);
    assert_ne!(device, 0);
}

#[test]
fn times_are_set() {
    const ATIM: u32 = 1;
    const ATIM_NOW: u32 = 2;
    const MTIM: u32 = 4;
    const MTIM_NOW: u32 = 8;
    let then = NOW.realtime_ns;
    let later = then + 77;
    // Flags, and the times of access and change after it.
    let cases = [
        (0, Ok((then, then))),
        (ATIM, Ok((11, then))),
        (MTIM, Ok((then, 22))),
        (ATIM | MTIM, Ok((11, 22))),
        (ATIM_NOW, Ok((later, then))),
        (MTIM_NOW, Ok((then, later))),
        (ATIM_NOW | MTIM, Ok((later, 22))),
        (ATIM | ATIM_NOW, Err(Errno::Inval)),
        (MTIM | MTIM_NOW, Err(Errno::Inval)),
        (16, Err(Errno::Inval)),
        (u32::MAX, Err(Errno::Inval)),
    ];
    for (flags, expected) in cases {
        for by_path in [true, false] {
            let mut world = World::new(LINES);
            world.now.realtime_ns = later;
            let fd = world.open("file", 0, READ).unwrap();
            let length = world.put(PATH, b"to-file");
            let result = world.call(|descriptors, call| {
                if by_path {
                    descriptors
                        .path_filestat_set_times(call, ROOT, FOLLOW, PATH, length, 11, 22, flags)
                } else {
                    descriptors.fd_filestat_set_times(call, fd, 11, 22, flags)
                }
            });
            let stat = world.tree.stat("/file").unwrap();
            let times = (stat.accessed_ns, stat.modified_ns);
            assert_eq!(result.map(|()| times), expected, "{flags}");
            if expected.is_err() {
                assert_eq!(times, (then, then), "{flags}");
            } else {
                assert_eq!(stat.changed_ns, later);
            }
        }
    }
    // Of a link itself, and out of all range.
    let mut world = World::new(LINES);
    let length = world.put(PATH, b"to-file");
    world
        .call(|descriptors, call| {
            descriptors.path_filestat_set_times(
                call,
                ROOT,
                0,
                PATH,
                length,
                0,
                u64::MAX,
                ATIM | MTIM,
            )
        })
        .unwrap();
    assert_eq!(world.stat_at(ROOT, 0, "to-file").unwrap().3, u64::MAX);
    assert_eq!(world.stat("file").unwrap().3, then);
}

#[test]
fn paths_of_two_descriptors_meet() {
    let mut world = World::new(&["/a/", "/b/", "/a/x"]);
    let a = world.open("a", DIRECTORY, 0).unwrap();
    let b = world.open("b", DIRECTORY, 0).unwrap();
    world.put(PATH, b"x");
    world.put(super::OTHER_PATH, b"y");
    let other = super::OTHER_PATH;
    world
        .call(|d, call| d.path_link(call, a, 0, PATH, 1, b, other, 1))
        .unwrap();
    world
        .call(|d, call| d.path_rename(call, b, other, 1, a, other, 1))
        .unwrap();
    assert_eq!(world.tree.read("/a/y").unwrap(), b"/a/x");
    assert!(!world.tree.exists("/b/y").unwrap());
    let closed = 60;
    let file = world.open("a/x", CREAT, WRITE).unwrap();
    for (fd, errno) in [
        (closed, Errno::Badf),
        (0, Errno::Badf),
        (file, Errno::Notdir),
    ] {
        let rename = world.call(|d, call| d.path_rename(call, a, PATH, 1, fd, other, 1));
        assert_eq!(rename, Err(errno));
        let rename = world.call(|d, call| d.path_rename(call, fd, PATH, 1, a, other, 1));
        assert_eq!(rename, Err(errno));
        let link = world.call(|d, call| d.path_link(call, a, 0, PATH, 1, fd, other, 1));
        assert_eq!(link, Err(errno));
    }
}
