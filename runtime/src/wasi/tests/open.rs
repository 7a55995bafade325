use std::io::Write as _;

use super::{APPEND, CREAT, DIRECTORY, EXCL, FOLLOW, NOW, READ, ROOT, TRUNC, WRITE, World};
use crate::files::{FileLimits, Library};
use crate::wasi::Errno;

const LINES: &[&str] = &[
    "/d/",
    "/d/file",
    "/file",
    "/to-file -> file",
    "/to-dir -> d",
    "/dangling -> new",
    "/nowhere -> no/where",
    "/loop -> loop",
    "/absolute -> /d/file",
];

/// Path, lookup flags, open flags, rights, and the error or what was opened:
/// a file `f`, a directory `d`.
type Case<'a> = (&'a str, u32, u32, u64, Result<char, Errno>);

const CASES: &[Case<'_>] = &[
    ("file", 0, 0, READ, Ok('f')),
    ("file", 0, 0, WRITE, Ok('f')),
    ("file", 0, 0, 0, Ok('f')),
    ("./d/../file", 0, 0, READ, Ok('f')),
    ("d/.//..///d/./file", 0, 0, READ, Ok('f')),
    ("../../file", 0, 0, READ, Ok('f')),
    ("d", 0, 0, READ, Ok('d')),
    ("d", 0, 0, 0, Ok('d')),
    ("d/", 0, 0, READ, Ok('d')),
    ("d///", 0, DIRECTORY, READ, Ok('d')),
    (".", 0, 0, READ, Ok('d')),
    ("..", 0, DIRECTORY, READ, Ok('d')),
    ("d", 0, 0, READ | WRITE, Err(Errno::Isdir)),
    (".", 0, DIRECTORY, READ | WRITE, Err(Errno::Isdir)),
    ("d", 0, CREAT, READ, Err(Errno::Isdir)),
    ("d", 0, TRUNC, WRITE, Err(Errno::Isdir)),
    ("d", 0, CREAT | EXCL, READ, Err(Errno::Exist)),
    ("file", 0, DIRECTORY, READ, Err(Errno::Notdir)),
    ("file/", 0, 0, READ, Err(Errno::Notdir)),
    ("file///", 0, 0, READ, Err(Errno::Notdir)),
    ("file/", 0, CREAT, WRITE, Err(Errno::Notdir)),
    ("file/x", 0, CREAT, WRITE, Err(Errno::Notdir)),
    ("file", 0, CREAT, READ | WRITE, Ok('f')),
    ("file", 0, EXCL, READ, Ok('f')),
    ("file", 0, CREAT | EXCL, WRITE, Err(Errno::Exist)),
    ("file", 0, TRUNC, WRITE, Ok('f')),
    ("nothing", 0, 0, READ, Err(Errno::Noent)),
    ("nothing", 0, DIRECTORY, READ, Err(Errno::Noent)),
    ("nothing", 0, TRUNC, WRITE, Err(Errno::Noent)),
    ("nothing/x", 0, CREAT, WRITE, Err(Errno::Noent)),
    ("nothing", 0, CREAT, WRITE, Ok('f')),
    ("nothing", 0, CREAT | EXCL | TRUNC, READ, Ok('f')),
    ("nothing/", 0, CREAT, WRITE, Err(Errno::Isdir)),
    ("to-file", FOLLOW, 0, READ, Ok('f')),
    ("to-file", 0, 0, READ, Err(Errno::Loop)),
    ("to-file", 0, CREAT, WRITE, Err(Errno::Loop)),
    ("to-file", 0, DIRECTORY, READ, Err(Errno::Notdir)),
    ("to-file", FOLLOW, DIRECTORY, READ, Err(Errno::Notdir)),
    ("to-file/", FOLLOW, 0, READ, Err(Errno::Notdir)),
    ("to-file", FOLLOW, CREAT | EXCL, WRITE, Err(Errno::Exist)),
    ("to-dir", FOLLOW, DIRECTORY, READ, Ok('d')),
    ("to-dir", 0, DIRECTORY, READ, Err(Errno::Notdir)),
    ("to-dir", 0, 0, READ, Err(Errno::Loop)),
    ("to-dir/", 0, 0, READ, Ok('d')),
    ("to-dir/file", 0, 0, READ, Ok('f')),
    ("to-dir", FOLLOW, 0, WRITE, Err(Errno::Isdir)),
    ("dangling", FOLLOW, 0, READ, Err(Errno::Noent)),
    ("dangling", 0, 0, READ, Err(Errno::Loop)),
    ("dangling", 0, DIRECTORY, READ, Err(Errno::Notdir)),
    ("dangling", FOLLOW, CREAT, WRITE, Ok('f')),
    ("dangling", FOLLOW, CREAT | EXCL, WRITE, Err(Errno::Exist)),
    ("dangling/", FOLLOW, CREAT, WRITE, Err(Errno::Isdir)),
    ("nowhere", FOLLOW, CREAT, WRITE, Err(Errno::Noent)),
    ("loop", FOLLOW, 0, READ, Err(Errno::Loop)),
    ("loop", 0, 0, READ, Err(Errno::Loop)),
    ("absolute", FOLLOW, 0, READ, Ok('f')),
    ("/file", 0, 0, READ, Err(Errno::Perm)),
    ("//file", 0, 0, READ, Err(Errno::Perm)),
    ("", 0, 0, READ, Err(Errno::Noent)),
    ("file\0", 0, 0, READ, Err(Errno::Inval)),
    ("file", 2, 0, READ, Err(Errno::Inval)),
    ("file", 0, 16, READ, Err(Errno::Inval)),
    ("d", 0, DIRECTORY | CREAT, READ, Err(Errno::Inval)),
    ("d", 0, DIRECTORY | TRUNC, READ, Err(Errno::Inval)),
    ("nothing", 0, DIRECTORY | CREAT, READ, Err(Errno::Inval)),
];

#[test]
fn everything_opens_or_says_why_not() {
    for (path, dirflags, oflags, rights, expected) in CASES {
        let mut world = World::new(LINES);
        let entries = world.tree.usage().entries;
        let opened = world.open_at(ROOT, *dirflags, path, *oflags, *rights, 0);
        let what = opened.map(|fd| {
            assert_eq!(fd, 4);
            match world.fdstat(fd).unwrap().0 {
                3 => 'd',
                4 => 'f',
                other => panic!("type {other}"),
            }
        });
        assert_eq!(what, *expected, "{path} {dirflags} {oflags} {rights}");
        if expected.is_err() {
            assert_eq!(world.tree.usage().entries, entries, "{path}: nothing made");
            assert_eq!(world.descriptors.open_count(), 4);
        }
    }
}

#[test]
fn a_file_made_through_a_dangling_link_is_its_target() {
    let mut world = World::new(LINES);
    let fd = world.open("dangling", CREAT, WRITE).unwrap();
    world.write(fd, b"here").unwrap();
    assert_eq!(world.tree.read("/new").unwrap(), b"here");
}

#[test]
fn cutting_happens_only_when_it_opens() {
    let mut world = World::new(LINES);
    world.open("file", TRUNC | CREAT, WRITE).unwrap();
    assert_eq!(world.tree.read("/file").unwrap(), b"");
    let mut world = World::new(LINES);
    for at in 4..64 {
        assert_eq!(world.open("d/file", 0, READ), Ok(at));
    }
    assert_eq!(world.open("file", TRUNC, WRITE), Err(Errno::Mfile));
    assert_eq!(world.open("new", CREAT, WRITE), Err(Errno::Mfile));
    assert_eq!(world.tree.read("/file").unwrap(), b"/file");
    assert!(!world.tree.exists("/new").unwrap());
    world.close(17).unwrap();
    world.close(9).unwrap();
    assert_eq!(world.open("file", 0, READ), Ok(9), "the lowest free number");
    assert_eq!(world.open("file", 0, READ), Ok(17));
    assert_eq!(world.open("file", 0, READ), Err(Errno::Mfile));
}

#[test]
fn paths_start_at_their_descriptor() {
    let mut world = World::new(&["/d/e/", "/d/file", "/file"]);
    let d = world.open("d", DIRECTORY, 0).unwrap();
    let file = world.open("file", 0, READ).unwrap();
    assert!(world.open_at(d, 0, "file", 0, READ, 0).is_ok());
    assert!(world.open_at(d, 0, "../file", 0, READ, 0).is_ok());
    assert!(world.open_at(d, 0, "../../../file", 0, READ, 0).is_ok());
    let open = |world: &mut World, fd| world.open_at(fd, 0, "x", CREAT, WRITE, 0);
    assert_eq!(open(&mut world, file), Err(Errno::Notdir));
    for stream in [0, 1, 2] {
        assert_eq!(open(&mut world, stream), Err(Errno::Badf));
    }
    for closed in [40, 64, u32::MAX] {
        assert_eq!(open(&mut world, closed), Err(Errno::Badf));
    }
    // A directory that is gone while it is open takes nothing new.
    let e = world.open("d/e", DIRECTORY, 0).unwrap();
    world.remove_directory("d/e").unwrap();
    assert_eq!(open(&mut world, e), Err(Errno::Noent));
    assert_eq!(
        world.open_at(e, 0, "..", DIRECTORY, 0, 0),
        Err(Errno::Noent)
    );
    assert!(world.open_at(e, 0, ".", DIRECTORY, 0, 0).is_ok());
}

#[test]
fn bad_text_is_refused() {
    let mut world = World::new(&[]);
    let refused = |world: &mut World, path: &[u8]| {
        let length = world.put(super::PATH, path);
        let (flags, rights) = (CREAT, WRITE);
        world.call(|descriptors, call| {
            descriptors.path_open(
                call,
                ROOT,
                0,
                super::PATH,
                length,
                flags,
                rights,
                0,
                0,
                super::OUT,
            )
        })
    };
    assert_eq!(refused(&mut world, b"\xff"), Err(Errno::Ilseq));
    assert_eq!(refused(&mut world, b"a\xc3"), Err(Errno::Ilseq));
    assert_eq!(refused(&mut world, &[b'n'; 256]), Err(Errno::Nametoolong));
    assert_eq!(refused(&mut world, &[b'n'; 4097]), Err(Errno::Nametoolong));
    assert_eq!(
        refused(&mut world, "a/".repeat(2049).as_bytes()),
        Err(Errno::Nametoolong)
    );
    assert_eq!(refused(&mut world, &[b'n'; 255]), Ok(()));
    assert_eq!(world.tree.usage().entries, 1);
}

#[test]
fn limits_of_the_tree_reach_the_guest() {
    let limits = FileLimits {
        entries: 1,
        bytes: 10,
        depth: 1,
        file_bytes: 100,
        ..FileLimits::default()
    };
    let mut world = World::with(&[], limits);
    let fd = world.open("a", CREAT, WRITE).unwrap();
    assert_eq!(world.open("b", CREAT, WRITE), Err(Errno::Nospc));
    assert_eq!(world.make_directory("b"), Err(Errno::Nospc));
    assert_eq!(world.symlink("x", "b"), Err(Errno::Nospc));
    assert_eq!(world.write(fd, &[1; 11]), Err(Errno::Nospc));
    assert_eq!(world.stat("a").unwrap().2, 0, "nothing half");
    assert_eq!(world.write(fd, &[1; 10]), Ok(10));
    assert_eq!(world.write(fd, b"x"), Err(Errno::Nospc));
    world.seek(fd, 99, 0).unwrap();
    assert_eq!(world.write(fd, b"xx"), Err(Errno::Fbig));
    world.unlink("a").unwrap();
    world.make_directory("d").unwrap();
    world.tree.set_limits(FileLimits {
        depth: 1,
        ..FileLimits::default()
    });
    assert_eq!(world.make_directory("d/e"), Err(Errno::Nametoolong));
}

#[test]
fn the_library_and_the_runtimes_files_stay_as_they_are() {
    let mut world = World::standard();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("library.zip");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = zip::ZipWriter::new(file);
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("os.py", stored).unwrap();
    writer.write_all(b"hi").unwrap();
    writer.finish().unwrap();
    let library = std::sync::Arc::new(Library::new(path));
    world.tree.mount("/usr/lib", library).unwrap();

    let fd = world.open("usr/lib/os.py", 0, READ).unwrap();
    assert_eq!(world.read(fd, 10).unwrap(), b"hi");
    let read_only = [
        world.open("usr/lib/os.py", 0, WRITE).map(|_| ()),
        world.open("usr/lib/os.py", TRUNC, READ).map(|_| ()),
        world.open("usr/lib/new", CREAT, READ).map(|_| ()),
        world.make_directory("usr/lib/new"),
        world.symlink("x", "usr/lib/new"),
        world.unlink("usr/lib/os.py"),
        world.rename("usr/lib/os.py", "usr/lib/x"),
        world.call(|d, call| d.fd_filestat_set_times(call, fd, 0, 0, 1)),
    ];
    for (at, result) in read_only.into_iter().enumerate() {
        assert_eq!(result, Err(Errno::Rofs), "{at}");
    }
    let across = [
        world.rename("usr/lib/os.py", "tmp/x"),
        world.rename("etc/hostname", "usr/lib/x"),
        world.link(0, "usr/lib/os.py", "tmp/x"),
        world.link(0, "etc/hostname", "usr/lib/x"),
    ];
    for (at, result) in across.into_iter().enumerate() {
        assert_eq!(result, Err(Errno::Xdev), "{at}");
    }
    assert_eq!(world.remove_directory("usr/lib"), Err(Errno::Busy));
    assert_eq!(world.rename("usr/lib", "tmp/x"), Err(Errno::Busy));
    let boot_id = &crate::files::BOOT_ID_PATH[1..];
    let denied = [
        world.open(boot_id, 0, WRITE).map(|_| ()),
        world.open(boot_id, TRUNC, READ).map(|_| ()),
        world.open("proc/new", CREAT, READ).map(|_| ()),
        world.unlink(boot_id),
        world.rename("dev/null", "tmp/null"),
        world.make_directory("dev/new"),
    ];
    for (at, result) in denied.into_iter().enumerate() {
        assert_eq!(result, Err(Errno::Acces), "{at}");
    }
    let fd = world.open(boot_id, 0, READ).unwrap();
    assert_eq!(world.read(fd, 100).unwrap().len(), 37);
}

#[test]
fn flags_are_kept_and_unknown_ones_refused() {
    let mut world = World::new(LINES);
    for flags in [0, APPEND, 2, 4, 8, 16, 31] {
        let fd = world
            .open_at(ROOT, 0, "file", 0, READ | WRITE, flags)
            .unwrap();
        assert_eq!(u32::from(world.fdstat(fd).unwrap().1), flags);
        let fd = world.open_at(ROOT, 0, "d", 0, READ, flags).unwrap();
        assert_eq!(u32::from(world.fdstat(fd).unwrap().1), flags);
    }
    for flags in [32, 1 << 16, u32::MAX] {
        let refused = world.open_at(ROOT, 0, "file", 0, READ, flags);
        assert_eq!(refused, Err(Errno::Inval));
    }
    assert_eq!(world.now, NOW);
}
